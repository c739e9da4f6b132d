"""Nets that skip the border which conv1_1's wide padding makes constant: the same scores, faster.

Around the interior of a map, which depends on the image, every channel holds one constant, up to
an edge of a few cells where the zero padding of later layers shows. `BorderOffsetConv` computes the
interior alone, less the constant: what surrounds it is then zero, and a convolution's own padding
is exact. `EdgeMap` computes the edge, on a map of a few cells; `AssembleMap` puts interior,
constant and edge together again for the layers that need the whole map.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn

from fcnlib.models.fast.training_layers import (
    ConstantBeforeReLU,
    TrainedConstantMap,
    TrainedOffsetConv,
)
from fcnlib.models.geometry import kernel_stride_padding
from fcnlib.models.graph import LayerGraph
from fcnlib.models.layers import (
    IMAGE_LAYER,
    Cast,
    ChannelSlice,
    ConvReLU,
    Layers,
    add_layer,
    clear_inputs,
    inputs_of,
)

# Padding of the first convolution, in pixels, from which on skipping the constant is worth it.
WIDE_PADDING = 16
KEPT_EDGES = 8  # a data set's images have few sizes
NetT = TypeVar("NetT", bound=LayerGraph)
Window = tuple[int, int, int]  # kernel, stride, padding


@dataclass(frozen=True)
class Border:
    """The border along a side of a whole map, in cells."""

    interior: int  # from here on, cells depend on the image
    computed: int  # from here on, cells are computed: no later than the interior
    edge: int  # so many cells at either end may differ from the constant, by later zero padding


@dataclass(frozen=True)
class InteriorLayer:
    """A layer of which only the interior need be computed."""

    name: str
    layer: nn.Conv2d | nn.MaxPool2d
    border: Border  # of its output
    input_constant: Tensor  # of its input around the interior, [C], float64
    constant: Tensor  # of its output


class BorderOffsetConv(nn.Conv2d):
    """A ConvReLU on a map less its constant border: relu(z + b) - c = max(z + b - c, -c)."""

    floor: Tensor

    def __init__(self, layer: nn.Conv2d, input_constant: Tensor, *, padding: int) -> None:
        side = kernel_stride_padding(layer)[0]
        super().__init__(
            layer.in_channels, layer.out_channels, side, padding=padding, device="meta"
        )
        before = _before_relu(layer, input_constant).to(layer.weight.dtype)
        self.weight = layer.weight
        self.bias = nn.Parameter(before.clamp(max=0), requires_grad=False)
        self.register_buffer("floor", -before.clamp(min=0)[:, None, None])

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self._conv_forward(x, self.weight, self.bias).clamp_min_(self.floor)
        return y


class ConstantMap(nn.Module):
    """A map of one cell: the constant around the interior of a layer's output."""

    constant: Tensor

    def __init__(self, layer: InteriorLayer) -> None:
        super().__init__()
        self.register_buffer("constant", _constant_map(layer))

    def forward(self, image: Tensor) -> Tensor:
        return self.constant


class EdgeMap(nn.Module):
    """The edges of a whole map, joined to a map of a few cells, from those of an earlier layer.

    A map is stretched (its constant cells repeated) where the next layers need more of them; its
    size keeps the whole map's remainder, so that later poolings cut it alike.
    """

    def __init__(self, chain: Sequence[InteriorLayer], first: int) -> None:
        super().__init__()
        self.before = _windows(chain[:first])
        self.windows = _windows(chain[first:])
        self.layers = nn.ModuleList(each.layer for each in chain[first:])
        self.edges = [each.border.edge for each in chain[first - 1 : -1]]
        self.least = [_cells_needed(chain, position) for position in range(first, len(chain))]
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
                height = least + (map_side(image.shape[2], passed) - least) % remainder
                width = least + (map_side(image.shape[3], passed) - least) % remainder
                edge = stretch(edge, height, width, self.edges[i])
            edge = layer(edge)
        return edge


