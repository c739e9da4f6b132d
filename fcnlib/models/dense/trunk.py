"""Copies of a net that share its weights: some of its layers."""

from collections.abc import Collection

from fcnlib.models.geometry import smallest_side
from fcnlib.models.graph import LayerGraph
from fcnlib.models.layers import (
    Concat,
    Layers,
    SkipScore,
    Upscore,
    add_layer,
    inputs_of,
)


def coarse(net: LayerGraph) -> LayerGraph:
    """The net up to its coarsest scores, without upsampling and finer layers; the same weights.

    The coarsest scores of several heads stand one after the other along the channels.
    """
    tops: list[str] = []
    left_out: set[str] = set()
    for name, read in inputs_of(net).items():
        layer, fine = net[name], bool(left_out & set(read))
        if isinstance(layer, Upscore) and not fine:
            tops += read
        if isinstance(layer, Upscore | SkipScore) or fine:
            left_out.add(name)
    layers = _kept(net, net.keys() - left_out)
    if len(tops) > 1:
        add_layer(layers, "scores", Concat(), *tops)
    return _of_layers(net, layers)


def part_of(net: LayerGraph, names: Collection[str]) -> LayerGraph:
    """A copy with these layers only; it shares their weights."""
    return _of_layers(net, _kept(net, names))


def layers_of(net: LayerGraph) -> Layers:
    """The layers by name."""
    return dict(net.items())


def _kept(net: LayerGraph, names: Collection[str]) -> Layers:
    return {name: layer for name, layer in net.copies().items() if name in names}


def _of_layers(net: LayerGraph, layers: Layers) -> LayerGraph:
    part = net.with_layers(layers)
    part.smallest_side = smallest_side(layers)
    return part
