"""The records of a training: losses, scores and progress; the learning curve as CSV."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Annotated

from pydantic import Field
from torch import Tensor

from fcnlib.config.schema_nets import Recipe
from fcnlib.core.files import atomic_write
from fcnlib.evaluation.metrics import METRICS

LOSS_COLUMNS = [
    "iteration",
    "images",
    "seconds",
    "loss",
    "loss_per_pixel",
    "learning_rate",
    "images_per_second",
]
LOG_COLUMNS = [*LOSS_COLUMNS, *METRICS]
LOG_RECORDS = 100  # of a training, besides those of its validations
Count = Annotated[int, Field(strict=True, ge=0)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
LogRecord = dict[str, int | float | str]  # by column: a row of the learning curve


@dataclass
class TrainingState:
    """A training's progress, its log, and the best snapshot so far."""

    iteration: Count = 0
    seconds: Amount = 0.0  # of training steps alone
    best_iteration: Count = 0
    best_scores: dict[str, float] = field(default_factory=dict)
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    records: list[LogRecord] = field(default_factory=list)
    diverged_at: int | None = None


@dataclass
class LossMeter:
    """The losses of some images, summed over the pixels that count."""

    loss: Amount = 0.0
    pixels: Amount = 0.0
    images: Count = 0

    def add(self, loss: float, pixels: float, images: int = 1) -> None:
        """Count more images by their loss, summed over so many pixels."""
        self.loss += loss
        self.pixels += pixels
        self.images += images

    def record(
        self, *, iteration: int, batch_size: int, seconds: float, learning_rate: float
    ) -> LogRecord:
        """A log record of these images' mean loss, per image and per pixel."""
        return {
            "iteration": iteration,
            "images": iteration * batch_size,
            "seconds": round(seconds, 2),
            "loss": f"{self.loss / self.images:.6g}",
            "loss_per_pixel": f"{self.loss / self.pixels:.6g}",
            "learning_rate": f"{learning_rate:.4g}",
            "images_per_second": f"{iteration * batch_size / seconds:.4g}",
        }


def is_validation(iteration: int, recipe: Recipe) -> bool:
    """Whether the net is validated after so many iterations."""
    is_due = iteration % recipe.validate_every == 0 or iteration == recipe.iterations
    return iteration > 0 and is_due


def is_logged(iteration: int, recipe: Recipe) -> bool:
    """Whether a log record ends with this iteration."""
    return is_validation(iteration, recipe) or (
        iteration % max(1, recipe.iterations // LOG_RECORDS) == 0
    )


def final_loss(records: Sequence[LogRecord]) -> float:
    """The mean loss per pixel over the last tenth of a training's images."""
    counts = [0.0, *(float(record["images"]) for record in records)]
    last = [
        (end - start, float(record["loss_per_pixel"]))
        for record, (start, end) in zip(records, pairwise(counts), strict=True)
        if 10 * end > 9 * counts[-1]
    ]
    return sum(images * loss for images, loss in last) / sum(images for images, _ in last)


def accuracy_column(task: str) -> str:
    """The column of a further task's pixel accuracy; the first task has the plain columns."""
    return f"{task}_pixel_accuracy"


def curve_columns(tasks: Sequence[str]) -> list[str]:
    """The columns of a learning curve: those of the first task, and of each further one."""
    return [*LOG_COLUMNS, *map(accuracy_column, tasks[1:])]


def write_curve(
    path: Path, records: Iterable[Mapping[str, float | str]], tasks: Sequence[str]
) -> None:
    """Write the log as CSV, atomically: the learning curve."""
    with (
        atomic_write(path) as temporary,
        open(temporary, "w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.DictWriter(file, curve_columns(tasks), lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
