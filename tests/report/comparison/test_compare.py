"""What differs between two runs: found, judged against noise, and said in order."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.stored import write_run

from fcnlib.config.studies import read_raw_config
from fcnlib.core.errors import InputError
from fcnlib.report.comparison.compare import Comparison, compare
from fcnlib.report.comparison.page import write_comparison
from fcnlib.report.comparison.runs import read_run
from fcnlib.report.comparison.summary import summary
from fcnlib.report.results import (
    ResultRow,
    read_results,
    result_rows,
    results_frame,
    write_results,
)

TABLE = "upper-bounds"
PLACE = (TABLE, "bound-32", "semantic", "mean_iu")


@pytest.fixture(scope="module")
def written(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of one configuration, the second of a better commit, and one of two seeds."""
    folder = tmp_path_factory.mktemp("runs")
    config, _ = read_raw_config([repository / "config.yaml"])
    config["scales"]["demo"]["tables"] = [TABLE, "sliding"]
    write_run(folder / "old", config)
    write_run(folder / "new", config, commit="d" * 40, better=1.0)
    return folder


@pytest.fixture
def runs(written: Path, tmp_path: Path) -> Path:
    """A copy of them, to change."""
    return Path(shutil.copytree(written, tmp_path / "runs"))


def compared(a: Path, b: Path) -> Comparison:
    return compare(read_run(a), read_run(b))


def lines(a: Path, b: Path) -> str:
    return "\n".join(summary(compared(a, b)))


def edit_json(path: Path, change: Callable[[Any], object]) -> None:
    content = json.loads(path.read_text("utf-8"))
    change(content)
    path.write_text(json.dumps(content), "utf-8")


def edit_rows(folder: Path, change: Callable[[ResultRow], ResultRow | None]) -> None:
    """Change or drop rows of results.csv, which alone has the numbers that are compared."""
    path = folder / "results.csv"
    rows = [change(row) for row in result_rows(read_results(path))]
    write_results(path, results_frame(row for row in rows if row))


def is_place(row: ResultRow) -> bool:
    return (row.table, row.experiment, row.task, row.metric) == PLACE


def test_of_equal_runs_nothing_differs(runs: Path) -> None:
    shutil.copytree(runs / "old", runs / "copy")
    found = compared(runs / "old", runs / "copy")
    assert found.nothing_differs and found.compared == 9
    assert summary(found)[-1] == f"nothing differs: {found.compared} numbers are equal"
    assert compared(runs / "old", runs / "old").nothing_differs


def test_scores_of_the_same_images_are_judged_by_a_paired_bootstrap(runs: Path) -> None:
    found = compared(runs / "old", runs / "new")
    kinds = {change.before.metric: change.noise.kind for change in [*found.numbers, *found.within]}
    assert kinds["mean_iu"] == "images"
    (change,) = (change for change in found.numbers if is_place(change.before))
    assert re.fullmatch(r"95 % in \+\d+\.\d\d to \+\d+\.\d\d", change.noise.text)
    assert not found.nothing_differs


def test_a_difference_within_the_interval_of_the_images_is_noise(runs: Path) -> None:
    """The same net on the same images, but for one image on which it is a little better."""
    shutil.copytree(runs / "old", runs / "near")
    path = runs / "near/metrics/bound-32/0.npz"
    with np.load(path) as file:
        ids, counts = file["ids"], file["semantic"]
    counts[0, 0, 0] += 5
    np.savez(path, ids=ids, semantic=counts)
    edit_rows(
        runs / "near",
        lambda row: row._replace(measured=row.measured + 0.01) if is_place(row) else row,  # type: ignore[operator]
    )
    found = compared(runs / "old", runs / "near")
    assert found.numbers == [] and [change.before.metric for change in found.within] == ["mean_iu"]
    assert found.within[0].noise.kind == "images"


@pytest.mark.parametrize(("std", "beyond"), [(0.1, True), (30.0, False)])
def test_several_seeds_are_judged_by_their_standard_errors(
    runs: Path, std: float, beyond: bool
) -> None:
    for name in ("old", "new"):
        edit_rows(runs / name, lambda row: row._replace(std=std, seeds=4) if is_place(row) else row)
    found = compared(runs / "old", runs / "new")
    (change,) = (x for x in [*found.numbers, *found.within] if is_place(x.before))
    assert (change.noise.kind, change.noise.beyond) == ("seeds", beyond)
    assert change.noise.text == f"standard error {std / 2**0.5:.2g}"


