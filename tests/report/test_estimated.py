"""What a run was estimated to take, beside what it took; and the estimate as text."""

from pathlib import Path
from typing import get_args

import pytest
from fixtures.estimate import ESTIMATE

from fcnlib.core.errors import InputError
from fcnlib.report.estimate_text import PIECES, aligned, estimate_text
from fcnlib.report.estimated import compare, read_estimate
from fcnlib.report.job_times import Job
from fcnlib.training.workload import Piece


def test_kinds_of_jobs_are_compared_with_what_they_took() -> None:
    jobs = {
        "train": [Job(80.0, None, 0), Job(70.0, None, 0)],
        "prepare": [Job(3.0, None, 0)],
        "hha": [],
    }
    train, prepare, every = compare(ESTIMATE, jobs)
    assert (train.jobs, train.estimated, train.real, train.ratio) == (2, 100.0, 150.0, 1.5)
    assert prepare.ratio is None  # nothing was known of it
    assert (every.jobs, every.estimated, every.real) == (3, 100.0, 153.0)
    assert compare(ESTIMATE, {"hha": [Job(1.0, None, 0)]}) == []


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
    assert "not counted encode (depth as HHA): no time is known" in text
    bound = next(line for line in lines if line.startswith("bound"))
    assert bound.split()[1:] == ["-"] * 6  # nothing, or nothing that is known
    by_hand = estimate_text(ESTIMATE.model_copy(update={"machine": ""}))
    assert by_hand.startswith("demo, seeds 0: by seconds given by hand, hours of a GPU")


def test_each_piece_of_work_that_may_lack_a_time_has_words() -> None:
    text = estimate_text(ESTIMATE.model_copy(update={"not_counted": get_args(Piece)}))
    assert list(PIECES) == list(get_args(Piece)) and "train (training)" in text


def test_a_run_of_less_than_an_hour_is_printed_in_minutes() -> None:
    text = estimate_text(ESTIMATE.model_copy(update={"hours": 0.5, "wall_hours": {4: 0.25}}))
    assert "in all      30.0 GPU minutes" in text and "15.0 min with 4" in text
    assert "GPU hours" not in text and "CPU core minutes" in text


def test_no_line_is_wider_than_a_page_and_no_name_is_cut() -> None:
    archives = tuple(f"an-archive-of-unknown-size-{number}.tar" for number in range(9))
    text = estimate_text(ESTIMATE.model_copy(update={"unknown_archives": archives}))
    assert max(map(len, text.splitlines())) <= 100
    assert all(name in text for name in archives)


def test_columns_are_aligned() -> None:
    assert aligned(("row", "hours"), [("a", "1.5"), ("longer", "100")]) == (
        "row     hours\na         1.5\nlonger    100"
    )
