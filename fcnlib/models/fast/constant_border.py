"""A net without the work that conv1_1's wide padding makes constant: the same scores, sooner.

Around the part of a map that depends on the image, every channel holds one constant, up to an edge
of a few cells where the zero padding of later layers shows. `CentredConv` computes the first part
alone, less the constant: what surrounds it is then zero, and a convolution's own padding is exact.
`Edge` computes the edge, on a map of a few cells; `Whole` puts the three together again for the
layers that need the whole map.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn

from fcnlib.models.geometry import window
from fcnlib.models.graph import LayerGraph
from fcnlib.models.layers import (
    IMAGE_LAYER,
    Cast,
    Channels,
    ConvReLU,
    Layers,
    add_layer,
    inputs_of,
)

# Padding of the first convolution from which on the constant is worth leaving out.
WIDE = 16
Net = TypeVar("Net", bound=LayerGraph)


@dataclass(frozen=True)
class Zone:
    """Along a whole map's side: where the image begins to matter, and where computing begins.

    `edge` cells at either end may differ from the constant, by the zero padding of later layers.
    """

    inside: int
    start: int
    edge: int


@dataclass(frozen=True)
class Step:
    """A layer that can be computed in its middle only."""

    name: str
    layer: nn.Conv2d | nn.MaxPool2d
    zone: Zone
    around: Tensor  # the constant that it reads around the image, [C], float64
    constant: Tensor  # and the one that it makes of it


class BorderOffsetConv(nn.Conv2d):
    """A ConvReLU on a map less its constant: relu(z + b) - c = max(z + b - c, -c)."""

    floor: Tensor

    def __init__(self, layer: nn.Conv2d, around: Tensor, *, padding: int) -> None:
        side = window(layer)[0]
        super().__init__(
            layer.in_channels, layer.out_channels, side, padding=padding, device="meta"
        )
        before = _before_relu(layer, around).to(layer.weight.dtype)
        self.weight = layer.weight
        self.bias = nn.Parameter(before.clamp(max=0), requires_grad=False)
        self.register_buffer("floor", -before.clamp(min=0)[:, None, None])

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self._conv_forward(x, self.weight, self.bias).clamp_min_(self.floor)
        return y


class Constant(nn.Module):
    """A map of one cell: what surrounds the part that depends on the image."""

    constant: Tensor

    def __init__(self, step: Step) -> None:
        super().__init__()
        self.register_buffer("constant", _as_map(step))

    def forward(self, image: Tensor) -> Tensor:
        return self.constant


class Edge(nn.Module):
    """The edges of a whole map, drawn together to a map of a few cells, from an earlier layer's.

    A map is stretched (its constant cells repeated) where the next layers need more of them; its
    size keeps the whole map's remainder, so that later poolings cut it alike.
    """

    def __init__(self, steps: Sequence[Step], first: int) -> None:
        super().__init__()
        self.before = _windows(steps[:first])
        self.windows = _windows(steps[first:])
        self.layers = nn.ModuleList(step.layer for step in steps[first:])
        self.edges = [step.zone.edge for step in steps[first - 1 : -1]]
        self.least = [_cells_needed(steps, number) for number in range(first, len(steps))]
        self.remainders: list[int] = []
        remainder = 1
        for _, stride, _ in reversed(self.windows):
            remainder *= stride
            self.remainders.insert(0, remainder)

    def forward(self, maps: list[Tensor]) -> Tensor:
        edge, image = maps[0], maps[1]
        height, width = image.shape[2], image.shape[3]
        for i, layer in enumerate(self.layers):
            least, remainder = self.least[i], self.remainders[i]
            if least > 0:
                passed = self.before + self.windows[:i]
                height = least + (whole_side(image.shape[2], passed) - least) % remainder
                width = least + (whole_side(image.shape[3], passed) - least) % remainder
                edge = stretched(edge, height, width, self.edges[i])
            edge = layer(edge)
        return edge


class AssembleMap(nn.Module):
    """A whole map: its edge stretched to its size, and in it the part that depends on the image."""

    constant: Tensor

    def __init__(self, steps: Sequence[Step]) -> None:
        super().__init__()
        zone = steps[-1].zone
        self.windows = _windows(steps)
        self.edge, self.inside, self.skipped = zone.edge, zone.inside, zone.inside - zone.start
        self.register_buffer("constant", _as_map(steps[-1]))

    def forward(self, maps: list[Tensor]) -> Tensor:
        centred, edge, image = maps[0], maps[1], maps[2]
        height = whole_side(image.shape[2], self.windows)
        width = whole_side(image.shape[3], self.windows)
        whole = stretched(edge, height, width, self.edge).repeat(image.shape[0], 1, 1, 1)
        bottom = inside_end(image.shape[2], self.windows)
        right = inside_end(image.shape[3], self.windows)
        last, skipped = bottom - self.inside + self.skipped, self.skipped
        end = right - self.inside + skipped
        part = centred[:, :, skipped:last, skipped:end] + self.constant
        whole[:, :, self.inside : bottom, self.inside : right] = part
        return whole


def skip_constant_border(net: Net) -> Net:
    """The net with its first layers computed only where they depend on the image.

    That is its 3 x 3 convolutions and 2 x 2 poolings behind a padding of at least `WIDE`; of other
    nets nothing is left out. The weights are shared with `net`.
    """
    layers, bottoms = net.copies(), inputs_of(net)
    chains = _chains(layers, bottoms)
    chain_of = {step.name: chain for chain in chains for step in chain}
    new: Layers = {}
    whole: dict[str, str] = {}
    for name, layer in layers.items():
        for attribute in ("bottom", "bottoms"):
            layer.__dict__.pop(attribute, None)
        if name not in chain_of:
            add_layer(new, name, layer, *(whole.get(bottom, bottom) for bottom in bottoms[name]))
            continue
        steps = [step.name for step in chain_of[name]]
        number = steps.index(name)
        add_layer(new, name, _centred(chain_of[name], number), *bottoms[name])
        readers = [reader for reader, read in bottoms.items() if name in read]
        if set(readers) - {*steps[number + 1 : number + 2]}:
            whole[name] = _put_whole(new, chain_of[name][: number + 1], bottoms[steps[0]][0], whole)
    return net.with_layers(new)


def _chains(layers: Layers, bottoms: Mapping[str, list[str]]) -> list[list[Step]]:
    """Of each stream, the layers that can be computed in their middle only."""
    chains: list[list[Step]] = []
    for name, after_it in pairwise([*layers, ""]):
        bottom, layer = bottoms[name][0], layers[name]
        pooled = isinstance(layers.get(after_it), nn.MaxPool2d)
        first = bottom == IMAGE_LAYER or isinstance(layers[bottom], Cast | Channels)
        if first and (step := _step(name, layer, None, pooled)):
            chains.append([step])
        elif chains and bottom == chains[-1][-1].name:
            step = _step(name, layer, chains[-1][-1], pooled)
            chains[-1] += [step] if step else []
    return chains


def _step(name: str, layer: nn.Module, previous: Step | None, then_pooled: bool) -> Step | None:
    """The step after another; None: the layer is of another kind, or too close to the edge."""
    if isinstance(layer, nn.MaxPool2d):
        return _pooling(name, layer, previous)
    if not isinstance(layer, ConvReLU) or layer.stride != (1, 1) or layer.groups > 1:
        return None
    kernel, _, padding = window(layer)
    zone = previous.zone if previous else Zone(0, 0, 0)
    inside = zone.inside + padding - kernel + 1
    if inside - padding < zone.edge if previous else padding < WIDE:
        return None
    start = zone.start + padding - kernel + 1
    if then_pooled:  # from an even cell on, and with a constant one behind the last
        start -= 1 + (start - 1) % 2
    around = previous.constant if previous else torch.zeros(layer.in_channels, dtype=torch.float64)
    # The first padding puts zeros around zeros.
    edge = zone.edge + padding if previous else 0
    constant = _before_relu(layer, around).clamp(min=0)
    return Step(name, layer, Zone(inside, start, edge), around, constant)


def _pooling(name: str, layer: nn.MaxPool2d, previous: Step | None) -> Step | None:
    plain = (layer.kernel_size, layer.stride, layer.padding, layer.ceil_mode) == (2, 2, 0, True)
    if not plain or previous is None or not isinstance(previous.layer, ConvReLU):
        return None
    zone = previous.zone
    if zone.inside // 2 * 2 < zone.edge:
        return None
    # At the far end a window may hold one cell of the edge and one of the constant.
    pooled = Zone(zone.inside // 2, zone.start // 2, zone.edge // 2 + 1)
    return Step(name, layer, pooled, previous.constant, previous.constant)


def _centred(chain: list[Step], number: int) -> nn.Module:
    step = chain[number]
    if not isinstance(step.layer, ConvReLU):
        return step.layer
    start = chain[number - 1].zone.start if number else 0
    padding = start - step.zone.start + window(step.layer)[2]
    return BorderOffsetConv(step.layer, step.around, padding=padding)


def _put_whole(layers: Layers, steps: list[Step], image: str, whole: Mapping[str, str]) -> str:
    """Put edge and whole map of the last step on top of the layers."""
    known = [i for i, step in enumerate(steps) if step.name in whole]
    begin = known[-1] if known else 0
    if known:
        edge = f"{steps[begin].name}/edge"
    else:
        edge = add_layer(layers, f"{steps[0].name}/constant", Constant(steps[0]), image)
    name = steps[-1].name
    if len(steps) - 1 > begin:
        edge = add_layer(layers, f"{name}/edge", Edge(steps, begin + 1), edge, image)
    return add_layer(layers, f"{name}/whole", AssembleMap(steps), name, edge, image)


def stretched(x: Tensor, height: int, width: int, edge: int) -> Tensor:
    """A map of this size with the first and last `edge` cells of `x`, its constant between them."""
    for dim, size in ((2, height), (3, width)):
        cell = torch.arange(size, device=x.device)
        from_end = x.shape[dim] - size + cell
        chosen = torch.where(cell < size - edge, cell.clamp(max=edge), from_end)
        x = x.index_select(dim, chosen)
    return x


def whole_side(side: int, windows: list[tuple[int, int, int]]) -> int:
    """How many cells the whole map of an image has, along one side."""
    for kernel, stride, padding in windows:
        side = (side + 2 * padding - kernel + stride - 1) // stride + 1
    return side


def inside_end(side: int, windows: list[tuple[int, int, int]]) -> int:
    """Behind which cell of its whole map nothing depends on the image."""
    for _, stride, padding in windows:
        side = (side + padding + stride - 1) // stride
    return side


def _windows(steps: Sequence[Step]) -> list[tuple[int, int, int]]:
    return [window(step.layer) for step in steps]


def _cells_needed(steps: Sequence[Step], number: int) -> int:
    """The least side of the map of edges before a step, where layers of another stride begin.

    One constant cell must be left between the two edges, up to and behind the next pooling.
    """
    if number > 1 and isinstance(steps[number - 1].layer, nn.Conv2d):
        return 0
    least = 0
    for step in steps[number:]:
        pooling = isinstance(step.layer, nn.MaxPool2d)
        least = max(least, (2 if pooling else 1) * (2 * step.zone.edge + 1))
        if pooling:
            break
    return least


def _before_relu(layer: nn.Conv2d, around: Tensor) -> Tensor:
    """What a convolution makes of a constant, [C], before its ReLU."""
    assert layer.bias is not None
    return layer.weight.detach().double().sum((2, 3)) @ around + layer.bias.detach().double()


def _as_map(step: Step) -> Tensor:
    weight = next(step.layer.parameters(), step.constant)
    return step.constant.to(weight.dtype)[None, :, None, None]
