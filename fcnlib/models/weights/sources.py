"""Published and converted weights, under our layer names and with their input format."""

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

from fcnlib.config.schema_nets import Net
from fcnlib.core.errors import InputError
from fcnlib.models.backbones import BACKBONES
from fcnlib.models.layers import bilinear_kernel
from fcnlib.models.weights.caffemodel import CaffeLayer, read_layers
from fcnlib.models.weights.checkpoint import checked_state, format_shape, read_tensors

BGR = (2, 1, 0)


@dataclass(frozen=True)
class InputFormat:
    """How a net's input is made of an image's bytes: channel order, mean and std."""

    mean: tuple[float, ...]  # in the net's channel order, as is `std`
    order: tuple[int, ...] = BGR
    std: tuple[float, ...] | None = None
    inputs: tuple[str, ...] = ("rgb",)  # that the channels hold


INPUT_FORMATS = {
    "fcn": InputFormat((104.00699, 116.66877, 122.67892)),  # and CaffeNet
    "vgg": InputFormat((103.939, 116.779, 123.68)),
    "googlenet": InputFormat((104.0, 117.0, 123.0)),
    "nyud": InputFormat((116.190, 97.203, 92.318)),  # as written there, though it looks like RGB
    "nyud-hha": InputFormat((132.431, 94.076, 118.477), order=(0, 1, 2), inputs=("hha",)),
    "nyud-color-hha": InputFormat(
        (116.190, 97.203, 92.318, 132.431, 94.076, 118.477),
        order=(*BGR, 3, 4, 5),
        inputs=("rgb", "hha"),
    ),
    "siftflow": InputFormat((114.578, 115.294, 108.353)),
    "torchvision": InputFormat(
        (255 * 0.406, 255 * 0.456, 255 * 0.485), std=(255 * 0.225, 255 * 0.224, 255 * 0.229)
    ),
}

AT_ONCE_SCALES = {"pool4": 0.01, "pool3": 0.0001}
# Of published files that do not hold it: by name, as several have no published checksum.
PUBLISHED_INPUT_FORMATS = {
    "nyud-fcn32s-color-heavy.caffemodel": "nyud",
    "nyud-fcn32s-hha-heavy.caffemodel": "nyud-hha",
    "vgg16_from_caffe.pth": "vgg",
}
PUBLISHED_SKIP_SCALES = {"fcn8s-atonce_from_caffe.pth": AT_ONCE_SCALES}

# What ast.literal_eval raises, and what using its result does.
_MALFORMED = (
    ValueError,
    SyntaxError,
    RecursionError,
    MemoryError,
    TypeError,
    KeyError,
    AttributeError,
    OverflowError,
)

# The layer of a .caffemodel of ours that holds class names and colours, each by task.
LABEL_LAYER, LABELS = "fcnlib_labels", ("classes", "palette")
ARCHITECTURE = "architecture"  # and the values that build its net, as not all are in its layers
STREAMS = ("color", "hha")  # of the published late fusion: suffixes of its layers' names
STATE_KEYS = ("model_state_dict", "state_dict")
TORCHVISION_LAYERS = {"classifier.0": "fc6", "classifier.3": "fc7", "classifier.6": "fc8"}
CONVERTED_LAYERS = {"classifier.1": "fc6", "classifier.4": "fc7", "classifier.6": "fc8"}


@dataclass(frozen=True)
class Weights:
    """The tensors of a file under our names, its input format's included, and its metadata."""

    state: dict[str, Tensor]
    skip_scales: dict[str, float] | None = None  # by layer, else 1; None: not in the file
    padding: int | None = None
    input_format: str = ""  # its name, if it is one of INPUT_FORMATS
    metadata: dict[str, Any] = field(default_factory=dict)  # of our files: all else in them


def read_weights(path: Path, *, input_format: str | None = None) -> Weights:
    """The weights of a .caffemodel, of torchvision, of pytorch-fcn, of their conversions, or ours.

    `input_format` is a name of INPUT_FORMATS and overrides the file's own.
    """
    if input_format is not None and input_format not in INPUT_FORMATS:
        known = ", ".join(INPUT_FORMATS)
        raise InputError(f"input {input_format!r}; expected one of: {known}")
    if path.suffix == ".caffemodel":
        return _read_caffemodel(path, input_format)
    content = read_tensors(path)
    if "state" in content:
        return _read_own(content, path, input_format)
    state = _unwrapped(content, path)
    if "features.0.weight" in state:
        return _read_torchvision(state, path, input_format)
    scales = (
        AT_ONCE_SCALES
        if content.get("arch") == "FCN8sAtOnce"
        else PUBLISHED_SKIP_SCALES.get(path.name)
    )
    state = {name: _per_class(name, tensor, path) for name, tensor in state.items()}
    name = input_format or _infer_input_format(state, path)
    state = _with_input_format(state, INPUT_FORMATS[name])
    return Weights(state, scales, input_format=name)


