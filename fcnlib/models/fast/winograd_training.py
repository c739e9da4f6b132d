"""Wide 3 x 3 convolutions in training, with a quarter of the multiplications.

A tile of 4 x 4 outputs is out(U * into(x)), where U are the weights at the points of a tile
(winograd.py). The gradient of the input is a convolution, too. That of the weights takes the
transposed steps in the reverse order: its products are as few.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from fcnlib.models.fast.floored_conv import FlooredConv, Gradients, above_floor, floor_gradient
from fcnlib.models.fast.products import batch_product
from fcnlib.models.fast.threads import on_single_threads
from fcnlib.models.fast.winograd import (
    STRIP_TILES,
    Strip,
    points_of_rows,
    strips_of,
    winograd_transforms,
)

# Channels from which on tiles take less time than PyTorch's convolution, whose gradients in
# channels last take four times as long without AVX-512.
TILED_CHANNELS = 64

# Channels that one product sums: sums of more are rounded as often, at twice a convolution's loss.
SUMMED_CHANNELS = 64

# Finite points that round half as much as the small whole numbers do, exact in binary.
POINTS = (0.0, 0.625, -0.625, 1.5, -1.5)


class WinogradConv(FlooredConv):
    """By tiles of 4 x 4 outputs."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, floor: Tensor, padding: int
    ) -> Tensor:
        parts = [points_of(part).transpose(1, 2) for part in parts_of(weight, 1)]
        y = Tiles(x, padding).convolve(parts, bias, floor)
        ctx.save_for_backward(x, weight, floor, y)
        ctx.padding = padding
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Gradients:
        x, weight, floor, y = ctx.saved_tensors
        above = above_floor(gradient, y, floor)
        db, dx = above.sum((0, 2, 3)), None
        if ctx.needs_input_grad[0]:
            parts = [points_of(part) for part in parts_of(weight.flip(2, 3), 0)]
            dx = Tiles(above, 2 - ctx.padding).convolve(parts)
        dw = Tiles(x, ctx.padding).weight_gradient(above)
        return dx, dw, db, floor_gradient(ctx, gradient, db), None


