"""Checkpoints: written whole or not at all, read without running code of theirs."""

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from fcnlib.core.errors import InputError
from fcnlib.core.files import atomic_write

WHOLE_NUMBERS = ("input_order", "num_batches_tracked")  # buffers


# What torch.load raises for damaged and foreign files; it has no common class.
_DAMAGED = (RuntimeError, EOFError, OSError, ValueError, LookupError)


def read_checkpoint(path: Path) -> dict[str, object]:
    """The content of a .pt file, loaded without running code from it."""
    if _is_exported(path):
        raise InputError(f"{path}: an exported model, not weights; expected a checkpoint (.pt)")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; expected a checkpoint") from None
    except pickle.UnpicklingError:  # torch's reasons fill a page
        raise InputError(
            f"{path}: not only tensors in it; expected a checkpoint (.pt), or the suffix "
            ".caffemodel of Caffe's files"
        ) from None
    except _DAMAGED as error:
        reason = "damaged, or of another kind"
        if isinstance(error, OSError) and error.strerror:
            reason = error.strerror
        raise InputError(f"{path}: {reason}; expected a checkpoint (.pt)") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: holds a {type(content).__name__}; expected a dict of tensors")
    return content


def is_checkpoint(path: Path) -> bool:
    """Whether torch.save has written the file: TorchScript holds code besides."""
    names = _members(path)
    return any(name.endswith("data.pkl") for name in names) and not _is_exported(path)


def _is_exported(path: Path) -> bool:
    return any("/code/" in name for name in _members(path))


def _members(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (OSError, ValueError, zipfile.BadZipFile):  # what it is instead is for others to tell
        return []


def write_checkpoint(path: Path, content: Mapping[str, object]) -> None:
    """Write a checkpoint whole or not at all."""
    try:
        with atomic_write(path) as temporary:
            torch.save(dict(content), temporary)
    except RuntimeError:  # torch's own, without the system's reason
        raise InputError(f"{path}: cannot be written; is the disk full?") from None


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint of ours."""
    content = read_checkpoint(path)
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
        if not (tensor.is_floating_point() or name.endswith(WHOLE_NUMBERS)):
            kind = str(tensor.dtype).removeprefix("torch.")
            raise InputError(f"{path}: {name} is of type {kind}; expected floating point numbers")
    return state


def shown(value: object) -> object:
    """A checkpoint's value for JSON: the shapes of its tensors, and all else as text."""
    if isinstance(value, Tensor):
        return shown_shape(value)
    if isinstance(value, dict):
        return {str(key): shown(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [shown(each) for each in value]
    return value if isinstance(value, str | int | float | None) else str(value)


def shown_shape(tensor: Tensor) -> str:
    """A tensor's sides, as people write them."""
    return " x ".join(map(str, tensor.shape)) or "a number"
