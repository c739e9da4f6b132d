"""Faster nets for training: the same scores and gradients."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from fcnlib.models.fast.bilinear import Bilinear, as_bilinear
from fcnlib.models.fast.constant_border import skip_constant_border
from fcnlib.models.fast.training_layers import TrainedConvReLU, TrainedInBf16, faster_function
from fcnlib.models.fcn import FCN
from fcnlib.models.layers import (
    ConvReLU,
    Crop,
    InFloat32,
    Layers,
    Upscore,
    add_layer,
    copy_inputs,
    inputs_of,
)


class UpscoreCrop(nn.Module):
    """Frozen upsampling and the crop behind it: only the scores of the image's pixels."""

    def __init__(self, upscore: Bilinear, crop: Crop) -> None:
        super().__init__()
        self.upscore, self.offset = upscore, crop.offset
        self.null_background = crop.null_background

    def forward(self, maps: list[Tensor]) -> Tensor:
        coarse, image = maps[0].contiguous(), maps[1]
        down, across = (
            self.upscore.matrix(coarse.shape[dim])[self.offset : self.offset + image.shape[dim]]
            for dim in (2, 3)
        )
        scores = torch.matmul(down, torch.matmul(coarse, across.t()))
        return functional.pad(scores, [0, 0, 0, 0, 1, 0]) if self.null_background else scores


def optimize_for_training(net: FCN, device: str = "cpu", precision: str = "fp32") -> FCN:
    """A faster form of the net for training: the same scores and gradients up to rounding.

    It shares the parameters of `net`, which stays the one that has all of them under their names.
    On a CPU a net of full width also multiplies less; where layers are narrow, that is no faster.
    TF32 is set for the whole process (fcnlib/core/precision.py).
    """
    if precision == "bf16":
        net = with_bf16_trunk(net)
    elif net.arguments["width"] == 1 and not device.startswith("cuda"):
        net = with_fewer_multiplications(net)
    return with_cropped_upsampling(net)


def with_bf16_trunk(net: FCN) -> FCN:
    """The net with its trunk in 16 bits, score layers and what follows them in 32."""
    layers: Layers = {}
    for name, layer in net.items():
        made = layer
        if isinstance(layer, ConvReLU):
            made = copy_inputs(layer, TrainedInBf16(layer))
        elif isinstance(layer, nn.LocalResponseNorm | nn.Conv2d):  # a norm in 16 bits no CPU has
            made = copy_inputs(layer, InFloat32(layer))
        layers[name] = made
    return net.with_layers(layers)


def with_fewer_multiplications(net: FCN) -> FCN:
    """The net without its constant border, of faster convolutions."""
    layers: Layers = {}
    for name, layer in skip_constant_border(net, trains=True).items():
        if isinstance(layer, ConvReLU) and (function := faster_function(layer)):
            layer = copy_inputs(layer, TrainedConvReLU(layer, function))
        layers[name] = layer
    return net.with_layers(layers)


def with_cropped_upsampling(net: FCN) -> FCN:
    """The net with frozen upsampling by matrix products, of the cropped map alone."""
    inputs = inputs_of(net)
    upsampling = {
        name: made
        for name, layer in net.items()
        if isinstance(layer, Upscore) and (made := as_bilinear(layer))
    }
    cropped = {
        inputs[name][0]
        for name, layer in net.items()
        if isinstance(layer, Crop) and inputs[name][0] in upsampling
    }
    layers: Layers = {}
    for name, layer in net.items():
        first, *others = inputs[name]
        if isinstance(layer, Crop) and first in cropped:
            add_layer(layers, name, UpscoreCrop(upsampling[first], layer), *inputs[first], *others)
        elif name not in cropped:
            layers[name] = copy_inputs(layer, upsampling[name]) if name in upsampling else layer
    return net.with_layers(layers)
