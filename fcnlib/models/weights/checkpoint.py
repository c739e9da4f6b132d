"""Checkpoints: one typed content, one writer, one reader; files are read without running code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import to_json
from torch import Tensor

from fcnlib.config.columns import Setting
from fcnlib.config.schema_base import Colour, Line, Name
from fcnlib.config.schema_data import CHANNELS
from fcnlib.config.schema_nets import Net
from fcnlib.core.errors import InputError, first_line, first_problem
from fcnlib.core.files import atomic_write
from fcnlib.core.printing import short
from fcnlib.models.weights.file_kinds import TORCHSCRIPT, kind_of_file
from fcnlib.models.weights.torch_files import CHECKPOINT, read_torch

INTEGER_BUFFERS = ("input_order", "num_batches_tracked")  # buffers
# What the file of a segmentation net must hold, and all that the file of a classifier holds.
REQUIRED = ("classes", "palette", "inputs", "best_iteration", "provenance")
OF_CLASSIFIER = ("state", "scores", "provenance")


@dataclass(frozen=True)
class Checkpoint:
    """The weights of a net, the values that build it, and what is known of its training.

    `net` is None for a classifier, which has no classes, palette and inputs of its own.
    """

    __pydantic_config__ = ConfigDict(arbitrary_types_allowed=True)

    state: dict[str, Tensor]
    net: Net | None = None
    classes: dict[Name, tuple[Line, ...]] = field(default_factory=dict)  # by task
    palette: dict[Name, tuple[Colour, ...]] = field(default_factory=dict)  # by task
    inputs: tuple[str, ...] = ()  # what the image's channels are of
    best_iteration: int | None = None  # the one that `state` is of
    scores: dict[str, float] = field(default_factory=dict)  # of that iteration, as fractions
    seconds: float | None = None  # of training
    loss: float | None = None  # per pixel, over the last tenth of the training
    settings: dict[Setting, int | float] = field(default_factory=dict)  # of the recipe
    order: str | None = None  # digest of the order of the images
    diverged_at: int | None = None  # the iteration at which the loss was no number any more
    provenance: dict[str, Any] = field(default_factory=dict)


_ADAPTER = TypeAdapter(Checkpoint)


def read_checkpoint(path: Path, expected: str = CHECKPOINT) -> Checkpoint:
    """The checkpoint in a .pt file of ours, loaded without running code from it."""
    return checkpoint_from(read_tensors(path, expected), path)


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint atomically."""
    content = {each.name: getattr(checkpoint, each.name) for each in fields(checkpoint)}
    checkpoint_from(content, path)
    if checkpoint.net is None:
        content = {name: content[name] for name in OF_CLASSIFIER}
    else:
        content["net"] = checkpoint.net.model_dump(mode="json")
    write_tensors(path, content)


def checkpoint_from(content: Mapping[str, object], path: Path) -> Checkpoint:
    """The checked checkpoint of a file's content; `path` is the file that errors name."""
    required = ("state", *REQUIRED) if content.get("net") is not None else ("state",)
    if missing := [name for name in required if name not in content]:
        raise InputError(f"{path}: lacks {', '.join(missing)}; expected a checkpoint")
    checked_state(content["state"], path)
    if not isinstance(content.get("classes", {}), Mapping):
        raise InputError(f"{path}: classes without their task; expected a net trained anew")
    known = {each.name for each in fields(Checkpoint)}
    try:
        found = _ADAPTER.validate_python({k: v for k, v in content.items() if k in known})
    except ValidationError as error:
        raise InputError(f"{path}: {first_problem(error)}; expected a checkpoint") from None
    try:
        to_json(found.provenance)
    except ValueError as error:
        problem = f"provenance: {first_line(error)}"
        raise InputError(f"{path}: {problem}; expected texts and numbers") from None
    if found.net is not None:
        counts = {task: len(names) for task, names in found.classes.items()}
        check_palette(found.palette, counts, path)
        channels = 3 * len(found.net.streams) or found.net.input_channels
        check_inputs(found.inputs, channels, path)
    return found


