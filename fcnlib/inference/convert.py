"""Published weights as checkpoints and models of ours, and our nets in the published format."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from fcnlib.config.schema import Net
from fcnlib.config.schema_data import CHANNELS
from fcnlib.core.errors import InputError
from fcnlib.core.files import sha256
from fcnlib.datasets.converters import voc
from fcnlib.datasets.images import voc_palette
from fcnlib.inference.torchscript import export_trained, trained_net
from fcnlib.models.classifier import build_classifier
from fcnlib.models.fcn import FCN, build_fcn
from fcnlib.models.graph import ILSVRC_MEAN_BGR, LayerGraph
from fcnlib.models.weights.caffemodel import write_caffemodel
from fcnlib.models.weights.checkpoint import read_checkpoint, shown_shape, write_checkpoint
from fcnlib.models.weights.infer_architecture import (
    infer_heads,
    infer_net,
    infer_shapes,
    parse_net_name,
)
from fcnlib.models.weights.matching import Matching, load_matching
from fcnlib.models.weights.sources import (
    INPUT_FORMATS,
    LABEL_LAYER,
    LABELS,
    STREAMS,
    Weights,
    read_weights,
)
from fcnlib.models.weights.to_caffe import caffe_layers, label_layer

SUFFIXES = (".pt", ".ts")
# What a net sees by its channels, where nothing else tells.
SEEN = {1: ("depth",), 3: ("rgb",), 4: ("rgb", "depth"), 6: ("rgb", "hha")}

T = TypeVar("T")
Names = Mapping[str, Sequence[str]]  # of each task's classes


@dataclass(frozen=True)
class Conversion:
    """A net with the weights of a file, and what became of each tensor."""

    net: LayerGraph
    values: Net | None  # None: a classifier
    weights: Weights
    done: Matching

    def table(self) -> str:
        """Every tensor: its shape in the file, in the net, and what was done."""
        ours = self.net.state_dict()
        done = dict.fromkeys(self.done.copied, "copied")
        done |= dict.fromkeys(self.done.reshaped, "reshaped")
        done |= dict.fromkeys(self.done.unused, "left in the file")
        rows = [("tensor", "as read", "in the net", "")]
        for name, theirs in self.weights.state.items():
            place = shown_shape(ours[name]) if name in ours else "-"
            if not name.startswith("input_"):
                what = done.get(name, "bilinear in both")
                rows.append((name, shown_shape(theirs), place, what))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        counts = Counter(row[-1] for row in rows[1:])
        lines.append(", ".join(f"{count} {what}" for what, count in counts.items()))
        return "\n".join([*lines, self._input()])

    def _input(self) -> str:
        net = self.net
        mean = ", ".join(f"{value:.3f}" for value in net.input_mean.tolist())
        order = [str(channel) for channel in net.input_order.tolist()]
        seen = f"bytes of channels {', '.join(order)}"
        if _inputs(self.weights, net)[-1:] == ["depth"]:
            depth = f"logarithm of the millimetres of channel {order.pop()}"
            colours = f"bytes of channels {', '.join(order)}, " if order else ""
            seen = colours + depth
        return f"input: ({seen} - ({mean})) x {net.input_scale.item():g}"


def convert(
    source: Path,
    to: str,
    out: Path,
    *,
    classes: Path | Names | None = None,
    palette: Mapping[str, Sequence[Sequence[int]]] | None = None,
    input: str | None = None,
    skip_scales: Sequence[float] | None = None,
) -> Conversion:
    """Write weights that people have as a checkpoint (.pt) or as a model for predicting (.ts).

    `to` is fcn32s, fcn16s or fcn8s, a hyphen and a backbone; or a backbone alone for a classifier.
    Everything else about the net is in the file, but for its classes' names: in a text file, one a
    line and those of several tasks one after the other, or by task, as are their colours.
    """
    if out.suffix not in SUFFIXES:
        raise InputError(f"{out}: {out.suffix or 'no suffix'}; expected {' or '.join(SUFFIXES)}")
    _check_out(out, source)
    if "-" not in to and (skip_scales or classes):
        given = "skip scales" if skip_scales else "class names"
        raise InputError(f"{source}: {given} for the classifier {to!r}; expected none")
    conversion = converted(
        read_weights(source, input_format=input), to, source, skip_scales=skip_scales
    )
    if out.suffix == ".ts" and conversion.values is None:
        raise InputError(f"{out}: a classifier labels no pixels; expected a .pt file for it")
    content = _content(conversion, source, classes)
    if palette and conversion.values:
        content["palette"] = _of_tasks(palette, content["classes"], f"{source}: palette")
    if out.suffix == ".pt":
        write_checkpoint(out, content)
    else:
        export_trained(content, out, origin=source)
    return conversion


def import_weights(source: Path, backbone: str, path: Path) -> None:
    """Write published classifier weights as the checkpoint that training starts from."""
    conversion = converted(read_weights(source), backbone, source)
    if conversion.weights.input_format in ("vgg", "googlenet"):
        # The released FCNs subtract CaffeNet's mean, whatever net they start from.
        conversion.net.input_mean.copy_(torch.tensor(ILSVRC_MEAN_BGR))
    write_checkpoint(path, _content(conversion, source, None))


def to_caffemodel(checkpoint: Path, path: Path) -> None:
    """Write a trained net in the published format; read back, it gives the same scores."""
    _check_out(path, checkpoint)
    content: dict[str, Any] = read_checkpoint(checkpoint)
    values, net = trained_net(content, checkpoint)
    _check_written(values, checkpoint)
    labels = {key: content[key] for key in (*LABELS, "inputs") if key in content}
    write_caffemodel(path, {**caffe_layers(net), LABEL_LAYER: label_layer(labels)})


def _check_written(values: Net, checkpoint: Path) -> None:
    """That layers' names and weights tell of all that the net is."""
    if values.null_background or values.fusion != "sum":
        raise InputError(
            f"{checkpoint}: a null background or fusion {values.fusion!r}; expected a net without, "
            "as a .caffemodel's weights do not tell"
        )
    if values.streams not in ((), STREAMS):
        raise InputError(
            f"{checkpoint}: streams {list(values.streams)}; expected {list(STREAMS)}, as these "
            "are read back"
        )
    _, known = parse_net_name(f"fcn{values.stride}s-{values.backbone}")
    if values.predict_from != known:
        raise InputError(
            f"{checkpoint}: predicts from {list(values.predict_from)}; expected {list(known)}, as "
            "these are read back"
        )


