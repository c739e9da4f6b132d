"""Which training image comes when, and what nets see of an image and learn from it."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from fcnlib.config import Training
from fcnlib.datasets.images import VOID
from fcnlib.datasets.prepared import Prepared
from fcnlib.masking import NOTHING_HIDDEN, Hiding, hiding
from fcnlib.models.fcn import FCN
from fcnlib.models.geometry import Grid, grids
from fcnlib.stopping import leave_stopping_to_parent

Sample = tuple[Tensor, dict[str, Tensor]]  # [C, H, W], and each task's labels [H, W]


def chance(seed: int, purpose: str) -> torch.Generator:
    """A stream of random numbers for one purpose: no other stream of the seed depends on it."""
    digest = hashlib.sha256(f"{purpose} {seed}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7]))


def draw_order(count: int, images: int, *, seed: int, mirror: bool) -> tuple[Tensor, Tensor]:
    """Which image comes when, drawn with replacement as the released code does, and its flips."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randint(count, (images,), generator=generator)
    flips = torch.rand(images, generator=generator) < 0.5
    return order, flips & mirror


def draw_shifts(images: int, most: int, *, seed: int) -> Tensor:
    """How many pixels each image is shifted down and right [images, 2], `most` either way."""
    return torch.randint(-most, most + 1, (images, 2), generator=chance(seed, "jitter"))


def shifted(pixels: NDArray[Any], down: int, right: int, fill: Any) -> NDArray[Any]:
    """Channels [C, H, W] or labels [H, W] moved within their frame, the border filled."""
    height, width = pixels.shape[-2:]
    down, right = (
        max(-side, min(side, step)) for side, step in ((height, down), (width, right))
    )  # not further than out of the frame
    moved = np.empty_like(pixels)
    moved[...] = fill
    moved[..., max(0, down) : height + min(0, down), max(0, right) : width + min(0, right)] = (
        pixels[..., max(0, -down) : height - max(0, down), max(0, -right) : width - max(0, right)]
    )
    return moved


def as_tensor(stack: NDArray[Any]) -> Tensor:
    """Channels [C, H, W] as a tensor whose channels lie side by side: nets are fastest on those."""
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(stack, 0, 2))).permute(2, 0, 1)


class Samples(Dataset[Sample]):
    """Training samples in a fixed order: the inputs [C, H, W] and each task's labels [H, W].

    Those with `shifts` (down, right) have a border of the channels `blank`, rounded, and of void.
    """

    def __init__(
        self,
        dataset: Prepared,
        names: Sequence[str],
        mirrored: Sequence[bool],
        *,
        inputs: Sequence[str] = ("rgb",),
        tasks: Sequence[str] = ("semantic",),
        hidden: Hiding = NOTHING_HIDDEN,
        shifts: Sequence[Sequence[int]] = (),
        blank: Sequence[float] = (),
    ) -> None:
        self.dataset, self.names, self.mirrored = dataset, names, mirrored
        self.inputs, self.tasks, self.hidden = inputs, tasks, hidden
        self.shifts, self.border = shifts, np.round(blank)[:, None, None]

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, position: int) -> Sample:
        stack, labels = self.dataset.sample(self.names[position], self.inputs, self.tasks)
        stack = self.hidden.applied(stack, labels[self.tasks[0]])
        if self.mirrored[position]:
            stack = stack[..., ::-1]
            labels = {task: label[:, ::-1] for task, label in labels.items()}
        if self.shifts:
            down, right = self.shifts[position]
            stack = shifted(stack, down, right, self.border)
            labels = {task: shifted(each, down, right, VOID) for task, each in labels.items()}
        return as_tensor(stack), {
            task: torch.from_numpy(np.ascontiguousarray(label)).long()
            for task, label in labels.items()
        }


class Course:
    """All images of a run in their order, turned and shifted by chances of their own.

    Runs of as many images of the same data and seed see the same ones in the same order.
    """

    def __init__(self, training: Training, net: FCN, data: Prepared, *, seed: int) -> None:
        self.data, self.values, self.recipe = data, training.data, training.recipe
        names, images = data.ids(self.values.train), self.recipe.iterations * self.recipe.batch_size
        order, flips = draw_order(len(names), images, seed=seed, mirror=self.recipe.mirror)
        self.names, self.flips = [names[i] for i in order], flips
        self.shifts = draw_shifts(images, self.recipe.jitter, seed=seed)
        self.hidden = hiding(self.values.train_mask, net, data, self.values.tasks[0])
        self.blank = net.blank().tolist()

    @property
    def digest(self) -> str:
        """A hash of which images come in which order, and of nothing else of a run."""
        return hashlib.sha256("\n".join(self.names).encode()).hexdigest()

    @contextmanager
    def drawn(self, done: int) -> Iterator[Iterator[Sample]]:
        """The samples after the first `done`, which workers read ahead of their use."""
        samples = Samples(
            self.data,
            self.names[done:],
            self.flips[done:].tolist(),
            inputs=self.values.inputs,
            tasks=self.values.tasks,
            hidden=self.hidden,
            shifts=self.shifts[done:].tolist() if self.recipe.jitter else (),
            blank=self.blank,
        )
        loader = DataLoader(
            samples,
            batch_size=None,
            num_workers=self.recipe.workers,
            # Of its own, as a loader draws a number on starting and a resumed run starts one more.
            generator=torch.Generator(),
            worker_init_fn=leave_stopping_to_parent,
        )
        reading: Any = iter(loader)
        try:
            yield reading
        finally:
            if self.recipe.workers:  # Python ends them by a signal that they do not hear
                reading._shutdown_workers()


def coarsest_cells(layers: Mapping[str, nn.Module]) -> Grid:
    """The grid of a net's coarsest scores: the cells of its final layer."""
    scores = [grid for name, grid in grids(layers).items() if name.startswith("score")]
    return max(scores, key=lambda grid: grid.stride)


def drawn_cells(
    height: int, width: int, cells: Grid, *, share: float, generator: torch.Generator
) -> Tensor:
    """The pixels [H, W] of cells of which each is drawn with the same chance.

    A pixel belongs to the cell whose centre is nearest: cells are blocks as wide as their stride.
    """
    row, column = (_cells(side, cells) for side in (height, width))
    drawn = torch.rand(int(row[-1]) + 1, int(column[-1]) + 1, generator=generator) < share
    return drawn[row][:, column]


def _cells(side: int, cells: Grid) -> Tensor:
    """The cell of each pixel along a side, counted from the first that has one."""
    place = (torch.arange(side) - cells.start) / cells.stride + 0.5
    index = place.floor().long().clamp(min=0)  # unpadded nets' first cell lies within the image
    return index - index[0]
