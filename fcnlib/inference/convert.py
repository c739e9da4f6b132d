"""Published weights as checkpoints and models of ours, and our nets in the published format."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from fcnlib.config.schema_nets import Net
from fcnlib.core.errors import InputError
from fcnlib.core.files import sha256
from fcnlib.core.reading import read_lines
from fcnlib.datasets.converters import voc
from fcnlib.datasets.images import voc_palette
from fcnlib.inference.inputs import count_channels
from fcnlib.inference.model_info import INPUTS_OF_CHANNELS, ModelInfo, build_net
from fcnlib.inference.torchscript import export_trained, restore_net
from fcnlib.models.classifier import build_classifier
from fcnlib.models.fcn import FCN
from fcnlib.models.graph import ILSVRC_MEAN_BGR, LayerGraph
from fcnlib.models.weights.caffemodel import write_caffemodel
from fcnlib.models.weights.checkpoint import (
    Checkpoint,
    checkpoint_from,
    format_shape,
    read_checkpoint,
    write_checkpoint,
)
from fcnlib.models.weights.infer_architecture import (
    backbone_and_layers,
    infer_heads,
    infer_net,
    infer_shapes,
    parse_net_name,
)
from fcnlib.models.weights.matching import Matching, load_matching
from fcnlib.models.weights.sources import (
    ARCHITECTURE,
    INPUT_FORMATS,
    LABEL_LAYER,
    LABELS,
    STREAMS,
    Weights,
    read_weights,
)
from fcnlib.models.weights.to_caffe import caffe_layers, label_layer

NET_SUFFIXES = (".pt", ".ts")

T = TypeVar("T")
Names = Mapping[str, Sequence[str]]  # of each task's classes


@dataclass(frozen=True)
class Conversion:
    """A net with the weights of a file, and what became of each tensor."""

    source: Path
    net: LayerGraph
    values: Net | None  # None: a classifier
    weights: Weights
    matching: Matching

    @property
    def segmentation_net(self) -> FCN:
        """The net; a classifier is an InputError."""
        if not isinstance(self.net, FCN):
            raise InputError(f"{self.source}: a classifier labels no pixels; expected an FCN")
        return self.net

    def checkpoint(
        self, provenance: dict[str, Any], classes: Path | Names | None = None
    ) -> Checkpoint:
        """The net as a checkpoint.

        Its classes are named by `classes`, else by the file, else as VOC's where they are as many.
        """
        net, metadata = self.net, self.weights.metadata
        provenance = {**provenance, **known_images(metadata.get("provenance"))}
        if not isinstance(net, FCN) or self.values is None:
            return Checkpoint(net.state_dict(), provenance=provenance)
        content: dict[str, Any] = {
            "state": net.state_dict(),
            "net": self.values,
            "classes": _class_names(classes, net.heads),
            "palette": {task: voc_palette()[:count] for task, count in net.heads.items()},
            "inputs": _checked_inputs(self.weights, net, self.source),
            "best_iteration": None,
            "provenance": provenance,
        }
        if not classes and metadata.get("classes"):
            _check_labels(metadata, net.heads, self.source)
            content |= {key: metadata[key] for key in LABELS if metadata.get(key)}
            if self._is_same_net():
                kept = ("best_iteration", "scores")
                content |= {key: metadata[key] for key in kept if key in metadata}
        return checkpoint_from(content, self.source)

    def _is_same_net(self) -> bool:
        """Whether the file's scores are those of the net: same layers, same input."""
        values, stored = self.values, self.weights.metadata.get("net")
        if not isinstance(stored, dict) or values is None or self.weights.input_format:
            return False
        return tuple(stored.get("predict_from", ())) == values.predict_from

    def table(self) -> str:
        """Every tensor: its shape in the file, in the net, and what was done."""
        ours = self.net.state_dict()
        done = dict.fromkeys(self.matching.copied, "copied")
        done |= dict.fromkeys(self.matching.reshaped, "reshaped")
        done |= dict.fromkeys(self.matching.unused, "left in the file")
        rows = [("tensor", "as read", "in the net", "")]
        for name, theirs in self.weights.state.items():
            place = format_shape(ours[name]) if name in ours else "-"
            if not name.startswith("input_"):
                what = done.get(name, "bilinear in both")
                rows.append((name, format_shape(theirs), place, what))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        counts = Counter(row[-1] for row in rows[1:])
        lines.append(", ".join(f"{count} {what}" for what, count in counts.items()))
        return "\n".join([*lines, self._input_line()])

    def _input_line(self) -> str:
        net = self.net
        mean = ", ".join(f"{value:.3f}" for value in net.input_mean.tolist())
        order = [str(channel) for channel in net.input_order.tolist()]
        channels = f"bytes of channels {', '.join(order)}"
        if _inputs(self.weights, net)[-1:] == ["depth"]:
            depth = f"logarithm of the millimetres of channel {order.pop()}"
            colours = f"bytes of channels {', '.join(order)}, " if order else ""
            channels = colours + depth
        return f"input: ({channels} - ({mean})) x {net.input_scale.item():g}"


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
    """Write published weights, or a net of ours, as a checkpoint (.pt) or a model (.ts).

    Args:
        source: A .caffemodel, .pth or .pt file.
        to: fcn32s, fcn16s or fcn8s, a hyphen and a backbone; a backbone alone for a classifier;
            empty: inferred from the layers' names.
        out: The file to write; its suffix decides what.
        classes: A text file of class names, one a line, those of several tasks one after the
            other; or the names by task.
        palette: RGB of each class, by task.
        input: What the net was trained on, a name of `sources.INPUTS`, if not as published.
        skip_scales: Of a .pth file: the scale of each finer layer.
    """
    if out.suffix not in NET_SUFFIXES:
        raise InputError(
            f"{out}: {out.suffix or 'no suffix'}; expected {' or '.join(NET_SUFFIXES)}"
        )
    check_out(out, source)
    if to and "-" not in to and (skip_scales or classes):
        given = "skip scales" if skip_scales else "class names"
        raise InputError(f"{source}: {given} for the classifier {to!r}; expected none")
    weights = read_weights(source, input_format=input)
    trained = weights.metadata.get("net") is not None  # by us
    if trained and not to and out.suffix == ".pt":
        expected = "expected a net, such as fcn8s-vgg16, as the file is a checkpoint already"
        raise InputError(f"{source}: --to is missing; {expected}")
    conversion = converted(weights, to, source, skip_scales=skip_scales)
    if out.suffix == ".ts" and conversion.values is None:
        raise InputError(f"{out}: a classifier labels no pixels; expected a .pt file for it")
    if trained and not (to or classes or palette or input):
        checkpoint = checkpoint_from(weights.metadata, source)  # all that is known of its training
    else:
        checkpoint = conversion.checkpoint(_origin(source), classes)
    if palette and conversion.values:
        colours = _of_tasks(palette, checkpoint.classes, f"{source}: palette")
        tuples = {task: tuple((r, g, b) for r, g, b in each) for task, each in colours.items()}
        checkpoint = replace(checkpoint, palette=tuples)
    if out.suffix == ".pt":
        write_checkpoint(out, checkpoint)
    else:
        export_trained(checkpoint, out, origin=source)
    return conversion


