"""What a rehearsal measured, held against what was asked for."""

import json
from pathlib import Path
from typing import Any

import pytest
from fixtures.page import run_metadata

from fcnlib.core.errors import InputError
from fcnlib.report.rehearsal import read_rehearsal
from fcnlib.report.rehearsal_text import NO_RESULT, conclusions, tables, write_rehearsal

CURVE = "iteration,images,seconds\n1,2,30\n2,4,40\n"  # the first iteration takes longer


def spec(folder: Path, **changes: Any) -> dict[str, Any]:
    """Of a rehearsal of a training and an evaluation of 300 MB each."""
    for rule, peak in {"train": "300.00", "evaluate": "300.00", "claims": "-"}.items():
        (folder / f"{rule}.tsv").write_text(f"s\tmax_rss\n60.0\t{peak}\n", "utf-8")
    (folder / "curve.csv").write_text(CURVE, "utf-8")
    machine = {"device": "cpu: A Machine", "threads": 2}
    record = {**run_metadata("net", 0), "costs": {"forward_ms": 2000.0}, "trained_on": machine}
    (folder / "net.json").write_text(json.dumps(record), "utf-8")
    (folder / "checkpoints").mkdir(exist_ok=True)
    (folder / "checkpoints" / "0.pt").write_bytes(bytes(2000))
    jobs = [
        {"rule": rule, "benchmarks": [str(folder / f"{rule}.tsv")], "mem_mb": asked,
         "minutes": 600, "whole": 10}
        for rule, asked in {"train": 400, "evaluate": 200, "claims": 100}.items()
    ]  # fmt: skip
    whole = [
        {"row": "short", "learnt": 720, "validated": 0, "seeds": 2},
        {"row": "long", "learnt": 7200, "validated": 3600, "seeds": 1},
    ]
    return {
        "scale": "paper",
        "jobs": jobs,
        "trainings": [
            {"row": "net", "curve": str(folder / "curve.csv"), "metrics": str(folder / "net.json"),
             "whole": whole}
        ],
        "not_rehearsed": [],
        "stored": [
            {"what": "checkpoints", "places": [str(folder / "checkpoints")], "here": 1000.0,
             "whole": 3e9}
        ],
        "saved_state": 1e9,
        "unknown_archives": ["a.tar"],
        **changes,
    }  # fmt: skip


def found(folder: Path, **changes: Any) -> Any:
    paths = {"content": folder / "rehearsal.json", "markdown": folder / "rehearsal.md"}
    write_rehearsal(spec(folder, **changes), **paths)
    return read_rehearsal(paths["content"])


def test_a_job_that_took_more_memory_than_it_asks_for_fails(tmp_path: Path) -> None:
    result = found(tmp_path)
    assert {jobs.rule: jobs.fits for jobs in result.jobs} == {
        "train": True, "evaluate": False, "claims": None,
    }  # fmt: skip
    assert not result.passed
    text = (tmp_path / "rehearsal.md").read_text("utf-8")
    assert text.startswith("# Rehearsal of scale paper: failed\n")
    assert NO_RESULT in text and "evaluate 300 MB of 200 MB" in text
    assert "raise their mem_mb in scales.paper.resources" in text
    assert "| evaluate | 1 | 10 | 300 MB | 200 MB | FAIL |" in text


def test_a_rehearsal_passes_with_the_memory_and_the_disk_it_asks_for(tmp_path: Path) -> None:
    enough = [jobs | {"mem_mb": 300} for jobs in spec(tmp_path)["jobs"]]
    assert found(tmp_path, jobs=enough).passed
    assert "passed" in (tmp_path / "rehearsal.md").read_text("utf-8").splitlines()[0]
    assert not found(tmp_path, jobs=enough, not_rehearsed=["VGG19"]).passed
    large = [{**spec(tmp_path)["stored"][0], "whole": 1e18}]
    result = found(tmp_path, jobs=enough, stored=large)
    assert not result.passed and any("not enough" in text for text in conclusions(result))


def test_a_training_takes_as_long_as_its_last_iterations_say(tmp_path: Path) -> None:
    (training,) = found(tmp_path).trainings
    assert training.seconds_per_image == pytest.approx(5.0)
    assert training.longest == "long"
    assert training.longest_hours == pytest.approx((7200 * 5 + 3600 * 2) / 3600)
    assert training.hours == pytest.approx(training.longest_hours + 2 * 720 * 5 / 3600)
    assert training.trainings == 3
    assert training.tries == 2  # 12 hours, and a try has 10
    assert "long would be done at its try number 2" in " ".join(conclusions(found(tmp_path)))


def test_files_that_are_larger_than_by_arithmetic_are_so_in_the_whole_run(tmp_path: Path) -> None:
    result = found(tmp_path)
    (checkpoints,) = result.stored
    assert checkpoints.whole == pytest.approx(6.0)  # twice the 3 GB
    assert result.disk_gb == pytest.approx(6.0 + 2.0)
    sentences = " ".join(conclusions(result))
    assert "8.0 GB of the disk" in sentences and "no size is published: a.tar" in sentences
    assert "1, 2, 4, 8 at once on one machine take 0.3 GB, 0.6 GB, 1.2 GB, 2.4 GB" in sentences


def test_every_row_of_a_table_has_a_cell_under_each_heading(tmp_path: Path) -> None:
    for table in tables(found(tmp_path)):
        assert table.rows and {len(row) for row in table.rows} == {len(table.headings)}


@pytest.mark.parametrize("content", ["", "{}", "[1", '{"scale": 1}', "\x00"])
def test_a_file_that_no_rehearsal_wrote_is_named_in_one_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "rehearsal.json"
    path.write_text(content, "utf-8")
    with pytest.raises(InputError, match=r"expected rehearsal\.json") as error:
        read_rehearsal(path)
    assert "\n" not in str(error.value)
