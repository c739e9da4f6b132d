"""Weights that people have, under our layer names and with the input that they expect."""

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fcnlib.core.errors import InputError
from fcnlib.models.backbones import BACKBONES
from fcnlib.models.layers import bilinear_kernel
from fcnlib.models.weights.caffemodel import CaffeLayer, read_layers
from fcnlib.models.weights.checkpoint import checked_state, read_tensors, shown_shape

BGR = (2, 1, 0)


@dataclass(frozen=True)
class Input:
    """What a net expects of an image's bytes: the order of the channels, what is subtracted."""

    mean: tuple[float, ...]  # in the net's order, as is `deviation`
    order: tuple[int, ...] = BGR
    deviation: tuple[float, ...] | None = None
    inputs: tuple[str, ...] = ("rgb",)  # what the channels are of


INPUTS = {
    "fcn": Input((104.00699, 116.66877, 122.67892)),  # and CaffeNet
    "vgg": Input((103.939, 116.779, 123.68)),
    "googlenet": Input((104.0, 117.0, 123.0)),
    "nyud": Input((116.190, 97.203, 92.318)),  # as written there, though it looks like RGB
    "nyud-hha": Input((132.431, 94.076, 118.477), order=(0, 1, 2), inputs=("hha",)),
    "nyud-color-hha": Input(
        (116.190, 97.203, 92.318, 132.431, 94.076, 118.477),
        order=(*BGR, 3, 4, 5),
        inputs=("rgb", "hha"),
    ),
    "siftflow": Input((114.578, 115.294, 108.353)),
    "torchvision": Input(
        (255 * 0.406, 255 * 0.456, 255 * 0.485), deviation=(255 * 0.225, 255 * 0.224, 255 * 0.229)
    ),
}

AT_ONCE = {"pool4": 0.01, "pool3": 0.0001}
# Published files whose content does not tell: by name, as several have no published checksum.
PUBLISHED_INPUTS = {
    "nyud-fcn32s-color-heavy.caffemodel": "nyud",
    "nyud-fcn32s-hha-heavy.caffemodel": "nyud-hha",
    "vgg16_from_caffe.pth": "vgg",
}
PUBLISHED_SCALES = {"fcn8s-atonce_from_caffe.pth": AT_ONCE}

# What ast.literal_eval raises, and what using its result does.
_NO_SETTINGS = (
    *(ValueError, SyntaxError, RecursionError, MemoryError),
    *(TypeError, KeyError, AttributeError, OverflowError),
)

LABEL_LAYER, LABELS = "fcnlib_labels", ("classes", "palette")  # by task, in a .caffemodel of ours
STREAMS = ("color", "hha")  # of the published late fusion, where they are not set off
WRAPPERS = ("model_state_dict", "state_dict")
TORCHVISION = {"classifier.0": "fc6", "classifier.3": "fc7", "classifier.6": "fc8"}
CAFFE_IN_TORCH = {"classifier.1": "fc6", "classifier.4": "fc7", "classifier.6": "fc8"}


@dataclass(frozen=True)
class Weights:
    """Tensors under our names, the input's among them, and what else the file tells of its net."""

    state: dict[str, Tensor]
    skip_scales: dict[str, float] | None = None  # by layer, else 1; None: the file does not tell
    padding: int | None = None
    input: str = ""  # the name of the input, if it is one of INPUTS
    told: dict[str, Any] = field(default_factory=dict)  # of ours: all else in it


def read_weights(path: Path, *, input: str | None = None) -> Weights:
    """The weights of a .caffemodel, of torchvision, of pytorch-fcn, of their conversions, or ours.

    `input` is a name of INPUTS: it overrides what the file, its name or its layout tell.
    """
    if input is not None and input not in INPUTS:
        raise InputError(f"input {input!r}; expected one of: {', '.join(INPUTS)}")
    if path.suffix == ".caffemodel":
        return _from_caffe(path, input)
    content = read_tensors(path)
    if "state" in content:
        return _from_ours(content, path, input)
    state = _unwrapped(content, path)
    if "features.0.weight" in state:
        return _from_torchvision(state, path, input)
    scales = AT_ONCE if content.get("arch") == "FCN8sAtOnce" else PUBLISHED_SCALES.get(path.name)
    state = {name: _per_class(name, tensor, path) for name, tensor in state.items()}
    input = input or _input_of(state, path)
    return Weights(_with_input(state, INPUTS[input]), scales, input=input)


