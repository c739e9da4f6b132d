"""The numbers of a net that Table 1 lists: depth, parameters, receptive field, stride."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import nn

from fcnlib.models.geometry import grids
from fcnlib.models.graph import LayerGraph
from fcnlib.models.layers import IMAGE_LAYER, Upscore, inputs_of


@dataclass(frozen=True)
class Architecture:
    """A net's row of Table 1, besides its accuracy and time."""

    conv_layers: int  # on the longest path, the score layer included
    parameters: int  # without frozen interpolation
    receptive_field: int  # of one cell of the coarsest scores, in pixels
    stride: int  # of the coarsest scores, in pixels


def conv_depths(layers: Mapping[str, nn.Module]) -> dict[str, int]:
    """The convolutions on the longest path to every layer, its own included, and to the image."""
    found = {IMAGE_LAYER: 0}
    for name, inputs in inputs_of(layers).items():
        depth = max(found[source] for source in inputs)
        found[name] = depth + isinstance(layers[name], nn.Conv2d)
    return found


def architecture(net: LayerGraph) -> Architecture:
    """Table 1's numbers, from the layers.

    GoogLeNet's published receptive field of 907 pixels is the classifier's, whose 7 x 7 pooling an
    FCN drops: without it a cell sees 715. VGG16's 404 and AlexNet's 355 are both nets' alike.
    """
    layers = dict(net.items())
    maps = grids(layers).values()
    frozen = [
        parameter
        for layer in net.values()
        if isinstance(layer, Upscore)
        for parameter in layer.parameters()
        if not parameter.requires_grad
    ]
    parameters = sum(parameter.numel() for parameter in net.parameters())
    return Architecture(
        conv_layers=max(conv_depths(layers).values()),
        parameters=parameters - sum(parameter.numel() for parameter in frozen),
        receptive_field=round(max(grid.receptive_field for grid in maps)),
        stride=round(max(grid.stride for grid in maps)),
    )
