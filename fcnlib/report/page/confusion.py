"""What a net labels as what, as plain values for the page: by class, and where it is seen most."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fcnlib.datasets.reader import DatasetInfo
from fcnlib.evaluation.counts import Array
from fcnlib.report.chance import Samples
from fcnlib.report.page.classes import Classes, classes_of
from fcnlib.report.page.net_counts import NetCounts, TaskCounts
from fcnlib.report.specs import TableSpec

LARGEST = 100  # classes of a heat map; all others are counted together
SMALLEST = 0.005  # the share of a class's pixels from which on a confusion names images
FREQUENT = 5  # confusions of a net in the table


class Frequent(NamedTuple):
    """A confusion, and the pixels of its class that are confused so, in percent."""

    truth: str
    predicted: str
    percent: float


class ConfusedNet(NamedTuple):
    """A net of a table that has counts; `frequent` are its largest confusions by task."""

    row: str
    experiment: str
    frequent: dict[str, list[Frequent]]


class ConfusionTable(NamedTuple):
    """The nets of a table with counts, the rows that have scores but lack counts, and limits."""

    name: str
    nets: list[ConfusedNet]
    best: str  # the experiment of these with the highest mean IU
    missing: list[str]
    classes: int  # the most of a net


def confusion_table(
    table: TableSpec,
    scored: Mapping[str, str],
    counted: Mapping[str, NetCounts],
    infos: Mapping[str, DatasetInfo],
) -> ConfusionTable:
    """What the page says of a table's confusions.

    Args:
        table: the table.
        scored: by experiment with scores, the data set that it was scored on.
        counted: the nets that have counts.
        infos: the data sets by name.
    """
    nets = []
    for row in table.rows:
        if row.experiment in counted:
            frequent = {
                task: most_frequent(
                    own.total, classes_of(infos, scored[row.experiment], task, len(own.total))
                )
                for task, own in counted[row.experiment].tasks.items()
            }
            nets.append(ConfusedNet(row.row, row.experiment, frequent))
    return ConfusionTable(
        name=table.name,
        nets=nets,
        best=_best({net.experiment: counted[net.experiment].samples for net in nets}),
        missing=[
            x.row for x in table.rows if x.experiment in scored and x.experiment not in counted
        ],
        classes=max(
            (len(own.total) for x in nets for own in counted[x.experiment].tasks.values()),
            default=0,
        ),
    )


def _best(nets: Mapping[str, Samples]) -> str:
    """The net with the highest mean IU of the first one's first task; the first one of equals."""
    lead = next((task for tasks in nets.values() for task in tasks), "")

    def score(name: str) -> float:
        known = lead in nets[name]  # it has a number where any pixel was counted
        return float(np.nan_to_num(nets[name][lead].scores["mean_iu"][0])) if known else 0.0

    return max(nets, key=score, default="")


def most_frequent(total: Array, classes: Classes) -> list[Frequent]:
    """The confusions with the largest share of their class's pixels."""
    wrong = shares(total)
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:FREQUENT]
    return [
        Frequent(classes.names[truth], classes.names[predicted], 100 * wrong[truth, predicted])
        for truth, predicted in zip(*np.unravel_index(order, wrong.shape), strict=True)
        if wrong[truth, predicted] > 0
    ]


def shares(total: Array) -> NDArray[np.float64]:
    """The counts as shares of the pixels of their class; 0 of one that never occurs."""
    of_class: NDArray[np.float64] = np.maximum(total.sum(1, keepdims=True), 1).astype(float)
    return total / of_class


def task_data(counts: TaskCounts) -> dict[str, Any]:
    """The counts of a task for the heat map, no larger than it shows them.

    `kept` are the classes that are shown, by their number, where there are too many; the row and
    the column behind them are of all others together.
    """
    kept = _kept(counts.total)
    places = {number: place for place, number in enumerate(kept)}
    total = counts.total if len(kept) == len(counts.total) else _merged(counts.total, kept)
    share = shares(counts.total)
    most = [
        [places[truth], places[predicted], *(number for image in images for number in image)]
        for truth, predicted, images in counts.confused
        if truth in places and predicted in places and share[truth, predicted] >= SMALLEST
    ]
    data: dict[str, Any] = {"counts": total.tolist(), "most": most}
    return data if len(kept) == len(counts.total) else data | {"kept": kept}


def _kept(total: Array) -> list[int]:
    """The classes with most pixels in the truth, as the same images have the same for all nets."""
    if len(total) <= LARGEST:
        return list(range(len(total)))
    return sorted(np.argsort(-total.sum(1), kind="stable")[:LARGEST].tolist())


def _merged(total: Array, kept: Sequence[int]) -> Array:
    place = np.full(len(total), len(kept))
    place[list(kept)] = np.arange(len(kept))
    merged = np.zeros((len(kept) + 1, len(kept) + 1), total.dtype)
    np.add.at(merged, (place[:, None], place[None, :]), total)
    return merged
