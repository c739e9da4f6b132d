"""The classification nets of section 4.1 as ordered, named layers, without their last layer."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import nn

from fcnlib.core.errors import InputError
from fcnlib.models.geometry import sizes
from fcnlib.models.layers import Concat, ConvReLU, Layers, add_layer

# Channels of each inception: 1x1, 3x3_reduce, 3x3, 5x5_reduce, 5x5, pool_proj.
INCEPTIONS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


def alexnet(
    *,
    width: float = 1.0,
    padding: int | None = None,
    fc6_kernel: int | None = None,
    dropout: float | None = None,
    input_channels: int = 3,
) -> Layers:
    """AlexNet as CaffeNet, which pools before it normalises (Krizhevsky et al., 2012).

    Args:
        width: The share of the published channels that each layer has.
        padding: Of conv1, in pixels. None: the FCN's 100.
        fc6_kernel: Side of fc6's kernel in cells. None: 6.
        dropout: Behind fc6 and fc7. None: 0.5.
        input_channels: Channels of the image.
    """
    layers: Layers = {}
    padding = 100 if padding is None else padding
    channels = input_channels
    convolutions = [  # channels, kernel, stride, padding, groups
        (96, 11, 4, padding, 1),
        (256, 5, 1, 2, 2),
        (384, 3, 1, 1, 1),
        (384, 3, 1, 1, 2),
        (256, 3, 1, 1, 2),
    ]
    for i, (published, kernel, stride, pad, groups) in enumerate(convolutions, start=1):
        outputs = scaled(published, width, multiple=2)  # for the next layer's groups too
        layers[f"conv{i}"] = ConvReLU(
            channels, outputs, kernel, stride=stride, padding=pad, groups=groups
        )
        channels = outputs
        if i in (1, 2, 5):
            layers[f"pool{i}"] = nn.MaxPool2d(3, 2, ceil_mode=True)
        if i in (1, 2):
            layers[f"norm{i}"] = lrn()
    return _with_fc(layers, channels, fc6_kernel or 6, width=width, dropout=dropout)


def vgg(
    convolutions: tuple[int, ...],
    *,
    width: float = 1.0,
    padding: int | None = None,
    fc6_kernel: int | None = None,
    dropout: float | None = None,
    input_channels: int = 3,
) -> Layers:
    """A VGG net from conv1_1 to fc7 (Simonyan and Zisserman, 2014).

    Args:
        convolutions: How many convolutions each of the five blocks has.
        width: The share of the published channels that each layer has.
        padding: Of conv1_1, in pixels. None: the FCN's 100.
        fc6_kernel: Side of fc6's kernel in cells. None: 7.
        dropout: Behind fc6 and fc7. None: 0.5.
        input_channels: Channels of the image.
    """
    layers: Layers = {}
    channels = input_channels
    for block, count in enumerate(convolutions, start=1):
        outputs = scaled(min(32 * 2**block, 512), width)
        for i in range(1, count + 1):
            pad = 1 if layers else 100 if padding is None else padding
            layers[f"conv{block}_{i}"] = ConvReLU(channels, outputs, 3, padding=pad)
            channels = outputs
        # Caffe rounds pooled sizes up.
        layers[f"pool{block}"] = nn.MaxPool2d(2, 2, ceil_mode=True)
    return _with_fc(layers, channels, fc6_kernel or 7, width=width, dropout=dropout)


def googlenet(
    *,
    width: float = 1.0,
    padding: int | None = None,
    fc6_kernel: int | None = None,
    dropout: float | None = None,
    input_channels: int = 3,
) -> Layers:
    """GoogLeNet up to inception_5b (Szegedy et al., 2014), without its two side losses.

    Nothing shrinks its map once the final 7 x 7 pooling is gone, so it keeps its own padding of 3.

    Args:
        width: The share of the published channels that each layer has.
        padding: Of the first convolution, in pixels. None: 3.
        fc6_kernel: None, as there is no fc6.
        dropout: Behind the last inception. None: 0.4.
        input_channels: Channels of the image.
    """
    if fc6_kernel is not None:
        raise InputError(f"fc6_kernel: {fc6_kernel}; expected none, as googlenet has no fc6")
    padding = 3 if padding is None else padding
    first, reduced, second = (scaled(channels, width) for channels in (64, 64, 192))
    layers: Layers = {
        "conv1/7x7_s2": ConvReLU(input_channels, first, 7, stride=2, padding=padding),
        "pool1/3x3_s2": nn.MaxPool2d(3, 2, ceil_mode=True),
        "pool1/norm1": lrn(),
        "conv2/3x3_reduce": ConvReLU(first, reduced, 1),
        "conv2/3x3": ConvReLU(reduced, second, 3, padding=1),
        "conv2/norm2": lrn(),
        "pool2/3x3_s2": nn.MaxPool2d(3, 2, ceil_mode=True),
    }
    channels, last = second, list(INCEPTIONS)[-1]
    for name, outputs in INCEPTIONS.items():
        if name in ("4a", "5a"):
            layers[f"pool{int(name[0]) - 1}/3x3_s2"] = nn.MaxPool2d(3, 2, ceil_mode=True)
        rate = (0.4 if dropout is None else dropout) if name == last else 0.0
        widths = [scaled(published, width) for published in outputs]
        channels = _add_inception(layers, f"inception_{name}", channels, widths, rate)
    return layers


def lrn() -> nn.LocalResponseNorm:
    """Local response normalisation as in AlexNet and GoogLeNet."""
    return nn.LocalResponseNorm(5, 1e-4, 0.75, 1.0)


def scaled(channels: int, width: float, *, multiple: int = 1) -> int:
    """A layer's channels in a net of this width: a positive multiple of `multiple`."""
    return multiple * max(1, round(channels * width / multiple))


