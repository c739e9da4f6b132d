"""What a training run writes down of itself now and then."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from torch import Tensor

from fcnlib.core.files import atomic_write

COLUMNS = [
    *("iteration", "images", "seconds", "loss", "loss_per_pixel", "learning_rate"),
    *("images_per_second", "pixel_accuracy", "mean_accuracy", "mean_iu", "frequency_weighted_iu"),
]
Line = dict[str, float | str]


@dataclass
class Progress:
    """How far a run is."""

    iteration: int = 0
    seconds: float = 0.0
    best_iteration: int = 0
    best_scores: dict[str, float] = field(default_factory=dict)
    best_state: dict[str, Tensor] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    diverged_at: int | None = None


@dataclass
class LossMeter:
    """The losses of some images, summed over the pixels that count."""

    loss: float = 0.0
    pixels: float = 0.0
    images: int = 0

    def add(self, loss: float, pixels: float) -> None:
        self.loss, self.pixels, self.images = (
            self.loss + loss,
            self.pixels + pixels,
            self.images + 1,
        )

    def line(
        self, *, iteration: int, batch_size: int, seconds: float, learning_rate: float
    ) -> Line:
        """A line of the curve, of these images' mean losses."""
        return {
            "iteration": iteration,
            "images": iteration * batch_size,
            "seconds": round(seconds, 2),
            "loss": f"{self.loss / self.images:.6g}",
            "loss_per_pixel": f"{self.loss / self.pixels:.6g}",
            "learning_rate": f"{learning_rate:.4g}",
            "images_per_second": f"{iteration * batch_size / seconds:.4g}",
        }


def final_loss(lines: Sequence[Line]) -> float:
    """The mean loss per pixel over the last tenth of a run's images."""
    counts = [0.0, *(float(line["images"]) for line in lines)]
    last = [
        (end - start, float(line["loss_per_pixel"]))
        for line, (start, end) in zip(lines, pairwise(counts), strict=True)
        if 10 * end > 9 * counts[-1]
    ]
    return sum(images * loss for images, loss in last) / sum(images for images, _ in last)


def accuracy_of(task: str) -> str:
    """The curve's column of a task after the first."""
    return f"{task}_pixel_accuracy"


def write_curve(
    path: Path, lines: Iterable[Mapping[str, float | str]], tasks: Sequence[str]
) -> None:
    """Write a run's lines as CSV, whole or not at all."""
    with atomic_write(path) as temporary, open(temporary, "w", newline="") as file:
        columns = [*COLUMNS, *map(accuracy_of, tasks[1:])]
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
