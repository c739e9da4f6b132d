"""Wide 3 x 3 convolutions in training, with a quarter of the multiplications.

A tile of 4 x 4 outputs is out(U * into(x)), where U are the weights at the points of a tile
(winograd.py). The gradient of the input is a convolution, too. That of the weights takes the
transposed steps in the reverse order: its products are as few.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from fcnlib.models.fast.floored_conv import FlooredConv, Gradients, above_floor, floor_gradient
from fcnlib.models.fast.threads import on_single_threads
from fcnlib.models.fast.tiles import (
    as_tiles,
    in_cells,
    kernel_at_points,
    kernel_of,
    put_at_points,
    put_gradient_at_points,
    put_outputs,
    strip_of,
)
from fcnlib.models.fast.winograd import Strip, strips_of

# Channels from which on tiles take less time than PyTorch's convolution, whose gradients in
# channels last take four times as long without AVX-512.
TILED_CHANNELS = 64

# Channels that one product sums: sums of more are rounded as often, at twice a convolution's loss.
SUMMED_CHANNELS = 64

# Tiles of 4 x 4 outputs transformed and multiplied at once, about: more leave the cache, fewer
# multiply slowly.
STRIP_TILES = 256

# The finite points of a tile beside 0, with their negatives: these round half as much as the small
# whole numbers do, and are exact in binary.
POINTS = (0.625, 1.5)


class WinogradConv(FlooredConv):
    """By tiles of 4 x 4 outputs."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, floor: Tensor, padding: int
    ) -> Tensor:
        parts = parts_of(kernel_at_points(weight.transpose(0, 1), *POINTS), 1)
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
            parts = parts_of(kernel_at_points(weight, *POINTS, flipped=True), 1)
            dx = Tiles(above, 2 - ctx.padding).convolve(parts)
        dw = Tiles(x, ctx.padding).weight_gradient(above)
        return dx, dw, db, floor_gradient(ctx, gradient, db), None


class Tiles:
    """The tiles of a padded map `x` [N, C, H, W]: 6 x 6 of its cells make 4 x 4 outputs.

    Where padding is below 0, the map is cut.
    """

    def __init__(self, x: Tensor, padding: int) -> None:
        cut = max(0, -padding)
        x = in_cells(x)[:, cut : x.shape[2] - cut, cut : x.shape[3] - cut]
        self.x, self.padding = x, max(0, padding)
        self.images, height, width, self.channels = x.shape
        self.tall, self.wide = (side + 2 * self.padding - 2 for side in (height, width))
        self.down, self.across = (self.tall + 3) // 4, (self.wide + 3) // 4
        threads = torch.get_num_threads()
        self.rows = min(max(1, STRIP_TILES // self.across), -(-self.images * self.down // threads))

    def convolve(
        self, parts: Sequence[Tensor], bias: Tensor | None = None, floor: Tensor | None = None
    ) -> Tensor:
        """The convolution [N, K, tall, wide] by weights at the points of a tile.

        These come in parts [36, channels, K], of the channels of `parts_of`.
        """
        inputs, outputs = parts[0].shape[1:]
        y = self.x.new_empty(self.images, self.tall, self.wide, outputs)

        def of_strips(strips: Sequence[Strip]) -> None:
            first, second = self.buffer(inputs), self.buffer(outputs)
            for image, top, rows in strips:
                products = strip_of(second, rows * self.across, outputs)
                cells = parts_of(self.x[image], 2)
                for number, (x, weights) in enumerate(zip(cells, parts, strict=True)):
                    points = self.points(first, x, top, rows)
                    torch.baddbmm(products, points, weights, beta=int(number > 0), out=products)
                made = as_tiles(products, self.across)
                put_outputs(y[image], made, top, *POINTS, bias, floor)

        on_single_threads(of_strips, self.parts())
        return y.permute(0, 3, 1, 2)

    def weight_gradient(self, gradient: Tensor) -> Tensor:
        """The gradient of a convolution's weights [K, C, 3, 3], of that of its outputs."""
        gradient = in_cells(gradient)
        outputs = gradient.shape[3]

        def of_strips(strips: Sequence[Strip]) -> Tensor:
            made = self.x.new_empty(36, outputs, self.channels)
            first, second = self.buffer(self.channels), self.buffer(outputs)
            for number, (image, top, rows) in enumerate(strips):
                points = self.points(first, self.x[image], top, rows)
                products = strip_of(second, rows * self.across, outputs)
                tiles = as_tiles(products, self.across)
                put_gradient_at_points(tiles, gradient[image], top, *POINTS)
                by_tiles = products.transpose(1, 2)
                torch.baddbmm(made, by_tiles, points, beta=int(number > 0), out=made)
            return made

        first, *others = on_single_threads(of_strips, self.parts())
        for other in others:
            first += other
        return weights_of(first)

    def points(self, buffer: Tensor, x: Tensor, top: int, rows: int) -> Tensor:
        """The tiles [36, tiles, C] of rows of a map [H, W, C] at their points, in a buffer."""
        points = strip_of(buffer, rows * self.across, x.shape[2])
        put_at_points(as_tiles(points, self.across), x, top, self.padding, *POINTS)
        return points

    def buffer(self, channels: int) -> Tensor:
        """For the values of all strips of a thread, as fresh memory costs as much as products."""
        return self.x.new_empty(36 * self.rows * self.across * channels)

    def parts(self) -> list[list[Strip]]:
        """All strips, in as many parts as there are threads, or fewer."""
        strips = strips_of(self.images, self.down, self.rows)
        count = min(torch.get_num_threads(), len(strips))
        return [strips[i::count] for i in range(count)]


def parts_of(values: Tensor, channels: int) -> Sequence[Tensor]:
    """As few equal parts of a dimension's channels as one product may sum."""
    return values.chunk(-(-values.shape[channels] // SUMMED_CHANNELS), channels)


def weights_of(points: Tensor) -> Tensor:
    """The gradient of weights [K, C, 3, 3], of that at their points: `kernel_at_points` back."""
    kernel = kernel_of(*POINTS).to(points.dtype)
    taps = torch.kron(kernel, kernel).t().mm(points.flatten(1))
    return taps.view(3, 3, *points.shape[1:]).permute(2, 3, 1, 0)