class RememberedEdge(EdgeMap):
    """An EdgeMap of fixed weights by other layers: the last few edges that it computed are kept.

    They depend on the image's size alone, and of that, on what a division by the stride leaves.
    """

    def __init__(self, edge: EdgeMap, layers: nn.ModuleList) -> None:
        nn.Module.__init__(self)
        self.before, self.windows, self.layers = edge.before, edge.windows, layers
        self.edges, self.least, self.remainders = edge.edges, edge.least, edge.remainders
        self.stride = math.prod(stride for _, stride, _ in self.before + self.windows)
        self._known: dict[tuple[int, int], Tensor] = {}

    def forward(self, maps: list[Tensor]) -> Tensor:
        height, width = maps[1].shape[2:]
        size = (height % self.stride, width % self.stride)
        edge = self._known.get(size)
        if edge is None:
            edge = super().forward(maps)
            self._known = {**dict([*self._known.items()][1 - KEPT_EDGES :]), size: edge}
        return edge


class AssembleMap(nn.Module):
    """A whole map: its edge stretched to the map's size, and the interior put into it."""

    def __init__(self, chain: Sequence[InteriorLayer]) -> None:
        super().__init__()
        border = chain[-1].border
        self.windows = _windows(chain)
        self.edge, self.interior = border.edge, border.interior
        self.skipped = border.interior - border.computed

    def forward(self, maps: list[Tensor]) -> Tensor:
        computed, constant, edge, image = maps[0], maps[1], maps[2], maps[3]
        height = map_side(image.shape[2], self.windows)
        width = map_side(image.shape[3], self.windows)
        edges = edge.expand(image.shape[0], -1, -1, -1)
        assembled = stretch(edges, height, width, self.edge)
        bottom = interior_end(image.shape[2], self.windows)
        right = interior_end(image.shape[3], self.windows)
        last, skipped = bottom - self.interior + self.skipped, self.skipped
        end = right - self.interior + skipped
        interior = computed[:, :, skipped:last, skipped:end] + constant
        assembled[:, :, self.interior : bottom, self.interior : right] = interior
        return assembled


def skip_constant_border(net: NetT, *, trains: bool = False) -> NetT:
    """The net with its first layers computed only where they depend on the image.

    These are its 3 x 3 convolutions and 2 x 2 poolings behind a padding of at least `WIDE_PADDING`;
    of other nets nothing is skipped. The weights are shared with `net`. The constants are those of
    its weights as they are, or where it trains, follow them.
    """
    layers, inputs = net.copy_layers(), inputs_of(net)
    chains = _chains(layers, inputs)
    chain_of = {each.name: chain for chain in chains for each in chain}
    new: Layers = {}
    assembled: dict[str, str] = {}  # the assembled map of a layer, where others need it
    for name, layer in layers.items():
        clear_inputs(layer)
        if name not in chain_of:
            add_layer(new, name, layer, *(assembled.get(source, source) for source in inputs[name]))
            continue
        names = [each.name for each in chain_of[name]]
        position = names.index(name)
        if trains:
            _add_trained_interior(new, chain_of[name], position, inputs[name][0])
        else:
            add_layer(new, name, _interior_form(chain_of[name], position), *inputs[name])
        consumers = {consumer for consumer, sources in inputs.items() if name in sources}
        if consumers - {*names[position + 1 : position + 2]}:
            chain, image = chain_of[name][: position + 1], inputs[names[0]][0]
            assembled[name] = _add_assembled_map(new, chain, image, assembled, trains=trains)
    return net.with_layers(new)


