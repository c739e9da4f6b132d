"""The one fully convolutional net: every variant of the paper is a value of `build_fcn`."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from fcnlib.core.errors import InputError
from fcnlib.models.backbones import backbone_of
from fcnlib.models.graph import LayerGraph
from fcnlib.models.heads import (
    DETAIL_STRIDE,
    FINEST_STRIDE,
    HeadOptions,
    add_head,
    prediction_layers,
)
from fcnlib.models.layers import (
    IMAGE_LAYER,
    ChannelSlice,
    Concat,
    Layers,
    add_layer,
    is_score_layer,
    named_inputs,
)

DEFAULT_TASK = "semantic"  # of a net with one head
TASK_LETTERS = 3  # of a task, in its layers' names
MAX_CLASSES = 255  # labels are bytes, one of them void
STREAM_CHANNELS = 3
# Far more than any net needs: values of a foreign file must not exhaust the machine.
LIMITS = {"padding": 1000, "fc6_kernel": 100, "input_channels": 100}
MAX_PARTS = 16  # tasks, streams
ALLOWED_VALUES = {
    "upsampling": ("frozen", "learned"),
    "fusion": ("sum", "max"),
    "features": ("learned", "fixed"),
}


def labels_of(scores: Tensor) -> Tensor:
    """The highest-scoring class of every pixel, uint8 [N, H, W], of scores [N, classes, H, W]."""
    # The labels of argmax(1), in a third of its time.
    return scores.max(1)[1].to(torch.uint8)


class FCN(LayerGraph):
    """A fully convolutional net: normalised image [N, C, H, W] to scores [N, classes, H, W].

    `heads` holds the number of classes of each task; the scores of several tasks are concatenated
    along the channels. `arguments` are those of `build_fcn`, which build the same net anew.
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
        """The scores [N, classes, H, W] of each task."""
        if len(self.heads) == 1:  # not split: the gradients of parts are copied together
            return {task: scores for task in self.heads}
        parts = torch.split(scores, list(self.heads.values()), 1)
        return dict(zip(self.heads, parts, strict=True))


