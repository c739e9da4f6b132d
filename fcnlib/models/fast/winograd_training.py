"""The gradients of wide 3 x 3 convolutions, with a quarter of the multiplications.

A tile of 4 x 4 outputs is out(U * into(x)), where U are the weights at the points of a tile
(winograd.py). Each step is linear, so the gradients are the transposed steps in the reverse order,
and their products are as small.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from fcnlib.models.fast.floored_conv import (
    DirectConv,
    Gradients,
    above_floor,
    by_pytorch,
    floor_gradient,
    unpadded,
)
from fcnlib.models.fast.products import product
from fcnlib.models.fast.threads import on_single_threads
from fcnlib.models.fast.winograd import winograd_transforms

# Tiles that are transformed and multiplied at once: more leave the cache, fewer multiply slowly.
STRIP_TILES = 512

# Finite points that round half as much as the small whole numbers do, exact in binary.
POINTS = (0.0, 0.625, -0.625, 1.5, -1.5)

Strip = tuple[int, int, int]  # image, first row of tiles, rows


class WinogradGradients(DirectConv):
    """PyTorch's own convolution, whose gradients are computed by tiles.

    Scores by tiles would save little and round four times as much, and each sign that this turns
    before a ReLU is an error of the gradients that is larger than all their rounding.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, floor: Tensor, padding: int
    ) -> Tensor:
        # In channels last, oneDNN rounds three times as much where there are many.
        return by_pytorch(ctx, x, weight, bias, floor, padding, torch.contiguous_format)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Gradients:
        x, weight, floor, y = ctx.saved_tensors
        into, kernel, out = transforms(x)
        points = points_of(weight, kernel)
        tiles = Tiles(x, len(weight), ctx.padding)
        above = above_floor(gradient, y, floor)
        db = above.sum((0, 2, 3))
        above, padded = tiles.full(above), tiles.pad(x)

        def of_strips(strips: list[Strip]) -> tuple[Tensor, list[Tensor]]:
            """The gradient of the points, and of the cells of each strip."""
            d_points, d_cells = torch.zeros_like(points), []
            for strip in strips:
                values = transform(into, tiles.windows(padded, strip))
                d_made = transform(out.t(), tiles.outputs(above, strip))
                for i in range(36):
                    d_points[i] += product(d_made[i].t(), values[i])
                if ctx.needs_input_grad[0]:
                    d_values = torch.stack([product(d_made[i], points[i]) for i in range(36)])
                    d_values = transform(into.t(), d_values.view(6, 6, *d_values.shape[1:]))
                    d_cells.append(tiles.cells_of(d_values, strip))
            return d_points, d_cells

        parts = tiles.parts(torch.get_num_threads())
        found = on_single_threads(of_strips, parts)
        dx = None
        if ctx.needs_input_grad[0]:
            d_padded = torch.zeros_like(padded)
            for strips, (_, d_cells) in zip(parts, found, strict=True):
                for strip, d_strip in zip(strips, d_cells, strict=True):
                    tiles.cells(d_padded, strip).add_(d_strip)
            dx = functional.pad(unpadded(d_padded, x, ctx.padding), [-ctx.extra] * 4)
        dw = weights_of(sum_of([d_points for d_points, _ in found]), kernel)
        return dx, dw, db, floor_gradient(ctx, gradient, db), None


