"""The architecture that a file's weights are of, inferred from their names and shapes."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from torch import Tensor, nn

from fcnlib.config.schema_nets import DETAIL_STRIDES, STRIDES, Net
from fcnlib.core.errors import InputError
from fcnlib.models.backbones import BACKBONES
from fcnlib.models.fcn import DEFAULT_TASK, MAX_CLASSES, TASK_LETTERS
from fcnlib.models.weights.checkpoint import format_shape
from fcnlib.models.weights.sources import ARCHITECTURE, STREAMS, Weights, is_bilinear

MAX_SKIP_SCALE = 1e6
PUBLISHED_TASKS = {"sem": "semantic", "geo": "geometric"}  # by the suffix of their score layers


def parse_net_name(name: str) -> tuple[str, tuple[str, ...]]:
    """The backbone and `predict_from` of a net's name such as fcn8s-vgg16; () of a classifier."""
    match = re.fullmatch(rf"(?:fcn(32|16|8)s-)?({'|'.join(BACKBONES)})", name)
    if match is None:
        backbones = ", ".join(BACKBONES)
        raise InputError(
            f"{name!r}; expected fcn32s-, fcn16s- or fcn8s- and a backbone, or a backbone alone: "
            f"{backbones}"
        )
    finest, backbone = match.groups()
    if finest is None:
        return backbone, ()
    first: dict[int, str] = {}
    for layer, stride in STRIDES[backbone].items():
        first.setdefault(stride, layer)
    return backbone, tuple(layer for stride, layer in first.items() if stride >= int(finest))


def infer_shapes(state: Mapping[str, Tensor], backbone: str, source: Path) -> dict[str, Any]:
    """The `width` and `fc6_kernel` of the net, by the shapes of its layers."""
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
        shape = format_shape(weight)
        raise InputError(f"{source}: {widest}.weight is {shape}; expected 1 to {most} outputs")
    shapes: dict[str, Any] = {"width": len(weight) / most}
    if "fc6" in full:
        before = list(convolutions)[list(convolutions).index("fc6") - 1]
        bias = state.get(f"{before}{stream}.bias", torch.empty(0))
        if channels := bias.numel():
            shapes["fc6_kernel"] = max(1, math.isqrt(weight[0].numel() // channels))
    return shapes


def infer_net(
    weights: Weights,
    backbone: str,
    predict_from: Sequence[str],
    shapes: Mapping[str, Any],
    skip_scales: Sequence[float] | None,
    source: Path,
) -> Net:
    """The configuration of the net that the weights are of.

    Args:
        weights: The tensors of a file and its metadata.
        backbone: The backbone's name.
        predict_from: The layers that the net predicts from, coarsest first.
        shapes: What `infer_shapes` gives.
        skip_scales: Of the finer layers, if the file does not hold them; None: 1.
        source: The file, for error messages.

    Raises:
        InputError: The weights are of no net that can be built.
    """
    state = weights.state
    first = next(iter(BACKBONES[backbone].layers(width=1 / 64)))
    weight = state.get(f"{first}_bgrd.weight", state.get(f"{first}.weight", torch.zeros(1, 3)))
    scales = _checked_skip_scales(weights, predict_from[1:], skip_scales, source)
    upsamplings = [t for name, t in state.items() if name.startswith("upscore")]
    stored = weights.metadata.get("net") or weights.metadata.get(ARCHITECTURE)
    try:
        return Net.model_validate(
            {
                **(stored if isinstance(stored, dict) else {}),
                "backbone": backbone,
                "predict_from": tuple(predict_from),
                "start_from": (),
                "skip_scales": tuple(scales) if set(scales) - {1.0} else None,
                **shapes,
                "padding": weights.padding,
                "input_channels": weight.shape[1] if weight.dim() > 1 else 0,
                "upsampling": "frozen" if all(map(is_bilinear, upsamplings)) else "learned",
                "streams": tuple(s for s in STREAMS if f"{first}_{s}.weight" in state),
            }
        )
    except ValidationError as error:
        reason = error.errors()[0]
        where = ".".join(map(str, reason["loc"]))
        raise InputError(f"{source}: {where} {reason['input']!r}: {reason['msg']}") from None


def _checked_skip_scales(
    weights: Weights, skips: Sequence[str], given: Sequence[float] | None, source: Path
) -> Sequence[float]:
    """The scale of each finer layer: the file's, else the given one, else 1."""
    if not given:
        return [(weights.skip_scales or {}).get(name, 1.0) for name in skips]
    if weights.skip_scales is not None:
        raise InputError(f"{source}: holds its skip scales itself; expected none to be given")
    if len(given) != len(skips):
        expected = f"{len(skips)} ({', '.join(skips)})" if skips else "none"
        raise InputError(f"{source}: {len(given)} skip scales given; expected {expected}")
    for scale in given:
        if not 0 < scale <= MAX_SKIP_SCALE:
            raise InputError(
                f"{source}: skip scale {scale:g}; expected more than 0, at most {MAX_SKIP_SCALE:g}"
            )
    return given


def infer_heads(
    state: Mapping[str, Tensor], net: Net, source: Path, tasks: Iterable[str] = ()
) -> dict[str, int]:
    """The number of classes of each task, by the outputs of its coarsest score layer.

    `tasks` are those that the file's metadata name: layers' names hold only their first letters,
    and nothing of a single task.
    """
    tasks = tuple(tasks)
    single = tasks[0] if len(tasks) == 1 else DEFAULT_TASK
    names = PUBLISHED_TASKS | {task[:TASK_LETTERS]: task for task in tasks}
    coarsest = rf"score_(?:fr|{re.escape(net.predict_from[0])})"
    heads = {}
    for name, tensor in state.items():
        if match := re.fullmatch(rf"{coarsest}(?:_({'|'.join(STREAMS)}))?(?:_(\w+))?\.bias", name):
            classes = tensor.numel() + net.null_background
            heads[names.get(match[2], match[2]) if match[2] else single] = classes
            if not 0 < classes <= MAX_CLASSES:
                raise InputError(f"{source}: {classes} classes; expected 1 to {MAX_CLASSES}")
    if not heads:
        raise InputError(
            f"{source}: lacks score_fr; expected a segmentation net, or --to a backbone"
        )
    return heads


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
    nets = [parse_net_name(f"{net}-{backbone}")[1] for net in ("fcn8s", "fcn16s", "fcn32s")]
    for predict_from in ((*nets[0], *DETAIL_STRIDES[backbone]), *nets):
        scores = [rf"score_{re.escape(name)}(_\w+)?" for name in predict_from[1:]]
        if all(any(re.fullmatch(score, layer) for layer in layers) for score in scores):
            return backbone, predict_from
    raise AssertionError("fcn32s needs no finer scores")
