"""Every map of a net, and the maps that it predicts from: where they lie and how they are fused."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from torch import nn

from fcnlib.core.errors import InputError
from fcnlib.models.fcn import FCN
from fcnlib.models.geometry import grids, sizes
from fcnlib.models.layers import IMAGE_LAYER, Fuse, Mean, inputs_of
from fcnlib.models.summary import conv_depths


@dataclass(frozen=True)
class FeatureMap:
    """The output of a layer; lengths are in pixels of the image."""

    layer: str
    inputs: tuple[str, ...]  # layers
    size: int  # cells a side
    stride: float  # between two cells
    receptive_field: float  # the side of what a cell sees
    offset: float  # the pixel that the first cell is centred on; negative: in the padding


@dataclass(frozen=True)
class Prediction:
    """The scores of one layer, and how they are brought to the cells of the next finer one."""

    layer: str  # without its stream
    stride: int  # pixels
    upsampling: int  # the factor to the next prediction's cells, or to the image's pixels
    fusion: str = ""  # of the next coarser scores into these: "sum", "max"; none of the coarsest


@dataclass(frozen=True)
class Stage:
    """A map of the trunk where the stride grows or scores are predicted, and what leads to it."""

    layer: str  # without its stream
    stride: int  # pixels
    convolutions: int  # on the longest path from the stage before


def feature_maps(net: FCN, side: int) -> list[FeatureMap]:
    """Every layer's map, and the image, for a square image of `side` pixels.

    Raises:
        InputError: The net does not score so small an image.
    """
    layers = dict(net.items())
    cells = sizes(layers, side)
    if side < net.smallest_side or cells is None:
        raise InputError(f"image of {side} x {side} pixels: expected at least {net.smallest_side}")
    inputs = inputs_of(layers)
    return [
        FeatureMap(
            name,
            tuple(inputs.get(name, ())),
            cells[name],
            grid.stride,
            grid.receptive_field,
            grid.start,
        )
        for name, grid in grids(layers).items()
    ]


def predictions(net: FCN) -> list[Prediction]:
    """What the net predicts from, coarsest first; of several tasks the first one's head."""
    found = _predictions(dict(net.items()), several_tasks=len(net.heads) > 1)
    return [replace(each, layer=_without_stream(each.layer, net)) for each in found]


def stages(net: FCN) -> list[Stage]:
    """The trunk from the image to the coarsest prediction; of several streams the first one's."""
    layers = dict(net.items())
    maps, depths = grids(layers), conv_depths(layers)
    predicted = [each.layer for each in _predictions(layers, several_tasks=len(net.heads) > 1)]
    path = _with_ancestors(inputs_of(layers), predicted[0])
    found, last = [Stage(IMAGE_LAYER, 1, 0)], 0
    for name in (each for each in layers if each in path):
        stride = round(maps[name].stride)
        pooled = isinstance(layers[name], nn.MaxPool2d) and stride > found[-1].stride
        if pooled or name in predicted:
            found.append(Stage(_without_stream(name, net), stride, depths[name] - last))
            last = depths[name]
    return found


def _predictions(layers: Mapping[str, nn.Module], *, several_tasks: bool) -> list[Prediction]:
    """The predictions under their layers' own names, found from the net's last layer backwards."""
    inputs, maps = inputs_of(layers), grids(layers)
    crop = list(layers)[-1]
    if several_tasks:
        crop = inputs[crop][0]
    found: list[Prediction] = []
    up = inputs[crop][0]
    while up:
        upsampled, scores = layers[up], inputs[up][0]
        assert isinstance(upsampled, nn.ConvTranspose2d)
        up, fusion, source = "", "", layers[scores]
        if isinstance(source, Fuse):
            fusion = source.fusion
            scores, up = inputs[scores]
        if isinstance(layers[scores], Mean):
            scores = inputs[scores][0]  # the first stream's
        (layer,) = inputs[scores]
        stride, factor = round(maps[layer].stride), int(upsampled.stride[0])
        found.insert(0, Prediction(layer, stride, factor, fusion))
    return found


def _with_ancestors(inputs: Mapping[str, list[str]], layer: str) -> set[str]:
    """A layer and all that its output depends on."""
    found, left = {layer}, [layer]
    while left:
        new = {*inputs.get(left.pop(), ())} - found
        found |= new
        left += new
    return found


def _without_stream(layer: str, net: FCN) -> str:
    """A layer's name in a net of one trunk."""
    ends = [f"_{stream}" for stream in net.arguments["streams"] if layer.endswith(f"_{stream}")]
    return layer.removesuffix(max(ends, key=len, default=""))
