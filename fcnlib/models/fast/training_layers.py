"""Layers for training at full width: those of the net, which keep the parameters, by faster steps.

Behind a wide padding they compute a map less the constant around its interior
(constant_border.py). That constant is a function of the weights, with gradients of its own.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from fcnlib.models.fast.floored_conv import DirectConv, FlooredConv, WindowsConv
from fcnlib.models.fast.winograd import POINTWISE_CHANNELS, WINOGRAD_CHANNELS
from fcnlib.models.fast.winograd_training import TILED_CHANNELS, WinogradConv
from fcnlib.models.geometry import kernel_stride_padding
from fcnlib.models.layers import ConvReLU


class TrainedConvReLU(nn.Module):
    """A ConvReLU by a faster function."""

    def __init__(self, layer: ConvReLU, function: type[FlooredConv]) -> None:
        super().__init__()
        self.layer, self.function = layer, function
        self.padding = kernel_stride_padding(layer)[2]

    def forward(self, x: Tensor) -> Tensor:
        layer = self.layer
        assert layer.bias is not None
        floor = torch.zeros_like(layer.bias)
        apply: Any = self.function.apply  # which has no annotations
        y = apply(x, layer.weight, layer.bias, floor, self.padding)
        return functional.dropout(y, layer.dropout, layer.training)


class TrainedInBf16(nn.Module):
    """A ConvReLU in 16 bits, of parameters that stay in 32, and so do their gradients."""

    def __init__(self, layer: ConvReLU) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        layer, bf16 = self.layer, torch.bfloat16
        assert layer.bias is not None
        x = layer._conv_forward(x.to(bf16), layer.weight.to(bf16), layer.bias.to(bf16))
        x = functional.relu(layer.norm(x))
        return functional.dropout(x, layer.dropout, layer.training)


class TrainedOffsetConv(nn.Module):
    """A ConvReLU on a map less its constant border: relu(z + b) - c = max(z + b - c, -c).

    Its second input is what becomes the constant c of its output, before the ReLU.
    """

    def __init__(self, layer: ConvReLU, padding: int) -> None:
        super().__init__()
        self.layer, self.padding = layer, padding
        self.function = faster_function(layer) or DirectConv

    def forward(self, inputs: list[Tensor]) -> Tensor:
        x, before = inputs
        constant = before.relu()
        bias, floor = (before - constant).to(x.dtype), (-constant).to(x.dtype)
        apply: Any = self.function.apply  # which has no annotations
        y: Tensor = apply(x, self.layer.weight, bias, floor, self.padding)
        return y


class ConstantBeforeReLU(nn.Module):
    """A convolution's output [C] on a map of a constant, of what that was before its ReLU."""

    def __init__(self, layer: ConvReLU, *, first: bool) -> None:
        super().__init__()
        self.layer, self.first = layer, first

    def forward(self, x: Tensor) -> Tensor:
        assert self.layer.bias is not None
        bias = self.layer.bias.double()
        if self.first:  # the padding of the image is zero
            return bias
        return self.layer.weight.sum((2, 3)).double() @ x.relu() + bias


class TrainedConstantMap(nn.Module):
    """The constant around the interior of a layer's output, as a map of one cell."""

    def __init__(self, conv: ConvReLU) -> None:
        super().__init__()
        self.conv = conv

    def forward(self, before: Tensor) -> Tensor:
        return before.relu().to(self.conv.weight.dtype)[None, :, None, None]


def faster_function(layer: ConvReLU) -> type[FlooredConv] | None:
    """What computes a layer faster in training than PyTorch's convolution; None: nothing does."""
    normalises = isinstance(layer.norm, nn.BatchNorm2d)
    if layer.stride != (1, 1) or layer.groups > 1 or normalises:
        return None
    side = kernel_stride_padding(layer)[0]
    if side == 3 and layer.in_channels >= TILED_CHANNELS:
        return WinogradConv
    few_cells = (side > 3 and layer.in_channels >= WINOGRAD_CHANNELS) or (
        side == 1 and layer.in_channels >= POINTWISE_CHANNELS
    )
    return WindowsConv if few_cells else None
