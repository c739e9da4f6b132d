"""Whether the nets of a table differ beyond chance, of any two of them: for the page."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import pandas as pd

from fcnlib.config.columns import COLUMNS, RESULT_KEYS, ColumnName
from fcnlib.datasets.reader import DatasetInfo
from fcnlib.evaluation.bootstrap import Interval, paired_difference
from fcnlib.report.aggregate import Runs
from fcnlib.report.chance import Samples, SeedSpread, same_images, seed_difference
from fcnlib.report.page.classes import classes_of
from fcnlib.report.page.net_counts import NetCounts
from fcnlib.report.results import ResultRow, result_rows
from fcnlib.report.specs import TableSpec


class Net(NamedTuple):
    """A row of a table whose images were counted."""

    experiment: str
    name: str
    rows: Mapping[ColumnName, ResultRow]
    samples: Samples
    dataset: str

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
    data: dict[str, Any]


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
        results: Its rows of results.csv.
        runs: The metrics of all experiments.
        counted: The counts of nets, by experiment.
        datasets: By name, for the names of classes.
    """
    rows = result_rows(results)
    nets = [
        Net(
            row.experiment,
            row.row,
            {x.column: x for x in rows if x.experiment == row.experiment and x.column},
            counted[row.experiment].samples,
            runs[row.experiment][0][1].dataset,
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
    pairs = [(net, Pair(net, best)) for net in nets if net is not best]
    return ChanceTable(
        best=best.name,
        by=COLUMNS[by].label,
        columns=[COLUMNS[column].label for column in columns],
        rows=[(net.name, [_compared(pair, column) for column in columns]) for net, pair in pairs],
        several_runs=any(net.runs > 1 for net in nets),
        data=_data(nets, columns, datasets)
        | {"lead": columns.index(by), "chosen": [net.experiment for net in ranked[:2]]},
    )


def _has(net: Net, column: ColumnName) -> bool:
    """Whether a net has this score, and the counts that it is of."""
    task, metric = RESULT_KEYS[column]
    scored = column in net.rows and net.rows[column].measured is not None
    return scored and task in net.samples and metric in net.samples[task].scores


def _score(net: Net, column: ColumnName) -> float:
    return net.rows[column].measured or 0.0


class Pair:
    """What one net has more than another one, on the same resamples of the same images."""

    def __init__(self, ours: Net, others: Net) -> None:
        self.ours, self.others = ours, others
        self._found = {
            task: paired_difference(own, others.samples[task])
            for task, own in ours.samples.items()
            if task in others.samples and same_images(own, others.samples[task])
        }

    def score(self, column: ColumnName) -> Interval | None:
        """The interval of a score's difference as people read it, in tenths of a point."""
        task, metric = RESULT_KEYS[column]
        both = _has(self.ours, column) and _has(self.others, column)
        if not both or task not in self._found or metric not in self._found[task].scores:
            return None
        # As a reader's own subtraction finds it.
        displayed = COLUMNS[column].displayed
        points = displayed(_score(self.ours, column)) - displayed(_score(self.others, column))
        found = self._found[task].scores[metric]
        return _tenths(found._replace(difference=points / 100))

    def training(self, column: ColumnName) -> SeedSpread | None:
        """The difference's spread over seeds."""
        return seed_difference(self.ours.rows[column], self.others.rows[column])

    def gains(self, task: str) -> list[Interval | None] | None:
        """The gain of each class; None of other images."""
        if task not in self._found:
            return None
        return [None if gain is None else _tenths(gain) for gain in self._found[task].classes]


def _tenths(found: Interval) -> Interval:
    """A fraction's interval in tenths of a point."""
    difference, low, high = (round(1000 * x) for x in found[:3])
    return Interval(difference, low, high, found.turned)


def _compared(pair: Pair, column: ColumnName) -> Compared | None:
    found = pair.score(column)
    if found is None:
        return None
    spread = pair.training(column)
    return Compared(
        COLUMNS[column].signed(found.difference / 10),
        f"{_signed(found.low)} to {_signed(found.high)}",
        found.decided,
        "" if spread is None else f"± {spread.error:.1f}",
    )


def _signed(tenths: float) -> str:
    return f"{tenths / 10:.1f}".replace("-", "\N{MINUS SIGN}")


def _data(
    nets: Sequence[Net], columns: Sequence[ColumnName], datasets: Mapping[str, DatasetInfo]
) -> dict[str, Any]:
    """All pairs of nets, the first one against the second, in tenths of a point.

    Of training, the standard error in hundredths, and whether the difference is beyond noise.
    """
    task, _ = RESULT_KEYS[columns[0]]
    net = next(net for net in nets if _has(net, columns[0]))
    number = net.samples[task].class_iu.shape[1]
    pairs = [Pair(ours, others) for ours, others in combinations(nets, 2)]
    return {
        "nets": [[net.experiment, net.name, net.runs] for net in nets],
        "columns": [COLUMNS[column].label for column in columns],
        "classes": classes_of(datasets, net.dataset, task, number).names,
        "pairs": [_packed(pair, columns, task) for pair in pairs],
    }


def _packed(pair: Pair, columns: Sequence[ColumnName], task: str) -> list[Any]:
    scores = [pair.score(column) for column in columns]
    spreads = [
        pair.training(column) if score else None
        for column, score in zip(columns, scores, strict=True)
    ]
    return [
        [_ends(score) for score in scores],
        [spread and [round(100 * spread.error), int(spread.decided)] for spread in spreads],
        [_ends(gain) for gain in gains] if (gains := pair.gains(task)) else None,
    ]


def _ends(found: Interval | None) -> list[float] | None:
    return None if found is None else list(found[:3])
