"""Copies of a net that share its weights: some of its layers."""

from collections.abc import Collection
from copy import deepcopy
from itertools import chain

from fcnlib.models.geometry import smallest_side
from fcnlib.models.graph import LayerGraph
from fcnlib.models.layers import IMAGE_LAYER, Concat, Layers, SkipScore, Upscore, bottoms_of


def coarse(net: LayerGraph) -> LayerGraph:
    """The net up to its coarsest scores, without upsampling and finer layers; the same weights.

    The coarsest scores of several heads stand one after the other along the channels.
    """
    tops: list[str] = []
    left_out: set[str] = set()
    above = IMAGE_LAYER
    for name, layer in net.items():
        read = bottoms_of(layer, above)
        fine = bool(left_out & set(read))
        if isinstance(layer, Upscore) and not fine:
            tops += read
        if isinstance(layer, Upscore | SkipScore) or fine:
            left_out.add(name)
        above = name
    part = part_of(net, net.keys() - left_out)
    if len(tops) > 1:
        scores = Concat()
        scores.bottoms = tops  # type: ignore[assignment]
        part["scores"] = scores
        part.kept = [*part.kept, *tops]
    return part


def part_of(net: LayerGraph, names: Collection[str]) -> LayerGraph:
    """A copy with these layers only; it shares their weights."""
    tensors = {id(tensor): tensor for tensor in chain(net.parameters(), net.buffers())}
    part = deepcopy(net, tensors)
    for name in net:
        if name not in names:
            del part[name]
    part.smallest_side = smallest_side(layers_of(part))
    return part


def layers_of(net: LayerGraph) -> Layers:
    """The layers by name."""
    return dict(net.items())