def convert_weights(source: Path) -> Conversion:
    """The segmentation net in a file of published weights, inferred from its layers."""
    return converted(read_weights(source), "", source)


def import_weights(source: Path, backbone: str, path: Path) -> None:
    """Write published classifier weights as the checkpoint that training starts from."""
    conversion = converted(read_weights(source), backbone, source)
    if conversion.weights.input_format in ("vgg", "googlenet"):
        # The released FCNs subtract CaffeNet's mean, whatever net they start from.
        conversion.net.input_mean.copy_(torch.tensor(ILSVRC_MEAN_BGR))
    write_checkpoint(path, conversion.checkpoint(_origin(source)))


def to_caffemodel(checkpoint: Path, path: Path) -> None:
    """Write a trained net in the published format; read back, it gives the same scores."""
    check_out(path, checkpoint)
    content = read_checkpoint(checkpoint)
    net = restore_net(content, checkpoint)
    info = ModelInfo.from_checkpoint(content, net)
    check_writable(info, checkpoint)
    write_as_caffemodel(net, info, path)


def write_as_caffemodel(net: FCN, info: ModelInfo, path: Path) -> None:
    """Write a net in the published format, with its classes' names and colours."""
    labels = {key: getattr(info, key) for key in (*LABELS, "inputs")}
    labels |= known_images(info.provenance)
    if info.net is not None:
        labels[ARCHITECTURE] = info.net.model_dump(mode="json")
    write_caffemodel(path, {**caffe_layers(net), LABEL_LAYER: label_layer(labels)})


def check_writable(info: ModelInfo, checkpoint: Path) -> None:
    """Raise unless a .caffemodel's layers compute the net."""
    values = info.net
    if values is None:
        raise InputError(f"{checkpoint}: tells no net; expected a checkpoint of ours")
    if values.null_background or values.fusion != "sum":
        raise InputError(
            f"{checkpoint}: a null background or fusion {values.fusion!r}; expected a net without, "
            "as a .caffemodel does not hold that"
        )
    if values.streams not in ((), STREAMS):
        raise InputError(
            f"{checkpoint}: streams {list(values.streams)}; expected {list(STREAMS)}, as these "
            "are read back"
        )