@pytest.mark.parametrize("what", ["other images", "no counts", "other classes", "damaged"])
def test_without_counts_of_the_same_images_a_bound_stands_in(runs: Path, what: str) -> None:
    path = runs / "new/metrics/bound-32/0.npz"
    with np.load(path) as file:
        ids, counts = file["ids"], file["semantic"]
    if what == "other images":
        np.savez(path, ids=np.array([f"x{i}" for i in range(len(ids))]), semantic=counts)
    elif what == "other classes":
        np.savez(path, ids=ids, semantic=np.pad(counts, ((0, 0), (0, 1), (0, 1))))
    elif what == "damaged":
        path.write_bytes(b"no counts")
    else:
        path.unlink()
    found = compared(runs / "old", runs / "new")
    (change,) = (x for x in [*found.numbers, *found.within] if is_place(x.before))
    assert change.noise == ("bound", True, "bound of 1 point")


def test_files_of_rows_alone_are_compared_by_bounds(runs: Path) -> None:
    a, b = runs / "old/results.csv", runs / "new/results.csv"
    found = compared(a, b)
    assert {change.noise.kind for change in found.numbers} == {"bound"}
    assert found.claims == [] and found.configuration == []
    assert [(x.found, x.expected) for x in found.origin] == [("c" * 40, "d" * 40)]
    assert lines(a, b).count("only rows are compared") == 2
    assert compared(a, runs / "new").origin == found.origin


def test_what_is_set_or_derived_has_no_noise_and_times_have_a_bound(runs: Path) -> None:
    def change(row: ResultRow) -> ResultRow:
        if row.metric == "forward_ms" and row.measured:
            return row._replace(measured=row.measured * 1.1)
        if is_place(row):
            return row._replace(task="", metric="learning_rate", unit="", measured=1e-10)
        return row

    edit_rows(runs / "old", change)
    edit_rows(runs / "new", change)
    edit_rows(
        runs / "new",
        lambda row: row._replace(measured=1.1e-10) if row.metric == "learning_rate" else row,
    )
    edit_rows(
        runs / "old",
        lambda row: (
            row._replace(measured=row.measured * 1.1)
            if row.metric == "forward_ms" and row.measured
            else row
        ),
    )
    found = compared(runs / "old", runs / "new")
    (rate,) = (x for x in found.numbers if x.before.metric == "learning_rate")
    assert rate.noise.kind == "exact" and rate.texts == ("1e-10", "1.1e-10", "+1e-11")
    times = [x for x in found.within if x.before.metric == "forward_ms"]
    assert times and times[0].noise.text == "bound of 20 %"


def test_claims_that_changed_come_first_and_what_was_true_before_all(runs: Path) -> None:
    holds: dict[str, tuple[bool | None, bool | None]] = {}

    def set_verdicts(which: int) -> Callable[[Any], None]:
        def change(verdicts: Any) -> None:
            pairs = [(None, True), (False, True), (True, False), (True, True)]
            for verdict, pair in zip(verdicts, pairs, strict=False):
                verdict["holds"] = pair[which]
                holds[verdict["id"]] = pair

        return change

    edit_json(runs / "old/claims.json", set_verdicts(0))
    edit_json(runs / "new/claims.json", set_verdicts(1))
    edit_json(runs / "new/claims.json", lambda verdicts: verdicts.pop())
    found = compared(runs / "old", runs / "new")
    words = [change.words for change in found.claims]
    assert words[:3] == [("true", "false"), ("false", "true"), ("untested", "true")]
    assert words[3:] == [("untested", "not there")]
    text = lines(runs / "old", runs / "new")
    assert text.index("claims changed: 4") < text.index("numbers differ beyond noise")
    assert f"true -> false  {found.claims[0].id}: {found.claims[0].statement}" in text


def test_rows_and_numbers_of_one_run_alone_are_listed_by_row(runs: Path) -> None:
    edit_rows(runs / "new", lambda row: None if row.experiment == "bound-32" else row)
    edit_rows(
        runs / "old",
        lambda row: row._replace(measured=None) if row.experiment == "bound-64" else row,
    )
    found = compared(runs / "old", runs / "new")
    assert {row.experiment for row in found.only_a} == {"bound-32"}
    assert {row.experiment for row in found.only_b} == {"bound-64"}
    text = lines(runs / "old", runs / "new")
    assert re.search(r"rows only in A: 1\n  upper-bounds: .*mean IU", text)


def test_values_of_the_configuration_differ_by_key(runs: Path) -> None:
    def change(config: Any) -> None:
        config["experiments"]["bound-32"]["paper"]["mean_iu"] = 12.5
        config["recipes"]["new"] = {"iterations": 1}

    edit_json(runs / "new/config.json", change)
    found = {each.place: each for each in compared(runs / "old", runs / "new").configuration}
    assert set(found) == {"experiments.bound-32.paper.mean_iu", "recipes.new"}
    text = lines(runs / "old", runs / "new")
    assert 'recipes.new: nothing -> {"iterations": 1}' in text


