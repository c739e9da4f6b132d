"""Coarse nets made dense (section 3): shift-and-stitch and dilated filters.

Cell i of a coarse net of stride S lies on pixel start + i * S. Its dense map has a stride t that
divides S: cell j lies on pixel start + j * t, and every (S / t)-th cell is the coarse map's.

Padding that moves along with a shifted image hides pixels that a dilated net sees. So here a shift
moves the windows of every strided layer, and leaves the image and all borders where they are: the
two ways agree on the whole map. Without padding, that is the same as to cut the image's first
pixels off; with padding, it is the same in the cells that see no border.
"""

from dataclasses import replace
from itertools import product
from math import gcd

import torch
from torch import Tensor, nn
from torch.nn import functional

from fcnlib.core.errors import InputError
from fcnlib.models.dense.subnets import coarse_net, layer_dict
from fcnlib.models.geometry import Grid, WindowLayer, grids, kernel_stride_padding
from fcnlib.models.graph import LayerGraph
from fcnlib.models.layers import IMAGE_LAYER, Layers, copy_inputs, inputs_of


def dense_grid(net: LayerGraph, stride: int = 1) -> Grid:
    """Where the cells of a net's dense map of `stride` pixels lie in the image."""
    grid = list(grids(layer_dict(coarse_net(net))).values())[-1]
    if stride < 1 or round(grid.stride) % stride:
        raise InputError(f"stride: {stride}; expected a divisor of the net's {grid.stride:.0f}")
    return replace(grid, stride=stride)


