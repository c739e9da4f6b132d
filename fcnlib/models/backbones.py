"""The classification nets of section 4.1 as ordered, named layers, from conv1 to fc7."""

import math
from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional

from fcnlib.models.geometry import compose

Layers = dict[str, nn.Module]


class ConvReLU(nn.Conv2d):
    """A convolution and its ReLU, under the convolution's published name."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, padding: int = 0, dropout: float = 0.0
    ) -> None:
        super().__init__(inputs, outputs, kernel, padding=padding)
        self.dropout = dropout
        # Holds a BatchNorm while the narrow classifier is pre-trained.
        self.norm: nn.Module = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self._conv_forward(x, self.weight, self.bias))
        return functional.dropout(functional.relu(x), self.dropout, self.training)


def vgg16(
    *,
    width: float = 1.0,
    padding: int = 100,
    fc6_kernel: int = 7,
    dropout: float = 0.5,
    input_channels: int = 3,
) -> Layers:
    """VGG16 from conv1_1 to fc7 (Simonyan and Zisserman, 2014), `padding` around conv1_1.

    The paper's 100 pixels let an unpadded fc6 reach every image border; where `padding` is too
    small for that, fc6 is padded itself.
    """
    layers: Layers = {}
    inputs = input_channels
    for block, (convolutions, outputs) in enumerate(
        [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)], start=1
    ):
        outputs = scaled(outputs, width)
        for i in range(1, convolutions + 1):
            pad = padding if not layers else 1
            layers[f"conv{block}_{i}"] = ConvReLU(inputs, outputs, 3, padding=pad)
            inputs = outputs
        # Caffe rounds pooled sizes up.
        layers[f"pool{block}"] = nn.MaxPool2d(2, 2, ceil_mode=True)
    fc = scaled(4096, width)
    # conv1_1 makes 2 * padding - 1 pixels of one; an unpadded fc6 needs its window even then.
    cells = math.ceil((2 * padding - 1) / compose(layers.values()).stride)
    fc6_padding = 0 if cells >= fc6_kernel else fc6_kernel // 2
    layers["fc6"] = ConvReLU(inputs, fc, fc6_kernel, padding=fc6_padding, dropout=dropout)
    layers["fc7"] = ConvReLU(fc, fc, 1, dropout=dropout)
    return layers


def scaled(channels: int, width: float) -> int:
    """A layer's channels in a net of this width."""
    return max(1, round(channels * width))


BACKBONES: dict[str, Callable[..., Layers]] = {"vgg16": vgg16}
