"""Tiles of 6 x 6 cells and 4 x 4 outputs at the points of F(4, 3), along both axes (winograd.py).

The finite points are 0, a, -a, b and -b. A polynomial there is the sum and the difference of its
even and its odd part, so that a transform is few sums. Each is done for a row of tiles, which stays
in the cache, and all of it is TorchScript, as threads would else wait for Python at each sum.

Strips of tiles have the shape [6, 6, rows, across, channels]: points along the width first.
"""

import math

import torch
from torch import Tensor

from fcnlib.core.scripting import scripted
from fcnlib.models.fast.winograd import points_of_rows, winograd_transforms


def kernel_of(a: float, b: float) -> Tensor:
    """Three taps to the points, as a float64 matrix [6, 3]."""
    return winograd_transforms(3, (0, a, -a, b, -b))[1]


def kernel_at_points(weight: Tensor, a: float, b: float, *, flipped: bool = False) -> Tensor:
    """A 3 x 3 convolution's weights [K, C, 3, 3] at the points of a tile, [36, K, C].

    They may be flipped along both axes first.
    """
    kernel = kernel_of(a, b)
    kernel = kernel.flip(1) if flipped else kernel
    taps = weight.detach().permute(3, 2, 0, 1).reshape(9, -1)
    return points_of_rows(torch.kron(kernel, kernel), taps.t()).view(36, *weight.shape[:2])


def in_cells(x: Tensor) -> Tensor:
    """A map [N, C, H, W] as [N, H, W, C], the channels of a cell side by side in memory."""
    x = x.permute(0, 2, 3, 1)
    return x if x.stride(3) == 1 else x.contiguous()


def strip_of(buffer: Tensor, tiles: int, channels: int) -> Tensor:
    """The head of a buffer for a strip of so many tiles, [36, tiles, channels]."""
    return buffer[: 36 * tiles * channels].view(36, tiles, channels)


def as_tiles(values: Tensor, across: int) -> Tensor:
    """A strip's [36, tiles, channels] as [6, 6, rows, across, channels]."""
    return values.view(6, 6, -1, across, values.shape[2])


def put_at_both(plus: Tensor, minus: Tensor, even: Tensor, odd: Tensor, point: float) -> None:
    """A polynomial at a point and at its negative, of its even part and of its odd one over it."""
    torch.add(even, odd, alpha=point, out=plus)
    torch.sub(even, odd, alpha=point, out=minus)


def into_points(
    cells: list[Tensor], points: list[Tensor], a: float, b: float, even: Tensor, odd: Tensor
) -> None:
    """Six cells along an axis as a polynomial at the points; `even` and `odd` are free."""
    c0, c1, c2, c3, c4, c5 = cells[0], cells[1], cells[2], cells[3], cells[4], cells[5]
    torch.sub(c4, c2, alpha=b * b, out=even)
    torch.sub(c3, c1, alpha=b * b, out=odd)
    put_at_both(points[1], points[2], even, odd, a)
    torch.sub(c4, c2, alpha=a * a, out=even)
    torch.sub(c3, c1, alpha=a * a, out=odd)
    put_at_both(points[3], points[4], even, odd, b)
    torch.sub(c2, c0, alpha=a * a, out=points[0])
    torch.sub(even, points[0], alpha=b * b, out=points[0])
    torch.sub(c5, c3, alpha=a * a, out=points[5])
    points[5].sub_(odd, alpha=b * b)


def from_points(points: list[Tensor], a: float, b: float, free: Tensor) -> None:
    """Put four outputs along an axis in place of the products at the first four points.

    `free` is free; the products at the other points are lost.
    """
    p0, p1, p2, p3, p4, p5 = points[0], points[1], points[2], points[3], points[4], points[5]
    torch.add(p1, p2, out=free)
    p1.sub_(p2)
    torch.add(p3, p4, out=p2)
    p3.sub_(p4)
    p0.add_(free).add_(p2)
    if a != 1:
        free.mul_(a * a)
        p1.mul_(a)
    torch.add(free, p2, alpha=b * b, out=p2)
    p1.add_(p3, alpha=b)
    p5.add_(p1, alpha=a * a)  # of which b * a * a of p3 is a part
    torch.add(p5, p3, alpha=b * (b * b - a * a), out=p3)


def gradient_at_points(
    outputs: list[Tensor], points: list[Tensor], a: float, b: float, even: Tensor, odd: Tensor
) -> None:
    """The gradient of the products at the points, of that of four outputs: `from_points` back."""
    y0, y1, y2, y3 = outputs[0], outputs[1], outputs[2], outputs[3]
    torch.add(y0, y2, alpha=a * a, out=even)
    torch.add(y1, y3, alpha=a * a, out=odd)
    put_at_both(points[1], points[2], even, odd, a)
    torch.add(y0, y2, alpha=b * b, out=even)
    torch.add(y1, y3, alpha=b * b, out=odd)
    put_at_both(points[3], points[4], even, odd, b)
    points[0].copy_(y0)
    points[5].copy_(y3)