def converted(
    weights: Weights, to: str, source: Path, *, skip_scales: Sequence[float] | None = None
) -> Conversion:
    """The net called `to` with these weights; InputError if any of its own is not among them.

    Without `to`, the net of the file's metadata, or inferred from its layers' names.
    """
    state, known = weights.state, None if to else _stored_values(weights, source)
    backbone: str
    if known:
        backbone, predict_from = known.backbone, known.predict_from
        shapes: dict[str, Any] = {"width": known.width, "fc6_kernel": known.fc6_kernel}
    else:
        found = parse_net_name(to) if to else backbone_and_layers(state, source)
        backbone, predict_from = found
        shapes = infer_shapes(state, backbone, source)
    net: LayerGraph
    values = None
    if predict_from:
        values = infer_net(weights, backbone, predict_from, shapes, skip_scales, source)
        heads = infer_heads(state, values, source, _tasks(weights))
        net = build_net(values, heads, source)
    else:
        top = "loss3/classifier.bias" if backbone == "googlenet" else "fc8.bias"
        if top not in state:
            raise InputError(f"{source}: lacks {top.removesuffix('.bias')}; expected a classifier")
        net = build_classifier(backbone, state[top].numel(), **shapes)
    matching = load_matching(state, net, origin=str(source))
    if lost := [name for name in matching.missing if not name.startswith("input_")]:
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        raise InputError(f"{source}: lacks {lost[0]}{more}; expected all of {to or backbone}")
    _check(net, state, source)
    return Conversion(source, net.eval(), values, weights, matching)


def _stored_values(weights: Weights, source: Path) -> Net | None:
    """The values of the net in a file of ours; None of another one."""
    if weights.metadata.get("net") is not None:
        return checkpoint_from(weights.metadata, source).net
    stored = weights.metadata.get(ARCHITECTURE)
    return None if stored is None else Net.model_validate(stored)


def _check(net: LayerGraph, state: Mapping[str, Tensor], source: Path) -> None:
    """Raise where a weight is not finite, or an upsampling is not ours."""
    for name, tensor in net.state_dict().items():
        if not tensor.isfinite().all():
            raise InputError(f"{source}: {name} is not finite; expected numbers")
        theirs = state.get(name, tensor)
        if name.startswith("upscore") and (
            theirs.shape != tensor.shape or not torch.allclose(theirs, tensor, atol=1e-5)
        ):
            raise InputError(
                f"{source}: {name} {format_shape(theirs)} is not our bilinear interpolation; "
                f"expected {format_shape(tensor)} of it"
            )


def check_out(out: Path, source: Path) -> None:
    """Raise unless `out` is a file to write, and not the one to read."""
    if out.is_dir():
        raise InputError(f"{out}: is a folder; expected a file to write")
    if out.resolve() == source.resolve():
        raise InputError(f"{out}: is the file to read; expected another to write")


def _origin(source: Path) -> dict[str, Any]:
    """The provenance of converted weights."""
    return {"converted_from": source.name, "sha256": sha256(source)}


def known_images(provenance: object) -> dict[str, Any]:
    """What a net was trained on, as far as its provenance tells."""
    found = provenance.get("images") if isinstance(provenance, Mapping) else None
    return {"images": found} if found else {}


def _inputs(weights: Weights, net: LayerGraph) -> list[Any]:
    """What the net sees: by its input's name, the file, or the number of channels."""
    stored = (
        INPUT_FORMATS[weights.input_format].inputs
        if weights.input_format
        else weights.metadata.get("inputs")
    )
    return list(stored or INPUTS_OF_CHANNELS.get(net.input_mean.numel(), ()))


def _checked_inputs(weights: Weights, net: LayerGraph, source: Path) -> list[Any]:
    """What the net sees, if that has as many channels as the net."""
    inputs, channels = _inputs(weights, net), len(net.input_mean)
    if count_channels(inputs) != channels:
        raise InputError(f"{source}: sees {inputs}; expected inputs of {channels} channels in all")
    return inputs


def _tasks(weights: Weights) -> list[str]:
    """The tasks in a file's metadata."""
    stored = weights.metadata.get("classes")
    return [str(task) for task in stored] if isinstance(stored, Mapping) else []


def _check_labels(metadata: Mapping[str, Any], heads: Mapping[str, int], source: Path) -> None:
    """Raise unless a file's own names and colours are as many as its net's outputs."""
    for key in (key for key in LABELS if metadata.get(key)):
        found = {task: len(each) for task, each in metadata[key].items()}
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
        listed = [line for line in read_lines(given, "class name") if line]
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
