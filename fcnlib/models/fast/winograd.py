"""Convolutions with fewer multiplications (Winograd, 1980; Lavin and Gray, 2016), for wide layers.

F(m, r) computes m outputs of an r-tap filter with m + r - 1 multiplications: both are read as
polynomials, evaluated at as many points, multiplied there, and interpolated.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

# Finite ones; the last point is infinity. Small and reciprocal ones keep the rounding small.
POINTS = [0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 0.25, -4.0]
OUTPUTS = 4
# Channels from which on a tile's transforms are small beside its products.
WINOGRAD_CHANNELS = 128
# And from which on a 1 x 1 convolution has more weights than cells.
POINTWISE_CHANNELS = 1024
# Tiles multiplied at once, and their values: a strip of them stays in the cache when transformed.
TILES, TILE_VALUES = 192, 51200


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
    largest = into.abs().amax(1, keepdim=True)
    kernel, out = powers[:, :taps].clone(), powers[:, :OUTPUTS].clone()
    kernel[-1], out[-1] = 0, 0
    kernel[-1, -1] = out[-1, -1] = 1
    return into / largest, kernel * largest, out.T.contiguous()


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


def tile_kernel(weight: Tensor) -> Tensor:
    """A 3 x 3 convolution's weights [out, in, 3, 3] at the points of a tile, [36, in, out]."""
    _, kernel, _ = winograd_transforms(3)
    taps = weight.detach().permute(2, 3, 1, 0).reshape(9, -1).double()
    points = torch.kron(kernel, kernel) @ taps
    return points.to(weight.dtype).view(36, weight.shape[1], weight.shape[0])


class Winograd(nn.Module):
    """A 3 x 3 convolution and its floor (of a ReLU, 0), by tiles of 4 x 4 outputs.

    Args:
        kernel: The weights at the points of a tile, [36, in, out], by `tile_kernel`.
        bias: Of the convolution, [out].
        floor: What outputs are clamped to from below: one number, or one per channel.
        padding: Of the convolution, in cells.
        cropped: Whether outputs end where the convolution's do; otherwise they are full tiles,
            which have more cells at the far ends.
    """

    kernel: Tensor
    bias: Tensor
    floor: Tensor
    into: Tensor
    out: Tensor

    def __init__(
        self, kernel: Tensor, bias: Tensor, floor: Tensor, *, padding: int, cropped: bool
    ) -> None:
        super().__init__()
        into, _, out = winograd_transforms(3)
        self.register_buffer("kernel", kernel)
        self.register_buffer("bias", bias.detach().clone())
        self.register_buffer("floor", floor.detach().flatten().clone())
        self.register_buffer("into", into.to(kernel.dtype))
        self.register_buffer("out", out.to(kernel.dtype))
        self.padding, self.cropped = padding, cropped
        self.tiles = max(TILES, TILE_VALUES // kernel.shape[1])

    def forward(self, x: Tensor) -> Tensor:
        images, inputs, height, width = x.shape
        outputs, pad = self.kernel.shape[2], self.padding
        tall, wide = height + 2 * pad - 2, width + 2 * pad - 2
        down, across = (tall + 3) // 4, (wide + 3) // 4
        right, row = 4 * across + 2 - pad - width, (4 * across + 2) * inputs
        x = x.permute(0, 2, 3, 1)
        y = torch.empty([images, 4 * down, 4 * across, outputs], dtype=x.dtype, device=x.device)
        rows = min(down, max(1, self.tiles // across))
        # Two for all strips, as fresh memory costs as much as the products.
        size = 36 * rows * across * max(inputs, outputs)
        tiles = torch.empty([size], dtype=x.dtype, device=x.device)
        scratch = torch.empty_like(tiles)
        for image in range(images):
            for top in range(0, down, rows):
                count = min(rows, down - top)
                first, last = 4 * top - pad, 4 * (top + count) + 2 - pad
                strip = x[image, max(0, first) : min(last, height)]
                strip = functional.pad(
                    strip, [0, 0, pad, right, max(0, -first), max(0, last - max(height, first))]
                ).contiguous()
                windows = strip.as_strided(
                    [6, 6, count, across, inputs], [row, inputs, 4 * row, 4 * inputs, 1]
                )
                cells = count * across
                tiles[: 36 * cells * inputs].view(windows.shape).copy_(windows)
                points = transform_tiles(self.into, tiles, scratch, cells * inputs)
                product = scratch[: 36 * cells * outputs].view(36, cells, outputs)
                torch.bmm(points.view(36, cells, inputs), self.kernel, out=product)
                product[7].add_(self.bias)  # at the point (1, 1), which every output adds once
                made = transform_tiles(self.out, scratch, tiles, cells * outputs)
                made = made.view(4, 4, count, across, outputs)
                target = y[image, 4 * top : 4 * (top + count)].view(count, 4, across, 4, outputs)
                target.copy_(made.clamp_min_(self.floor).permute(2, 0, 3, 1, 4))
        y = y.permute(0, 3, 1, 2)
        return y[:, :, :tall, :wide] if self.cropped else y


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
        transformed = torch.empty(len(kernel), outputs, inputs * side, dtype=weight.dtype)
        # In blocks, as float64 takes twice the memory.
        for first in range(0, outputs, 256):
            block = weight.detach()[first : first + 256].double() @ kernel.T  # [256, C, side, n]
            transformed[:, first : first + 256] = block.permute(3, 0, 1, 2).flatten(2)
        self.register_buffer("kernel", transformed)
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
        product = torch.bmm(self.kernel, points)
        made = self.out.mm(product.view(side + 3, -1))
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
        y = torch.matmul(self.weight, x.flatten(2)).add_(self.bias).clamp_min_(0)
        return y.view(x.shape[0], -1, x.shape[2], x.shape[3])