class Tiles:
    """The tiles of a convolution of a map `x` [N, C, H, W]: 6 x 6 of its cells, 4 x 4 outputs."""

    def __init__(self, x: Tensor, outputs: int, padding: int) -> None:
        self.images, self.inputs, self.height, self.width = x.shape
        self.channels, self.padding = outputs, padding
        self.tall, self.wide = self.height + 2 * padding - 2, self.width + 2 * padding - 2
        self.down, self.across = (self.tall + 3) // 4, (self.wide + 3) // 4

    def pad(self, x: Tensor) -> Tensor:
        """The map with its padding, and up to the last tile's end, [N, H', W', C]."""
        pad, down, across = self.padding, 4 * self.down + 2, 4 * self.across + 2
        right, bottom = across - pad - self.width, down - pad - self.height
        return functional.pad(x.permute(0, 2, 3, 1), [0, 0, pad, right, pad, bottom]).contiguous()

    def full(self, outputs: Tensor) -> Tensor:
        """A map of outputs [N, K, tall, wide] up to the last tile's end, [N, H', W', K]."""
        right, bottom = 4 * self.across - self.wide, 4 * self.down - self.tall
        return functional.pad(outputs.permute(0, 2, 3, 1), [0, 0, 0, right, 0, bottom]).contiguous()

    def parts(self, count: int) -> list[list[Strip]]:
        """All strips, in at most `count` parts of about as many."""
        rows = min(max(1, STRIP_TILES // self.across), -(-self.images * self.down // count))
        strips = [
            (image, top, min(rows, self.down - top))
            for image in range(self.images)
            for top in range(0, self.down, rows)
        ]
        return [strips[i::count] for i in range(min(count, len(strips)))]

    def cells(self, padded: Tensor, strip: Strip) -> Tensor:
        """The cells of a strip's windows, [H, W', C], as a view."""
        image, top, rows = strip
        return padded[image, 4 * top : 4 * (top + rows) + 2]

    def windows(self, padded: Tensor, strip: Strip) -> Tensor:
        """The windows of a strip, [6, 6, rows, across, C], as a view."""
        return self.windows_in(self.cells(padded, strip))

    def windows_in(self, cells: Tensor) -> Tensor:
        """The windows in cells [H, W', C], [6, 6, rows, across, C], as a view."""
        row, column, channel = cells.stride()
        return cells.as_strided(
            [6, 6, len(cells) // 4, self.across, self.inputs],
            [row, column, 4 * row, 4 * column, channel],
            cells.storage_offset(),
        )

    def outputs(self, y: Tensor, strip: Strip) -> Tensor:
        """The outputs of a strip, [4, 4, rows, across, K], as a view."""
        image, top, rows = strip
        cells = y[image, 4 * top : 4 * (top + rows)]
        return cells.view(rows, 4, self.across, 4, self.channels).permute(1, 3, 0, 2, 4)

    def cells_of(self, values: Tensor, strip: Strip) -> Tensor:
        """The cells [H, W', C] of a strip, each the sum of its values in all windows."""
        cells = values.new_zeros(4 * strip[2] + 2, 4 * self.across + 2, self.inputs)
        windows = self.windows_in(cells)
        values = values.view(windows.shape)
        for rows in (slice(0, 4), slice(4, 6)):  # in which no two windows share a cell
            for columns in (slice(0, 4), slice(4, 6)):
                windows[rows, columns] += values[rows, columns]
        return cells


def transforms(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Those of input, kernel and output, of the type of a map."""
    into, kernel, out = (matrix.to(x.dtype) for matrix in winograd_transforms(3, POINTS))
    return into, kernel, out


def transform(matrix: Tensor, tiles: Tensor) -> Tensor:
    """A matrix [m, n] applied to rows and columns of tiles [n, n, ..., C]: [m * m, tiles, C]."""
    m, n = matrix.shape
    rows = matrix.mm(tiles.reshape(n, -1)).view(m, n, -1)
    made = rows.new_empty(m, m, rows.shape[2])
    for i in range(m):
        torch.mm(matrix, rows[i], out=made[i])
    return made.view(m * m, -1, tiles.shape[-1])


def points_of(weight: Tensor, kernel: Tensor) -> Tensor:
    """The weights [out, in, 3, 3] at the points of a tile, [36, out, in]."""
    taps = weight.permute(2, 3, 0, 1).reshape(9, -1)
    return torch.kron(kernel, kernel).mm(taps).view(36, *weight.shape[:2])


def sum_of(tensors: list[Tensor]) -> Tensor:
    """The sum of tensors, in the first one's memory."""
    for other in tensors[1:]:
        tensors[0] += other
    return tensors[0]


def weights_of(points: Tensor, kernel: Tensor) -> Tensor:
    """The gradient of the weights, of that of their points: the transposed step."""
    taps = torch.kron(kernel, kernel).t().mm(points.flatten(1))
    return taps.view(3, 3, *points.shape[1:]).permute(2, 3, 0, 1)
