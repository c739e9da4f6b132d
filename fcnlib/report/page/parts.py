"""What the page shows, as plain values for the template."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from fcnlib.config.columns import COLUMNS, Column
from fcnlib.core.errors import InputError
from fcnlib.evaluation.record import Record
from fcnlib.report.aggregate import Runs
from fcnlib.report.collapsed import collapse_reason
from fcnlib.report.figures.info import FigureInfo
from fcnlib.report.job_times import Job, duration
from fcnlib.report.results import ResultRow, result_rows
from fcnlib.report.specs import TableSpec
from fcnlib.report.tables import best_scores, forward_sizes, label_of, own_text, sentences


class Picture(NamedTuple):
    """What a figure shows, its picture as a data URI, and the link to the file."""

    info: FigureInfo
    source: str
    link: str
    explored: str = ""  # the chart that takes its place where there is script

    @property
    def chart(self) -> bool:
        """Whether it is drawn on white, as charts are, and no picture of images."""
        return self.info.image.endswith(".svg")


class Head(NamedTuple):
    """The heading of a column of the page."""

    label: str
    heading: str
    measured: str
    score: bool
    published: bool
    server: bool
    compared: bool  # whether a difference means anything


class Cell(NamedTuple):
    """One measured number, the published one and their difference."""

    text: str
    spread: str
    value: float | None
    best: bool
    seeds: int | None
    paper: str
    paper_value: float | None
    difference: str
    difference_value: float | None


class ScoreRow(NamedTuple):
    """One row of the page, by its name in the table."""

    name: str
    experiment: str
    published_only: bool  # others' numbers: nothing was run for it
    collapsed: str  # why its scores are no result; empty if they are
    cells: list[Cell]


class ScoreTable(NamedTuple):
    """A table's numbers as text and value."""

    name: str
    title: str
    section: str  # of the paper
    notes: list[str]  # what a reader must know of it, in sentences
    seeds: int  # the most runs behind one number
    highlight_best: bool
    columns: list[Head]
    rows: list[ScoreRow]


class CostTable(NamedTuple):
    """What each row cost, the mean of its runs; only columns that hold a number."""

    columns: list[str]
    rows: list[tuple[str, list[tuple[str, float | None]]]]
    sizes: list[str]  # of the images that forward time was measured on


COSTS = {
    "training (s)": "{:,.0f}",
    "peak memory (MB)": "{:,.0f}",
    "forward (ms)": "{:.1f}",
    "own parameters": "{:,.0f}",
}


def score_table(table: TableSpec, results: pd.DataFrame, runs: Runs, *, scale: str) -> ScoreTable:
    """The table's cells in its order; `results` are those of this table."""
    best = best_scores(table, results, runs)
    cells = {
        (row.experiment, row.column): (row, is_best)
        for row, is_best in zip(result_rows(results), best.tolist(), strict=True)
    }
    published = {row.column for row, _ in cells.values() if row.paper is not None}
    heads = [
        Head(
            label=COLUMNS[name].label,
            heading=COLUMNS[name].heading,
            measured=label_of(name, scale),
            score=COLUMNS[name].unit == "%",
            published=name in published,
            server=COLUMNS[name].server,
            compared=_is_compared(COLUMNS[name], table) and name in published,
        )
        for name in table.columns
    ]
    rows = []
    for row in table.rows:
        places = [(row.experiment, name) for name in table.columns]
        mine = [_cell(*cells[place], runs) for place in places if place in cells]
        ran = [run for _, run in runs.get(row.experiment, ())]
        why = collapse_reason(row.row, ran)
        rows.append(ScoreRow(row.row, row.experiment, not ran, why, mine))
    return ScoreTable(
        name=table.name,
        title=table.title,
        section=table.section,
        notes=sentences(table, runs),
        seeds=max((row.seeds or 0 for row, _ in cells.values()), default=0),
        highlight_best=table.highlight_best,
        columns=heads,
        rows=rows,
    )


def _is_compared(column: Column, table: TableSpec) -> bool:
    """Only scores of the same images: times are of another machine, sizes plain to see."""
    return column.unit == "%" and not column.server and table.images == "published"


def _cell(row: ResultRow, best: bool, runs: Runs) -> Cell:
    if row.column is None:
        raise InputError(f"{row.table}: {row.metric} is no column of a table")
    column = COLUMNS[row.column]
    difference = _difference(row, column)
    return Cell(
        text=own_text(row, column, runs),
        spread=column.text(row.std),
        value=row.measured,
        best=best,
        seeds=row.seeds,
        paper=column.text(row.paper),
        paper_value=row.paper,
        difference="" if difference is None else column.signed(difference),
        difference_value=difference,
    )


def _difference(row: ResultRow, column: Column) -> float | None:
    """Measured minus published, of the numbers as they are displayed."""
    if row.measured is None or row.paper is None:
        return None
    difference = column.displayed(row.measured) - column.displayed(row.paper)
    return round(difference, column.digits) if column.form == "f" else difference