def converted(
    weights: Weights, to: str, source: Path, *, skip_scales: Sequence[float] | None = None
) -> Conversion:
    """The net called `to` with these weights; InputError if any of its own is not among them."""
    backbone, predict_from = parse_net_name(to)
    state = weights.state
    shapes = infer_shapes(state, backbone, source)
    net: LayerGraph
    values = None
    if predict_from:
        values = infer_net(weights, backbone, predict_from, shapes, skip_scales, source)
        heads = infer_heads(state, values, source, _tasks(weights))
        net = build_fcn(**values.model_dump(exclude={"start_from"}), classes=heads)
    else:
        top = "loss3/classifier.bias" if backbone == "googlenet" else "fc8.bias"
        if top not in state:
            raise InputError(f"{source}: lacks {top.removesuffix('.bias')}; expected a classifier")
        net = build_classifier(backbone, state[top].numel(), **shapes)
    done = load_matching(state, net, origin=str(source))
    if lost := [name for name in done.missing if not name.startswith("input_")]:
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        raise InputError(f"{source}: lacks {lost[0]}{more}; expected all of {to}")
    _check(net, state, source)
    return Conversion(net.eval(), values, weights, done)


def _check(net: LayerGraph, state: Mapping[str, Tensor], source: Path) -> None:
    """What a transplant does not see: numbers that are none, and other upsampling than ours."""
    for name, tensor in net.state_dict().items():
        if not tensor.isfinite().all():
            raise InputError(f"{source}: {name} is not finite; expected numbers")
        theirs = state.get(name, tensor)
        if name.startswith("upscore") and (
            theirs.shape != tensor.shape or not torch.allclose(theirs, tensor, atol=1e-5)
        ):
            raise InputError(
                f"{source}: {name} {shown_shape(theirs)} is not our bilinear interpolation; "
                f"expected {shown_shape(tensor)} of it"
            )


def _check_out(out: Path, source: Path) -> None:
    if out.is_dir():
        raise InputError(f"{out}: is a folder; expected a file to write")
    if out.resolve() == source.resolve():
        raise InputError(f"{out}: is the file to read; expected another to write")


