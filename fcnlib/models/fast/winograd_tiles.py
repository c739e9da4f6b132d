"""3 x 3 convolutions by tiles of 4 x 4 outputs, F(4, 3) along both axes (winograd.py).

A strip of tiles is transformed, multiplied and transformed back before the next. Strips are shared
among threads, which meet once a layer.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from fcnlib.models.fast.products import PackedMatrices
from fcnlib.models.fast.threads import as_they_come_free
from fcnlib.models.fast.tiles import (
    as_tiles,
    in_cells,
    kernel_at_points,
    put_at_points,
    put_whole_tiles,
    strip_of,
)
from fcnlib.models.fast.winograd import Strip, strips_of

# The finite points of a tile beside 0, with their negatives: of whole numbers, sums are the fewest.
POINTS = (1.0, 2.0)
# Tiles transformed and multiplied at once, about: more leave the cache, fewer multiply slowly, as
# each strip reads all weights.
STRIP_TILES = 384
NARROW_CHANNELS = 128  # up to which a layer has so few weights that shorter strips are faster
NARROW_STRIP_TILES = 64


def tile_kernel(weight: Tensor) -> PackedMatrices:
    """A 3 x 3 convolution's weights [out, in, 3, 3] at the points of a tile, [36, in, out]."""
    return PackedMatrices(kernel_at_points(weight.transpose(0, 1), *POINTS))


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

    bias: Tensor
    floor: Tensor

    def __init__(
        self,
        kernel: PackedMatrices,
        bias: Tensor,
        floor: Tensor,
        *,
        padding: int,
        cropped: bool,
        pooled: bool = False,
    ) -> None:
        super().__init__()
        self.kernel = kernel
        self.register_buffer("bias", bias.detach().clone())
        self.register_buffer("floor", floor.detach().flatten().clone())
        self.padding, self.cropped, self.pooled = padding, cropped, pooled

    def forward(self, x: Tensor) -> Tensor:
        tall, wide = (cells + 2 * self.padding - 2 for cells in x.shape[2:])
        down, across = -(-tall // 4), -(-wide // 4)
        side = 2 if self.pooled else 4  # of a tile's outputs
        y = x.new_empty(len(x), side * down, side * across, self.kernel.shape[2])
        rows = min(down, self._rows_of_strips(len(x) * down, across))
        strips = strips_of(len(x), down, rows)
        x = in_cells(x)
        sides = (tall, wide) if self.cropped else (4 * down, 4 * across)
        as_they_come_free(lambda each: self._compute(each, x, y, rows, sides), strips)
        y = y.permute(0, 3, 1, 2)
        return y[:, :, : -(-tall * side // 4), : -(-wide * side // 4)] if self.cropped else y

    def _compute(
        self, strips: Iterable[Strip], x: Tensor, y: Tensor, rows: int, sides: tuple[int, int]
    ) -> None:
        """Compute strips of at most so many rows: of `y` [N, H, W, K] from `x` [N, H, W, C].

        `sides` are those of the outputs that count.
        """
        across = y.shape[2] // (2 if self.pooled else 4)
        inputs, outputs = x.shape[3], y.shape[3]
        # For all strips, as fresh memory costs as much as the products.
        first = x.new_empty(36 * rows * across * inputs)
        second = x.new_empty(36 * rows * across * outputs)
        for image, top, count in strips:
            tiles = count * across
            points = strip_of(first, tiles, inputs)
            products = strip_of(second, tiles, outputs)
            put_at_points(as_tiles(points, across), x[image], top, self.padding, *POINTS)
            self.kernel.multiply(points, products)
            made = as_tiles(products, across)
            put_whole_tiles(y[image], made, top, self.bias, self.floor, sides, self.pooled)

    def _rows_of_strips(self, rows: int, across: int) -> int:
        """How many rows of tiles a strip has, so that all threads have about as many."""
        narrow = self.kernel.shape[2] <= NARROW_CHANNELS
        tiles = NARROW_STRIP_TILES if narrow else STRIP_TILES
        threads = torch.get_num_threads()
        strips = -(-rows * across // (tiles * threads)) * threads
        return -(-rows // strips)