def costs(table: TableSpec, runs: Runs, training: Mapping[str, Sequence[Job]]) -> CostTable:
    """What each row cost, for rows that cost anything; `training` are the jobs by experiment."""
    found: dict[str, tuple[float | None, ...]] = {}
    timed = "forward_ms" not in table.columns  # or else the table itself has it
    every: list[Record] = []
    for row in table.rows:
        measured = [run for _, run in runs.get(row.experiment, ())]
        jobs = training.get(row.experiment, ())
        every += measured
        found[row.row] = (
            _mean([job.seconds for job in jobs]),
            _mean([job.peak_mb for job in jobs]),
            _mean([run.costs.get("forward_ms") for run in measured]) if timed else None,
            _mean([run.parameters for run in measured]),
        )
    kept = [i for i in range(len(COSTS)) if any(c[i] is not None for c in found.values())]
    names, forms = list(COSTS), list(COSTS.values())
    rows = [
        (row, [("" if (x := numbers[i]) is None else forms[i].format(x), x) for i in kept])
        for row, numbers in found.items()
        if any(value is not None for value in numbers)
    ]
    return CostTable([names[i] for i in kept], rows, forward_sizes(every) if timed else [])


def _mean(values: Sequence[float | int | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def run_metadata(runs: Runs, jobs: Mapping[str, Sequence[Job]]) -> dict[str, Any]:
    """What the whole run was: commit, machine, date, time, versions; `jobs` are by their kind."""
    everything = [run for found in runs.values() for _, run in found]
    if not everything:
        raise InputError("the page needs at least one metrics file")
    provenances = [run.provenance for run in everything]
    every_job = [job for found in jobs.values() for job in found]
    peaks = [job.peak_mb for job in every_job if job.peak_mb is not None]
    versions: dict[str, list[str]] = {}
    for provenance in provenances:
        for name, version in provenance.versions.items():
            if version not in versions.setdefault(name, []):
                versions[name].append(version)
    return {
        "commits": _unique(p.commit for p in provenances),
        "dirty": any(p.dirty for p in provenances),
        "date": max(p.date for p in provenances)[:16].replace("T", " ") + " UTC",
        "devices": _unique(p.device for p in provenances),
        "tests": _unique(
            f"{run.images} of {run.dataset}, {run.split}" for run in everything if run.images
        ),
        "jobs": len(every_job),
        "kinds": ", ".join(f"{len(found)} {kind}" for kind, found in jobs.items() if found),
        "time": duration(sum(job.seconds for job in every_job)),
        "peak": f"{max(peaks):,.0f} MB" if peaks else "",
        "versions": {name: ", ".join(found) for name, found in versions.items()},
    }


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def provenance_rows(
    tables: Sequence[TableSpec], runs: Runs, page: Path, configuration: Path | str
) -> dict[str, dict[str, Any]]:
    """By experiment: its runs, the values that they used, and how to make them again.

    Args:
        tables: the page's tables.
        runs: the metrics of all experiments.
        page: the page's file.
        configuration: the full configuration of the run.
    """
    rows = {row.experiment: row for table in tables for row in table.rows}
    settings = {name: dict(_flat(own[0][1])) for name, own in runs.items()}
    return {
        name: {
            "row": rows[name].row if name in rows else "",
            "runs": [(run, relative(path, page)) for path, run in runs[name]],
            "settings": list(settings[name].items()),
            "base": (base := rows[name].base if name in rows else ""),
            "changes": _changes(settings[name], settings[base]) if base in settings else [],
            "command": _command([path for path, _ in runs[name]], configuration),
        }
        for name in dict.fromkeys([*rows, *runs])
        if name in runs
    }


def _changes(own: Mapping[str, str], base: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """The values in which an experiment differs from its base: key, the base's, its own.

    Of an experiment of another kind, only of the parts that both have.
    """
    parts = {key.partition(".")[0] for key in own} & {key.partition(".")[0] for key in base}
    return [
        (key, base.get(key) or "none", own.get(key) or "none")
        for key in dict.fromkeys([*base, *own])
        if key.partition(".")[0] in parts and base.get(key) != own.get(key)
    ]


def _command(files: Iterable[Path], configuration: Path | str) -> str:
    """What to type to get these files again; it is exact whatever was laid over config.yaml."""
    return f"snakemake {' '.join(map(str, files))} --configfile {configuration}"


def relative(path: Path, page: Path) -> str:
    """A link from the page to a file."""
    return Path(os.path.relpath(path, page.parent)).as_posix()


def _flat(run: Record) -> list[tuple[str, str]]:
    def walk(values: Mapping[str, Any], prefix: str) -> Any:
        for key, value in values.items():
            if isinstance(value, Mapping):
                yield from walk(value, f"{prefix}{key}.")
            else:
                text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
                yield prefix + key, text

    return list(walk(run.provenance.values, ""))