def _content(conversion: Conversion, source: Path, classes: Path | Names | None) -> dict[str, Any]:
    """The content of a checkpoint, as training writes it."""
    net, told = conversion.net, conversion.weights.metadata
    origin = {"converted_from": source.name, "sha256": sha256(source)}
    if not isinstance(net, FCN) or conversion.values is None:
        return {"state": net.state_dict(), "provenance": origin}
    content = {
        "state": net.state_dict(),
        "net": conversion.values.model_dump(mode="json"),
        "classes": _class_names(classes, net.heads),
        "palette": {task: [list(c) for c in voc_palette()[:n]] for task, n in net.heads.items()},
        "inputs": _checked_inputs(conversion, source),
        "best_iteration": None,
        "scores": {},
        "provenance": origin,
    }
    if not classes and "classes" in told:
        _check_labels(told, net.heads, source)
        content |= {key: told[key] for key in LABELS if key in told}
        if _same_net(conversion):
            content |= {key: told[key] for key in ("best_iteration", "scores") if key in told}
    return content


def _inputs(weights: Weights, net: LayerGraph) -> list[Any]:
    """What the net sees: as its input's name says, or the file, or the number of channels."""
    told = (
        INPUT_FORMATS[weights.input_format].inputs
        if weights.input_format
        else weights.metadata.get("inputs")
    )
    return list(told or SEEN.get(net.input_mean.numel(), ()))


def _checked_inputs(conversion: Conversion, source: Path) -> list[Any]:
    """What the net sees, if that has as many channels as the net."""
    inputs, channels = _inputs(conversion.weights, conversion.net), len(conversion.net.input_mean)
    if sum(CHANNELS.get(name, 0) for name in inputs) != channels:
        raise InputError(f"{source}: sees {inputs}; expected inputs of {channels} channels in all")
    return inputs


def _tasks(weights: Weights) -> list[str]:
    """The tasks that a file tells of."""
    told = weights.metadata.get("classes")
    return [str(task) for task in told] if isinstance(told, Mapping) else []


def _same_net(conversion: Conversion) -> bool:
    """Whether the file's scores are those of the net: same layers, same input."""
    told, values = conversion.weights.metadata.get("net"), conversion.values
    if not isinstance(told, dict) or values is None or conversion.weights.input_format:
        return False
    return tuple(told.get("predict_from", ())) == values.predict_from


def _check_labels(told: Mapping[str, Any], heads: Mapping[str, int], source: Path) -> None:
    """That a file's own names and colours are as many as its net's outputs."""
    for key in (key for key in LABELS if key in told):
        found = {task: len(each) for task, each in told[key].items()}
        if found != heads:
            raise InputError(f"{source}: {key} of {found}; expected {dict(heads)}")


def _class_names(given: Path | Names | None, heads: Mapping[str, int]) -> dict[str, list[str]]:
    """The names of each task's classes: as given, of VOC where they are as many, or numbers."""
    if isinstance(given, Mapping):
        names = {task: list(each) for task, each in _of_tasks(given, heads, "classes").items()}
        for task, size in heads.items():
            if len(names[task]) != size:
                raise InputError(f"classes: {len(names[task])} of {task}; expected {size}")
        return names
    count = sum(heads.values())
    listed = list(voc.CLASSES) if count == len(voc.CLASSES) else _numbered(count)
    if given is not None:
        try:
            listed = [line.strip() for line in given.read_text().splitlines() if line.strip()]
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{given}: {error}; expected class names, one a line") from None
    if len(listed) != count:
        raise InputError(f"{given}: {len(listed)} classes; expected {count}, one for each output")
    each = iter(listed)
    return {task: [next(each) for _ in range(size)] for task, size in heads.items()}


def _numbered(count: int) -> list[str]:
    return [f"class {i}" for i in range(count)]


def _of_tasks(given: Mapping[str, T], tasks: Iterable[str], place: str) -> dict[str, T]:
    """What is given for these tasks; InputError if one has none."""
    if lacking := [task for task in tasks if task not in given]:
        raise InputError(f"{place} of {', '.join(given)}; expected {lacking[0]} too")
    return {task: given[task] for task in tasks}
