"""Any bytes as a configuration, metrics file, counts or predicate: read, or refused in a line."""

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fcnlib.config.load import load_config
from fcnlib.config.predicates import parse
from fcnlib.config.studies import read_raw_config
from fcnlib.config.yaml_files import read_yaml
from fcnlib.core.errors import InputError
from fcnlib.evaluation.counts import read_counts
from fcnlib.evaluation.record import read_record
from fcnlib.plan.costs import read_probe
from fcnlib.report.curve_points import points
from fcnlib.report.estimated import read_estimate
from fcnlib.report.job_times import duration, read_benchmark
from fcnlib.report.results import RESULT_COLUMNS, read_results, result_rows


def read_curve(path: Path) -> list[tuple[float, float]]:
    return points(path, "mean_iu")


bounded = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(codec="utf-8"), max_size=8),
    st.sampled_from(["../x", "\x1b[2J", "1e400", "=1", "${scale}", 10**400, -1, b"\0", "demo"]),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(scalars, inner, max_size=3),
    max_leaves=6,
)
SIGNS = list("abcx0123.,:;-?[]{}#&*!|>'\"%@`<=~ \n\t\\/()+\0\x1b\x85\u2028")
YAML_PARTS = ["&a ", "*a", "<<: ", "!!int ", "!!set ", "!!timestamp ", ": ", "- ", "{", "}", "? "]
yaml_text = st.lists(st.sampled_from([*SIGNS, *YAML_PARTS]), max_size=40).map("".join)
predicate_text = st.lists(
    st.sampled_from([*"ab9.()<>=+-*/, ", "**", " and ", "abs(", "max(", ">", "1e999", "9**9"]),
    max_size=30,
).map("".join)


def assert_names(path: Path, error: InputError) -> None:
    assert str(path) in str(error) and len(str(error).splitlines()) == 1


@contextmanager
def taken_or_refused(path: Path) -> Iterator[None]:
    """Lets what is inside refuse the file, in a line that names it."""
    try:
        yield
    except InputError as error:
        assert_names(path, error)