def _unwrapped(content: dict[str, object], path: Path) -> dict[str, Tensor]:
    """The tensors of a training run's file, without what DataParallel puts before their names."""
    wrapped = next((content[key] for key in WRAPPERS if key in content), content)
    state = checked_state(wrapped, path)
    return {name.removeprefix("module."): tensor for name, tensor in state.items()}


def our_name(layer: str) -> str:
    """A published layer's name with the stream set off: conv1_1color is our conv1_1_color."""
    return re.sub(rf"(?<=[^_])({'|'.join(STREAMS)})$", r"_\1", layer)


def published_name(layer: str) -> str:
    """The published name of our layer."""
    return re.sub(rf"_({'|'.join(STREAMS)})$", r"\1", layer)


def is_bilinear(kernels: Tensor) -> bool:
    """Whether all kernels [classes, 1, k, k] of an upsampling are the bilinear one."""
    if kernels.dim() != 4 or kernels.shape[2] != kernels.shape[3]:
        return False
    return bool(torch.isclose(kernels, bilinear_kernel(kernels.shape[3]), atol=1e-5).all())


def _from_caffe(path: Path, input: str | None) -> Weights:
    layers = read_layers(path)
    order = [name for name in layers if name in ("norm1", "pool1")]
    if order == ["norm1", "pool1"]:
        raise InputError(
            f"{path}: normalises before it pools (BVLC's AlexNet?); expected CaffeNet's order"
        )
    state: dict[str, Tensor] = {}
    scales: dict[str, float] = {}
    labels = _told_labels(layers.pop(LABEL_LAYER, CaffeLayer()), path)
    for published, layer in layers.items():
        name = our_name(published)
        if name.startswith("scale_") and layer.blobs:
            scales[name.removeprefix("scale_")] = _constant(published, layer, path)
            continue
        for kind, blob in zip(("weight", "bias"), layer.blobs, strict=False):
            state[f"{name}.{kind}"] = _per_class(name, torch.from_numpy(blob), path)
    pads = [layer.pad for layer in layers.values() if layer.type == "Convolution"]
    told = next(filter(None, (_told_input(layer, path) for layer in layers.values())), None)
    if input is None and told is None:
        input = _input_of(state, path)
    state = _with_input(state, INPUTS[input] if input else told or INPUTS["fcn"])
    return Weights(state, scales, pads[0] if pads else None, input or "", labels)


def _from_ours(content: dict[str, object], path: Path, input: str | None) -> Weights:
    state = checked_state(content["state"], path)
    net = content.get("net")
    named: dict[str, float] | None = None if net is None else {}
    values: Mapping[str, object] = net if isinstance(net, dict) else {}
    scales = values.get("skip_scales")
    finer = values.get("predict_from")
    if isinstance(scales, list | tuple) and isinstance(finer, list | tuple):
        named = dict(zip(finer[1:], scales, strict=False))
    padding = values.get("padding")
    if input is not None or "input_mean" not in state:
        input = input or _input_of(state, path)
        state = _with_input(state, INPUTS[input])
    padding = padding if isinstance(padding, int) else None
    return Weights(state, named, padding, input or "", told=content)


def _from_torchvision(state: Mapping[str, Tensor], path: Path, input: str | None) -> Weights:
    """VGG16 or VGG19 in torchvision's layout: its own, or a conversion of the Caffe net."""
    numbers = {name.split(".")[1] for name in state if name.startswith("features.")}
    found = sorted(int(number) for number in numbers if number.isdigit())
    convolutions: dict[int, list[str]] = {}
    for backbone in ("vgg16", "vgg19"):
        trunk = BACKBONES[backbone].layers(width=1 / 64)
        ours = [name for name in trunk if name.startswith("conv")]
        convolutions[len(ours)] = ours
    if len(found) not in convolutions:
        raise InputError(
            f"{path}: {len(found)} layers of features, as in no VGG without BatchNorm; "
            "expected vgg16 or vgg19 (torchvision's other nets are not the paper's)"
        )
    caffe = "classifier.1.weight" in state
    names = dict(zip((f"features.{i}" for i in found), convolutions[len(found)], strict=True))
    names |= CAFFE_IN_TORCH if caffe else TORCHVISION
    renamed = {}
    for name, tensor in state.items():
        layer, _, kind = name.rpartition(".")
        renamed[f"{names.get(layer, layer)}.{kind}"] = tensor
    input = input or PUBLISHED_INPUTS.get(path.name) or ("vgg" if caffe else "torchvision")
    first = renamed.get("conv1_1.weight", torch.empty(0))
    if first.dim() != 4 or first.shape[1] != 3:
        raise InputError(
            f"{path}: features.0 is {shown_shape(first)}; expected outputs x 3 x 3 x 3"
        )
    return Weights(_with_input(renamed, INPUTS[input]), input=input)