class ShiftAndStitch(nn.Module):
    """The dense map of `stride`: a net's coarse maps of all shifts, interlaced.

    The weights are the net's own.
    """

    def __init__(self, net: LayerGraph, stride: int = 1) -> None:
        super().__init__()
        dense_grid(net, stride)  # refuses a stride that does not fit
        self.net, self.stride = coarse_net(net), stride
        layers = layer_dict(self.net)
        input_strides, self.growths = _input_strides(layers), _growths(layers)
        self.strides = {name: round(grid.stride) for name, grid in grids(layers).items()}
        self.strided: list[tuple[ExplicitPadding, int, int]] = []
        for name, layer in layers.items():
            if isinstance(layer, WindowLayer) and (own := kernel_stride_padding(layer)[1]) > 1:
                padded = ExplicitPadding(layer)
                self.net[name] = copy_inputs(layer, padded)
                self.strided.append((padded, input_strides[name], own))

    def forward(self, image: Tensor) -> Tensor:
        last = list(self.net)[-1]
        step = self.strides[last] // self.stride
        height, width = (-(-(side + self.growths[last]) // self.stride) for side in image.shape[2:])
        # A map of fewer cells than there are shifts does without the last shifts.
        rows, columns = (range(max(1, min(step, cells))) for cells in (height, width))
        self._check(image.shape[2], rows[-1] * self.stride)
        self._check(image.shape[3], columns[-1] * self.stride)
        maps = {shift: self._shifted(image, *shift) for shift in product(rows, columns)}
        dense = maps[0, 0].new_empty(*maps[0, 0].shape[:2], height, width)
        for (row, column), scores in maps.items():
            dense[:, :, row::step, column::step] = scores
        return dense

    def _check(self, side: int, shift: int) -> None:
        """Raise if a shift leaves a map no cell: a padded layer after it would see only padding."""
        for name, growth in self.growths.items():
            furthest = min(shift, self.strides[name] - gcd(self.strides[name], self.stride))
            if side >= self.net.smallest_side and side + growth <= furthest:
                raise InputError(
                    f"image side of {side} pixels: a shift by {furthest} leaves {name} no cell; "
                    "expected a larger image"
                )

    def _shifted(self, image: Tensor, row: int, column: int) -> Tensor:
        """The coarse map that begins at the cell (row, column) of the dense one."""
        down, right = row * self.stride, column * self.stride
        for layer, input_stride, own in self.strided:
            layer.shift = (down // input_stride % own, right // input_stride % own)
        scores: Tensor = self.net(image)
        return scores


def dilated(net: LayerGraph, stride: int = 1) -> LayerGraph:
    """The net that gives the dense map of `stride` in one pass, with the same weights (a trous).

    A layer keeps of its stride what `stride` allows; the windows and the padding of all that
    follow become as much wider.
    """
    dense_grid(net, stride)
    dense = coarse_net(net)
    layers = layer_dict(dense)
    input_strides, maps = _input_strides(layers), grids(layers)
    for name, layer in layers.items():
        if isinstance(layer, WindowLayer):
            before, after = gcd(input_strides[name], stride), gcd(round(maps[name].stride), stride)
            dilation = input_strides[name] // before
            wide = _dilated(layer, stride=after // before, dilation=dilation)
            dense[name] = copy_inputs(layer, wide)
    return dense


class ExplicitPadding(nn.Module):
    """A layer whose padding, and what rounding up needs besides, is added explicitly.

    Its windows begin `shift` cells further down and right; the padding stays where it is.
    """

    def __init__(self, layer: WindowLayer, *, dilation: int = 1) -> None:
        super().__init__()
        _, _, padding = kernel_stride_padding(layer)
        self.near, self.far = padding * dilation, (padding + _rounding_up(layer)) * dilation
        self.fill = -torch.inf if isinstance(layer, nn.MaxPool2d) else 0.0
        self.shift = (0, 0)
        self.layer = layer
        layer.padding = (0, 0)
        if isinstance(layer, nn.MaxPool2d):
            layer.ceil_mode = False

    def forward(self, x: Tensor) -> Tensor:
        down, right = self.shift
        pad = [self.near - right, self.far, self.near - down, self.far]
        result: Tensor = self.layer(functional.pad(x, pad, value=self.fill))
        return result


class DilatedAvgPool(nn.Module):
    """Average pooling of windows whose cells lie `dilation` apart."""

    def __init__(self, kernel: int, *, stride: int, dilation: int) -> None:
        super().__init__()
        self.kernel, self.stride, self.dilation = kernel, stride, dilation

    def forward(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        kernel = x.new_full((channels, 1, self.kernel, self.kernel), self.kernel**-2)
        return functional.conv2d(x, kernel, None, self.stride, 0, self.dilation, channels)


def _dilated(layer: WindowLayer, *, stride: int, dilation: int) -> nn.Module:
    """The layer at another stride, on cells that lie `dilation` apart."""
    kernel, _, padding = kernel_stride_padding(layer)
    if isinstance(layer, nn.Conv2d):
        layer.padding, layer.dilation = (padding * dilation,) * 2, (dilation, dilation)
        layer.stride = (stride, stride)
        return layer
    if isinstance(layer, nn.AvgPool2d):
        return DilatedAvgPool(kernel, stride=stride, dilation=dilation)
    padded = ExplicitPadding(layer, dilation=dilation)
    layer.stride, layer.dilation = stride, dilation
    return padded


def _growths(layers: Layers) -> dict[str, int]:
    """By how many cells each layer's map of stride 1 would be larger than the image."""
    growths, strides, inputs = {IMAGE_LAYER: 0}, _input_strides(layers), inputs_of(layers)
    for name, layer in layers.items():
        growths[name] = growths[inputs[name][0]]
        if isinstance(layer, WindowLayer):
            kernel, _, padding = kernel_stride_padding(layer)
            room = 2 * padding + _rounding_up(layer) - (kernel - 1)
            growths[name] += room * strides[name]
    return growths


def _rounding_up(layer: WindowLayer) -> int:
    """How many cells behind the border the last window of a pooling that rounds up may reach."""
    if isinstance(layer, nn.MaxPool2d) and layer.ceil_mode:
        # A window begins on the map or on the padding before it, never behind.
        kernel, stride, padding = kernel_stride_padding(layer)
        return min(stride, kernel - padding) - 1
    return 0


def _input_strides(layers: Layers) -> dict[str, int]:
    """The stride, in pixels, of each layer's input."""
    maps = grids(layers)
    return {name: round(maps[inputs[0]].stride) for name, inputs in inputs_of(layers).items()}