@scripted
def put_at_points(points: Tensor, x: Tensor, top: int, padding: int, a: float, b: float) -> None:
    """Put a strip's tiles at their points, `points`, of a map [H, W, C] and its padding."""
    rows, across, channels = points.shape[2], points.shape[3], points.shape[4]
    nothing = x.new_zeros(x.shape[1], channels)
    columns = x.new_zeros(6, 4 * across + 2, channels)  # its padding stays 0
    inside = list(columns[:, padding : padding + x.shape[1]].unbind())
    slices = [columns[:, i : i + 4 * across - 3 : 4] for i in range(6)]
    down, free = x.new_empty(2, x.shape[1], channels), x.new_empty(2, 6, across, channels)
    for row in range(rows):
        first = 4 * (top + row) - padding
        cells = [x[i] if i >= 0 and i < len(x) else nothing for i in range(first, first + 6)]
        into_points(cells, inside, a, b, down[0], down[1])
        into_points(slices, list(points[:, :, row].unbind()), a, b, free[0], free[1])


@scripted
def put_gradient_at_points(points: Tensor, gradient: Tensor, top: int, a: float, b: float) -> None:
    """Put the gradient of a strip's products at their points, of that of the outputs [H, W, K]."""
    rows, across, channels = points.shape[2], points.shape[3], points.shape[4]
    wide = gradient.shape[1]
    nothing = gradient.new_zeros(wide, channels)
    columns = gradient.new_zeros(6, 4 * across, channels)  # what is beyond outputs stays 0
    inside = list(columns[:, :wide].unbind())
    slices = [columns[:, i::4] for i in range(4)]
    down, free = gradient.new_empty(2, wide, channels), gradient.new_empty(2, 6, across, channels)
    for row in range(rows):
        first = 4 * (top + row)
        cells = [gradient[i] if i < len(gradient) else nothing for i in range(first, first + 4)]
        gradient_at_points(cells, inside, a, b, down[0], down[1])
        gradient_at_points(slices, list(points[:, :, row].unbind()), a, b, free[0], free[1])


def outputs_of_row(products: Tensor, a: float, b: float, free: Tensor) -> Tensor:
    """The outputs [4 down, 4 across, tiles, K] of a row's products [6, 6, tiles, K], in place."""
    from_points(list(products.unbind()), a, b, free)
    across = products[:4]
    from_points(list(across.unbind(1)), a, b, free[:4])
    return across[:, :4].transpose(0, 1)


@scripted
def put_outputs(
    y: Tensor,
    products: Tensor,
    top: int,
    a: float,
    b: float,
    bias: Tensor | None,
    floor: Tensor | None,
) -> None:
    """Put a strip's outputs into `y` [H, W, K]: its products', plus a bias, clamped from below.

    The products are changed.
    """
    rows, across, channels = products.shape[2], products.shape[3], products.shape[4]
    free, whole = y.new_empty(6, across, channels), y.new_empty(4, across, 4, channels)
    for row in range(rows):
        outputs = outputs_of_row(products[:, :, row], a, b, free).transpose(1, 2)
        if bias is None:
            whole.copy_(outputs)
        else:
            torch.add(outputs, bias, out=whole)
        target = y[4 * (top + row) : 4 * (top + row + 1)]
        made = whole.view(4, 4 * across, channels)[: len(target), : y.shape[1]]
        if floor is None:
            target.copy_(made)
        else:
            torch.maximum(made, floor, out=target)


@scripted
def put_whole_tiles(
    y: Tensor,
    products: Tensor,
    top: int,
    bias: Tensor,
    floor: Tensor,
    sides: tuple[int, int],
    pooled: bool,
) -> None:
    """Put a strip's outputs by the points 1 and 2 into `y` [H, W, K], which has whole tiles.

    They may be pooled, the maximum of 2 x 2. `sides` are those of the map, beyond which outputs
    count as less than any. The products are changed.
    """
    rows, across, channels = products.shape[2], products.shape[3], products.shape[4]
    free = y.new_empty(6, across, channels)
    side = 2 if pooled else 4
    for row in range(rows):
        made = products[:, :, row]
        made[1, 1].add_(bias)  # at the point (1, 1), which every output adds once
        outputs = outputs_of_row(made, 1.0, 2.0, free)
        target = y[side * (top + row) : side * (top + row + 1)]
        target = target.view(side, across, side, channels).transpose(1, 2)
        tall = sides[0] - 4 * (top + row)
        if tall < 4:
            outputs[tall:].fill_(-math.inf)
        if sides[1] < 4 * across:
            outputs[:, sides[1] % 4 :, -1].fill_(-math.inf)
        if pooled:
            pairs = outputs[:, ::2]
            torch.maximum(pairs, outputs[:, 1::2], out=pairs)
            outputs = pairs[::2]
            torch.maximum(outputs, pairs[1::2], out=outputs)
        torch.maximum(outputs, floor, out=target)
