"""Our nets as the layers of a .caffemodel, under their published names."""

import json
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from fcnlib.models.fcn import FCN
from fcnlib.models.graph import LayerGraph
from fcnlib.models.layers import IMAGE_LAYER, ChannelSlice, SkipScore, Upscore, inputs_of
from fcnlib.models.weights.caffemodel import CaffeLayer
from fcnlib.models.weights.sources import published_name


def caffe_layers(net: LayerGraph) -> dict[str, CaffeLayer]:
    """The layers that Caffe stores of the net: dense upsampling kernels, Scale layers, the mean.

    A classifier's fully connected layers are InnerProducts, an FCN's convolutions. The input's
    scale, which Caffe's files do not have, is folded into the first layer: exactly, if it is a
    power of two.
    """
    mean, order = net.input_mean.tolist(), net.input_order.tolist()
    settings = str({"mean": tuple(mean), "order": tuple(order)})
    layers = {"data": CaffeLayer(type="Python", settings=settings)}
    first_convolutions = _first_convolutions(net)
    for name, layer in net.items():
        published = published_name(name)
        if isinstance(layer, Upscore):
            layers[published] = CaffeLayer([_dense_kernels(layer.weight).numpy()], "Deconvolution")
        elif isinstance(layer, nn.Conv2d):
            scale = net.input_scale if name in first_convolutions else torch.tensor(1.0)
            if isinstance(layer, SkipScore) and layer.scale != 1:
                layers |= _scale_layer(layer)
            fully_connected = not isinstance(net, FCN) and name.startswith(("fc", "loss3"))
            layers[published] = _convolution(layer, scale, fully_connected=fully_connected)
    return layers


def label_layer(labels: Mapping[str, object]) -> CaffeLayer:
    """A layer that holds the classes' names and colours; Caffe ignores it."""
    return CaffeLayer(type="Python", settings=json.dumps(labels))


def _convolution(layer: nn.Conv2d, scale: Tensor, *, fully_connected: bool) -> CaffeLayer:
    assert layer.bias is not None
    weight, bias = layer.weight.detach() * scale, layer.bias.detach()
    if fully_connected:
        return CaffeLayer([weight.flatten(1).numpy(), bias.numpy()], "InnerProduct")
    pad = layer.padding[0]
    assert isinstance(pad, int)
    return CaffeLayer([weight.numpy(), bias.numpy()], "Convolution", pad=pad)


def _scale_layer(layer: SkipScore) -> dict[str, CaffeLayer]:
    source = layer.input
    assert isinstance(source, str)
    scales = torch.full([layer.in_channels], layer.scale)
    return {published_name(f"scale_{source}"): CaffeLayer([scales.numpy()], "Scale")}


def _dense_kernels(kernels: Tensor) -> Tensor:
    """Kernels [classes, 1, k, k] as Caffe stores them: [classes, classes, k, k], zero elsewhere."""
    classes, _, side, _ = kernels.shape
    dense = torch.zeros(classes, classes, side, side)
    dense[range(classes), range(classes)] = kernels.detach()[:, 0]
    return dense


def _first_convolutions(net: LayerGraph) -> set[str]:
    """The convolution that takes the image, or that of each stream."""
    found, images = set(), {IMAGE_LAYER}
    for name, inputs in inputs_of(net).items():
        if images.intersection(inputs):
            if isinstance(net[name], nn.Conv2d):
                found.add(name)
            elif isinstance(net[name], ChannelSlice):
                images.add(name)
    return found
