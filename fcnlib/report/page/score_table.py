"""The scores and the costs of a table, as plain values for the template."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from fcnlib.config.columns import COLUMNS, Column
from fcnlib.core.errors import InputError
from fcnlib.evaluation.record import Record
from fcnlib.report.aggregate import Runs
from fcnlib.report.collapsed import collapse_reason
from fcnlib.report.job_times import Job
from fcnlib.report.results import ResultRow, result_rows
from fcnlib.report.specs import TableSpec
from fcnlib.report.tables import best_scores, forward_sizes, label_of, own_text, sentences


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
    "whole training job (s)": "{:,.0f}",
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
