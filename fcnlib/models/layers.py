"""The layers of the paper's nets that PyTorch does not have, and how a layer names its inputs.

A layer takes the output of the layer before it, unless it has the attribute `input` (the name of
another layer) or `inputs` (several names: its forward takes a list). Caffe calls them bottoms.
"data" is the net's input image.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from fcnlib.core.errors import InputError

Layers = dict[str, nn.Module]
IMAGE_LAYER = "data"
INPUT_ATTRIBUTES = ("input", "inputs")


def is_score_layer(name: str) -> bool:
    """Whether a layer, or a parameter's layer, gives scores: those have a rate of their own."""
    return name.startswith("score")


def add_layer(layers: Layers, name: str, layer: Any, *inputs: str) -> str:
    """Append a layer that takes the outputs of `inputs`, else of the last layer; return its name.

    Raises:
        InputError: A layer of this name is there already.
    """
    if name in layers or name == IMAGE_LAYER:
        raise InputError(f"layer {name!r} is there already; expected another name")
    previous = next(reversed(layers), IMAGE_LAYER)
    if len(inputs) > 1:
        layer.inputs = list(inputs)
    elif inputs and inputs[0] != previous:
        layer.input = inputs[0]
    layers[name] = layer
    return name


def named_inputs(layer: Any) -> list[str]:
    """The names of the layers that a layer takes its inputs from; none: from the one before it."""
    if hasattr(layer, "inputs"):
        return list(layer.inputs)
    return [layer.input] if hasattr(layer, "input") else []


def inputs_of(layers: Mapping[str, nn.Module] | nn.ModuleDict) -> dict[str, list[str]]:
    """The names of each layer's inputs."""
    previous = [IMAGE_LAYER, *layers]
    return {
        name: named_inputs(layer) or [previous[i]] for i, (name, layer) in enumerate(layers.items())
    }


def copy_inputs(source: Any, target: Any) -> Any:
    """`target` with the inputs of `source`."""
    for name in INPUT_ATTRIBUTES:
        if hasattr(source, name):
            setattr(target, name, getattr(source, name))
    return target


def clear_inputs(layer: Any) -> None:
    """Make a layer take its input from the layer before it."""
    for name in INPUT_ATTRIBUTES:
        layer.__dict__.pop(name, None)


class ConvReLU(nn.Conv2d):
    """A convolution, its ReLU and dropout, under the convolution's published name.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel: Side of the kernel, in cells.
        stride: In cells.
        padding: Zeros on each side, in cells.
        groups: Groups of channels that are convolved separately.
        dropout: Its probability, behind the ReLU.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        *,
        stride: int = 1,
        padding: int = 0,
        groups: int = 1,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel, stride=stride, padding=padding, groups=groups
        )
        self.dropout = dropout
        # Holds a BatchNorm while a net is trained with one (fcnlib/models/batch_norm.py).
        self.norm: nn.Module = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self._conv_forward(x, self.weight, self.bias))
        return functional.dropout(functional.relu(x), self.dropout, self.training)


class Concat(nn.Module):
    """Feature maps of one size, concatenated along the channels."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = dropout

    def forward(self, maps: list[Tensor]) -> Tensor:
        return functional.dropout(torch.cat(maps, 1), self.dropout, self.training)


class ChannelSlice(nn.Module):
    """`count` channels of an image from `first` on: those of one stream."""

    def __init__(self, first: int, count: int) -> None:
        super().__init__()
        self.first, self.count = first, count

    def forward(self, image: Tensor) -> Tensor:
        return image[:, self.first : self.first + self.count]


class Cast(nn.Module):
    """The input in another floating point type."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype

    def forward(self, image: Tensor) -> Tensor:
        return image.to(self.dtype)


class InFloat32(nn.Module):
    """A layer that computes in 32 bits, whatever the type of its input."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.layer(x.float())
        return scores


