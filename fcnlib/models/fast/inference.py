"""Faster nets for inference on one device: less to compute, faster layers, fewer bits."""

from collections import Counter
from typing import TypeVar

import torch
from torch import nn

from fcnlib.models.fast.bilinear import as_bilinear
from fcnlib.models.fast.constant_border import (
    BorderOffsetConv,
    EdgeMap,
    RememberedEdge,
    halves,
    skip_constant_border,
)
from fcnlib.models.fast.products import PackedMatrices
from fcnlib.models.fast.winograd import (
    BORDER_CHANNELS,
    POINTWISE_CHANNELS,
    WINOGRAD_CHANNELS,
    Pointwise,
    WinogradRows,
)
from fcnlib.models.fast.winograd_tiles import Winograd, tile_kernel
from fcnlib.models.graph import LayerGraph
from fcnlib.models.layers import (
    IMAGE_LAYER,
    Cast,
    ChannelSlice,
    ConvReLU,
    InFloat32,
    Layers,
    Upscore,
    add_layer,
    copy_inputs,
    inputs_of,
    is_score_layer,
    named_inputs,
)

NetT = TypeVar("NetT", bound=LayerGraph)


def optimize_for_inference(net: NetT, device: str, precision: str) -> NetT:
    """A faster form of the net on a device; `net` itself must not be used any more.

    It needs none of the memory that holds the weights, which may be mapped from a file. In bf16 the
    trunk computes in 16 bits, the scores in 32. TF32 is set for the whole process
    (fcnlib/core/precision.py), so that the net of fp32 is the same.
    """
    given = {tensor.untyped_storage().data_ptr() for tensor in net.state_dict().values()}
    if precision == "bf16":
        net = _in_bf16(net)
    on_cpu_in_fp32 = not device.startswith("cuda") and precision == "fp32"
    made = with_fast_layers(net) if on_cpu_in_fp32 else skip_constant_border(net)
    made = made.to(device)
    for layer in made.modules():
        if isinstance(layer, nn.Conv2d):
            weight = layer.weight.detach().to(memory_format=torch.channels_last)
            layer.weight = nn.Parameter(weight, requires_grad=False)
    for module in made.modules():
        for parameter in module.parameters(recurse=False):
            if parameter.untyped_storage().data_ptr() in given:
                parameter.data = parameter.detach().clone()
        for name, buffer in module.named_buffers(recurse=False):
            if buffer.untyped_storage().data_ptr() in given:
                setattr(module, name, buffer.clone())  # anew, as a view would keep its base
    return made


def _in_bf16(net: NetT) -> NetT:
    """The net with its trunk in 16 bits; score layers and what follows them in 32."""
    layers: Layers = {}
    inputs_by_name = inputs_of(net)
    add_layer(layers, "bf16", Cast(torch.bfloat16))
    for name, layer in net.items():
        inputs = inputs_by_name[name]
        if isinstance(layer, ConvReLU | ChannelSlice):
            inputs = ["bf16" if source == IMAGE_LAYER else source for source in inputs]
        if is_score_layer(name) and isinstance(layer, nn.Conv2d):
            add_layer(layers, name, InFloat32(layer), *inputs)
        else:
            in_trunk = isinstance(layer, ConvReLU)
            add_layer(layers, name, layer.to(torch.bfloat16) if in_trunk else layer, *inputs)
    return net.with_layers(layers)


def with_fast_layers(net: NetT) -> NetT:
    """The net made of faster layers: the scores of `net` up to rounding, for a CPU and fp32."""
    kernels: dict[int, PackedMatrices] = {}
    layers = {
        name: _fast_layer(layer, kernels) for name, layer in skip_constant_border(net).items()
    }
    return net.with_layers(_with_pooled_tiles(layers))


def has_own_threads(module: nn.Module) -> bool:
    """Whether layers of a module share their work among threads, which TorchScript cannot."""
    return any(isinstance(layer, Winograd) for layer in module.modules())


def _with_pooled_tiles(layers: Layers) -> Layers:
    """The layers, with poolings computed by the tiles that they alone take."""
    consumers = Counter(source for sources in inputs_of(layers).values() for source in sources)
    made: Layers = {}
    for name, layer in layers.items():
        before = next(reversed(made), "")
        tiles = made.get(before)
        alone = consumers[before] == 1 and not named_inputs(layer)
        if (
            isinstance(layer, nn.MaxPool2d)
            and halves(layer)
            and isinstance(tiles, Winograd)
            and alone
        ):
            tiles.pooled = True
            made[name] = nn.Identity()
        else:
            made[name] = layer
    return made


def _fast_layer(layer: nn.Module, kernels: dict[int, PackedMatrices]) -> nn.Module:
    """The faster layer with the inputs of this one, or the layer itself."""
    fast: nn.Module = copy_inputs(layer, _fast_form(layer, kernels))
    return fast


def _fast_form(layer: nn.Module, kernels: dict[int, PackedMatrices]) -> nn.Module:
    if isinstance(layer, EdgeMap):
        fast = nn.ModuleList(_fast_layer(each, kernels) for each in layer.layers)
        # A net without layers by tiles is compiled, which a memory cannot be.
        return RememberedEdge(layer, fast) if has_own_threads(fast) else layer
    if isinstance(layer, Upscore):
        return as_bilinear(layer) or layer
    if not isinstance(layer, ConvReLU | BorderOffsetConv) or not _is_plain(layer):
        return layer
    assert layer.bias is not None
    side = int(layer.kernel_size[0])
    # Behind a wide padding maps are large, so that a narrower layer has tiles enough.
    channels = BORDER_CHANNELS if isinstance(layer, BorderOffsetConv) else WINOGRAD_CHANNELS
    if side == 3 and layer.in_channels >= channels:
        return _winograd(layer, kernels)
    if side > 3 and layer.in_channels >= WINOGRAD_CHANNELS:
        return WinogradRows(layer.weight, layer.bias, padding=int(layer.padding[0]))
    if side == 1 and layer.in_channels >= POINTWISE_CHANNELS:
        return Pointwise(layer.weight, layer.bias)
    return layer


def _is_plain(layer: nn.Conv2d) -> bool:
    """Whether a convolution has stride 1, one group and no normalisation."""
    normalises = isinstance(getattr(layer, "norm", None), nn.BatchNorm2d)
    return layer.stride == (1, 1) and layer.groups == 1 and not normalises


def _winograd(layer: nn.Conv2d, kernels: dict[int, PackedMatrices]) -> Winograd:
    """The layer by tiles; layers of the same weights share the transformed weights."""
    assert layer.bias is not None
    if id(layer.weight) not in kernels:
        kernels[id(layer.weight)] = tile_kernel(layer.weight)
    kernel = kernels[id(layer.weight)]
    floor, cropped = torch.zeros(1), True
    if isinstance(layer, BorderOffsetConv):  # what lies beyond its end is 0, as around it
        floor, cropped = layer.floor, False
    padding = int(layer.padding[0])
    return Winograd(kernel, layer.bias, floor, padding=padding, cropped=cropped)
