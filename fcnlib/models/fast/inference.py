"""The same net for inference on one device: less to compute, faster layers, fewer bits."""

import copy
from typing import TypeVar

import torch
from torch import Tensor, nn

from fcnlib.core.errors import InputError
from fcnlib.models.fast.bilinear import bilinear
from fcnlib.models.fast.constant_border import BorderOffsetConv, Edge, skip_constant_border
from fcnlib.models.fast.winograd import (
    Pointwise,
    Winograd,
    WinogradRows,
    tile_kernel,
)
from fcnlib.models.graph import LayerGraph
from fcnlib.models.layers import (
    IMAGE_LAYER,
    Cast,
    Channels,
    ConvReLU,
    InFloat,
    Layers,
    Upscore,
    add_layer,
    copy_inputs,
    inputs_of,
)

# Channels from which on a tile's transforms are small beside its products.
MANY = 128
# And from which on a 1 x 1 convolution has more weights than cells.
VERY_MANY = 1024

Net = TypeVar("Net", bound=LayerGraph)


def optimize_for_inference(net: Net, device: str, precision: str) -> Net:
    """The net for inference on a device; `net` itself must not be used any more.

    In bf16 the trunk computes in 16 bits, the scores in 32; tf32 is for CUDA, and as PyTorch sets
    it: for the whole process.
    """
    cuda = device.startswith("cuda")
    if precision == "tf32" and not cuda:
        raise InputError(f"precision tf32 on {device}; expected fp32 or bf16, or a CUDA device")
    if precision == "bf16":
        net = _in_bf16(net)
    made = fast(net) if not cuda and precision == "fp32" else skip_constant_border(net)
    made = made.to(device)
    if cuda:
        torch.backends.cudnn.allow_tf32 = precision == "tf32"
        torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    for layer in made.modules():
        if isinstance(layer, nn.Conv2d):
            weight = layer.weight.detach().to(memory_format=torch.channels_last)
            layer.weight = nn.Parameter(weight, requires_grad=False)
    return made


def _in_bf16(net: Net) -> Net:
    """The net with its trunk in 16 bits; score layers and what follows them in 32."""
    layers: Layers = {}
    bottoms = inputs_of(net)
    add_layer(layers, "bf16", Cast(torch.bfloat16))
    for name, layer in net.items():
        read = bottoms[name]
        if isinstance(layer, ConvReLU | Channels):
            read = ["bf16" if bottom == IMAGE_LAYER else bottom for bottom in read]
        if name.startswith("score") and isinstance(layer, nn.Conv2d):
            add_layer(layers, name, InFloat(layer), *read)
        else:
            in_trunk = isinstance(layer, ConvReLU)
            add_layer(layers, name, layer.to(torch.bfloat16) if in_trunk else layer, *read)
    return net.with_layers(layers)


def fast(net: Net) -> Net:
    """The net made of faster layers: the scores of `net` up to rounding, for a CPU and fp32."""
    kernels: dict[int, Tensor] = {}
    layers = {name: _faster(layer, kernels) for name, layer in skip_constant_border(net).items()}
    return net.with_layers(layers)


def _faster(layer: nn.Module, kernels: dict[int, Tensor]) -> nn.Module:
    new: nn.Module = copy_inputs(layer, _replaced(layer, kernels))
    return new


def _replaced(layer: nn.Module, kernels: dict[int, Tensor]) -> nn.Module:
    if isinstance(layer, Edge):
        new = copy.copy(layer)
        new._modules = {"layers": nn.ModuleList(_faster(each, kernels) for each in layer.layers)}
        return new
    if isinstance(layer, Upscore):
        return bilinear(layer) or layer
    if not isinstance(layer, ConvReLU | BorderOffsetConv) or not _plain(layer):
        return layer
    assert layer.bias is not None
    side = int(layer.kernel_size[0])
    if side == 3 and layer.in_channels >= MANY:
        return _winograd(layer, kernels)
    if side > 3 and layer.in_channels >= MANY:
        return WinogradRows(layer.weight, layer.bias, padding=int(layer.padding[0]))
    if side == 1 and layer.in_channels >= VERY_MANY:
        return Pointwise(layer.weight, layer.bias)
    return layer


def _plain(layer: nn.Conv2d) -> bool:
    stays = not isinstance(getattr(layer, "norm", None), nn.BatchNorm2d)
    return layer.stride == (1, 1) and layer.groups == 1 and stays


def _winograd(layer: nn.Conv2d, kernels: dict[int, Tensor]) -> Winograd:
    """The layer by tiles; layers of the same weights share them transformed."""
    assert layer.bias is not None
    if id(layer.weight) not in kernels:
        kernels[id(layer.weight)] = tile_kernel(layer.weight)
    kernel = kernels[id(layer.weight)]
    centred = isinstance(layer, BorderOffsetConv)  # what lies beyond its end is 0, as around it
    floor = layer.floor if isinstance(layer, BorderOffsetConv) else torch.zeros(1)
    padding = int(layer.padding[0])
    return Winograd(kernel, layer.bias, floor, padding=padding, cropped=not centred)
