"""Where the cells of a feature map lie in the image, by composing the layers (section 3)."""

from collections.abc import Iterable
from dataclasses import dataclass

from torch import nn

from fcnlib.errors import InputError


@dataclass(frozen=True)
class Grid:
    """A map whose cell i is centred on image pixel `start + i * stride` and sees `field` pixels."""

    field: float = 1
    stride: float = 1
    start: float = 0

    def windowed(self, kernel: int, stride: int, padding: int) -> "Grid":
        """The grid after a convolution or pooling."""
        return Grid(
            field=self.field + (kernel - 1) * self.stride,
            stride=self.stride * stride,
            start=self.start + ((kernel - 1) / 2 - padding) * self.stride,
        )

    def upsampled(self, kernel: int, factor: int) -> "Grid":
        """The grid after a transposed convolution without padding."""
        stride = self.stride / factor
        return Grid(self.field, stride, self.start - (kernel - 1) / 2 * stride)


IMAGE = Grid()


def compose(layers: Iterable[nn.Module], grid: Grid = IMAGE) -> Grid:
    """The grid after a chain of convolutions and poolings; other layers leave it as it is."""
    for layer in layers:
        if isinstance(layer, nn.Conv2d | nn.MaxPool2d):
            grid = grid.windowed(
                _side(layer.kernel_size), _side(layer.stride), _side(layer.padding)
            )
    return grid


def offset(fine: Grid, coarse: Grid) -> int:
    """How many cells of `fine` lie before the first cell of `coarse`, a map of the same stride.

    Positive: crop `fine` from there on, as Caffe's Crop layer does; negative: crop `coarse`.
    """
    if fine.stride != coarse.stride:
        raise InputError(f"strides {fine.stride} and {coarse.stride} differ; expected equal ones")
    cells = (coarse.start - fine.start) / fine.stride
    if cells != int(cells):
        raise InputError(f"the maps are {cells} cells apart; expected a whole number of cells")
    return int(cells)


def _side(value: object) -> int:
    """One side of a square window."""
    side = value[0] if isinstance(value, tuple) else value
    assert isinstance(side, int)
    return side
