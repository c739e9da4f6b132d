"""The one fully convolutional net: every variant of the paper is a value of `build_fcn`."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from fcnlib.core.errors import InputError
from fcnlib.models.backbones import backbone_of
from fcnlib.models.graph import ILSVRC_MEAN_BGR, LayerGraph
from fcnlib.models.heads import Head, add_head, scorable
from fcnlib.models.layers import (
    IMAGE_LAYER,
    Channels,
    Concat,
    Layers,
    add_layer,
    named_inputs,
)

__all__ = ["FCN", "ILSVRC_MEAN_BGR", "build_fcn", "labels_of"]

TASK = "semantic"  # of a net with one head
LETTERS = 3  # of a task, in its layers' names
MOST_CLASSES = 255  # labels are bytes, one of them void
STREAM_CHANNELS = 3
VALUES = {
    "upsampling": ("frozen", "learned"),
    "fusion": ("sum", "max"),
    "features": ("learned", "fixed"),
}


def labels_of(scores: Tensor) -> Tensor:
    """The strongest class of every pixel, uint8 [N, H, W]: argmax(1), in a third of its time."""
    return scores.max(1)[1].to(torch.uint8)


class FCN(LayerGraph):
    """A net from a normalised image [N, C, H, W] to scores [N, classes, H, W] of its size.

    `heads` says how many classes each task has; the scores of several tasks stand one after the
    other along the channels; `arguments` are those of `build_fcn`.
    """

    def __init__(
        self,
        layers: Layers,
        *,
        heads: Mapping[str, int],
        channels: int,
        arguments: Mapping[str, Any],
    ) -> None:
        super().__init__(layers, channels=channels)
        self.heads = dict(heads)
        self.arguments = dict(arguments)

    def split(self, scores: Tensor) -> dict[str, Tensor]:
        """The scores of each task."""
        parts: dict[str, Tensor] = {}
        first = 0
        if len(self.heads) == 1:  # as they are: the gradient of a part is filled up with zeros
            return {task: scores for task in self.heads}
        for task, classes in self.heads.items():
            parts[task] = scores[:, first : first + classes]
            first += classes
        return parts


def build_fcn(
    backbone: str = "vgg16",
    predict_from: Sequence[str] = ("fc7", "pool4", "pool3"),
    classes: int | Mapping[str, int] = 21,
    *,
    width: float = 1.0,
    padding: int | None = None,
    skip_scales: Sequence[float] | None = None,
    fc6_kernel: int | None = None,
    dropout: float | None = None,
    input_channels: int = 3,
    upsampling: str = "frozen",
    fusion: str = "sum",
    features: str = "learned",
    null_background: bool = False,
    streams: Sequence[str] = (),
) -> FCN:
    """An FCN that predicts from the named layers, coarsest first; score layers start at zero.

    `["fc7"]` is FCN-32s, `["fc7", "pool4"]` FCN-16s, the default FCN-8s (section 4.3). None stands
    for the published value. `skip_scales` multiply the features of the finer layers (at-once
    training); learned `upsampling` is of all steps but the last; fixed `features` learn in their
    score layers only; a null background is a constant 0 before the other classes' scores; each of
    the `streams` is a whole trunk and sees three of the image's channels.
    """
    arguments = dict(locals())
    _check_values(upsampling=upsampling, fusion=fusion, features=features)
    heads = dict(classes) if isinstance(classes, Mapping) else {TASK: classes}
    _check_heads(heads, null_background)
    _check_channels(input_channels, streams)
    layers: Layers = {}
    for stream in streams or ("",):
        trunk = backbone_of(backbone, width).layers(
            width=width,
            padding=padding,
            fc6_kernel=fc6_kernel,
            dropout=dropout,
            input_channels=STREAM_CHANNELS if streams else input_channels,
        )
        coarsest, *finer = _checked(predict_from, trunk)
        _put_trunk(layers, trunk, coarsest, stream=stream, input_channels=input_channels)
    scales = tuple(skip_scales or [1.0] * len(finer))
    _check_fit(finer, scales, streams)
    head = Head(
        predict_from=[coarsest, *finer],
        scales=scales,
        coarsest="score_fr" if coarsest == next(reversed(trunk)) else f"score_{coarsest}",
        streams=streams,
        learned=upsampling == "learned",
        fusion=fusion,
        null_background=null_background,
        channels=STREAM_CHANNELS * len(streams) or input_channels,
    )
    return _with_heads(layers, head, heads, features, arguments)


def _put_trunk(
    layers: Layers, trunk: Layers, last: str, *, stream: str, input_channels: int
) -> None:
    """Put a trunk up to its layer `last` on top of the layers, its names those of the stream's."""
    names = {name: f"{name}_{stream}" if stream else name for name in trunk}
    if stream:
        first = STREAM_CHANNELS * sum(isinstance(layer, Channels) for layer in layers.values())
        add_layer(layers, stream, Channels(first, STREAM_CHANNELS), IMAGE_LAYER)
    elif input_channels == 4:  # as in the released RGB-D net: no one copies 3 channels into it
        names[next(iter(trunk))] += "_bgrd"
    for name, layer in trunk.items():
        add_layer(layers, names[name], layer, *(names[bottom] for bottom in named_inputs(layer)))
        if name == last:
            break


