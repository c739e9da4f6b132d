"""Where the cells of a feature map lie in the image, by composing the layers (section 3)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from torch import nn

from fcnlib.core.errors import InputError
from fcnlib.models.layers import IMAGE_LAYER, Crop, Fuse, inputs_of

WindowLayer = nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d


@dataclass(frozen=True)
class Grid:
    """A map whose cell i is centred on image pixel `start + i * stride`; all sizes in pixels."""

    receptive_field: float = 1
    stride: float = 1
    start: float = 0
    reach: float = 0  # how far from its centre a cell depends on pixels, upsampling included

    def windowed(self, kernel: int, stride: int, padding: int) -> "Grid":
        """The grid after a convolution or pooling."""
        return Grid(
            receptive_field=self.receptive_field + (kernel - 1) * self.stride,
            stride=self.stride * stride,
            start=self.start + ((kernel - 1) / 2 - padding) * self.stride,
            reach=self.reach + (kernel - 1) / 2 * self.stride,
        )

    def upsampled(self, kernel: int, factor: int) -> "Grid":
        """The grid after a transposed convolution without padding."""
        stride = self.stride / factor
        half = (kernel - 1) / 2 * stride
        return Grid(self.receptive_field, stride, self.start - half, self.reach + half)

    def cropped(self, cells: int) -> "Grid":
        """The grid without its first cells."""
        return replace(self, start=self.start + cells * self.stride)


IMAGE = Grid()


def grids(layers: Mapping[str, nn.Module]) -> dict[str, Grid]:
    """The grid of every layer of a net, and of the image, "data"."""
    found, inputs = {IMAGE_LAYER: IMAGE}, inputs_of(layers)
    for name, layer in layers.items():
        found[name] = _grid_after(layer, [found[source] for source in inputs[name]])
    return found


def sizes(layers: Mapping[str, nn.Module], side: int) -> dict[str, int] | None:
    """Every layer's cells a side for an image of `side` pixels; None: the image is too small."""
    found, inputs = {IMAGE_LAYER: side}, inputs_of(layers)
    for name, layer in layers.items():
        found[name] = _size_after(layer, [found[source] for source in inputs[name]])
        if found[name] < 1:
            return None
    return found


def smallest_side(layers: Mapping[str, nn.Module]) -> int:
    """The smallest image side, in pixels, from which on a net scores every image in full.

    Sizes repeat with the coarsest stride, so what holds for one period holds for all that follow.
    """
    found = grids(layers).values()
    period = round(max(grid.stride for grid in found))
    fitting = 0
    for side in range(1, round(max(grid.receptive_field for grid in found)) + 2 * period + 1):
        fitting = fitting + 1 if sizes(layers, side) else 0
        if fitting == period:
            return side - period + 1
    raise InputError("padding: the scores do not reach the image's border; expected more padding")


class Surroundings(NamedTuple):
    """What of an image decides a net's output at a pixel."""

    reach: int  # pixels to each side
    stride: int  # an image that begins a multiple of it later has the same cells
    smallest_side: int  # of an image that is scored


def surroundings(layers: Mapping[str, nn.Module]) -> Surroundings:
    """How far a net's output depends on its image, upsampling included."""
    found = [*grids(layers).values()]
    stride = round(max(grid.stride for grid in found))
    return Surroundings(math.ceil(found[-1].reach), stride, smallest_side(layers))


def crop_offset(fine: Grid, coarse: Grid) -> int:
    """How many cells of `fine` lie before the first cell of `coarse`, a map of the same stride.

    Positive: crop `fine` from there on, as Caffe's Crop layer does; negative: crop `coarse`.
    """
    if fine.stride != coarse.stride:
        raise InputError(f"strides {fine.stride} and {coarse.stride} differ; expected equal ones")
    cells = (coarse.start - fine.start) / fine.stride
    if cells != int(cells):
        raise InputError(f"the maps are {cells} cells apart; expected a whole number of cells")
    return int(cells)


def upsampling_kernel(coarse: Grid, fine: Grid) -> int:
    """The side of the bilinear kernel that brings a map onto the cells of a finer one.

    2f for the factor f, or 2f - 1 where the even kernel would end half a cell beside them:
    AlexNet's 63 for 32.
    """
    factor = round(coarse.stride / fine.stride)
    start = coarse.upsampled(2 * factor, factor).start
    return 2 * factor - (((start - fine.start) / fine.stride) % 1 != 0)


def _grid_after(layer: nn.Module, inputs: Sequence[Grid]) -> Grid:
    first = inputs[0]
    if isinstance(layer, WindowLayer):
        return first.windowed(*kernel_stride_padding(layer))
    if isinstance(layer, nn.ConvTranspose2d):
        return first.upsampled(_side(layer.kernel_size), _side(layer.stride))
    if isinstance(layer, Crop):
        return first.cropped(layer.offset)
    if isinstance(layer, Fuse):
        first = first.cropped(layer.fine_offset)
        inputs = [first, inputs[1].cropped(layer.coarse_offset)]
    if any((grid.stride, grid.start) != (first.stride, first.start) for grid in inputs):
        raise InputError(f"{type(layer).__name__} of maps on other cells: {inputs}")
    return replace(
        first,
        receptive_field=max(grid.receptive_field for grid in inputs),
        reach=max(grid.reach for grid in inputs),
    )


def _size_after(layer: nn.Module, inputs: Sequence[int]) -> int:
    cells = inputs[0]
    if isinstance(layer, WindowLayer):
        kernel, stride, padding = kernel_stride_padding(layer)
        room = cells + 2 * padding - kernel
        if isinstance(layer, nn.Conv2d) or not layer.ceil_mode:
            return room // stride + 1
        size = -(-room // stride) + 1
        # A last window that starts behind the map and its padding is dropped.
        return size - ((size - 1) * stride >= cells + padding)
    if isinstance(layer, nn.ConvTranspose2d):
        return (cells - 1) * _side(layer.stride) + _side(layer.kernel_size)
    if isinstance(layer, Fuse):
        return min(cells - layer.fine_offset, inputs[1] - layer.coarse_offset)
    if isinstance(layer, Crop):
        return inputs[1] if 0 <= layer.offset <= cells - inputs[1] else 0
    return cells


def kernel_stride_padding(layer: WindowLayer) -> tuple[int, int, int]:
    """The kernel, stride and padding of a square convolution or pooling."""
    return _side(layer.kernel_size), _side(layer.stride), _side(layer.padding)


def _side(value: object) -> int:
    """One side of a square window."""
    side = value[0] if isinstance(value, tuple) else value
    assert isinstance(side, int)
    return side
