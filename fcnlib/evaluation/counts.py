"""Confusion counts as files, and scores held against the counts that they are functions of."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fcnlib.core.errors import DAMAGED, InputError
from fcnlib.evaluation.metrics import class_iu, scores

Array = NDArray[np.int64]
Score = float | list[float | None] | None
Computed = float | list[float]  # nan where there is nothing to count
Equal = Callable[[float, float], bool]

LARGEST = 2**40  # pixels of an image; sums of a million of them still fit an int64


def _near(score: float, computed: float) -> bool:
    # Sums of float32, in an order that a version of torch may change.
    return math.isclose(score, computed, rel_tol=1e-5, abs_tol=1e-7)


class ImageCounts(NamedTuple):
    """The confusion counts of every image of a split, by task; rows are the truth."""

    ids: list[str]
    tasks: dict[str, Array]  # [images, classes, classes]


def read_counts(path: Path | str, tasks: Sequence[str]) -> ImageCounts:
    """The counts of these tasks, as far as the file has them."""
    try:
        with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
            ids = list(map(str, file["ids"]))
            found = {task: np.asarray(file[task]) for task in tasks if task in file.files}
    except DAMAGED as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: expected confusion counts per image: {reason}") from None
    if not found:
        known = ", ".join(tasks)
        raise InputError(f"{path}: expected confusion counts per image of one of: {known}")
    for task, counts in found.items():
        _check(counts, len(ids), f"{path}: {task}")
    return ImageCounts(ids, found)


def _check(counts: NDArray[Any], images: int, place: str) -> None:
    if counts.ndim != 3 or counts.shape[0] != images or counts.shape[1] != counts.shape[2]:
        shape = " x ".join(map(str, counts.shape))
        raise InputError(f"{place}: {shape} counts; expected {images} x classes x classes")
    numbers = counts.dtype.kind in "iu" and counts.size
    if not numbers or counts.min() < 0 or counts.max() > LARGEST:
        raise InputError(f"{place}: expected numbers of pixels, 0 or more")


def counts_beside(path: Path | str, tasks: Iterable[str]) -> ImageCounts:
    """The counts of these tasks in the file beside a metrics file; none where there is no file."""
    beside, tasks = Path(path).with_suffix(".npz"), list(tasks)
    return read_counts(beside, tasks) if tasks and beside.is_file() else ImageCounts([], {})


def check_scores(
    path: Path | str,
    tasks: Mapping[str, Mapping[str, Score]],
    counts: ImageCounts,
    *,
    images: int,
) -> None:
    """Raise unless the scores of a metrics file follow from the counts beside it, if there are."""
    if not counts.tasks:
        return
    beside = Path(path).with_suffix(".npz")
    if len(counts.ids) != images:
        raise InputError(f"{path}: images: {images}; expected {len(counts.ids)}, as {beside.name}")
    for task, own in tasks.items():
        if task not in counts.tasks:
            raise InputError(f"{beside}: no counts of {task}; expected those of {Path(path).name}")
        computed = all_scores(counts.tasks[task].sum(0, dtype=np.int64))
        for metric in own.keys() & computed.keys():
            if not is_score(own[metric], computed[metric]):
                raise InputError(
                    f"{path}: {task}.{metric}: expected what follows from {beside.name}"
                )


def image_mean_iu(counts: Array) -> list[float | None]:
    """Each image's mean IU in percent, over the classes that occur in it or in its prediction.

    Of counts [images, classes, classes]; None of an image without a labelled pixel.
    """
    correct = counts.diagonal(0, 1, 2)
    union = counts.sum(1) + counts.sum(2) - correct
    total = np.divide(correct, union, out=np.zeros(union.shape), where=union > 0).sum(1)
    occurring = (union > 0).sum(1)
    return [
        100 * iu / classes if classes else None
        for iu, classes in zip(total.tolist(), occurring.tolist(), strict=True)
    ]


def all_scores(total: Any) -> dict[str, Computed]:
    """Every score of counts [classes, classes] of NumPy or torch, and each class's IU."""
    with np.errstate(invalid="ignore"):  # 0 / 0 of a class that never occurs
        return {**scores(total, background=True), "class_iu": class_iu(total).tolist()}


def is_score(score: Score, computed: Computed, equal: Equal = _near) -> bool:
    """Whether a score is that of the counts; None where there is nothing to count."""
    if isinstance(computed, list):
        return (
            isinstance(score, list)
            and len(score) == len(computed)
            and all(is_score(*pair, equal) for pair in zip(score, computed, strict=True))
        )
    if score is None or isinstance(score, list):
        return score is None and math.isnan(computed)
    return equal(score, computed)