class Tiles:
    """The tiles of a padded map `x` [N, C, H, W]: 6 x 6 of its cells make 4 x 4 outputs."""

    def __init__(self, x: Tensor, padding: int) -> None:
        self.x, self.padding = x.permute(0, 2, 3, 1), padding
        self.images, self.height, self.width, self.channels = self.x.shape
        self.tall, self.wide = self.height + 2 * padding - 2, self.width + 2 * padding - 2
        self.down, self.across = (self.tall + 3) // 4, (self.wide + 3) // 4
        self.into, _, self.out = (m.to(x.dtype) for m in winograd_transforms(3, POINTS))
        threads = torch.get_num_threads()
        self.rows = min(max(1, STRIP_TILES // self.across), -(-self.images * self.down // threads))

    def convolve(
        self,
        parts: Sequence[Tensor],
        bias: Tensor | float = 0.0,
        floor: Tensor | float = -math.inf,
    ) -> Tensor:
        """The convolution [N, K, tall, wide] by weights at the points of a tile.

        These come in parts [36, channels, K], of the channels of `parts_of`.
        """
        outputs = parts[0].shape[2]
        y = self.x.new_empty(self.images, self.tall, self.wide, outputs)

        def of_strips(strips: Sequence[Strip]) -> None:
            tiles, scratch = self.buffers(max(parts[0].shape[1], outputs))
            products = torch.empty_like(tiles)
            for strip in strips:
                image, top, rows = strip
                cells = rows * self.across
                made = products[: 36 * cells * outputs]
                inputs = parts_of(self.x, 3)
                for number, (x, points) in enumerate(zip(inputs, parts, strict=True)):
                    values = self.values(x, strip, tiles, scratch)
                    batch_product(values, points, made.view(36, cells, outputs), add=number > 0)
                made = transform_tiles(self.out, made, scratch, cells * outputs)
                made = made.view(4, 4, rows, self.across, outputs).permute(2, 0, 3, 1, 4)
                block = tiles[: 16 * cells * outputs].view(made.shape).copy_(made)
                target = y[image, 4 * top : 4 * (top + rows)]
                block = block.view(4 * rows, -1, outputs)[: len(target), : self.wide]
                torch.add(block, bias, out=target).clamp_min_(floor)

        on_single_threads(of_strips, self.parts())
        return y.permute(0, 3, 1, 2)

    def weight_gradient(self, gradient: Tensor) -> Tensor:
        """The gradient of a convolution's weights [K, C, 3, 3], of that of its outputs."""
        gradient = gradient.permute(0, 2, 3, 1)
        outputs = gradient.shape[3]

        def of_strips(strips: Sequence[Strip]) -> Tensor:
            points = self.x.new_empty(36, outputs, self.channels)
            tiles, scratch = self.buffers(max(self.channels, outputs))
            d_tiles = torch.empty_like(tiles)
            for number, strip in enumerate(strips):
                image, top, rows = strip
                cells = rows * self.across
                values = self.values(self.x, strip, tiles, scratch)
                block = gradient[image, 4 * top : 4 * (top + rows)]
                missing = [0, 0, 0, 4 * self.across - self.wide, 0, 4 * rows - len(block)]
                block = functional.pad(block, missing).view(rows, 4, self.across, 4, outputs)
                made = d_tiles[: 16 * cells * outputs].view(4, 4, rows, self.across, outputs)
                made.copy_(block.permute(1, 3, 0, 2, 4))
                d_made = transform_tiles(self.out.t(), d_tiles, scratch, cells * outputs)
                d_made = d_made.view(36, cells, outputs).transpose(1, 2)
                batch_product(d_made, values, points, add=number > 0)
            return points

        first, *others = on_single_threads(of_strips, self.parts())
        for other in others:
            first += other
        return weights_of(first)

    def values(self, x: Tensor, strip: Strip, tiles: Tensor, scratch: Tensor) -> Tensor:
        """Some channels of a strip's tiles at their points [36, tiles, channels], in `tiles`."""
        image, top, rows = strip
        first, last = 4 * top - self.padding, 4 * (top + rows) + 2 - self.padding
        cells = x[image, max(0, first) : max(0, min(last, self.height))]
        right = 4 * self.across + 2 - self.padding - self.width
        below = max(0, last - max(self.height, first))
        padding = [0, 0, self.padding, right, max(0, -first), below]
        cells = functional.pad(cells, padding).contiguous()
        row, column, channel = cells.stride()
        windows = cells.as_strided(
            [6, 6, rows, self.across, x.shape[3]],
            [row, column, 4 * row, 4 * column, channel],
        )
        tiles[: windows.numel()].view(windows.shape).copy_(windows)
        made = transform_tiles(self.into, tiles, scratch, windows[0, 0].numel())
        return made.view(36, rows * self.across, x.shape[3])

    def buffers(self, channels: int) -> tuple[Tensor, Tensor]:
        """Two for the values of a strip, as fresh memory costs as much as the products."""
        tiles = self.x.new_empty(36 * self.rows * self.across * channels)
        return tiles, torch.empty_like(tiles)

    def parts(self) -> list[list[Strip]]:
        """All strips, in as many parts as there are threads, or fewer."""
        strips = strips_of(self.images, self.down, self.rows)
        count = min(torch.get_num_threads(), len(strips))
        return [strips[i::count] for i in range(count)]


def parts_of(values: Tensor, channels: int) -> Sequence[Tensor]:
    """As few equal parts of a dimension's channels as one product may sum."""
    return values.chunk(-(-values.shape[channels] // SUMMED_CHANNELS), channels)


def transform_tiles(matrix: Tensor, values: Tensor, scratch: Tensor, count: int) -> Tensor:
    """A matrix [m, n] applied to rows and columns of tiles [n, n, count], the first of `values`.

    The result [m, m, count] overwrites them; `scratch` holds the intermediate values.
    """
    m, n = matrix.shape
    rows = scratch[: m * n * count].view(m, n, count)
    torch.mm(matrix, values[: n * n * count].view(n, n * count), out=rows.view(m, n * count))
    result = values[: m * m * count].view(m, m, count)
    for i in range(m):
        torch.mm(matrix, rows[i], out=result[i])
    return result


def points_of(weight: Tensor) -> Tensor:
    """The weights [out, in, 3, 3] at the points of a tile, [36, out, in]."""
    kernel = winograd_transforms(3, POINTS)[1]
    taps = weight.permute(2, 3, 0, 1).reshape(9, -1)
    return points_of_rows(torch.kron(kernel, kernel), taps.t()).view(36, *weight.shape[:2])


def weights_of(points: Tensor) -> Tensor:
    """The gradient of the weights, of that of their points: the transposed step."""
    kernel = winograd_transforms(3, POINTS)[1].to(points.dtype)
    taps = torch.kron(kernel, kernel).t().mm(points.flatten(1))
    return taps.view(3, 3, *points.shape[1:]).permute(2, 3, 0, 1)
