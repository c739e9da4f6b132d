"""Any value anywhere in a metrics file, and any cell of a curve: verified, or named in a line."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from fixtures.stored import write_run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fcnlib.config.studies import read_raw_config
from fcnlib.plan.stored import stored_run
from fcnlib.report.comparison.compare import compare
from fcnlib.report.comparison.runs import read_run
from fcnlib.report.comparison.summary import summary
from fcnlib.report.stored import StoredMetrics
from fcnlib.report.verification.metrics import check_metrics

NAME = "voc-fcn32s"
bounded = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(["../x", "\x1b[2J", "1e400", "NaN", 10**400, -1, 2**63, 1e300, 1e-300]),
    st.lists(st.floats() | st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


@pytest.fixture(scope="module")
def run(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "demo"
    config, _ = read_raw_config([repository / "config.yaml"])
    config["scales"]["demo"]["tables"] = ["skips"]
    write_run(folder, config)
    return folder


@pytest.fixture(scope="module")
def stored(run: Path) -> StoredMetrics:
    return next(x for x in stored_run(run).metrics if x.experiment == NAME)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values of JSON."""
    inner = value.items() if isinstance(value, dict) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


def with_value(content: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    return content | {place[0]: with_value(content[place[0]], place[1:], value)}


@bounded
@given(data=st.data(), value=values)
def test_any_value_of_a_metrics_file_is_checked_without_a_traceback(
    stored: StoredMetrics, data: st.DataObject, value: Any
) -> None:
    text = stored.path.read_text("utf-8")
    content = json.loads(text)
    place = data.draw(st.sampled_from(places(content)))
    stored.path.write_text(json.dumps(with_value(content, place, value)), "utf-8")
    try:
        found = check_metrics(stored)
        assert all(len(str(problem).splitlines()) == 1 for problem in found.problems)
        assert found.record or found.problems
    finally:
        stored.path.write_text(text, "utf-8")


@bounded
@given(
    line=st.integers(0, 3), column=st.integers(0, 8),
    cell=st.sampled_from(["nan", "inf", "-1", "1e999", "9" * 400, "", "\0", '"', "x", "1,5"]),
)  # fmt: skip
def test_any_cell_of_a_curve_is_checked_without_a_traceback(
    stored: StoredMetrics, line: int, column: int, cell: str
) -> None:
    assert stored.curve is not None
    text = stored.curve.read_text("utf-8")
    rows = list(csv.reader(text.splitlines()))
    rows[line][column] = cell
    stored.curve.write_text("\n".join(map(",".join, rows)) + "\n", "utf-8")
    try:
        problems = check_metrics(stored).problems
        assert all(len(str(problem).splitlines()) == 1 for problem in problems)
    finally:
        stored.curve.write_text(text, "utf-8")


@settings(bounded, max_examples=40)
@given(data=st.data(), value=values)
def test_a_run_with_any_value_in_a_metrics_file_is_compared_without_a_traceback(
    run: Path, tmp_path: Path, data: st.DataObject, value: Any
) -> None:
    other = tmp_path / "other"
    if not other.exists():
        shutil.copytree(run, other)
    path = other / "metrics" / NAME / "0.json"
    content = json.loads((run / "metrics" / NAME / "0.json").read_text("utf-8"))
    place = data.draw(st.sampled_from(places(content)))
    path.write_text(json.dumps(with_value(content, place, value)), "utf-8")
    assert summary(compare(read_run(run), read_run(other)))
