"""What the page is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fcnlib.report.job_times import Files


@dataclass(frozen=True, kw_only=True)
class PageInputs:
    """The files and values of a finished run."""

    output: Path | str  # the page
    scale: str  # its name
    tables: Sequence[Mapping[str, Any]]  # the values of a `TableSpec` each, in the page's order
    csvs: Sequence[Path | str]  # theirs, in the same order; Markdown and LaTeX lie beside them
    results: Path | str  # results.csv
    metrics: Sequence[Path | str]  # of all runs; the counts of those with scores lie beside them
    datasets: Sequence[Path | str]  # `dataset.json` of every data set that was scored on
    curves: Files  # learning curves, by experiment
    training: Files  # Snakemake's benchmark files of the training jobs, by experiment
    training_logs: Files  # the logs of the same jobs
    benchmarks: Files  # those of all other jobs, by kind of job
    logs: Files  # the logs of the same jobs
    figures: Sequence[Path | str]  # the `FigureInfo` beside each picture
    images: Sequence[Path | str]  # the `ImageSet` of each table that has one
    claims: Path | str  # claims.json
    configuration: Path | str  # the full one of the run
    commands: Sequence[str]  # what to type to get the same from it
    archives: Sequence[Path | str] = ()  # what was found of each; none of synthetic ones
    rehearsal: Sequence[Path | str] = ()  # what a rehearsal found; nothing of any other run
    estimate: Path | str | None = None  # where `fcn estimate --save` may have written one before
    report: str = "report.html"  # the address of Snakemake's own