def _with_fc(
    layers: Layers, in_channels: int, kernel: int, *, width: float, dropout: float | None
) -> Layers:
    """The layers with fc6 and fc7 behind them, as convolutions.

    The paper's 100 pixels let an unpadded fc6 reach every image border; where the padding is too
    small for that, fc6 is padded itself.
    """
    fc, rate = scaled(4096, width), 0.5 if dropout is None else dropout
    # Even an image of one pixel must give an unpadded fc6 its window.
    cells = (sizes(layers, 1) or {"": 0}).popitem()[1]
    padding = 0 if cells >= kernel else kernel // 2
    layers["fc6"] = ConvReLU(in_channels, fc, kernel, padding=padding, dropout=rate)
    layers["fc7"] = ConvReLU(fc, fc, 1, dropout=rate)
    return layers


def _add_inception(
    layers: Layers, name: str, channels: int, widths: list[int], dropout: float
) -> int:
    """Add an inception of branches of these widths; returns its output channels."""
    previous = next(reversed(layers))
    one, reduced3, three, reduced5, five, pooled = widths
    branches = [
        add_layer(layers, f"{name}/1x1", ConvReLU(channels, one, 1)),
        add_layer(layers, f"{name}/3x3_reduce", ConvReLU(channels, reduced3, 1), previous),
        add_layer(layers, f"{name}/3x3", ConvReLU(reduced3, three, 3, padding=1)),
        add_layer(layers, f"{name}/5x5_reduce", ConvReLU(channels, reduced5, 1), previous),
        add_layer(layers, f"{name}/5x5", ConvReLU(reduced5, five, 5, padding=2)),
        add_layer(layers, f"{name}/pool", nn.MaxPool2d(3, 1, padding=1, ceil_mode=True), previous),
        add_layer(layers, f"{name}/pool_proj", ConvReLU(channels, pooled, 1)),
    ]
    add_layer(layers, f"{name}/output", Concat(dropout), *branches[::2])
    return one + three + five + pooled


@dataclass(frozen=True)
class Backbone:
    """A backbone's layers, and the padding of the classifier that it was."""

    layers: Callable[..., Layers]
    padding: int


BACKBONES: dict[str, Backbone] = {
    "alexnet": Backbone(alexnet, padding=0),
    "vgg16": Backbone(partial(vgg, (2, 2, 3, 3, 3)), padding=1),
    "vgg19": Backbone(partial(vgg, (2, 2, 4, 4, 4)), padding=1),
    "googlenet": Backbone(googlenet, padding=3),
}


def backbone_of(name: str, width: float) -> Backbone:
    """The backbone of this name; InputError if there is none or it cannot have this width."""
    if name not in BACKBONES:
        raise InputError(f"backbone: {name!r}; expected one of: {', '.join(BACKBONES)}")
    if not 0 < width <= 1:
        raise InputError(f"width: {width}; expected more than 0 and at most 1")
    return BACKBONES[name]
