"""3 x 3 convolutions by tiles of 4 x 4 outputs, F(4, 3) along both axes (winograd.py).

A strip of tiles is transformed, multiplied and transformed back before the next: what is between
stays in the cache. Strips are shared among threads, which meet once a layer.
"""

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from fcnlib.models.fast.threads import as_they_come_free
from fcnlib.models.fast.winograd import STRIP_TILES, Strip, points_of_rows, strips_of

# The points of a tile along an axis; the last one is infinity. Transforms to them are few sums, and
# faster than the products with matrices that training takes, for points that round less.
POINTS = (0.0, 1.0, -1.0, 2.0, -2.0)
# What the weights are multiplied by at these, as `into_points` leaves it out.
SCALES = (1 / 4, -1 / 6, -1 / 6, 1 / 24, 1 / 24, 1.0)


def tile_kernel(weight: Tensor) -> Tensor:
    """A 3 x 3 convolution's weights [out, in, 3, 3] at the points of a tile, [36, in, out]."""
    powers = torch.tensor(POINTS, dtype=torch.float64)[:, None] ** torch.arange(3)
    at_points = torch.cat([powers, torch.tensor([[0, 0, 1]])])
    at_points *= torch.tensor(SCALES, dtype=torch.float64)[:, None]
    taps = weight.detach().permute(1, 0, 3, 2).reshape(-1, 9)  # columns first, as in tiles
    points = points_of_rows(torch.kron(at_points, at_points), taps)
    return points.view(36, weight.shape[1], weight.shape[0])


def into_points(cells: Sequence[Tensor], points: Sequence[Tensor], *free: Tensor) -> None:
    """Six cells along an axis as a polynomial at the points of a tile; two buffers are free."""
    c0, c1, c2, c3, c4, c5 = cells
    at_0, at_1, at_minus_1, at_2, at_minus_2, at_infinity = points
    even, odd = free
    torch.sub(c4, c2, alpha=4, out=even)
    torch.sub(c3, c1, alpha=4, out=odd)
    torch.add(even, odd, out=at_1)
    torch.sub(even, odd, out=at_minus_1)
    torch.sub(c4, c2, out=even)
    torch.sub(c3, c1, out=odd)
    torch.add(even, odd, alpha=2, out=at_2)
    torch.sub(even, odd, alpha=2, out=at_minus_2)
    torch.sub(c2, c0, out=at_0)
    torch.sub(even, at_0, alpha=4, out=at_0)
    torch.sub(c5, c3, out=at_infinity)
    torch.sub(at_infinity, odd, alpha=4, out=at_infinity)


def from_points(points: Sequence[Tensor], outputs: Sequence[Tensor], *free: Tensor) -> None:
    """Four outputs along an axis of the products at the points of a tile; two buffers are free."""
    at_0, at_1, at_minus_1, at_2, at_minus_2, at_infinity = points
    y0, y1, y2, y3 = outputs
    even, odd = free
    torch.add(at_2, at_minus_2, out=even)
    torch.sub(at_2, at_minus_2, out=odd)
    torch.add(at_1, at_minus_1, out=y2)
    torch.sub(at_1, at_minus_1, out=y3)
    torch.add(at_0, y2, out=y0)
    y0.add_(even)
    torch.add(y3, odd, alpha=2, out=y1)
    y2.add_(even, alpha=4)
    y3.add_(odd, alpha=8)
    y3.add_(at_infinity)


