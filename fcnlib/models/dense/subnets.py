"""Nets made of some layers of another net, whose weights they share."""

from collections.abc import Collection

from fcnlib.models.geometry import smallest_side
from fcnlib.models.graph import LayerGraph
from fcnlib.models.layers import Concat, Layers, SkipScore, Upscore, add_layer, inputs_of


def coarse_net(net: LayerGraph) -> LayerGraph:
    """The net up to its coarsest scores, without upsampling and skips; it shares the weights.

    The coarsest scores of several heads are concatenated along the channels.
    """
    coarsest: list[str] = []
    left_out: set[str] = set()
    for name, inputs in inputs_of(net).items():
        layer, after_upsampling = net[name], bool(left_out & set(inputs))
        if isinstance(layer, Upscore) and not after_upsampling:
            coarsest += inputs
        if isinstance(layer, Upscore | SkipScore) or after_upsampling:
            left_out.add(name)
    layers = _copied(net, net.keys() - left_out)
    if len(coarsest) > 1:
        add_layer(layers, "scores", Concat(), *coarsest)
    return _net_of(net, layers)


def subnet(net: LayerGraph, names: Collection[str]) -> LayerGraph:
    """The net of these layers alone; it shares the weights."""
    return _net_of(net, _copied(net, names))


def layer_dict(net: LayerGraph) -> Layers:
    """The layers of a net by name."""
    return dict(net.items())


def _copied(net: LayerGraph, names: Collection[str]) -> Layers:
    return {name: layer for name, layer in net.copy_layers().items() if name in names}


def _net_of(net: LayerGraph, layers: Layers) -> LayerGraph:
    made = net.with_layers(layers)
    made.smallest_side = smallest_side(layers)
    return made
