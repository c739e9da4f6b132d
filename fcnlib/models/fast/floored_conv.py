"""Convolutions of stride 1 with their floor (a ReLU's is 0), and their gradients.

Each is y = max(conv(x) + bias, floor), of maps [N, C, H, W] in channels-last layout; only x and y
are kept for the gradients, as y tells where the floor was reached.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from fcnlib.models.fast.products import product

Gradients = tuple[Tensor | None, Tensor | None, Tensor | None, Tensor | None, None]


FlooredConv = torch.autograd.Function


class DirectConv(FlooredConv):
    """By PyTorch's own convolution."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, floor: Tensor, padding: int
    ) -> Tensor:
        # Padded by more than a cell, oneDNN takes seven times as long for the weights' gradient.
        ctx.padding, ctx.extra = min(padding, 1), max(padding - 1, 0)
        x = functional.pad(x, [ctx.extra] * 4)
        y = functional.conv2d(x, weight, bias, padding=ctx.padding).clamp_min_(floor[:, None, None])
        ctx.save_for_backward(x, weight, floor, y)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Gradients:
        x, weight, floor, y = ctx.saved_tensors
        above = above_floor(gradient, y, floor)
        dx, dw, _ = torch.ops.aten.convolution_backward(
            above,
            x,
            weight,
            [len(weight)],
            [1, 1],
            [ctx.padding] * 2,
            [1, 1],
            False,
            [0, 0],
            1,
            [*ctx.needs_input_grad[:2], False],
        )
        db = above.sum((0, 2, 3))  # rounds less than oneDNN's
        if dx is not None and ctx.extra:
            dx = functional.pad(dx, [-ctx.extra] * 4)
        return dx, dw, db, floor_gradient(ctx, gradient, db), None


class WindowsConv(FlooredConv):
    """By one product with all windows, for layers that have more weights than windows."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, floor: Tensor, padding: int
    ) -> Tensor:
        windows, shape = windows_of(x, weight.shape[2], padding)
        y = product(windows, rows_of(weight).t()).add_(bias).clamp_min_(floor)
        y = y.view(*shape, len(weight)).permute(0, 3, 1, 2)
        ctx.save_for_backward(x, weight, floor, y)
        ctx.padding = padding
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Gradients:
        x, weight, floor, y = ctx.saved_tensors
        outputs, inputs, side, _ = weight.shape
        above = above_floor(gradient, y, floor).permute(0, 2, 3, 1).reshape(-1, outputs)
        windows, (images, tall, wide) = windows_of(x, side, ctx.padding)
        dw = product(above.t(), windows).view(outputs, side, side, inputs).permute(0, 3, 1, 2)
        dx = None
        if ctx.needs_input_grad[0]:
            taps = product(above, rows_of(weight)).view(images, tall, wide, side, side, inputs)
            padded = taps.new_zeros(images, tall + side - 1, wide + side - 1, inputs)
            for i in range(side):
                for j in range(side):
                    padded[:, i : i + tall, j : j + wide] += taps[:, :, :, i, j]
            dx = unpadded(padded, x, ctx.padding)
        db = above.sum(0)
        return dx, dw, db, floor_gradient(ctx, gradient, db), None


def above_floor(gradient: Tensor, y: Tensor, floor: Tensor) -> Tensor:
    """The gradient of what was clamped to a floor per channel: zero where that was reached."""
    return gradient * (y > floor[:, None, None])


def floor_gradient(ctx: Any, gradient: Tensor, db: Tensor) -> Tensor | None:
    """The gradient of the floor, where it needs one: what the bias's leaves."""
    return gradient.sum((0, 2, 3)) - db if ctx.needs_input_grad[3] else None


def windows_of(x: Tensor, side: int, padding: int) -> tuple[Tensor, tuple[int, int, int]]:
    """All windows of a map as rows [windows, side * side * C], and how many along N, H and W."""
    rows = functional.pad(x.permute(0, 2, 3, 1), [0, 0, *[padding] * 4])
    windows = rows.unfold(1, side, 1).unfold(2, side, 1)  # [N, tall, wide, C, side, side]
    images, tall, wide = windows.shape[:3]
    return windows.permute(0, 1, 2, 4, 5, 3).reshape(images * tall * wide, -1), (images, tall, wide)


def rows_of(weight: Tensor) -> Tensor:
    """Weights [out, in, side, side] as rows [out, side * side * in]: in channels last, a view."""
    return weight.permute(0, 2, 3, 1).reshape(len(weight), -1)


def unpadded(padded: Tensor, x: Tensor, padding: int) -> Tensor:
    """What lies over `x` [N, C, H, W] of a padded map [N, H', W', C]."""
    height, width = x.shape[2:]
    cut = padded[:, padding : padding + height, padding : padding + width]
    return cut.permute(0, 3, 1, 2)
