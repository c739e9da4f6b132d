"""Whether the nets of a table differ beyond chance, of any two of them: for the page."""

import json
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import pandas as pd
from markupsafe import Markup

from fcnlib.config.columns import COLUMNS, RESULT_KEYS, ColumnName
from fcnlib.datasets.reader import DatasetInfo
from fcnlib.evaluation.bootstrap import Interval
from fcnlib.report.aggregate import Runs
from fcnlib.report.chance import (
    Samples,
    SeedSpread,
    class_gains,
    image_difference,
    same_images,
    seed_difference,
)
from fcnlib.report.page.net_counts import NetCounts
from fcnlib.report.results import ResultRow, result_rows
from fcnlib.report.specs import TableSpec


class Net(NamedTuple):
    """A row of a table whose images were counted."""

    experiment: str
    name: str
    rows: Mapping[ColumnName, ResultRow]
    samples: Samples
    classes: Mapping[str, Sequence[str]]  # names by task

    @property
    def runs(self) -> int:
        """How many its scores are the mean of."""
        return max(int(row.seeds or 0) for row in self.rows.values())


class Compared(NamedTuple):
    """What a net scores more than the best one, as text."""

    difference: str
    images: str  # where it lies for most resamples of them
    beyond: bool  # chance of the images
    training: str  # its standard error over seeds; empty of one run each


class ChanceTable(NamedTuple):
    """Every net of a table against its best one; and of any two of them, what a script shows."""

    best: str
    by: str  # the score that it is the best by
    columns: list[str]
    rows: list[tuple[str, list[Compared | None]]]  # None: of other images, or not such a score
    several_runs: bool
    data: Markup


def chance_table(
    table: TableSpec,
    results: pd.DataFrame,
    runs: Runs,
    counted: Mapping[str, NetCounts],
    datasets: Mapping[str, DatasetInfo],
) -> ChanceTable | None:
    """Whether a table's nets differ beyond chance; None of fewer than two that were counted.

    Args:
        table: What it shows.
        results: The numbers of all tables.
        runs: The metrics of all experiments.
        counted: The counts of nets, by experiment.
        datasets: By name, for the names of classes.
    """
    rows = [row for row in result_rows(results) if row.table == table.name]
    nets = [
        Net(
            row.experiment,
            row.row,
            {x.column: x for x in rows if x.experiment == row.experiment and x.column},
            counted[row.experiment].samples,
            _tasks(datasets.get(runs[row.experiment][0][1].dataset)),
        )
        for row in table.rows
        if row.experiment in counted and row.upper_bound is None
    ]
    columns = [x for x in table.columns if sum(_has(net, x) for net in nets) > 1]
    if not columns:
        return None
    by: ColumnName = "mean_iu" if "mean_iu" in columns else columns[0]
    ranked = sorted((net for net in nets if _has(net, by)), key=lambda net: -_score(net, by))
    best = ranked[0]
    others = [net for net in nets if net is not best]
    return ChanceTable(
        best=best.name,
        by=COLUMNS[by].label,
        columns=[COLUMNS[column].label for column in columns],
        rows=[(net.name, [_compared(net, best, x) for x in columns]) for net in others],
        several_runs=any(net.runs > 1 for net in nets),
        data=_as_script(
            _data(nets, columns)
            | {"lead": columns.index(by), "chosen": [net.experiment for net in ranked[:2]]}
        ),
    )


def _tasks(info: DatasetInfo | None) -> Mapping[str, Sequence[str]]:
    return {} if info is None else info.tasks


def _has(net: Net, column: ColumnName) -> bool:
    """Whether a net has this score, and the counts that it is of."""
    task, metric = RESULT_KEYS[column]
    scored = column in net.rows and net.rows[column].measured is not None
    return scored and task in net.samples and metric in net.samples[task].scores


def _score(net: Net, column: ColumnName) -> float:
    return net.rows[column].measured or 0.0


def _difference(ours: Net, others: Net, column: ColumnName) -> Interval | None:
    """The interval of a difference as people read it, in tenths of a point."""
    if not (_has(ours, column) and _has(others, column)):
        return None
    found = image_difference(ours.samples, others.samples, column)
    if found is None:
        return None
    # As a reader's own subtraction finds it.
    displayed = COLUMNS[column].displayed
    difference = displayed(_score(ours, column)) - displayed(_score(others, column))
    return _tenths(found._replace(difference=difference))


def _tenths(found: Interval) -> Interval:
    difference, low, high = (round(10 * x) for x in found[:3])
    return Interval(difference, low, high, found.turned)


def _spread(ours: Net, others: Net, column: ColumnName) -> SeedSpread | None:
    return seed_difference(ours.rows[column], others.rows[column])


def _compared(net: Net, best: Net, column: ColumnName) -> Compared | None:
    found = _difference(net, best, column)
    if found is None:
        return None
    spread = _spread(net, best, column)
    return Compared(
        COLUMNS[column].signed(found.difference / 10),
        f"{_signed(found.low)} to {_signed(found.high)}",
        found.decided,
        "" if spread is None else f"± {spread.error:.1f}",
    )


def _signed(tenths: float) -> str:
    return f"{tenths / 10:.1f}".replace("-", "\N{MINUS SIGN}")


def _data(nets: Sequence[Net], columns: Sequence[ColumnName]) -> dict[str, Any]:
    """All pairs of nets, the first one against the second, in tenths of a point.

    Of training, the standard error in hundredths, and whether the difference is beyond noise.
    """
    task, classes = _classes(nets, columns)
    pairs = [
        [
            [_three(_difference(ours, others, column)) for column in columns],
            [_two(ours, others, column) for column in columns],
            _gains(ours, others, task),
        ]
        for ours, others in combinations(nets, 2)
    ]
    return {
        "nets": [[net.experiment, net.name, net.runs] for net in nets],
        "columns": [COLUMNS[column].label for column in columns],
        "classes": classes,
        "pairs": pairs,
    }


def _classes(nets: Sequence[Net], columns: Sequence[ColumnName]) -> tuple[str, list[str]]:
    """The first task of the columns, and its classes: named, or numbered where no name is known."""
    task = RESULT_KEYS[columns[0]][0]
    net = next(net for net in nets if _has(net, columns[0]))
    count = net.samples[task].class_iu.shape[1]
    known = net.classes.get(task, ())
    return task, list(known) if len(known) == count else [f"class {x}" for x in range(count)]


def _three(found: Interval | None) -> list[float] | None:
    return None if found is None else list(found[:3])


def _two(ours: Net, others: Net, column: ColumnName) -> list[int] | None:
    if not (_has(ours, column) and _has(others, column)):
        return None
    spread = _spread(ours, others, column)
    return None if spread is None else [round(100 * spread.error), int(spread.decided)]


def _gains(ours: Net, others: Net, task: str) -> list[list[float] | None] | None:
    both = task in ours.samples and task in others.samples
    if not both or not same_images(ours.samples[task], others.samples[task]):
        return None
    gains = class_gains(ours.samples, others.samples, task)
    return [None if gain is None else _three(_tenths(gain)) for gain in gains]


def _as_script(data: Any) -> Markup:
    """JSON that ends no script."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))
