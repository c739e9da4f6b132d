"""Convolutions with fewer multiplications (Winograd, 1980; Lavin and Gray, 2016), for wide layers.

F(m, r) computes m outputs of an r-tap filter with m + r - 1 multiplications: both are read as
polynomials, evaluated at as many points, multiplied there, and interpolated.
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from fcnlib.models.fast.products import product
from fcnlib.models.fast.threads import as_they_come_free

# Finite ones; the last point is infinity. Small and reciprocal ones keep the rounding small.
POINTS = [0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 0.25, -4.0]
OUTPUTS = 4
# Channels from which on a tile's transforms are small beside its products.
WINOGRAD_CHANNELS = 128
BORDER_CHANNELS = 64  # behind a wide padding, where maps are large
# And from which on a 1 x 1 convolution has more weights than cells.
POINTWISE_CHANNELS = 1024
BLOCK = 1 << 14  # filters transformed at once

Strip = tuple[int, int, int]  # image, first row of tiles, rows


def winograd_transforms(
    taps: int, finite: Sequence[float] = POINTS
) -> tuple[Tensor, Tensor, Tensor]:
    """F(4, taps) as float64 matrices: of input [n, n], kernel [n, taps] and output [4, n]."""
    count = OUTPUTS + taps - 1
    points = torch.tensor(finite[: count - 1], dtype=torch.float64)
    powers = torch.zeros(count, count, dtype=torch.float64)
    powers[:-1] = points[:, None] ** torch.arange(count)
    powers[-1, -1] = 1
    into = torch.linalg.inv(powers).T
    # The input's polynomials begin with 1, so that their coefficients are exact in fp32, as the
    # output's are. What is left to round is the kernel's, which differs from weight to weight.
    leading = torch.cat([into[:-1, -2], into[-1:, -1]])[:, None]
    kernel, out = powers[:, :taps].clone(), powers[:, :OUTPUTS].clone()
    kernel[-1], out[-1] = 0, 0
    kernel[-1, -1] = out[-1, -1] = 1
    return into / leading, kernel * leading, out.T.contiguous()


def strips_of(images: int, down: int, rows: int) -> list[Strip]:
    """The strips of so many images of `down` rows of tiles, each of so many rows at most."""
    return [
        (image, top, min(rows, down - top))
        for image in range(images)
        for top in range(0, down, rows)
    ]


def points_of_rows(kernel: Tensor, rows: Tensor) -> Tensor:
    """Filters [rows, taps] at points, [points, rows], by the float64 matrix [points, taps]."""
    points = rows.new_empty(len(kernel), len(rows))

    def fill(starts: Iterable[int]) -> None:
        for start in starts:  # in blocks that stay in the cache, as float64 takes twice the memory
            block = slice(start, start + BLOCK)
            points[:, block] = kernel @ rows[block].double().t()

    as_they_come_free(fill, range(0, len(rows), BLOCK))
    return points


class WinogradRows(nn.Module):
    """A convolution of a large kernel and its ReLU, by 4 outputs of a row.

    Where a map has few cells and a layer many weights, as in fc6, tiles of one row keep the
    transformed weights small: 10 / 7 of the layer's own.
    """

    kernel: Tensor
    bias: Tensor
    into: Tensor
    out: Tensor

    def __init__(self, weight: Tensor, bias: Tensor, *, padding: int) -> None:
        super().__init__()
        outputs, inputs, side, _ = weight.shape
        into, kernel, out = winograd_transforms(side)
        at_points = points_of_rows(kernel, weight.detach().reshape(-1, side))
        self.register_buffer("kernel", at_points.view(len(kernel), outputs, inputs * side))
        self.register_buffer("bias", bias.detach()[:, None, None, None, None].clone())
        self.register_buffer("into", into.to(weight.dtype))
        self.register_buffer("out", out.to(weight.dtype))
        self.side, self.padding = side, padding

    def forward(self, x: Tensor) -> Tensor:
        images, inputs, height, width = x.shape
        side, pad = self.side, self.padding
        tall, wide = height + 2 * pad - side + 1, width + 2 * pad - side + 1
        across = (wide + 3) // 4
        row = 4 * across + side - 1
        x = functional.pad(x, [pad, row - pad - width, pad, pad]).contiguous()
        plane = (height + 2 * pad) * row
        tiles = x.as_strided(
            [side + 3, inputs, side, images, tall, across],
            [1, plane, row, inputs * plane, row, 4],
        )
        points = self.into.mm(tiles.reshape(side + 3, -1)).view(side + 3, inputs * side, -1)
        products = torch.stack([product(*each) for each in zip(self.kernel, points, strict=True)])
        made = self.out.mm(products.view(side + 3, -1))
        made = made.view(4, -1, images, tall, across).permute(1, 2, 3, 4, 0).add(self.bias)
        return made.clamp_min(0).flatten(3)[:, :, :, :wide].transpose(0, 1)


class Pointwise(nn.Module):
    """A 1 x 1 convolution of many weights on few cells, and its ReLU, as a matrix product."""

    weight: Tensor
    bias: Tensor

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight.detach().flatten(1))
        self.register_buffer("bias", bias.detach()[:, None].clone())

    def forward(self, x: Tensor) -> Tensor:
        images, _, height, width = x.shape
        y = product(self.weight, x.transpose(0, 1).flatten(1)).add_(self.bias).clamp_min_(0)
        return y.view(-1, images, height, width).transpose(0, 1)