def _chains(layers: Layers, inputs: Mapping[str, list[str]]) -> list[list[InteriorLayer]]:
    """The layers of each stream, in their order, of which only the interior need be computed."""
    chains: list[list[InteriorLayer]] = []
    for name, following in pairwise([*layers, ""]):
        source, layer = inputs[name][0], layers[name]
        pooled = isinstance(layers.get(following), nn.MaxPool2d)
        first = source == IMAGE_LAYER or isinstance(layers[source], Cast | ChannelSlice)
        if first and (found := _interior_layer(name, layer, None, then_pooled=pooled)):
            chains.append([found])
        elif chains and source == chains[-1][-1].name:
            previous = chains[-1][-1]
            if found := _interior_layer(name, layer, previous, then_pooled=pooled):
                chains[-1].append(found)
    return chains


def _interior_layer(
    name: str, layer: nn.Module, previous: InteriorLayer | None, *, then_pooled: bool
) -> InteriorLayer | None:
    """The layer with its border; None: it is of another kind, or its edge reaches the interior."""
    if isinstance(layer, nn.MaxPool2d):
        return _pooling(name, layer, previous)
    if not isinstance(layer, ConvReLU) or layer.stride != (1, 1) or layer.groups > 1:
        return None
    kernel, _, padding = kernel_stride_padding(layer)
    border = previous.border if previous else Border(0, 0, 0)
    interior = border.interior + padding - kernel + 1
    if previous is None and padding < WIDE_PADDING:
        return None
    if previous is not None and interior - padding < border.edge:
        return None
    computed = border.computed + padding - kernel + 1
    if then_pooled:  # from an even cell on, and with a constant one behind the last
        computed -= 1 + (computed - 1) % 2
    input_constant = torch.zeros(layer.in_channels, dtype=torch.float64)
    edge = 0  # the first padding puts zeros around zeros
    if previous:
        input_constant = previous.constant
        edge = border.edge + padding
    constant = _before_relu(layer, input_constant).clamp(min=0)
    return InteriorLayer(name, layer, Border(interior, computed, edge), input_constant, constant)