@bounded
@given(content=st.binary(max_size=60) | yaml_text.map(lambda text: text.encode()))
def test_any_bytes_are_a_mapping_or_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "own.yaml"
    path.write_bytes(content)
    with taken_or_refused(path):
        assert isinstance(read_yaml(path), dict)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values of a configuration."""
    if not isinstance(value, dict):
        return [path]
    return [path, *(place for key in value for place in places(value[key], (*path, key)))]


def with_value(content: Any, place: tuple[Any, ...], value: Any) -> Any:
    """A configuration with another value at this place."""
    if not place:
        return value
    return content | {place[0]: with_value(content[place[0]], place[1:], value)}


RAW, _ = read_raw_config([Path(__file__).parents[2] / "config.yaml"])
SMALL = RAW | {
    part: {name: RAW[part][name] for name in names}
    for part, names in {
        "tables": ["skips"], "figures": [], "claims": [], "experiments": ["voc-fcn32s"],
    }.items()
}  # fmt: skip
SMALL |= {"figures": {"mine": {"title": "Mine", "experiments": ["voc-fcn32s"]}}}
SMALL |= {
    "claims": {
        "mine": {
            "section": "x", "statement": "x", "holds": "a > 1",
            "numbers": {"a": ["skips", "voc-fcn32s", "mean_iu"]},
        }
    },
    "datasets": SMALL["datasets"] | {"own": {"converter": "folder", "path": "photos"}},
}  # fmt: skip
PLACES = [path for path in places(SMALL) if path]


@settings(bounded, max_examples=200)
@given(place=st.sampled_from(PLACES), value=values)
def test_any_value_anywhere_is_taken_or_refused(
    tmp_path: Path, place: tuple[Any, ...], value: Any
) -> None:
    content = with_value(SMALL, place, value)
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
    with taken_or_refused(path):
        load_config(*read_raw_config([path]))


@settings(bounded, max_examples=100)
@given(place=st.sampled_from(PLACES), value=values | st.none())
def test_any_value_of_an_overlay_is_laid_over_or_refused(
    tmp_path: Path, place: tuple[Any, ...], value: Any
) -> None:
    path, overlay = tmp_path / "own.yaml", tmp_path / "over.yaml"
    path.write_text(yaml.safe_dump(SMALL | {"studies": "studies"}, sort_keys=False), "utf-8")
    (tmp_path / "studies").mkdir(exist_ok=True)
    (tmp_path / "studies/one.yaml").write_text("title: One\n", "utf-8")
    content: Any = value
    for key in reversed(place):
        content = {key: content}
    overlay.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
    with taken_or_refused(tmp_path):
        load_config(*read_raw_config([path, overlay]))


@bounded
@given(text=predicate_text)
def test_any_predicate_is_computed_or_refused(text: str) -> None:
    try:
        for comparison in parse(text):
            comparison.holds({"a": 2.0, "b": -3.0} | dict.fromkeys(comparison.names(), 1.0))
    except (ValueError, ArithmeticError) as error:
        assert len(str(error).splitlines()) <= 1


RECORD = {
    "experiment": "a", "seed": 0, "images": 1, "tasks": {"semantic": {"mean_iu": 0.5}},
    "provenance": {"commit": "", "dirty": False, "date": "", "versions": {}, "device": "cpu"},
    "costs": {"forward_ms": 1.0}, "settings": {}, "forward_size": [3, 4], "runs_ms": {"x": [1.0]},
}  # fmt: skip


@bounded
@given(place=st.sampled_from([path for path in places(RECORD) if path]), value=values)
def test_any_value_of_a_metrics_file_is_taken_or_refused(
    tmp_path: Path, place: tuple[Any, ...], value: Any
) -> None:
    content = with_value(RECORD, place, value)
    path = tmp_path / "0.json"
    path.write_text(json.dumps(content, default=str, skipkeys=True), "utf-8")
    with taken_or_refused(path):
        read_record(path)


@bounded
@given(content=st.binary(max_size=60))
@pytest.mark.parametrize("read", [read_record, read_results, read_benchmark, read_curve])
def test_any_bytes_are_a_metrics_file_or_results_or_refused(
    tmp_path: Path, read: Any, content: bytes
) -> None:
    path = tmp_path / "0.json"
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        read(path)
    assert_names(path, error.value)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"experiment": "<b>"}, "experiment: .*expected a name"),
        ({"experiment": "\ud800"}, "experiment: "),
        ({"split": "\ud800"}, "split: .*control character"),
        ({"dataset": "\x1b[2J"}, "dataset: .*control character"),
    ],
)
def test_a_metrics_file_whose_texts_cannot_be_written_on_is_refused(
    tmp_path: Path, change: dict[str, str], problem: str
) -> None:
    path = tmp_path / "0.json"
    path.write_text(json.dumps(RECORD | change), "utf-8")
    with pytest.raises(InputError, match=rf"0\.json: {problem}") as error:
        read_record(path)
    assert_names(path, error.value)


TABLES = {
    read_results: [",".join(RESULT_COLUMNS), "t,r,e,semantic,mean_iu,1,0.5,3,2,%,demo,1,4,c"],
    read_curve: ["iteration,loss,mean_iu", "10,3.5,0.25"],
    read_benchmark: ["s\th:m:s\tmax_rss", "2.5\t0:00:02\t100"],
}
NUMBERS = ["nan", "inf", "-1", "1e999", "9" * 30, "1_0", "", "\0", '"', "\ud800", "1,5", "=1"]


@bounded
@given(where=st.integers(0, 13), cell=st.sampled_from(NUMBERS) | st.text(max_size=4))
@pytest.mark.parametrize("read", TABLES)
def test_any_cell_of_a_table_is_taken_or_refused(
    tmp_path: Path, read: Any, where: int, cell: str
) -> None:
    head, row = TABLES[read]
    sign = "\t" if "\t" in row else ","
    cells = row.split(sign)
    cells[where % len(cells)] = cell
    path = tmp_path / "0.csv"
    path.write_text(f"{head}\n{sign.join(cells)}\n", "utf-8", errors="surrogatepass")
    with taken_or_refused(path):
        found = read(path)
        if read is read_results:
            assert all(each.error >= 0 for each in result_rows(found))
        if read is read_benchmark:
            assert duration(found.seconds)


def counts_file() -> bytes:
    content = io.BytesIO()
    np.savez_compressed(content, ids=np.array(["x"]), semantic=np.eye(3, dtype=np.int64)[None])
    return content.getvalue()


COUNTS = counts_file()


@settings(bounded, max_examples=200)
@given(where=st.integers(0, len(COUNTS) - 1), bit=st.integers(0, 7), cut=st.booleans())
def test_damaged_counts_are_the_same_or_refused(
    tmp_path: Path, where: int, bit: int, cut: bool
) -> None:
    content = bytearray(COUNTS[:where] if cut else COUNTS)
    if not cut:
        content[where] ^= 1 << bit
    path = tmp_path / "0.npz"
    path.write_bytes(content)
    with taken_or_refused(path):
        found = read_counts(path, ["semantic"])
        assert found.ids == ["x"] and found.tasks["semantic"].tolist() == [np.eye(3).tolist()]


def test_counts_that_declare_more_than_memory_are_refused(tmp_path: Path) -> None:
    path, header = tmp_path / "0.npz", io.BytesIO()
    shape = {"descr": "<i8", "fortran_order": False, "shape": (1, 2**24, 2**24)}
    np.lib.format.write_array_header_1_0(header, shape)
    with zipfile.ZipFile(path, "w") as archive:
        with archive.open("ids.npy", "w") as member:
            np.lib.format.write_array(member, np.array(["x"]))
        archive.writestr("semantic.npy", header.getvalue())
    with pytest.raises(InputError, match=r"0\.npz: expected confusion counts per image"):
        read_counts(path, ["semantic"])


JSON_PARTS = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    '"scale"',
    '"device"',
    "1e999",
    "NaN",
    "null",
    "\\u2028",
]
json_text = st.lists(st.sampled_from([*SIGNS, *JSON_PARTS]), max_size=40).map("".join)


@bounded
@given(content=st.binary(max_size=60) | json_text.map(lambda text: text.encode()))
def test_any_bytes_are_an_estimate_and_a_probe_or_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "own.json"
    path.write_bytes(content)
    for read in (read_estimate, read_probe):
        with pytest.raises(InputError) as error:
            read(path)
        assert_names(path, error.value)