class Winograd(nn.Module):
    """A 3 x 3 convolution and its floor (of a ReLU, 0), by tiles of 4 x 4 outputs.

    Args:
        kernel: The weights at the points of a tile, [36, in, out], by `tile_kernel`.
        bias: Of the convolution, [out].
        floor: What outputs are clamped to from below: one number, or one per channel.
        padding: Of the convolution, in cells.
        cropped: Whether outputs end where the convolution's do; otherwise they are full tiles,
            which have more cells at the far ends.
        pooled: Whether they are pooled: the maximum of 2 x 2, or of fewer at the far ends.
    """

    kernel: Tensor
    bias: Tensor
    floor: Tensor

    def __init__(
        self,
        kernel: Tensor,
        bias: Tensor,
        floor: Tensor,
        *,
        padding: int,
        cropped: bool,
        pooled: bool = False,
    ) -> None:
        super().__init__()
        self.register_buffer("kernel", kernel)
        self.register_buffer("bias", bias.detach().clone())
        self.register_buffer("floor", floor.detach().flatten().clone())
        self.padding, self.cropped, self.pooled = padding, cropped, pooled

    def forward(self, x: Tensor) -> Tensor:
        tall, wide = (cells + 2 * self.padding - 2 for cells in x.shape[2:])
        down, across = -(-tall // 4), -(-wide // 4)
        side = 2 if self.pooled else 4  # of a tile's outputs
        y = x.new_empty(len(x), side * down, side * across, self.kernel.shape[2])
        rows = min(down, rows_of_strips(len(x) * down, across))
        strips = strips_of(len(x), down, rows)
        x = x.permute(0, 2, 3, 1).contiguous()
        as_they_come_free(lambda each: self._compute(each, x, y, rows, (tall, wide)), strips)
        y = y.permute(0, 3, 1, 2)
        return y[:, :, : -(-tall * side // 4), : -(-wide * side // 4)] if self.cropped else y

    def _compute(
        self, strips: Iterable[Strip], x: Tensor, y: Tensor, rows: int, sides: tuple[int, int]
    ) -> None:
        """Compute strips of at most so many rows: of `y` [N, H, W, K] from `x` [N, H, W, C].

        `sides` are those of the convolution's outputs.
        """
        side = 2 if self.pooled else 4
        down, across = y.shape[1] // side, y.shape[2] // side
        outputs = y.shape[3]
        buffers = Buffers(x, rows, across, max(x.shape[3], outputs))
        for image, top, count in strips:
            cells = self._cells(x[image], top, count)
            points = self._points(cells, x.shape[2], buffers, count, across)
            product = view_of(buffers.second, 36, count * across, outputs)
            torch.bmm(points, self.kernel, out=product)
            product[7].add_(self.bias)  # at the point (1, 1), which every output adds once
            made = self._outputs(product, buffers).view(4, 4, count, across, outputs)
            if self.cropped:  # what is pooled ends with the outputs
                if top + count == down:
                    made[4 - (-sides[0] % 4) :, :, -1].fill_(-torch.inf)
                made[:, 4 - (-sides[1] % 4) :, :, -1].fill_(-torch.inf)
            if self.pooled:
                made = self._pool(made, buffers)
            target = y[image, side * top : side * (top + count)]
            target = target.view(count, side, across, side, outputs).permute(1, 3, 0, 2, 4)
            torch.maximum(made, self.floor, out=target)

    def _cells(self, x: Tensor, top: int, count: int) -> Tensor:
        """The rows of a map that tiles see, with the padding above and below, [rows, W * C]."""
        first, last = 4 * top - self.padding, 4 * (top + count) + 2 - self.padding
        cells = x[max(0, first) : max(0, last)].flatten(1)
        above, below = max(0, -first), max(0, last - max(len(x), first))
        return functional.pad(cells, [0, 0, above, below]) if above or below else cells

    def _points(
        self, cells: Tensor, width: int, buffers: "Buffers", count: int, across: int
    ) -> Tensor:
        """The values of tiles at their points, [36, tiles, C]."""
        inputs = self.kernel.shape[1]
        rows = buffers.rows[:, :count]
        inside = slice(self.padding * inputs, (self.padding + width) * inputs)
        into_points(
            [cells[i : i + 4 * count - 3 : 4] for i in range(6)],
            rows.flatten(2)[:, :, inside].unbind(),
            *buffers.free(count, width * inputs),
        )
        points = view_of(buffers.first, 6, 6, count, across, inputs)
        into_points(
            [rows[:, :, i : i + 4 * across - 3 : 4] for i in range(6)],
            points.unbind(),
            *buffers.free(6, count, across, inputs),
        )
        return points.view(36, count * across, inputs)

    def _outputs(self, product: Tensor, buffers: "Buffers") -> Tensor:
        """The outputs of tiles [4, 4, tiles * K] of their products; these are overwritten."""
        size = product[0].numel()
        columns = view_of(buffers.first, 4, 6, size)
        from_points(product.view(6, 6, size).unbind(), columns.unbind(), *buffers.free(6, size))
        made = view_of(buffers.second, 4, 4, size)
        from_points(columns.unbind(1), made.unbind(), *buffers.free(4, size))
        return made

    def _pool(self, made: Tensor, buffers: "Buffers") -> Tensor:
        """The maxima of 2 x 2 outputs of tiles [4, 4, ...]: [2, 2, ...], which overwrite them."""
        shape = made.shape[2:]
        pairs = made.view(4, 2, 2, *shape)
        across = view_of(buffers.first, 4, 2, *shape)
        torch.maximum(pairs[:, :, 0], pairs[:, :, 1], out=across)
        pairs = across.view(2, 2, 2, *shape)
        return torch.maximum(pairs[:, 0], pairs[:, 1], out=view_of(buffers.second, 2, 2, *shape))


class Buffers:
    """A thread's memory for all of its strips, as fresh memory costs as much as the products."""

    def __init__(self, x: Tensor, rows: int, across: int, channels: int) -> None:
        tiles = rows * across * channels
        self.rows = x.new_zeros(6, rows, 4 * across + 2, x.shape[3])  # its padding stays zero
        self.first, self.second = x.new_empty(2, 36 * tiles)
        self._free = x.new_empty(2, 6 * tiles)

    def free(self, *shape: int) -> list[Tensor]:
        """Two tensors of a shape."""
        return [view_of(each, *shape) for each in self._free]


def view_of(buffer: Tensor, *shape: int) -> Tensor:
    """The head of a buffer in a shape."""
    return buffer[: math.prod(shape)].view(shape)


def rows_of_strips(rows: int, across: int) -> int:
    """How many rows of tiles a strip has, so that all threads have about as many."""
    threads = torch.get_num_threads()
    strips = -(-rows * across // (STRIP_TILES * threads)) * threads
    return -(-rows // strips)