def _pooling(
    name: str, layer: nn.MaxPool2d, previous: InteriorLayer | None
) -> InteriorLayer | None:
    if not halves(layer) or previous is None or not isinstance(previous.layer, ConvReLU):
        return None
    border = previous.border
    if border.interior // 2 * 2 < border.edge:
        return None
    # At the far end a window may hold one cell of the edge and one of the constant.
    pooled = Border(border.interior // 2, border.computed // 2, border.edge // 2 + 1)
    return InteriorLayer(name, layer, pooled, previous.constant, previous.constant)


def halves(layer: nn.MaxPool2d) -> bool:
    """Whether a pooling is of 2 x 2 cells, and of fewer at the far ends."""
    return (layer.kernel_size, layer.stride, layer.padding, layer.ceil_mode) == (2, 2, 0, True)


def _interior_form(chain: list[InteriorLayer], position: int) -> nn.Module:
    """The layer that computes the interior of a layer of the chain, less its constant."""
    each = chain[position]
    if not isinstance(each.layer, ConvReLU):
        return each.layer
    padding = _interior_padding(chain, position)
    return BorderOffsetConv(each.layer, each.input_constant, padding=padding)


def _add_trained_interior(
    layers: Layers, chain: list[InteriorLayer], position: int, source: str
) -> None:
    """Add the same for training, and what becomes its constant."""
    each = chain[position]
    if not isinstance(each.layer, ConvReLU):
        add_layer(layers, each.name, each.layer, source)
        return
    earlier = f"{_last_conv(chain[:position])[0]}/before" if position else source
    before = ConstantBeforeReLU(each.layer, first=position == 0)
    name = add_layer(layers, f"{each.name}/before", before, earlier)
    conv = TrainedOffsetConv(each.layer, _interior_padding(chain, position))
    add_layer(layers, each.name, conv, source, name)


def _interior_padding(chain: list[InteriorLayer], position: int) -> int:
    """The padding with which a convolution of the chain computes what it has to."""
    each = chain[position]
    assert isinstance(each.layer, nn.Conv2d)
    computed = chain[position - 1].border.computed if position else 0
    return computed - each.border.computed + kernel_stride_padding(each.layer)[2]


def _last_conv(chain: list[InteriorLayer]) -> tuple[str, ConvReLU]:
    """The name and the layer of the chain's last convolution."""
    return next(
        (each.name, each.layer) for each in reversed(chain) if isinstance(each.layer, ConvReLU)
    )


def _add_constant_map(
    layers: Layers, chain: list[InteriorLayer], image: str, *, trains: bool
) -> str:
    """Add the constant of the chain's last layer as a map; returns its name."""
    name = f"{chain[-1].name}/constant"
    if name in layers:
        return name
    if not trains:
        return add_layer(layers, name, ConstantMap(chain[-1]), image)
    conv, layer = _last_conv(chain)
    return add_layer(layers, name, TrainedConstantMap(layer), f"{conv}/before")


def _add_assembled_map(
    layers: Layers,
    chain: list[InteriorLayer],
    image: str,
    assembled: Mapping[str, str],
    *,
    trains: bool,
) -> str:
    """Add the edge and the whole map of the chain's last layer; returns the latter's name."""
    known = [i for i, each in enumerate(chain) if each.name in assembled]
    begin = known[-1] if known else 0
    if known:
        edge = f"{chain[begin].name}/edge"
    else:
        edge = _add_constant_map(layers, chain[:1], image, trains=trains)
    constant = _add_constant_map(layers, chain, image, trains=trains)
    name = chain[-1].name
    if len(chain) - 1 > begin:
        edge = add_layer(layers, f"{name}/edge", EdgeMap(chain, begin + 1), edge, image)
    return add_layer(layers, f"{name}/whole", AssembleMap(chain), name, constant, edge, image)


def stretch(x: Tensor, height: int, width: int, edge: int) -> Tensor:
    """A map of this size with the first and last `edge` cells of `x`, its constant between them."""
    x = x.permute(0, 2, 3, 1)  # cells are copied whole, and stay so
    for dim, size in ((1, height), (2, width)):
        cell = torch.arange(size, device=x.device)
        from_end = x.shape[dim] - size + cell
        chosen = torch.where(cell < size - edge, cell.clamp(max=edge), from_end)
        x = x.index_select(dim, chosen)
    return x.permute(0, 3, 1, 2)


def map_side(side: int, windows: list[tuple[int, int, int]]) -> int:
    """The cells along a side of the whole map, for an image of `side` pixels."""
    for kernel, stride, padding in windows:
        side = (side + 2 * padding - kernel + stride - 1) // stride + 1
    return side


def interior_end(side: int, windows: list[tuple[int, int, int]]) -> int:
    """The cell of the whole map from which on nothing depends on the image."""
    for _, stride, padding in windows:
        side = (side + padding + stride - 1) // stride
    return side


def _windows(chain: Sequence[InteriorLayer]) -> list[Window]:
    return [kernel_stride_padding(each.layer) for each in chain]


def _cells_needed(chain: Sequence[InteriorLayer], position: int) -> int:
    """The least side of the edge map that a layer takes, where layers of another stride begin.

    One constant cell must be left between the two edges, up to and behind the next pooling.
    """
    if position > 1 and isinstance(chain[position - 1].layer, nn.Conv2d):
        return 0
    least = 0
    for each in chain[position:]:
        pooling = isinstance(each.layer, nn.MaxPool2d)
        least = max(least, (2 if pooling else 1) * (2 * each.border.edge + 1))
        if pooling:
            break
    return least


def _before_relu(layer: nn.Conv2d, constant: Tensor) -> Tensor:
    """A convolution's output [C], before its ReLU, on a map of a constant [C]."""
    assert layer.bias is not None
    return layer.weight.detach().double().sum((2, 3)) @ constant + layer.bias.detach().double()


def _constant_map(layer: InteriorLayer) -> Tensor:
    """The constant as a map of one cell [1, C, 1, 1], of the type of the layer's weights."""
    weight = next(layer.layer.parameters(), layer.constant)
    return layer.constant.to(weight.dtype)[None, :, None, None]
