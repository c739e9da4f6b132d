"""How long the jobs of each rule took."""

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from fcnlib.core.errors import InputError
from fcnlib.core.files import atomic_write


class Job(NamedTuple):
    """What Snakemake's `benchmark` measured."""

    seconds: float
    peak_mb: float | None


def read_benchmark(path: Path | str) -> Job:
    """Seconds and peak memory of a job."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            row = next(csv.DictReader(file, delimiter="\t"))
        if (seconds := _number(row.get("s"))) is not None and seconds >= 0:
            return Job(seconds, _number(row.get("max_rss")))
    except (OSError, StopIteration, csv.Error, UnicodeDecodeError):
        pass
    raise InputError(f"{path}: expected a Snakemake benchmark file with column s")


def read_benchmarks(files: Mapping[str, Sequence[Path | str]]) -> dict[str, list[Job]]:
    """The jobs of each name, as the files are given by name."""
    return {name: [read_benchmark(path) for path in paths] for name, paths in files.items()}


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
making archives, exporting, and what takes a second or two, is not counted.

| jobs | how many | all together | of the whole | one, on average | the longest | peak memory |
| :-- | --: | --: | --: | --: | --: | --: |
"""


def write_times(benchmarks: Mapping[str, Sequence[Path | str]], output: Path | str) -> None:
    """Sum Snakemake's benchmark files, given by kind of job, as Markdown, the costliest first."""
    jobs = {kind: found for kind, found in read_benchmarks(benchmarks).items() if found}
    seconds = {kind: sum(job.seconds for job in found) for kind, found in jobs.items()}
    total = sum(seconds.values())
    rows = []
    for kind in sorted(jobs, key=lambda kind: -seconds[kind]):
        peaks = [job.peak_mb for job in jobs[kind] if job.peak_mb is not None]
        cells = [
            kind.replace("_", " "),
            str(len(jobs[kind])),
            duration(seconds[kind]),
            f"{100 * seconds[kind] / total:.0f} %" if total else "",
            duration(seconds[kind] / len(jobs[kind])),
            duration(max(job.seconds for job in jobs[kind])),
            f"{max(peaks):,.0f} MB" if peaks else "",
        ]
        rows.append("| " + " | ".join(cells) + " |\n")
    head = HEAD.format(jobs=sum(map(len, jobs.values())), total=duration(total))
    with atomic_write(Path(output)) as temporary:
        temporary.write_text(head + "".join(rows), "utf-8")
