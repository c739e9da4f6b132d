"""How long the jobs of each rule took."""

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from fcnlib.core.errors import InputError
from fcnlib.core.files import atomic_write
from fcnlib.core.tries import read_tries

Files = Mapping[str, Sequence[Path | str]]  # of jobs, by a name


class Measured(NamedTuple):
    """What Snakemake's `benchmark` measured of a job's last try."""

    seconds: float
    peak_mb: float | None


class Job(NamedTuple):
    """What all tries of a job took."""

    seconds: float
    peak_mb: float | None
    failed_tries: int


def read_benchmark(path: Path | str) -> Measured:
    """Seconds and peak memory of a job's last try."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            row = next(csv.DictReader(file, delimiter="\t"))
        if (seconds := _number(row.get("s"))) is not None and seconds >= 0:
            return Measured(seconds, _number(row.get("max_rss")))
    except (OSError, StopIteration, csv.Error, UnicodeDecodeError):
        pass
    raise InputError(f"{path}: expected a Snakemake benchmark file with column s")


def read_jobs(benchmarks: Files, logs: Files) -> dict[str, list[Job]]:
    """The jobs of each name, of their benchmark files and their logs in the same order."""
    return {
        name: [_job(*files) for files in zip(paths, logs[name], strict=True)]
        for name, paths in benchmarks.items()
    }


def _job(benchmark: Path | str, log: Path | str) -> Job:
    """A job; its tries before the last one are known where its log is, if not in a clone."""
    last = read_benchmark(benchmark)
    failed = [each for each in read_tries(Path(log)) if each.end not in ("done", None)]
    peaks = [x for x in (last.peak_mb, *(each.peak_mb for each in failed)) if x is not None]
    seconds = last.seconds + sum(each.seconds or 0.0 for each in failed)
    return Job(seconds, max(peaks, default=None), len(failed))


def _number(text: str | None) -> float | None:
    """The number, if it is one: Snakemake writes - or NA for a job too short to be sampled."""
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def duration(seconds: float) -> str:
    """Seconds as readable text."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


HEAD = """\
# Where the time went

{jobs} jobs took {total}, one after the other. Several may have run side by side; downloading or
making archives, exporting, and what takes a second or two, is left out. All tries are counted,
{failed} of which failed; one that was killed counts until it last wrote to its log.

| jobs | how many | failed | all together | of the whole | on average | the longest | peak memory |
| :-- | --: | --: | --: | --: | --: | --: | --: |
"""


def write_times(benchmarks: Files, logs: Files, output: Path | str) -> None:
    """Sum what jobs took, given by their kind, as Markdown, the costliest first.

    Args:
        benchmarks: Snakemake's benchmark files.
        logs: the logs of the same jobs, beside which their tries are recorded.
        output: the file to write.
    """
    jobs = {kind: found for kind, found in read_jobs(benchmarks, logs).items() if found}
    seconds = {kind: sum(job.seconds for job in found) for kind, found in jobs.items()}
    failed = {kind: sum(job.failed_tries for job in found) for kind, found in jobs.items()}
    total = sum(seconds.values())
    rows = []
    for kind in sorted(jobs, key=lambda kind: -seconds[kind]):
        peaks = [job.peak_mb for job in jobs[kind] if job.peak_mb is not None]
        cells = [
            kind.replace("_", " "),
            str(len(jobs[kind])),
            str(failed[kind]),
            duration(seconds[kind]),
            f"{100 * seconds[kind] / total:.0f} %" if total else "",
            duration(seconds[kind] / len(jobs[kind])),
            duration(max(job.seconds for job in jobs[kind])),
            f"{max(peaks):,.0f} MB" if peaks else "",
        ]
        rows.append("| " + " | ".join(cells) + " |\n")
    head = HEAD.format(
        jobs=sum(map(len, jobs.values())), total=duration(total), failed=sum(failed.values())
    )
    with atomic_write(Path(output)) as temporary:
        temporary.write_text(head + "".join(rows), "utf-8")
