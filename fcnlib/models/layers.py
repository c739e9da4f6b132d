"""The layers of the paper's nets that PyTorch does not have, and how a layer names what it reads.

A layer reads the one above it, unless it has the attribute `bottom` (it reads that layer) or
`bottoms` (its forward takes a list). "data" is the net's input image.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from fcnlib.core.errors import InputError

Layers = dict[str, nn.Module]
IMAGE_LAYER = "data"


def add_layer(layers: Layers, name: str, layer: Any, *bottoms: str) -> str:
    """Set a layer on top of the others; it reads `bottoms`, or the layer that was on top."""
    if name in layers or name == IMAGE_LAYER:
        raise InputError(f"layer {name!r} is there already; expected another name")
    above = next(reversed(layers), IMAGE_LAYER)
    if len(bottoms) > 1:
        layer.bottoms = list(bottoms)
    elif bottoms and bottoms[0] != above:
        layer.bottom = bottoms[0]
    layers[name] = layer
    return name


def named_inputs(layer: Any) -> list[str]:
    """The layers that a layer reads by name; none: it reads the one above it."""
    if hasattr(layer, "bottoms"):
        return list(layer.bottoms)
    return [layer.bottom] if hasattr(layer, "bottom") else []


def inputs_of(layers: Mapping[str, nn.Module] | nn.ModuleDict) -> dict[str, list[str]]:
    """The layers that each layer reads."""
    above = [IMAGE_LAYER, *layers]
    return {
        name: named_inputs(layer) or [above[i]] for i, (name, layer) in enumerate(layers.items())
    }


def copy_inputs(layer: Any, other: Any) -> Any:
    """`other`, which reads what `layer` reads."""
    for name in ("bottom", "bottoms"):
        if hasattr(layer, name):
            setattr(other, name, getattr(layer, name))
    return other


class ConvReLU(nn.Conv2d):
    """A convolution and its ReLU, under the convolution's published name."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        stride: int = 1,
        padding: int = 0,
        groups: int = 1,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(inputs, outputs, kernel, stride=stride, padding=padding, groups=groups)
        self.dropout = dropout
        # Holds a BatchNorm while the narrow classifier is pre-trained.
        self.norm: nn.Module = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self._conv_forward(x, self.weight, self.bias))
        return functional.dropout(functional.relu(x), self.dropout, self.training)


class Concat(nn.Module):
    """Maps of one size, one after the other along the channels."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = dropout

    def forward(self, maps: list[Tensor]) -> Tensor:
        return functional.dropout(torch.cat(maps, 1), self.dropout, self.training)


class Channels(nn.Module):
    """Some channels of an image: those of one stream."""

    def __init__(self, first: int, count: int) -> None:
        super().__init__()
        self.first, self.count = first, count

    def forward(self, image: Tensor) -> Tensor:
        return image[:, self.first : self.first + self.count]


class Cast(nn.Module):
    """The same numbers in other bits."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype

    def forward(self, image: Tensor) -> Tensor:
        return image.to(self.dtype)


class InFloat(nn.Module):
    """A layer that computes in 32 bits, whatever it reads."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.layer(x.float())
        return scores


class Mean(nn.Module):
    """The mean of the streams' scores."""

    def forward(self, maps: list[Tensor]) -> Tensor:
        return torch.stack(maps).mean(0)


def bilinear_kernel(side: int) -> Tensor:
    """The [side, side] kernel of bilinear interpolation (`upsample_filt` of the released code)."""
    factor = (side + 1) // 2
    centre = factor - 1 if side % 2 else factor - 0.5
    # On the CPU: where a net is built without memory, arange alone would import torch's compiler.
    place = torch.arange(side, dtype=torch.float64, device="cpu")
    weights = 1 - (place - centre).abs() / factor
    return torch.outer(weights, weights).float()


class Upscore(nn.ConvTranspose2d):
    """Bilinear upsampling of score maps by `factor`; each class by itself, frozen or learned."""

    def __init__(
        self, classes: int, factor: int, *, kernel: int | None = None, learned: bool = False
    ) -> None:
        kernel = kernel or 2 * factor
        super().__init__(classes, classes, kernel, stride=factor, groups=classes, bias=False)
        self.weight = nn.Parameter(
            bilinear_kernel(kernel).repeat(classes, 1, 1, 1), requires_grad=learned
        )


class SkipScore(nn.Conv2d):
    """Scores of a finer layer, whose features are scaled first."""

    def __init__(self, inputs: int, classes: int, *, scale: float) -> None:
        super().__init__(inputs, classes, 1)
        self.scale = scale

    def forward(self, features: Tensor) -> Tensor:
        # The published Scale layer acts on the features, so the bias is not scaled.
        scores: Tensor = self._conv_forward(features * self.scale, self.weight, self.bias)
        return scores


class Fuse(nn.Module):
    """Finer scores and the upsampled coarser ones, aligned and added, or their maximum."""

    def __init__(self, *, offset: int, fusion: str) -> None:
        super().__init__()
        self.fine_from = max(0, offset)
        self.coarse_from = max(0, -offset)
        self.fusion = fusion

    def forward(self, maps: list[Tensor]) -> Tensor:
        fine = maps[0][:, :, self.fine_from :, self.fine_from :]
        coarse = maps[1][:, :, self.coarse_from :, self.coarse_from :]
        height = min(fine.shape[2], coarse.shape[2])
        width = min(fine.shape[3], coarse.shape[3])
        fine, coarse = fine[:, :, :height, :width], coarse[:, :, :height, :width]
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
    channels, bottoms = {IMAGE_LAYER: image_channels}, inputs_of(layers)
    for each, layer in layers.items():
        read = [channels[bottom] for bottom in bottoms[each]]
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            channels[each] = layer.out_channels
        elif isinstance(layer, Channels):
            channels[each] = layer.count
        else:
            channels[each] = sum(read) if isinstance(layer, Concat) else read[0]
    return channels[name]
