"""Scores of resampled test images: how much a difference of nets depends on which images there are.

Resampling covers the test images, and not the training: another seed may give another net, and
only several runs of each tell how far apart those are.
"""

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fcnlib.core.errors import InputError
from fcnlib.evaluation.counts import Array, ImageCounts

RESAMPLES = 1000
LEVEL = 0.95  # of an interval
Floats = NDArray[np.float64]


class Resampled(NamedTuple):
    """Scores of a net as fractions: of all images at 0, and of each resample of them after it.

    Of several runs, their mean. Equal images are resampled equally, whatever net they are of, so
    that the scores of two nets are pairs.
    """

    images: tuple[str, ...]  # IDs in their order
    scores: Mapping[str, Floats]  # by metric, [1 + resamples]
    class_iu: Floats  # [1 + resamples, classes]; nan for a class that does not occur


class Interval(NamedTuple):
    """A difference of two nets, and where it lies for most resamples of the test images."""

    difference: float
    low: float
    high: float
    turned: float  # the share of resamples whose difference is not of this sign

    @property
    def decided(self) -> bool:
        """Whether the interval lies on one side of 0."""
        return self.low > 0 or self.high < 0


class PairedDifference(NamedTuple):
    """What one net scores more than another one on the same images, as fractions."""

    scores: Mapping[str, Interval]  # by metric; without those that are no number
    classes: Sequence[Interval | None]  # the gain of each class's IU; None: it does not occur


def resample(
    runs: Sequence[ImageCounts], task: str, *, resamples: int = RESAMPLES, seed: int = 0
) -> Resampled:
    """The scores of resamples of the test images: as many, drawn with replacement.

    Args:
        runs: The counts of a net, one for each seed, of the same images in any order.
        task: Whose counts.
        resamples: How many of them.
        seed: Of the resampling; with the images' IDs, it alone decides.
    """
    images = tuple(sorted(runs[0].ids))
    if len(set(images)) < len(images):
        raise InputError(f"{task}: an image is counted twice; expected each once")
    weights = _weights(images, resamples, seed)
    found = [_scores(_sums(weights, _in_order(run, images, task))) for run in runs]
    return Resampled(
        images,
        {name: np.mean([scores[name] for scores, _ in found], 0) for name in found[0][0]},
        np.mean([class_iu for _, class_iu in found], 0),
    )


def paired_difference(ours: Resampled, others: Resampled) -> PairedDifference:
    """How much more one net scores than another one, on the same resamples of the same images."""
    if ours.images != others.images:
        raise InputError("two nets of different test images; expected the same images")
    if ours.class_iu.shape != others.class_iu.shape:
        raise InputError("two nets of different resamples or classes; expected equal ones")
    names = [name for name in ours.scores if name in others.scores]
    scores = intervals(np.array([ours.scores[name] - others.scores[name] for name in names]))
    return PairedDifference(
        {name: found for name, found in zip(names, scores, strict=True) if found},
        intervals((ours.class_iu - others.class_iu).T),
    )


def intervals(differences: Floats) -> list[Interval | None]:
    """The interval of each line: the difference of all images at 0, then those of the resamples.

    None where there is no difference. Resamples without one, such as of a class that none of their
    images has, are left out.
    """
    found: list[Interval | None] = [None] * len(differences)
    known = np.isfinite(differences)
    whole = known.all(1)
    partly = np.flatnonzero(known[:, 0] & known[:, 1:].any(1) & ~whole)
    for lines in filter(len, (np.flatnonzero(whole), *partly[:, None])):
        some = differences[lines][:, known[lines[0]]]  # without resamples that have none
        for line, interval in zip(lines, _intervals(some), strict=True):
            found[line] = interval
    return found


def _intervals(differences: Floats) -> list[Interval]:
    measured, resampled = differences[:, 0], differences[:, 1:]
    low, high = np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=1)
    turned = np.mean(np.sign(resampled) != np.sign(measured)[:, None], axis=1)
    turned[measured == 0] = 1
    columns = (measured, low, high, turned)
    return list(map(Interval, *(column.tolist() for column in columns)))


@lru_cache(maxsize=8)  # of as many data sets
def _weights(images: tuple[str, ...], resamples: int, seed: int) -> Floats:
    """How often each resample has each image, [1 + resamples, images]; at 0, each once."""
    digest = hashlib.sha256("\0".join(images).encode("utf-8", "surrogatepass")).digest()
    generator = np.random.default_rng([seed, *digest])
    count = len(images)
    drawn = generator.multinomial(count, np.full(count, 1 / count), size=resamples)
    return np.concatenate([np.ones((1, count)), drawn])


def _in_order(run: ImageCounts, images: tuple[str, ...], task: str) -> Array:
    """A task's counts [images, classes, classes], in the order of `images`."""
    if task not in run.tasks:
        raise InputError(f"no counts of {task}; expected those of one of: {', '.join(run.tasks)}")
    order = np.argsort(np.array(run.ids))
    if tuple(run.ids[index] for index in order) != images:
        raise InputError("two runs of different test images; expected the same images")
    return run.tasks[task][order]


class _Sums(NamedTuple):
    """What all scores are made of, [1 + resamples, classes]: exact, as sums below 2**53 are."""

    correct: Floats
    truth: Floats
    predicted: Floats
    predicted_of_background: Floats  # of the pixels that are truly of class 0


def _sums(weights: Floats, counts: Array) -> _Sums:
    diagonals = counts.diagonal(0, 1, 2)
    parts = [diagonals, counts.sum(2), counts.sum(1), counts[:, 0]]
    sums = weights @ np.concatenate(parts, 1).astype(np.float64)
    return _Sums(*np.split(sums, len(parts), axis=1))


def _scores(sums: _Sums) -> tuple[dict[str, Floats], Floats]:
    """The scores of `metrics.scores` and each class's IU, of many confusion counts at once."""
    correct, truth, predicted, of_background = sums
    occurs = truth > 0
    objects = occurs.copy()
    objects[:, 0] = False
    with np.errstate(divide="ignore", invalid="ignore"):  # 0 / 0 of what does not occur
        iu = correct / (truth + predicted - correct)
        foreground_iu = correct / (truth + predicted - of_background - correct)
        pixels = truth.sum(1)
        scores = {
            "pixel_accuracy": correct.sum(1) / pixels,
            "mean_accuracy": _mean(correct / truth, occurs),
            "mean_iu": _mean(iu, occurs),
            "frequency_weighted_iu": np.where(occurs, truth / pixels[:, None] * iu, 0).sum(1),
            "mean_iu_without_background": _mean(iu, objects),
            "mean_iu_foreground_truth": _mean(foreground_iu, objects),
            "background_accuracy": correct[:, 0] / truth[:, 0],
        }
    return scores, iu


def _mean(values: Floats, classes: NDArray[np.bool_]) -> Floats:
    """The mean over some classes of each resample; nan where there are none."""
    means: Floats = np.where(classes, values, 0).sum(1) / classes.sum(1)
    return means
