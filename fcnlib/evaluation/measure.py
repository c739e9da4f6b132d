"""A model's labels of a prepared data set against its truth: all that can be said of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fcnlib.core.errors import InputError
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.evaluation.boundary import boundary_counts, boundary_iu, mean_boundary_iu
from fcnlib.evaluation.confusion import SEMANTIC, confusion_per_image
from fcnlib.evaluation.evaluate import check_model, finite, task_scores
from fcnlib.evaluation.metrics import mean_iu_of_truth, pixel_accuracy
from fcnlib.evaluation.record import Scores
from fcnlib.inference.model import Model

BAND = 5  # pixels


@dataclass(frozen=True)
class ImageScores:
    """The scores of one image, as fractions; None where nothing of it is labelled."""

    id: str
    mean_iu: float | None
    pixel_accuracy: float | None


@dataclass(frozen=True)
class TaskEvaluation:
    """What is measured of one task."""

    classes: tuple[str, ...]
    counts: NDArray[np.int64]  # [images, classes, classes]; rows are the truth
    boundary: NDArray[np.int64]  # [3, classes], of `boundary_counts`
    scores: Scores  # as in a metrics file, and of the boundaries
    images: tuple[ImageScores, ...]

    @property
    def total(self) -> NDArray[np.int64]:
        """The confusion counts of all images [classes, classes]."""
        total: NDArray[np.int64] = self.counts.sum(0)
        return total

    def worst(self, count: int) -> list[ImageScores]:
        """The images of the lowest mean IU, the worst first."""
        known = [each for each in self.images if each.mean_iu is not None]
        return sorted(known, key=lambda each: (each.mean_iu, each.id))[:count]


@dataclass(frozen=True)
class Evaluation:
    """What is measured of a model on a split."""

    model: Path
    data: str
    split: str
    ids: tuple[str, ...]
    band: int  # of the boundaries, in pixels
    tasks: Mapping[str, TaskEvaluation]


@dataclass
class _Bands:
    """Sums of boundary counts by task."""

    band: int
    classes: Mapping[str, int]
    sums: dict[str, NDArray[np.int64]] = field(default_factory=dict)

    def add(self, id: str, task: str, predicted: Tensor, truth: Tensor) -> None:
        arrays: list[NDArray[Any]] = [predicted.numpy(), truth.numpy()]
        found = boundary_counts(arrays[0], arrays[1], self.classes[task], self.band)
        self.sums[task] = self.sums.get(task, 0) + found


def measure(net: Model, data: PreparedDataset, split: str, *, band: int = BAND) -> Evaluation:
    """Score a model on a split.

    Scores are those of the workflow: of the same counts, by the same functions.

    Args:
        net: The model; of one of another origin, labels are taken for those of the data set.
        data: The data set.
        split: Whose images are scored.
        band: Width in pixels of what is a boundary.
    """
    if band < 1:
        raise InputError(f"band of {band} pixels; expected at least 1")
    if net.info.classes:
        check_model(net.path, net.info, data)
    elif SEMANTIC not in data.info.tasks:
        raise InputError(f"{net.path}: tells no task; {data.root} has {', '.join(data.info.tasks)}")
    tasks = [*net.info.classes] or [SEMANTIC]
    classes = {task: data.info.tasks[task] for task in tasks}
    bands = _Bands(band, {task: len(names) for task, names in classes.items()})
    per_image = confusion_per_image(
        net.labels,
        data,
        split,
        inputs=net.inputs,
        tasks=tasks,
        device=net.device,
        observe=bands.add,
    )
    ids = data.ids(split)
    found = {}
    for task, counts in per_image.items():
        boundary = bands.sums[task]
        scores: Scores = {
            **task_scores(task, counts.sum(0), data),
            "boundary_iu": finite(mean_boundary_iu(boundary)),
            "class_boundary_iu": [finite(value) for value in boundary_iu(boundary).tolist()],
        }
        images = tuple(_image_scores(id, each) for id, each in zip(ids, counts, strict=True))
        found[task] = TaskEvaluation(classes[task], counts.numpy(), boundary, scores, images)
    return Evaluation(net.path, data.info.name, split, tuple(ids), band, found)


def _image_scores(id: str, counts: Tensor) -> ImageScores:
    if not torch.count_nonzero(counts):
        return ImageScores(id, None, None)
    return ImageScores(id, finite(mean_iu_of_truth(counts)), finite(pixel_accuracy(counts)))
