"""What the page says of the pixels of each net, from its confusion counts, read one net at a time.

Nothing is kept of the counts of single images but what is shown of them: at paper scale, those of
all nets together are larger than the memory that the page asks for.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fcnlib.core.errors import InputError
from fcnlib.evaluation.counts import Array, ImageCounts, check_scores, image_mean_iu
from fcnlib.evaluation.record import Record
from fcnlib.report.aggregate import Runs
from fcnlib.report.chance import Samples, counts_of_runs, net_samples

MOST = 3  # images of a confusion


class Confused(NamedTuple):
    """The test images with most pixels of one class that are labelled as another one."""

    truth: int
    predicted: int
    images: list[tuple[int, int]]  # place among the images, and pixels; the most first


class TaskCounts(NamedTuple):
    """A net's counts of one task."""

    images: list[str]  # IDs of the test images
    total: Array  # [classes, classes], of all runs together; rows are the truth
    image_iu: list[float | None]  # mean IU in percent by image, of the first run; None: all void
    confused: list[Confused]  # of the first run


class NetCounts(NamedTuple):
    """A net's counts by task, and its scores of resampled test images."""

    tasks: dict[str, TaskCounts]
    samples: Samples


def counts_of_nets(runs: Runs) -> dict[str, NetCounts]:
    """By experiment, of those whose runs all have counts of the same test images.

    An error names a metrics file whose scores do not follow from its counts.
    """
    found = {name: _net_counts(own) for name, own in runs.items()}
    return {name: net for name, net in found.items() if net is not None}


def _net_counts(runs: Sequence[tuple[Path, Record]]) -> NetCounts | None:
    counts = counts_of_runs(runs)
    for (path, record), found in zip(runs, counts, strict=True):
        check_scores(path, record.tasks, found, images=record.images)
    try:
        samples = net_samples(counts)
    except InputError:  # seeds that were scored on different images
        return None
    if not samples:
        return None
    return NetCounts({task: _task_counts(counts, task) for task in samples}, samples)


def _task_counts(counts: Sequence[ImageCounts], task: str) -> TaskCounts:
    first = counts[0].tasks[task]
    total = sum((run.tasks[task].sum(0, dtype=np.int64) for run in counts[1:]), first.sum(0))
    return TaskCounts(counts[0].ids, total, image_mean_iu(first), _confused(first))


def _confused(counts: NDArray[np.int64]) -> list[Confused]:
    """Of every confusion that occurs, the images with most of it."""
    truth, predicted = np.nonzero((counts.sum(0) > 0) & ~np.eye(counts.shape[1], dtype=bool))
    of_pairs = counts[:, truth, predicted]  # [images, pairs]
    order = np.argsort(-of_pairs, axis=0, kind="stable")[:MOST]
    pixels = np.take_along_axis(of_pairs, order, axis=0)
    columns = (truth.tolist(), predicted.tolist(), order.T.tolist(), pixels.T.tolist())
    return [
        Confused(a, b, [each for each in zip(places, most, strict=True) if each[1]])
        for a, b, places, most in zip(*columns, strict=True)
    ]
