"""What a run was estimated to take, beside what it took; and the estimate as text."""

from pathlib import Path

import pytest
from fixtures.estimate import ESTIMATE

from fcnlib.core.errors import InputError
from fcnlib.report.estimate_text import aligned, estimate_text
from fcnlib.report.estimated import compare, read_estimate
from fcnlib.report.job_times import Job


def test_kinds_of_jobs_are_compared_with_what_they_took() -> None:
    jobs = {"train": [Job(80.0, None), Job(70.0, None)], "prepare": [Job(3.0, None)], "hha": []}
    train, prepare, every = compare(ESTIMATE, jobs)
    assert (train.jobs, train.estimated, train.real, train.ratio) == (2, 100.0, 150.0, 1.5)
    assert prepare.ratio is None  # nothing was known of it
    assert (every.jobs, every.estimated, every.real) == (3, 100.0, 153.0)
    assert compare(ESTIMATE, {"hha": [Job(1.0, None)]}) == []


def test_a_saved_estimate_is_read_and_none_is_none(tmp_path: Path) -> None:
    path = tmp_path / "estimate.json"
    assert read_estimate(path) is None
    path.write_text(ESTIMATE.model_dump_json(), "utf-8")
    assert read_estimate(path) == ESTIMATE


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"scale": 3}'])
def test_a_file_that_is_no_estimate_is_refused_in_one_line(content: str, tmp_path: Path) -> None:
    path = tmp_path / "estimate.json"
    path.write_text(content, "utf-8")
    with pytest.raises(InputError, match=r"estimate\.json: .*expected what fcn estimate") as error:
        read_estimate(path)
    assert "\n" not in str(error.value)


def test_the_text_says_what_it_counts_and_what_it_does_not() -> None:
    text = estimate_text(ESTIMATE)
    lines = text.splitlines()
    assert lines[0] == "demo, seeds 0: measured on a GPU, today"
    near = next(line for line in lines if line.startswith("near"))
    assert near.split() == ["near", "1,200", "30", "30", "12.5", "2.5", "0.5"]
    assert "12.5 h with 1, 6.00 h with 24 (GPUs); the longest chain takes 6.00 h" in text
    assert "3.5 GB at its peak" in text.replace("3.50", "3.5")
    assert "archives of unknown size: benchmark.tgz" in text
    assert "not counted encode: no time is known" in text
    by_hand = estimate_text(ESTIMATE.model_copy(update={"machine": ""}))
    assert by_hand.startswith("demo, seeds 0: by seconds given by hand, hours of a GPU")


def test_columns_are_aligned() -> None:
    assert aligned(("row", "hours"), [("a", "1.5"), ("longer", "100")]) == (
        "row     hours\na         1.5\nlonger    100"
    )
