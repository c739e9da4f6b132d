"""Labels of images that are too large to be computed at once: tile by tile, equal to the whole."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from fcnlib.core.errors import InputError
from fcnlib.core.files import atomic_write
from fcnlib.core.progress import progress
from fcnlib.datasets.colours import Palette
from fcnlib.datasets.images import full_palette
from fcnlib.datasets.png_rows import LabelRows
from fcnlib.inference.inputs import DecodedImage, stacked
from fcnlib.inference.model import Model
from fcnlib.inference.outputs import check_tasks, unnamed_if_single


class Span(NamedTuple):
    """A part of a side of the image, and what is computed so that its labels are right."""

    begin: int
    end: int
    first: int
    last: int

    @property
    def kept(self) -> slice:
        """The part within what is computed."""
        return slice(self.begin - self.first, self.end - self.first)


@dataclass(frozen=True)
class Tiling:
    """How images are cut: squares that overlap by as much as a label depends on."""

    side: int  # of what is computed at once
    margin: int  # to each side of what is kept
    step: int  # of what is kept
    stride: int
    smallest_side: int

    @classmethod
    def of(cls, model: Model, side: int) -> "Tiling":
        """The tiling of a model's images; InputError if the margins leave nothing to keep."""
        found = model.surroundings
        if found is None:
            raise InputError(f"{model.path}: of another origin; expected a model of ours for tiles")
        stride = found.stride
        margin = stride * ceil(found.reach / stride)
        step = (side - 2 * margin) // stride * stride
        if step < stride:
            raise InputError(
                f"tile of {side} pixels: labels depend on {found.reach} pixels to each side; "
                f"expected at least {2 * margin + stride}"
            )
        return cls(side, margin, step, stride, found.smallest_side)

    def spans(self, length: int) -> list[Span]:
        """The parts of a side of the image in their order."""
        if length <= self.side:
            return [Span(0, length, 0, length)]
        return [self._span(begin, length) for begin in range(0, length, self.step)]

    def _span(self, begin: int, length: int) -> Span:
        end = min(begin + self.step, length)
        last = min(end + self.margin, length)
        # Cells lie where the whole image's do, and the net gets the smallest side that it takes.
        first = max(0, min(begin - self.margin, last - self.smallest_side))
        return Span(begin, end, first // self.stride * self.stride, last)


def label_in_tiles(
    net: Model,
    image: DecodedImage,
    files: Mapping[str, Path],
    palettes: Mapping[str, Palette],
    tiling: Tiling,
) -> None:
    """Write the labels of an image, of which one row of tiles is in memory at a time.

    `files` and `palettes` are by task, or "" where the net has one head.
    """
    height, width = image.size
    rows = tiling.spans(height)
    with ExitStack() as stack:
        writers: dict[str, LabelRows] = {}
        for task, path in files.items():
            temporary = stack.enter_context(atomic_write(path, durable=False))
            file = stack.enter_context(open(temporary, "wb"))
            colours = full_palette(tuple((r, g, b) for r, g, b in palettes[task]))
            writers[task] = LabelRows(file, (height, width), colours)
        for row in progress(rows, desc=image.path.name, unit="row of tiles"):
            found = unnamed_if_single(_row_of_tiles(net, image, row, tiling))
            check_tasks(found, palettes)
            for task, labels in found.items():
                writers[task].write(labels)
        for writer in writers.values():
            writer.close()


def _row_of_tiles(
    net: Model, image: DecodedImage, row: Span, tiling: Tiling
) -> dict[str, NDArray[np.uint8]]:
    """The labels [h, W] of all tiles beside each other, by task."""
    _, width = image.size
    found: dict[str, NDArray[np.uint8]] = {}
    for column in tiling.spans(width):
        part = stacked(image.parts((column.first, row.first, column.last, row.last)))
        batch = torch.from_numpy(part).permute(2, 0, 1)[None]
        try:
            labels_by_task = net.labels(batch)
        except InputError as error:
            raise InputError(f"{image.path}: {error}") from None
        for task, labels in labels_by_task.items():
            band = found.setdefault(task, np.empty((row.end - row.begin, width), np.uint8))
            kept = labels[0, row.kept, column.kept].cpu().numpy()
            band[:, column.begin : column.end] = kept
    return found
