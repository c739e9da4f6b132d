"""Nets of random weights that say something, where new score layers are zero."""

import torch
from torch import nn

from fcnlib.models.fcn import FCN


def randomised(net: FCN) -> FCN:
    """The net with score layers that say something."""
    generator = torch.Generator().manual_seed(0)
    for name, parameter in net.named_parameters():
        if name.startswith("score"):
            nn.init.normal_(parameter, generator=generator)
    return net.eval()


def drawn(net: FCN) -> FCN:
    """The net with random weights and biases that keep its activations alive."""
    generator = torch.Generator().manual_seed(0)
    for layer in net.values():
        if isinstance(layer, nn.Conv2d):
            assert layer.bias is not None
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
            nn.init.normal_(layer.bias, std=0.5, generator=generator)
    return net.eval()