def build_fcn(  # noqa: PLR0913
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
    """An FCN with untrained weights: `net(image)` gives scores of the image's own size.

    `forward` maps a normalised image [N, C, H, W] to scores [N, classes, H, W] for any H and W;
    with less padding than published it may refuse small images, and says from which side on it
    does not. `net.normalise` makes that image from raw bytes. `predict_from` picks the variant:
    `["fc7"]` is FCN-32s, `["fc7", "pool4"]` FCN-16s, the default FCN-8s (section 4.3). Parameters
    are named after the layers of the released nets. Score layers start at zero, frozen upsampling
    as bilinear interpolation, all other layers at PyTorch's random weights.

    Args:
        backbone: The classification net: "alexnet", "vgg16", "vgg19" or "googlenet".
        predict_from: Layers to predict from, coarsest first, each of a finer stride.
        classes: The number of classes, background included; or of several tasks, by task name:
            one head each, whose scores are concatenated along the channels.
        width: The share of the published channels that each layer has, above 0 and at most 1.
        padding: Pixels of zeros around the image, in the first convolution. None: the published
            padding, 100 (GoogLeNet: 3).
        skip_scales: Factors of the features of `predict_from[1:]`, as in at-once training.
            None: all 1.
        fc6_kernel: Side of fc6's kernel in cells. None: the published side, 7 (AlexNet: 6).
        dropout: Probability of dropout behind fc6 and fc7 (GoogLeNet: behind its last inception).
            None: the published one, 0.5 (GoogLeNet: 0.4).
        input_channels: Channels C of the image without streams: 3 (RGB), 4 (RGB and depth) or
            1 (depth).
        upsampling: "frozen", or "learned" in all steps but the last.
        fusion: How scores of two layers are fused: "sum" or "max".
        features: "learned", or "fixed": only the score layers train.
        null_background: Whether the first class's score is a constant 0.
        streams: Names of streams, such as ("color", "hha"), for late fusion: each is a trunk of
            its own for three of the image's channels, and the scores of each layer of
            `predict_from` are averaged over them.

    Raises:
        InputError: A value is not allowed, or two do not fit together; the message names both.

    Source: Shelhamer, Long, Darrell, PAMI 2017, sections 3 and 4; layers and their names follow
    the `net.py` files of https://github.com/shelhamer/fcn.berkeleyvision.org.
    """
    arguments = dict(locals())
    _check_values(upsampling=upsampling, fusion=fusion, features=features)
    _check_limits(padding=padding, fc6_kernel=fc6_kernel, input_channels=input_channels)
    heads = dict(classes) if isinstance(classes, Mapping) else {DEFAULT_TASK: classes}
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
        coarsest, *finer = _checked_layers(predict_from, trunk)
        _add_trunk(layers, trunk, coarsest, stream=stream, input_channels=input_channels)
    scales = tuple(skip_scales or [1.0] * len(finer))
    _check_fit(finer, scales)
    options = HeadOptions(
        predict_from=[coarsest, *finer],
        skip_scales=scales,
        coarsest_score="score_fr" if coarsest == next(reversed(trunk)) else f"score_{coarsest}",
        streams=streams,
        learned_upsampling=upsampling == "learned",
        fusion=fusion,
        null_background=null_background,
        image_channels=STREAM_CHANNELS * len(streams) or input_channels,
    )
    _add_heads(layers, options, heads)
    _set_score_layers_to_zero(layers)
    if features == "fixed":
        _fix_features(layers)
    return FCN(layers, heads=heads, channels=options.image_channels, arguments=arguments)


def _add_trunk(
    layers: Layers, trunk: Layers, last: str, *, stream: str, input_channels: int
) -> None:
    """Add a trunk up to its layer `last`, under the names of its stream."""
    names = {name: f"{name}_{stream}" if stream else name for name in trunk}
    if stream:
        first = STREAM_CHANNELS * sum(isinstance(layer, ChannelSlice) for layer in layers.values())
        add_layer(layers, stream, ChannelSlice(first, STREAM_CHANNELS), IMAGE_LAYER)
    elif input_channels == 4:  # as in the released RGB-D net: no one copies 3 channels into it
        names[next(iter(trunk))] += "_bgrd"
    for name, layer in trunk.items():
        add_layer(layers, names[name], layer, *(names[source] for source in named_inputs(layer)))
        if name == last:
            break


def _add_heads(layers: Layers, options: HeadOptions, heads: Mapping[str, int]) -> None:
    """Add the score layers, upsampling and crop of each task, and concatenate their scores."""
    suffixes = [f"_{task[:TASK_LETTERS]}" for task in heads] if len(heads) > 1 else [""]
    outputs = [
        add_head(layers, options, classes - options.null_background, suffix)
        for suffix, classes in zip(suffixes, heads.values(), strict=True)
    ]
    if len(outputs) > 1:
        add_layer(layers, "scores", Concat(), *outputs)


def _set_score_layers_to_zero(layers: Layers) -> None:
    for name, layer in layers.items():
        if is_score_layer(name) and isinstance(layer, nn.Conv2d):
            for parameter in layer.parameters():
                nn.init.zeros_(parameter)


def _fix_features(layers: Layers) -> None:
    """Let only the score layers train."""
    for name, layer in layers.items():
        if not is_score_layer(name):
            layer.requires_grad_(False)


def _checked_layers(predict_from: Sequence[str], trunk: Layers) -> list[str]:
    """`predict_from`, if its layers are known and each is finer than the one before."""
    alone = len(predict_from) == 1
    known = prediction_layers(trunk, finest=FINEST_STRIDE if alone else DETAIL_STRIDE)
    strides = [known.get(name, 0) for name in predict_from]
    if not strides or 0 in strides or strides != sorted(set(strides), reverse=True):
        raise InputError(
            f"predict_from: {list(predict_from)}; expected layers coarsest first, each of a finer "
            f"stride, of: {', '.join(f'{name} ({stride})' for name, stride in known.items())}"
        )
    return list(predict_from)


def _check_heads(heads: Mapping[str, int], null_background: bool) -> None:
    names = {task[:TASK_LETTERS] for task in heads}
    if not heads or len(names) < len(heads):
        raise InputError(
            f"classes: tasks {list(heads)}; expected one or more, each of other "
            f"first {TASK_LETTERS} letters, as they name its layers"
        )
    if len(heads) > MAX_PARTS:
        raise InputError(f"classes: {len(heads)} tasks; expected at most {MAX_PARTS}")
    fewest = 2 if null_background else 1
    for task, classes in heads.items():
        if not fewest <= classes <= MAX_CLASSES:
            raise InputError(
                f"classes: {classes} of {task}; expected {fewest} to {MAX_CLASSES}"
                + (" with a null background" if null_background else "")
            )
    if null_background and len(heads) > 1:
        raise InputError(f"null_background with {len(heads)} tasks; expected one")


def _check_channels(input_channels: int, streams: Sequence[str]) -> None:
    if input_channels < 1:
        raise InputError(f"input_channels: {input_channels}; expected at least 1")
    if len(streams) > MAX_PARTS:
        raise InputError(f"streams: {len(streams)}; expected at most {MAX_PARTS}")
    if len(set(streams)) < len(streams):
        raise InputError(f"streams: {list(streams)}; expected each of them once")


def _check_fit(finer: Sequence[str], scales: Sequence[float]) -> None:
    if len(scales) != len(finer):
        raise InputError(f"skip_scales: {len(scales)} values; expected {len(finer)}: {finer}")
    if not all(0 < scale < torch.inf for scale in scales):
        raise InputError(f"skip_scales: {list(scales)}; expected finite numbers above 0")


def _check_values(**values: str) -> None:
    for name, value in values.items():
        if value not in ALLOWED_VALUES[name]:
            raise InputError(
                f"{name}: {value!r}; expected one of: {', '.join(ALLOWED_VALUES[name])}"
            )


def _check_limits(**values: int | None) -> None:
    for name, value in values.items():
        if value is not None and value > LIMITS[name]:
            raise InputError(f"{name}: {value}; expected at most {LIMITS[name]}")