class Mean(nn.Module):
    """The mean of the streams' scores (late fusion)."""

    def forward(self, maps: list[Tensor]) -> Tensor:
        return torch.stack(maps).mean(0)


def bilinear_kernel(side: int) -> Tensor:
    """The [side, side] kernel of bilinear interpolation (`upsample_filt` of the released code)."""
    factor = (side + 1) // 2
    centre = factor - 1 if side % 2 else factor - 0.5
    # On the CPU: where a net is built without memory, arange alone would import torch's compiler.
    position = torch.arange(side, dtype=torch.float64, device="cpu")
    weights = 1 - (position - centre).abs() / factor
    return torch.outer(weights, weights).float()


class Upscore(nn.ConvTranspose2d):
    """Bilinear upsampling of score maps by `factor`, per class; frozen, or learned from there."""

    def __init__(
        self, classes: int, factor: int, *, kernel: int | None = None, learned: bool = False
    ) -> None:
        kernel = kernel or 2 * factor
        super().__init__(classes, classes, kernel, stride=factor, groups=classes, bias=False)
        self.weight = nn.Parameter(
            bilinear_kernel(kernel).repeat(classes, 1, 1, 1), requires_grad=learned
        )


class SkipScore(nn.Conv2d):
    """The score layer of a finer layer, whose features are multiplied by `scale` first."""

    def __init__(self, in_channels: int, classes: int, *, scale: float) -> None:
        super().__init__(in_channels, classes, 1)
        self.scale = scale

    def forward(self, features: Tensor) -> Tensor:
        # The published Scale layer acts on the features, so the bias is not scaled.
        scores: Tensor = self._conv_forward(features * self.scale, self.weight, self.bias)
        return scores


class Fuse(nn.Module):
    """Finer scores and the upsampled coarser ones, aligned and summed, or their maximum.

    The upsampled map begins `offset` cells behind the finer one; negative: before it.
    """

    def __init__(self, *, offset: int, fusion: str) -> None:
        super().__init__()
        self.fine_offset = max(0, offset)
        self.coarse_offset = max(0, -offset)
        self.fusion = fusion

    def forward(self, maps: list[Tensor]) -> Tensor:
        fine = maps[0][:, :, self.fine_offset :, self.fine_offset :]
        coarse = maps[1][:, :, self.coarse_offset :, self.coarse_offset :]
        # To the smaller of both sides: a slice ends with its map, and min() would fix an export's.
        fine = fine[:, :, : coarse.shape[2], : coarse.shape[3]]
        coarse = coarse[:, :, : fine.shape[2], : fine.shape[3]]
        return torch.maximum(fine, coarse) if self.fusion == "max" else fine + coarse


class Crop(nn.Module):
    """The part of the upsampled scores that lies over the image.

    With a null background, a constant 0 stands before them as the background's score.
    """

    def __init__(self, offset: int, *, null_background: bool = False) -> None:
        super().__init__()
        self.offset = offset
        self.null_background = null_background

    def forward(self, maps: list[Tensor]) -> Tensor:
        scores, image = maps[0], maps[1]
        height, width = image.shape[2], image.shape[3]
        scores = scores[:, :, self.offset : self.offset + height, self.offset : self.offset + width]
        if self.null_background:
            scores = functional.pad(scores, [0, 0, 0, 0, 1, 0])
        return scores


def channels_of(layers: Layers, name: str, image_channels: int) -> int:
    """How many channels a layer's output has."""
    channels, inputs = {IMAGE_LAYER: image_channels}, inputs_of(layers)
    for each, layer in layers.items():
        in_channels = [channels[source] for source in inputs[each]]
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            channels[each] = layer.out_channels
        elif isinstance(layer, ChannelSlice):
            channels[each] = layer.count
        elif isinstance(layer, Concat):
            channels[each] = sum(in_channels)
        else:
            channels[each] = in_channels[0]
    return channels[name]
