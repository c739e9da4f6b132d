"""Weights from a file or a net into a net, by layer name."""

import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from fcnlib.errors import InputError
from fcnlib.files import replacing

State = Mapping[str, Tensor]
WHOLE_NUMBERS = ("input_order", "num_batches_tracked")  # buffers
# What torch.load raises for damaged and foreign files; it has no common class.
_DAMAGED = (RuntimeError, EOFError, OSError, ValueError, LookupError)


@dataclass(frozen=True)
class Transplant:
    """What became of each tensor: `left` had no place, `missing` kept its initial value."""

    copied: tuple[str, ...]
    reshaped: tuple[str, ...]
    left: tuple[str, ...]
    missing: tuple[str, ...]


def transplant(source: State, net: nn.Module, *, origin: str = "weights") -> Transplant:
    """Copy into `net` every tensor that `source` has under the same name.

    A fully connected layer [out, in] becomes the convolution [out, channels, k, k] of the same
    numbers. Frozen bilinear kernels stay as they are. Another architecture raises an InputError.
    """
    frozen = {
        name
        for name, parameter in net.named_parameters()
        if name.startswith("upscore") and not parameter.requires_grad
    }
    target = {name: t for name, t in net.state_dict().items() if name not in frozen}
    copied: list[str] = []
    reshaped: list[str] = []
    for name, place in target.items():
        if name not in source:
            continue
        tensor = source[name]
        if tensor.numel() != place.numel() or tensor.shape[:1] != place.shape[:1]:
            raise InputError(
                f"{origin}: {name} is {shown_shape(tensor)}; expected {shown_shape(place)} "
                "(a checkpoint of another architecture?)"
            )
        (copied if tensor.shape == place.shape else reshaped).append(name)
        with torch.no_grad():
            place.copy_(tensor.reshape(place.shape))
    if not copied and not reshaped:
        expected = next(name for name in target if not name.startswith("input_"))
        raise InputError(f"{origin}: no layer of this net in it; expected {expected}, ...")
    missing = [name for name in target if name not in source]
    left = [name for name in source if name not in target and name not in frozen]
    return Transplant(tuple(copied), tuple(reshaped), tuple(left), tuple(missing))


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
        with replacing(path) as temporary:
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
