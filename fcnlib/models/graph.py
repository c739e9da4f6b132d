"""A net as its published layers: each takes the output of the one before, or of those it names."""

import copy
from typing import Self

import torch
from torch import Tensor, nn

from fcnlib.core.errors import InputError
from fcnlib.models.geometry import smallest_side
from fcnlib.models.layers import Layers, named_inputs

# Mean colour of ILSVRC in Caffe's channel order, as in the released nets.
ILSVRC_MEAN_BGR = (104.00698793, 116.66876762, 122.67891434)
DEPTH_CHANNEL_COUNTS = (1, 4)  # of images: depth alone, or behind the colours


class LayerGraph(nn.ModuleDict):
    """Layers in the order and under the names of the published net.

    `forward` maps a normalised image [N, C, H, W] to the last layer's output; `normalise` makes
    that image from raw bytes: the net carries its own channel order, mean and scale. Of one or
    four channels, the last is a depth in millimetres, whose logarithm `normalise` takes.
    """

    input_order: Tensor
    input_mean: Tensor
    input_scale: Tensor
    named_outputs: list[str]  # TorchScript cannot infer the type of an empty list

    def __init__(self, layers: Layers, *, channels: int) -> None:
        super().__init__(layers)
        self.smallest_side = smallest_side(layers)
        self.named_outputs = _named_outputs(layers)
        colours = 3 if channels >= 3 else 0
        order = [*reversed(range(colours)), *range(colours, channels)]
        mean = [*ILSVRC_MEAN_BGR[:colours], *[0.0] * (channels - colours)]
        self.depth_channel = channels - 1 if channels in DEPTH_CHANNEL_COUNTS else -1
        self.register_buffer("input_order", torch.tensor(order))
        self.register_buffer("input_mean", torch.tensor(mean))
        self.register_buffer("input_scale", torch.tensor(1.0))

    def copy_layers(self) -> Layers:
        """Shallow copies of the layers, which share their weights."""
        return {name: copy.copy(layer) for name, layer in self.items()}

    def with_layers(self, layers: Layers) -> Self:
        """A copy of this net made of other layers that compute the same."""
        net = copy.copy(self)
        net._modules, net._buffers = dict(layers), dict(self._buffers)
        net.named_outputs = _named_outputs(layers)
        return net

    def normalise(self, image: Tensor) -> Tensor:
        """The net's own float input [N, C, H, W] of raw channels: RGB bytes first, depth in mm."""
        # Copied, as indexing alone would lose the layout (channels last), which decides the speed.
        ordered = torch.empty_like(image, dtype=torch.float32)
        ordered.copy_(image.index_select(1, self.input_order))
        if self.depth_channel >= 0:  # the last one
            # Of all channels, for one: a change of a part in place would fix an export's sides.
            is_depth = self.input_order[:, None, None] == self.depth_channel
            ordered = torch.where(is_depth, ordered.clamp(min=1).log(), ordered)
        return (ordered - self.input_mean[:, None, None]) * self.input_scale

    def blank(self) -> Tensor:
        """The raw channels [C] that `normalise` maps to 0: bytes, and millimetres of depth."""
        values = torch.zeros_like(self.input_mean)
        values[self.input_order] = self.input_mean
        if self.depth_channel >= 0:
            values[self.depth_channel] = self.input_mean[self.depth_channel].exp()
        return values

    def forward(self, image: Tensor) -> Tensor:
        height, width = image.shape[2], image.shape[3]
        if min(height, width) < self.smallest_side:
            raise InputError(
                f"image of {height} x {width} pixels: expected at least {self.smallest_side} a side"
            )
        return self.run_layers(image)

    def run_layers(self, image: Tensor) -> Tensor:
        """The last layer's output of a normalised image that is large enough."""
        outputs: dict[str, Tensor] = {"data": image}
        x = image
        for name, layer in self.items():  # unrolled by TorchScript, and so is hasattr
            if hasattr(layer, "inputs"):
                x = layer([outputs[source] for source in layer.inputs])  # type: ignore[union-attr]
            elif hasattr(layer, "input"):
                x = layer(outputs[layer.input])  # type: ignore[index]
            else:
                x = layer(x)
            if name in self.named_outputs:
                outputs[name] = x
        return x


def _named_outputs(layers: Layers) -> list[str]:
    """The layers whose output is kept, as a later layer names it as its input."""
    named = {source for layer in layers.values() for source in named_inputs(layer)}
    return [name for name in layers if name in named]