def _unwrapped(content: dict[str, object], path: Path) -> dict[str, Tensor]:
    """The tensors of a training checkpoint, without the prefix of DataParallel."""
    wrapped = next((content[key] for key in STATE_KEYS if key in content), content)
    state = checked_state(wrapped, path)
    return {name.removeprefix("module."): tensor for name, tensor in state.items()}


def our_name(layer: str) -> str:
    """A published layer's name as ours: conv1_1color is our conv1_1_color."""
    return re.sub(rf"(?<=[^_])({'|'.join(STREAMS)})$", r"_\1", layer)


def published_name(layer: str) -> str:
    """The published name of our layer."""
    return re.sub(rf"_({'|'.join(STREAMS)})$", r"\1", layer)


def without_stream(layer: str) -> str:
    """The name of our layer in a net without streams."""
    return re.sub(rf"_({'|'.join(STREAMS)})$", "", layer)


def is_bilinear(kernels: Tensor) -> bool:
    """Whether all kernels [classes, 1, k, k] of an upsampling are the bilinear one."""
    if kernels.dim() != 4 or kernels.shape[2] != kernels.shape[3]:
        return False
    return bool(torch.isclose(kernels, bilinear_kernel(kernels.shape[3]), atol=1e-5).all())


def _read_caffemodel(path: Path, input_format: str | None) -> Weights:
    layers = read_layers(path)
    order = [name for name in layers if name in ("norm1", "pool1")]
    if order == ["norm1", "pool1"]:
        raise InputError(
            f"{path}: normalises before it pools (BVLC's AlexNet?); expected CaffeNet's order"
        )
    state: dict[str, Tensor] = {}
    scales: dict[str, float] = {}
    labels = read_labels(layers, path)
    layers.pop(LABEL_LAYER, None)
    for published, layer in layers.items():
        name = our_name(published)
        if name.startswith("scale_") and layer.blobs:
            scaled = without_stream(name.removeprefix("scale_"))  # alike in all streams
            scales[scaled] = _constant_scale(published, layer, path)
            continue
        for kind, blob in zip(("weight", "bias"), layer.blobs, strict=False):
            state[f"{name}.{kind}"] = _per_class(name, torch.from_numpy(blob), path)
    pads = [layer.pad for layer in layers.values() if layer.type == "Convolution"]
    formats = (_data_layer_format(layer, path) for layer in layers.values())
    in_file = next(filter(None, formats), None)
    if input_format is None and in_file is None:
        input_format = _infer_input_format(state, path)
    chosen = INPUT_FORMATS[input_format] if input_format else in_file or INPUT_FORMATS["fcn"]
    state = _with_input_format(state, chosen)
    return Weights(state, scales, pads[0] if pads else None, input_format or "", labels)


def _read_own(content: dict[str, object], path: Path, input_format: str | None) -> Weights:
    """The weights of a checkpoint of ours."""
    state = checked_state(content["state"], path)
    net = content.get("net")
    scales_by_layer: dict[str, float] | None = None if net is None else {}
    values: Mapping[str, object] = net if isinstance(net, dict) else {}
    scales = values.get("skip_scales")
    layers = values.get("predict_from")
    if isinstance(scales, list | tuple) and isinstance(layers, list | tuple):
        scales_by_layer = dict(zip(layers[1:], scales, strict=False))
    padding = values.get("padding")
    if input_format is not None or "input_mean" not in state:
        input_format = input_format or _infer_input_format(state, path)
        state = _with_input_format(state, INPUT_FORMATS[input_format])
    padding = padding if isinstance(padding, int) else None
    return Weights(state, scales_by_layer, padding, input_format or "", metadata=content)


def _read_torchvision(state: Mapping[str, Tensor], path: Path, input_format: str | None) -> Weights:
    """VGG16 or VGG19 in torchvision's layout: its own, or a conversion of the Caffe net."""
    numbers = {name.split(".")[1] for name in state if name.startswith("features.")}
    indices = sorted(int(number) for number in numbers if number.isdigit())
    convolutions: dict[int, list[str]] = {}
    for backbone in ("vgg16", "vgg19"):
        trunk = BACKBONES[backbone].layers(width=1 / 64)
        ours = [name for name in trunk if name.startswith("conv")]
        convolutions[len(ours)] = ours
    if len(indices) not in convolutions:
        raise InputError(
            f"{path}: {len(indices)} layers of features, as in no VGG without BatchNorm; "
            "expected vgg16 or vgg19 (torchvision's other nets are not the paper's)"
        )
    caffe = "classifier.1.weight" in state
    theirs = [f"features.{index}" for index in indices]
    names = dict(zip(theirs, convolutions[len(indices)], strict=True))
    names |= CONVERTED_LAYERS if caffe else TORCHVISION_LAYERS
    renamed = {}
    for name, tensor in state.items():
        layer, _, kind = name.rpartition(".")
        renamed[f"{names.get(layer, layer)}.{kind}"] = tensor
    format_of_layout = "vgg" if caffe else "torchvision"
    name = input_format or PUBLISHED_INPUT_FORMATS.get(path.name) or format_of_layout
    first = renamed.get("conv1_1.weight", torch.empty(0))
    if first.dim() != 4 or first.shape[1] != 3:
        raise InputError(
            f"{path}: features.0 is {format_shape(first)}; expected outputs x 3 x 3 x 3"
        )
    return Weights(_with_input_format(renamed, INPUT_FORMATS[name]), input_format=name)