def _with_input(state: Mapping[str, Tensor], input: Input) -> dict[str, Tensor]:
    """The state with the input's order and mean; a deviation is folded into the first layer."""
    changed = {
        "input_mean": torch.tensor(input.mean),
        "input_order": torch.tensor(input.order),
        "input_scale": torch.tensor(1.0),
    }
    if input.deviation is not None and "conv1_1.weight" in state:
        # Such nets see RGB: theirs are the channels the other way round.
        weight = state["conv1_1.weight"].flip(1) / torch.tensor(input.deviation)[:, None, None]
        changed["conv1_1.weight"] = weight
    return {**state, **changed}


def _input_of(state: Mapping[str, Tensor], path: Path) -> str:
    """The name of the input, by the file's name or by the net."""
    if path.name in PUBLISHED_INPUTS:
        return PUBLISHED_INPUTS[path.name]
    for name, input in {
        "loss3/classifier.weight": "googlenet",
        "score_fr_geo.weight": "siftflow",
        "score_fr_hha.weight": "nyud-color-hha",
    }.items():
        if name in state:
            return input
    return "vgg" if "fc8.weight" in state and "conv5_3.weight" in state else "fcn"


def _told_input(layer: CaffeLayer, path: Path) -> Input | None:
    """The input that a data layer's settings name, as the released nets' own write them."""
    if "'mean'" not in layer.settings or len(layer.settings) > 4096:
        return None
    try:
        settings = ast.literal_eval(layer.settings)
        mean = tuple(float(value) for value in settings["mean"])
        order = tuple(int(value) for value in settings.get("order", BGR))
    except _NO_SETTINGS:
        raise InputError(
            f"{path}: data layer {layer.settings[:60]!r}; expected a mean for each channel"
        ) from None
    if sorted(order) != list(range(len(mean))):
        raise InputError(
            f"{path}: data layer's order {order}; expected one of {len(mean)} channels"
        )
    return Input(mean, order)


def _told_labels(layer: CaffeLayer, path: Path) -> dict[str, object]:
    """The classes' names and colours, and what the net sees, if a file of ours has them."""
    if not layer.settings:
        return {}
    try:
        found = json.loads(layer.settings)
        told = {key: found[key] for key in (*LABELS, "inputs") if key in found}
        names = [*told.get("inputs", ())]
        names += [name for each in told.get("classes", {}).values() for name in each]
        colours = [colour for each in told.get("palette", {}).values() for colour in each]
        if not all(isinstance(name, str) for name in names):
            raise TypeError
        if any((len(colour), len(bytes(colour))) != (3, 3) for colour in colours):
            raise ValueError
    except _NO_SETTINGS:
        raise InputError(f"{path}: {LABEL_LAYER} is damaged; expected class names") from None
    return told


def _per_class(name: str, kernel: Tensor, path: Path) -> Tensor:
    """An upsampling's kernels [classes, 1, k, k], of dense ones that keep the classes apart."""
    if not name.startswith("upscore") or kernel.dim() != 4 or kernel.shape[1] == 1:
        return kernel
    classes = range(min(kernel.shape[:2]))
    own = kernel[classes, classes]
    if kernel.shape[0] != kernel.shape[1] or kernel.count_nonzero() != own.count_nonzero():
        raise InputError(
            f"{path}: {name} {shown_shape(kernel)} mixes classes; expected each by itself"
        )
    return own[:, None].clone()


def _constant(name: str, layer: CaffeLayer, path: Path) -> float:
    values = np.unique(layer.blobs[0])
    if len(values) != 1:
        shown = f"{values.min():g} to {values.max():g}" if len(values) else "none"
        raise InputError(f"{path}: {name} scales by {shown}; expected one constant")
    return float(str(values[0]))  # the shortest that is the same float32: 0.01 again
