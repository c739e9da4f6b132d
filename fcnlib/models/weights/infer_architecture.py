"""Which net a file's weights are of: its values, from the names and shapes in it."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from torch import Tensor, nn

from fcnlib.config.schema import STRIDES, Net
from fcnlib.core.errors import InputError
from fcnlib.models.backbones import BACKBONES
from fcnlib.models.fcn import LETTERS, MOST_CLASSES, TASK
from fcnlib.models.weights.checkpoint import shown_shape
from fcnlib.models.weights.sources import STREAMS, Weights, is_bilinear

MAX_SCALE = 1e6
TASKS = {"sem": "semantic", "geo": "geometric"}  # by the suffix of their score layers


def named(to: str) -> tuple[str, tuple[str, ...]]:
    """The backbone and the layers to predict from, none for a classifier."""
    if not to:
        raise InputError("--to is missing; expected a net, such as fcn8s-vgg16 or vgg16")
    match = re.fullmatch(rf"(?:fcn(32|16|8)s-)?({'|'.join(BACKBONES)})", to)
    if match is None:
        backbones = ", ".join(BACKBONES)
        raise InputError(
            f"{to!r}; expected fcn32s-, fcn16s- or fcn8s- and a backbone, or a backbone alone: "
            f"{backbones}"
        )
    finest, backbone = match.groups()
    if finest is None:
        return backbone, ()
    first: dict[int, str] = {}
    for name, stride in STRIDES[backbone].items():
        first.setdefault(stride, name)
    return backbone, tuple(name for stride, name in first.items() if stride >= int(finest))


def shapes_of(state: Mapping[str, Tensor], backbone: str, source: Path) -> dict[str, Any]:
    """The width, and the side of fc6's kernel, by the shapes of the layers."""
    with torch.device("meta"):
        full = BACKBONES[backbone].layers()
    convolutions = {n: layer for n, layer in full.items() if isinstance(layer, nn.Conv2d)}
    widest = max(convolutions, key=lambda name: convolutions[name].out_channels)
    streams = ["", *(f"_{stream}" for stream in STREAMS)]
    stream = next((s for s in streams if f"{widest}{s}.weight" in state), None)
    if stream is None:
        raise InputError(f"{source}: no {widest}.weight in it; expected the layers of {backbone}")
    first = next(iter(convolutions))
    if not {f"{first}{stream}.weight", f"{first}_bgrd.weight"} & state.keys():
        raise InputError(f"{source}: no {first}.weight in it; expected the layers of {backbone}")
    weight, most = state[f"{widest}{stream}.weight"], convolutions[widest].out_channels
    if weight.dim() < 2 or not 0 < len(weight) <= most:
        shown = shown_shape(weight)
        raise InputError(f"{source}: {widest}.weight is {shown}; expected 1 to {most} outputs")
    shapes: dict[str, Any] = {"width": len(weight) / most}
    if "fc6" in full:
        before = list(convolutions)[list(convolutions).index("fc6") - 1]
        channels = (
            state[f"{before}{stream}.bias"].numel() if f"{before}{stream}.bias" in state else 0
        )
        if channels:
            shapes["fc6_kernel"] = max(1, math.isqrt(weight[0].numel() // channels))
    return shapes


def values_of(
    weights: Weights,
    backbone: str,
    predict_from: Sequence[str],
    shapes: Mapping[str, Any],
    skip_scales: Sequence[float] | None,
    source: Path,
) -> Net:
    """The values of the net that the weights are of."""
    state = weights.state
    first = next(iter(BACKBONES[backbone].layers(width=1 / 64)))
    sees = state.get(f"{first}_bgrd.weight", state.get(f"{first}.weight", torch.zeros(1, 3)))
    scales = _scales_of(weights, predict_from[1:], skip_scales, source)
    upsamplings = [t for name, t in state.items() if name.startswith("upscore")]
    told = weights.told.get("net")
    try:
        return Net.model_validate(
            {
                **(told if isinstance(told, dict) else {}),
                "backbone": backbone,
                "predict_from": tuple(predict_from),
                "start_from": (),
                "skip_scales": tuple(scales) if set(scales) - {1.0} else None,
                **shapes,
                "padding": weights.padding,
                "input_channels": sees.shape[1] if sees.dim() > 1 else 0,
                "upsampling": "frozen" if all(map(is_bilinear, upsamplings)) else "learned",
                "streams": tuple(s for s in STREAMS if f"{first}_{s}.weight" in state),
            }
        )
    except ValidationError as error:
        reason = error.errors()[0]
        where = ".".join(map(str, reason["loc"]))
        raise InputError(f"{source}: {where} {reason['input']!r}: {reason['msg']}") from None


def _scales_of(
    weights: Weights, skips: Sequence[str], given: Sequence[float] | None, source: Path
) -> Sequence[float]:
    """The scale of each skip: the file's, else those given, else 1."""
    if not given:
        return [(weights.skip_scales or {}).get(name, 1.0) for name in skips]
    if weights.skip_scales is not None:
        raise InputError(f"{source}: tells its skip scales itself; expected none to be given")
    if len(given) != len(skips):
        expected = f"{len(skips)} ({', '.join(skips)})" if skips else "none"
        raise InputError(f"{source}: {len(given)} skip scales given; expected {expected}")
    for scale in given:
        if not 0 < scale <= MAX_SCALE:
            raise InputError(
                f"{source}: skip scale {scale:g}; expected more than 0, at most {MAX_SCALE:g}"
            )
    return given


def heads_of(
    state: Mapping[str, Tensor], values: Net, source: Path, tasks: Iterable[str] = ()
) -> dict[str, int]:
    """How many classes each task has, by the outputs of its coarsest score layer.

    `tasks` are those that the file tells of: layers' names hold their first letters, or of a
    single task nothing.
    """
    tasks = tuple(tasks)
    alone = tasks[0] if len(tasks) == 1 else TASK
    names = TASKS | {task[:LETTERS]: task for task in tasks}
    coarsest = rf"score_(?:fr|{re.escape(values.predict_from[0])})"
    found = {}
    for name, tensor in state.items():
        if match := re.fullmatch(rf"{coarsest}(?:_({'|'.join(STREAMS)}))?(?:_(\w+))?\.bias", name):
            outputs = tensor.numel() + values.null_background
            found[names.get(match[2], match[2]) if match[2] else alone] = outputs
            if not 0 < outputs <= MOST_CLASSES:
                raise InputError(f"{source}: {outputs} classes; expected 1 to {MOST_CLASSES}")
    if not found:
        raise InputError(
            f"{source}: lacks score_fr; expected a segmentation net, or --to a backbone"
        )
    return found


def backbone_and_layers(state: Mapping[str, Tensor], source: Path) -> tuple[str, tuple[str, ...]]:
    """The backbone and the layers to predict from, by the names of the layers with weights.

    Of several nets that the file holds, the one with the finest scores.
    """
    streams = "|".join((*STREAMS, "bgrd"))
    layers = {re.sub(rf"_({streams})$", "", name.rpartition(".")[0]) for name in state}
    found: dict[str, int] = {}
    for backbone, trunk in BACKBONES.items():
        with torch.device("meta"):
            full = trunk.layers()
        own = {name for name, layer in full.items() if isinstance(layer, nn.Conv2d)}
        if own <= layers:
            found[backbone] = len(own)
    if not found:
        known = ", ".join(BACKBONES)
        raise InputError(
            f"{source}: layers of none of {known}; expected a net to be named by `fcn convert --to`"
        )
    backbone = max(found, key=lambda name: found[name])  # vgg19 has all layers of vgg16
    for net in ("fcn8s", "fcn16s", "fcn32s"):
        _, predict_from = named(f"{net}-{backbone}")
        scores = [rf"score_{re.escape(name)}(_\w+)?" for name in predict_from[1:]]
        if all(any(re.fullmatch(score, layer) for layer in layers) for score in scores):
            return backbone, predict_from
    raise AssertionError("fcn32s needs no finer scores")