def _with_input_format(state: Mapping[str, Tensor], form: InputFormat) -> dict[str, Tensor]:
    """The state with the format's order and mean; its std is folded into the first layer."""
    changed = {
        "input_mean": torch.tensor(form.mean),
        "input_order": torch.tensor(form.order),
        "input_scale": torch.tensor(1.0),
    }
    if form.std is not None and "conv1_1.weight" in state:
        # Such nets take RGB: their channels are the other way round.
        weight = state["conv1_1.weight"].flip(1) / torch.tensor(form.std)[:, None, None]
        changed["conv1_1.weight"] = weight
    return {**state, **changed}


def _infer_input_format(state: Mapping[str, Tensor], path: Path) -> str:
    """The name of the input format, by the file's name or by the net."""
    if path.name in PUBLISHED_INPUT_FORMATS:
        return PUBLISHED_INPUT_FORMATS[path.name]
    for parameter, name in {
        "loss3/classifier.weight": "googlenet",
        "score_fr_geo.weight": "siftflow",
        "score_fr_hha.weight": "nyud-color-hha",
    }.items():
        if parameter in state:
            return name
    return "vgg" if "fc8.weight" in state and "conv5_3.weight" in state else "fcn"


def _data_layer_format(layer: CaffeLayer, path: Path) -> InputFormat | None:
    """The input format in a data layer's settings, as the released nets write them."""
    if "'mean'" not in layer.settings or len(layer.settings) > 4096:
        return None
    try:
        settings = ast.literal_eval(layer.settings)
        mean = tuple(float(value) for value in settings["mean"])
        order = tuple(int(value) for value in settings.get("order", BGR))
    except _MALFORMED:
        raise InputError(
            f"{path}: data layer {layer.settings[:60]!r}; expected a mean for each channel"
        ) from None
    if sorted(order) != list(range(len(mean))):
        raise InputError(
            f"{path}: data layer's order {order}; expected one of {len(mean)} channels"
        )
    return InputFormat(mean, order)


def read_labels(layers: Mapping[str, CaffeLayer], path: Path) -> dict[str, object]:
    """What a .caffemodel of ours tells besides weights; nothing of another one.

    That is the classes' names and colours, the net's inputs and values, and what images it was
    trained on.
    """
    layer = layers.get(LABEL_LAYER, CaffeLayer())
    if not layer.settings:
        return {}
    try:
        found = json.loads(layer.settings)
        labels = {key: found[key] for key in (*LABELS, "inputs") if key in found}
        if "images" in found:  # that it was trained on
            labels["provenance"] = {"images": str(found["images"])}
        if ARCHITECTURE in found:
            labels[ARCHITECTURE] = Net.model_validate(found[ARCHITECTURE]).model_dump(mode="json")
        names: list[object] = [*labels.get("inputs", ())]
        names += [name for each in labels.get("classes", {}).values() for name in each]
        colours = [colour for each in labels.get("palette", {}).values() for colour in each]
        if not all(isinstance(name, str) for name in names):
            raise TypeError
        if any((len(colour), len(bytes(colour))) != (3, 3) for colour in colours):
            raise ValueError
    except _MALFORMED:
        raise InputError(f"{path}: {LABEL_LAYER} is damaged; expected class names") from None
    return labels


def _per_class(name: str, kernel: Tensor, path: Path) -> Tensor:
    """An upsampling's kernels as [classes, 1, k, k]; dense ones must keep the classes apart."""
    if not name.startswith("upscore") or kernel.dim() != 4 or kernel.shape[1] == 1:
        return kernel
    classes = range(min(kernel.shape[:2]))
    own = kernel[classes, classes]
    if kernel.shape[0] != kernel.shape[1] or kernel.count_nonzero() != own.count_nonzero():
        raise InputError(
            f"{path}: {name} {format_shape(kernel)} mixes classes; expected each by itself"
        )
    return own[:, None].clone()


def _constant_scale(name: str, layer: CaffeLayer, path: Path) -> float:
    """The one number that a Scale layer multiplies by."""
    values = np.unique(layer.blobs[0])
    if len(values) != 1:
        found = f"{values.min():g} to {values.max():g}" if len(values) else "none"
        raise InputError(f"{path}: {name} scales by {found}; expected one constant")
    return float(str(values[0]))  # the shortest that is the same float32: 0.01 again