def test_two_scales_are_compared_and_it_is_said(runs: Path) -> None:
    edit_rows(runs / "new", lambda row: row._replace(scale="paper", images="published"))
    edit_json(runs / "new/config.json", lambda config: config.update(scale="paper"))
    found = compared(runs / "old", runs / "new")
    assert "of different scales, demo and paper" in " ".join(found.remarks)
    places = [each.place for each in found.configuration]
    assert "scale" in places and any(x.startswith("scales.demo|paper.net") for x in places)


def test_other_images_of_one_scale_are_said(runs: Path) -> None:
    edit_rows(runs / "new", lambda row: row._replace(images="own"))
    assert "different images, synthetic and own" in lines(runs / "old", runs / "new")


def test_versions_commits_and_machines_differ(runs: Path) -> None:
    for path in (runs / "new/metrics").glob("*/*.json"):
        edit_json(
            path,
            lambda x: x["provenance"].update(versions={"torch": "9.9"}, device="cuda:0: H200"),
        )
    found = {each.place: each for each in compared(runs / "old", runs / "new").origin}
    assert (found["torch"].found, found["torch"].expected) == ("2.13.0", "9.9")
    assert found["python"].expected == "none"
    assert found["commits"].found == "c" * 40 and "H200" in found["scored on"].expected


def test_a_metrics_file_of_another_version_is_named_and_the_rest_compared(runs: Path) -> None:
    edit_json(runs / "new/metrics/bound-32/0.json", lambda x: x["provenance"].pop("commit"))
    found = compared(runs / "old", runs / "new")
    assert any(
        "bound-32/0.json: provenance.commit: Field required" in line for line in found.remarks
    )
    (change,) = (x for x in [*found.numbers, *found.within] if is_place(x.before))
    assert change.noise.kind == "bound"


def test_a_run_without_claims_metrics_or_configuration_is_compared_by_the_rest(runs: Path) -> None:
    shutil.rmtree(runs / "new/metrics")
    (runs / "new/claims.json").unlink()
    (runs / "new/config.json").unlink()
    found = compared(runs / "old", runs / "new")
    text = " ".join(found.remarks)
    assert "claims.json: missing" in text and "config.json: missing" in text
    assert "no metrics files" in text and found.numbers and found.configuration == []


@pytest.mark.parametrize(
    ("file", "content", "problem"),
    [
        ("results.csv", None, "no results.csv in it"),
        ("results.csv", "a,b\n1,2\n", "expected the columns table,row"),
        ("claims.json", "[{}]", "expected claims.json"),
        ("config.json", "[", "config.json: "),
        ("config.json", "[]", "expected a YAML mapping"),
    ],
)
def test_a_file_that_is_not_of_a_run_is_refused_in_a_line(
    runs: Path, file: str, content: str | None, problem: str
) -> None:
    (runs / "new" / file).unlink()
    if content is not None:
        (runs / "new" / file).write_text(content, "utf-8")
    with pytest.raises(InputError, match=problem) as error:
        read_run(runs / "new")
    assert str(runs / "new") in str(error.value) and len(str(error.value).splitlines()) == 1


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere: no such folder; expected results such as"):
        read_run(tmp_path / "nowhere")


def test_of_many_lines_of_a_part_the_first_are_shown_and_all_counted(runs: Path) -> None:
    edit_json(runs / "new/config.json", lambda x: x.update({f"key{i}": i for i in range(40)}))
    text = lines(runs / "old", runs / "new")
    assert "values of the configuration differ: 40\n" in text and "... and 25 more" in text


def test_the_page_is_one_file_without_script_whose_texts_are_text(
    runs: Path, tmp_path: Path
) -> None:
    evil = "<script>alert(1)</script>"
    edit_rows(runs / "new", lambda row: row._replace(row=evil) if is_place(row) else row)
    edit_rows(runs / "old", lambda row: row._replace(row=evil) if is_place(row) else row)
    edit_json(runs / "new/config.json", lambda config: config.update(evil=evil))
    edit_json(
        runs / "new/claims.json",
        lambda verdicts: verdicts[0].update(statement=evil, holds=not verdicts[0]["holds"]),
    )
    output = tmp_path / "diff.html"
    write_comparison(output, compared(runs / "old", runs / "new"))
    text = output.read_text("utf-8")
    assert "<script" not in text and text.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 3
    assert not re.search(r"""(?:src|href)=["'](?!#|data:)""", text) and "url(" not in text
    assert "prefers-color-scheme: dark" in text
    assert "and not training" in text  # what the bootstrap does not cover


def test_the_page_of_equal_runs_says_so(runs: Path, tmp_path: Path) -> None:
    write_comparison(tmp_path / "diff.html", compared(runs / "old", runs / "old"))
    text = (tmp_path / "diff.html").read_text("utf-8")
    assert "Nothing differs:" in text and "No value differs." in text and "None differs." in text