def check_palette(
    palette: Mapping[str, Sequence[Colour]], classes: Mapping[str, int], path: Path
) -> None:
    """Raise unless each task of the palette has as many colours as classes, or none."""
    for task, colours in palette.items():
        if task not in classes:
            raise InputError(f"{path}: palette of {short(task)!r}; expected of {list(classes)}")
        if colours and len(colours) != classes[task]:
            expected = classes[task]
            raise InputError(f"{path}: palette of {len(colours)} colours; expected {expected}")


def check_inputs(inputs: Sequence[str], channels: int, path: Path) -> None:
    """Raise unless these are inputs that a net with so many channels can see."""
    known = {str(name): count for name, count in CHANNELS.items()}
    counts = [known.get(name, 0) for name in inputs]
    if 0 in counts or len(set(inputs)) < len(inputs) or sum(counts) != channels:
        found = short(", ".join(inputs)) or "none"
        raise InputError(f"{path}: inputs {found}; expected such of {channels} channels in all")


def read_tensors(path: Path, expected: str = CHECKPOINT) -> dict[str, object]:
    """The content of any .pt file, its tensors and plain values, read without running code."""
    content = read_torch(path, expected)
    if not isinstance(content, dict):
        raise InputError(f"{path}: holds a {type(content).__name__}; expected a dict of tensors")
    return content


def is_exported(path: Path) -> bool:
    """Whether the file is TorchScript, which holds code beside its tensors."""
    return path.is_file() and kind_of_file(path) == TORCHSCRIPT


def write_tensors(path: Path, content: Mapping[str, object]) -> None:
    """Write tensors and plain values as a .pt file, atomically."""
    try:
        with atomic_write(path) as temporary:
            torch.save(dict(content), temporary)
    except RuntimeError:  # torch's own, without the system's reason
        raise InputError(f"{path}: cannot be written; is the disk full?") from None


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint, or of a file of nothing but tensors."""
    content = read_tensors(path)
    if "features.0.weight" in content:
        raise InputError(f"{path}: torchvision's layer names; expected a file of `fcn convert`")
    return checked_state(content.get("state", content), path)


def checked_state(state: object, path: Path) -> dict[str, Tensor]:
    """A dict of tensors, if it is one."""
    if not isinstance(state, dict) or not all(
        isinstance(name, str) and isinstance(t, Tensor) for name, t in state.items()
    ):
        raise InputError(f"{path}: no tensors in it; expected a dict of layer name -> tensor")
    for name, tensor in state.items():
        _check_tensor(name, tensor, path)
    return state


def _check_tensor(name: str, tensor: Tensor, path: Path) -> None:
    """Raise unless its numbers can be those of a layer."""
    what = f"{path}: {short(name)}"
    if not (tensor.is_floating_point() or name.endswith(INTEGER_BUFFERS)):
        kind = str(tensor.dtype).removeprefix("torch.")
        raise InputError(f"{what} is of type {kind}; expected floating point numbers")
    if name == "input_order" and sorted(tensor.tolist()) != list(range(tensor.numel())):
        raise InputError(f"{what} is no order of channels; expected each of them once")
    # Of the extremes, which are NaN if one number is: no second tensor is made. As floats, which
    # they become in a net.
    if tensor.numel() and not torch.stack(torch.aminmax(tensor)).float().isfinite().all():
        raise InputError(f"{what} is not finite; expected numbers")


def json_value(value: object) -> object:
    """A checkpoint's value for JSON: the shapes of its tensors, and all else as text."""
    if isinstance(value, Tensor):
        return format_shape(value)
    if isinstance(value, dict):
        return {str(key): json_value(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(each) for each in value]
    return value if isinstance(value, str | int | float | None) else str(value)


def format_shape(tensor: Tensor) -> str:
    """A tensor's shape as text, such as "64 x 3 x 3 x 3"."""
    return " x ".join(map(str, tensor.shape)) or "a number"
