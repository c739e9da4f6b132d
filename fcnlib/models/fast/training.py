"""The same net for training: frozen upsampling by matrix products that make what is not cropped."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from fcnlib.models.fast.bilinear import Bilinear, bilinear
from fcnlib.models.fcn import FCN
from fcnlib.models.layers import (
    Crop,
    Layers,
    Upscore,
    add_layer,
    copy_inputs,
    inputs_of,
)


class UpscoreCrop(nn.Module):
    """Frozen upsampling and the crop behind it: the scores of an image's pixels, no others."""

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


def optimize_for_training(net: FCN) -> FCN:
    """The net's other layers, and faster ones in place of frozen upsampling: the same scores.

    Both learn the same parameters; `net` is the one that has all of them under their names.
    """
    bottoms = inputs_of(net)
    faster = {
        name: made
        for name, layer in net.items()
        if isinstance(layer, Upscore) and (made := bilinear(layer))
    }
    cropped = {
        bottoms[name][0]
        for name, layer in net.items()
        if isinstance(layer, Crop) and bottoms[name][0] in faster
    }
    layers: Layers = {}
    for name, layer in net.items():
        first, *others = bottoms[name]
        if isinstance(layer, Crop) and first in cropped:
            add_layer(layers, name, UpscoreCrop(faster[first], layer), *bottoms[first], *others)
        elif name not in cropped:
            layers[name] = copy_inputs(layer, faster[name]) if name in faster else layer
    return net.with_layers(layers)
