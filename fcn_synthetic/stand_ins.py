"""Classifiers of random weights in the published format, in the place of ILSVRC's."""

from pathlib import Path

import torch
from torch import nn

from fcnlib.models.classifier import build_classifier
from fcnlib.models.weights.caffemodel import write_caffemodel
from fcnlib.models.weights.to_caffe import caffe_layers

BYTES = 64.0  # about the deviation of the first layer's input


def write_stand_in(
    path: Path, backbone: str, *, width: float, fc6_kernel: int | None, seed: int
) -> None:
    """Write a classifier whose outputs are about 1 and neither vanish nor grow on their way.

    So a few iterations at the published rates do not diverge.

    Args:
        path: The .caffemodel to write, in the generation and with the layers of the published one.
        backbone: Name of the backbone.
        width: Number of channels, as a share of the published net's.
        fc6_kernel: Size of fc6's kernel in pixels; None: as published.
        seed: Of the weights.
    """
    generator = torch.Generator().manual_seed(seed)
    net = build_classifier(backbone, width=width, fc6_kernel=fc6_kernel)
    for parameter in net.parameters():
        if parameter.dim() > 1:
            nn.init.kaiming_normal_(parameter, nonlinearity="relu", generator=generator)
        else:
            nn.init.zeros_(parameter)
    with torch.no_grad():
        next(net.parameters()).mul_(1 / BYTES)
    layers = caffe_layers(net)
    del layers["data"]  # the published files do not hold the mean
    write_caffemodel(path, layers, generation="v1")
