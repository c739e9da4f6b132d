"""How long jobs took: read, summed, written."""

import os
import re
from pathlib import Path

import pytest
from fixtures.page import write_benchmark

from fcnlib.core.errors import InputError
from fcnlib.core.tries import begin_try, end_try, whole_log
from fcnlib.report.job_times import Job, duration, read_benchmark, read_jobs, write_times


def test_times_are_summed_by_kind_the_costliest_first(tmp_path: Path) -> None:
    files = [tmp_path / f"benchmarks/{name}.tsv" for name in ("time/a/0", "train/a/0", "train/b/0")]
    for path, seconds in zip(files, (5.0, 60.0, 75.0), strict=True):
        write_benchmark(path, seconds)
    kinds = {"time": files[:1], "train": files[1:], "hha": []}
    write_times(kinds, kinds, tmp_path / "times.md")  # no tries are recorded beside them
    text = (tmp_path / "times.md").read_text("utf-8")
    assert re.findall(
        r"^\| (\w+) \| (\d) \| 0 \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|", text, re.M
    ) == [
        ("train", "2", "2 min 15 s", "96 %", "1 min 8 s", "1 min 15 s"),
        ("time", "1", "5 s", "4 %", "5 s", "5 s"),
    ]
    assert "3 jobs took 2 min 20 s, one after the other" in text


def test_all_tries_of_a_job_are_counted(tmp_path: Path) -> None:
    benchmark, log = tmp_path / "0.tsv", tmp_path / "0.log"
    write_benchmark(benchmark, 60.0)  # of the last try alone; its peak is 512.5 MB
    for end, seconds in (("stopped", 3600.0), ("failed", 100.0)):
        end_try(log, begin_try(log), end, seconds)
    killed = begin_try(log)[-1]
    whole_log(log).write_bytes(b"")
    os.utime(whole_log(log), (0, killed.started.timestamp() + 40))
    end_try(log, begin_try(log), "done", 55.0)
    (job,) = read_jobs({"train": [benchmark]}, {"train": [log]})["train"]
    assert job == Job(60.0 + 3600 + 100 + 40, job.peak_mb, 3)
    assert job.peak_mb is not None and job.peak_mb >= 512.5
    write_times({"train": [benchmark]}, {"train": [log]}, tmp_path / "times.md")
    text = (tmp_path / "times.md").read_text("utf-8")
    assert "1 jobs took 1 h 3 min" in text and re.search(r"counted,\s+3 of which failed", text)
    assert "| train | 1 | 3 | 1 h 3 min | 100 % | 1 h 3 min | 1 h 3 min |" in text


def test_tries_before_a_success_are_not_counted_again(tmp_path: Path) -> None:
    benchmark, log = tmp_path / "0.tsv", tmp_path / "0.log"
    write_benchmark(benchmark, 60.0)
    for end in ("failed", "done", "done"):
        end_try(log, begin_try(log), end, 100.0)
    assert read_jobs({"a": [benchmark]}, {"a": [log]})["a"] == [Job(60.0, 512.5, 0)]


@pytest.mark.parametrize(
    "content",
    ["", "s\th:m:s\n", "h:m:s\n0:00:01\n", "s\nsoon\n", "s\nnan\n", "s\ninf\n", "s\n-1\n"],
)
def test_a_broken_benchmark_file_is_named(tmp_path, content):
    path = tmp_path / "0.tsv"
    path.write_text(content, "utf-8")
    with pytest.raises(InputError, match=r"0\.tsv: expected a Snakemake benchmark file"):
        read_benchmark(path)


@pytest.mark.parametrize("end", ["\t-", "\tNA", "\tnan", "\tinf", ""])
def test_memory_of_a_job_too_short_to_be_sampled_is_unknown(tmp_path, end):
    path = tmp_path / "0.tsv"
    path.write_text(f"s\th:m:s\tmax_rss\n0.1\t0:00:00{end}\n", "utf-8")
    assert read_benchmark(path) == (0.1, None)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(7.4, "7 s"), (59.6, "1 min 0 s"), (125, "2 min 5 s"), (7325, "2 h 2 min")],
)
def test_durations_are_readable(seconds, expected):
    assert duration(seconds) == expected