def _with_heads(
    layers: Layers,
    head: Head,
    heads: Mapping[str, int],
    features: str,
    arguments: Mapping[str, Any],
) -> FCN:
    """The net of a trunk and score layers, upsampling and crop of each task."""
    suffixes = [f"_{task[:LETTERS]}" for task in heads] if len(heads) > 1 else [""]
    tops = [
        add_head(layers, head, outputs - head.null_background, suffix)
        for suffix, outputs in zip(suffixes, heads.values(), strict=True)
    ]
    if len(tops) > 1:
        add_layer(layers, "scores", Concat(), *tops)
    for name, layer in layers.items():
        if name.startswith("score") and isinstance(layer, nn.Conv2d) and layer.bias is not None:
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        elif features == "fixed":
            layer.requires_grad_(False)
    return FCN(layers, heads=heads, channels=head.channels, arguments=arguments)


def _checked(predict_from: Sequence[str], trunk: Layers) -> list[str]:
    """The layers to predict from, if they stand coarsest first and each is finer."""
    known = scorable(trunk)
    strides = [known.get(name, 0) for name in predict_from]
    if not strides or 0 in strides or strides != sorted(set(strides), reverse=True):
        raise InputError(
            f"predict_from: {list(predict_from)}; expected layers coarsest first, each of a finer "
            f"stride, of: {', '.join(f'{name} ({stride})' for name, stride in known.items())}"
        )
    return list(predict_from)


def _check_heads(heads: Mapping[str, int], null_background: bool) -> None:
    names = {task[:LETTERS] for task in heads}
    if not heads or len(names) < len(heads):
        raise InputError(
            f"classes: tasks {list(heads)}; expected one or more, each of other first {LETTERS} "
            "letters, as they name its layers"
        )
    fewest = 2 if null_background else 1
    for task, classes in heads.items():
        if not fewest <= classes <= MOST_CLASSES:
            raise InputError(
                f"classes: {classes} of {task}; expected {fewest} to {MOST_CLASSES}"
                + (" with a null background" if null_background else "")
            )
    if null_background and len(heads) > 1:
        raise InputError(f"null_background with {len(heads)} tasks; expected one")


def _check_channels(input_channels: int, streams: Sequence[str]) -> None:
    if input_channels < 1:
        raise InputError(f"input_channels: {input_channels}; expected at least 1")
    if len(set(streams)) < len(streams):
        raise InputError(f"streams: {list(streams)}; expected each of them once")


def _check_fit(finer: Sequence[str], scales: Sequence[float], streams: Sequence[str]) -> None:
    if len(scales) != len(finer):
        raise InputError(f"skip_scales: {len(scales)} values; expected {len(finer)}: {finer}")
    if not all(0 < scale < torch.inf for scale in scales):
        raise InputError(f"skip_scales: {list(scales)}; expected finite numbers above 0")
    if streams and finer:
        raise InputError(f"predict_from: {finer} beside the coarsest; expected none with streams")


def _check_values(**values: str) -> None:
    for name, value in values.items():
        if value not in VALUES[name]:
            raise InputError(f"{name}: {value!r}; expected one of: {', '.join(VALUES[name])}")
