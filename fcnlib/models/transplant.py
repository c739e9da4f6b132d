"""Weights from a file or a net into a net, by layer name."""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from fcnlib.errors import InputError
from fcnlib.files import replacing
from fcnlib.models.backbones import vgg16
from fcnlib.models.fcn import ILSVRC_MEAN_BGR

State = Mapping[str, Tensor]
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
    numbers. Bilinear kernels stay as they are. Another architecture raises an InputError.
    """
    target = {name: t for name, t in net.state_dict().items() if not name.startswith("upscore")}
    copied: list[str] = []
    reshaped: list[str] = []
    for name, place in target.items():
        if name not in source:
            continue
        tensor = source[name]
        if tensor.numel() != place.numel() or tensor.shape[:1] != place.shape[:1]:
            raise InputError(
                f"{origin}: {name} is {_shape(tensor)}; expected {_shape(place)} "
                "(a checkpoint of another architecture?)"
            )
        (copied if tensor.shape == place.shape else reshaped).append(name)
        with torch.no_grad():
            place.copy_(tensor.reshape(place.shape))
    if not copied and not reshaped:
        expected = next(name for name in target if not name.startswith("input_"))
        raise InputError(f"{origin}: no layer of this net in it; expected {expected}, ...")
    missing = [name for name in target if name not in source]
    left = [name for name in source if name not in target]
    return Transplant(tuple(copied), tuple(reshaped), tuple(left), tuple(missing))


def read_checkpoint(path: Path) -> dict[str, object]:
    """The content of a .pt file, loaded without running code from it."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; expected a checkpoint") from None
    except pickle.UnpicklingError:  # torch's reasons fill a page
        raise InputError(f"{path}: not only tensors in it; expected a checkpoint (.pt)") from None
    except _DAMAGED as error:
        reason = (str(error) or "damaged").splitlines()[0][:80]
        raise InputError(f"{path}: {reason}; expected a checkpoint (.pt)") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: holds a {type(content).__name__}; expected a dict of tensors")
    return content


def write_checkpoint(path: Path, content: Mapping[str, object]) -> None:
    """Write a checkpoint whole or not at all."""
    try:
        with replacing(path) as temporary:
            torch.save(dict(content), temporary)
    except RuntimeError as error:  # torch's own, without the system's reason
        reason = str(error).splitlines()[0]
        raise InputError(f"{path}: cannot be written; is the disk full? ({reason})") from None


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint of ours or of a VGG16 file of torchvision's layout, our names."""
    content = read_checkpoint(path)
    state = content.get("state", content)
    if not isinstance(state, dict) or not all(isinstance(t, Tensor) for t in state.values()):
        raise InputError(f"{path}: no tensors in it; expected a dict of layer name -> tensor")
    if "features.0.weight" in state:
        return from_torchvision_vgg16(state)
    return state


def import_weights(source: Path, path: Path) -> None:
    """Write published classifier weights as a checkpoint of ours."""
    write_checkpoint(path, {"state": read_state(source)})


def from_torchvision_vgg16(state: State) -> dict[str, Tensor]:
    """The published layer names and input for VGG16 weights in torchvision's layout.

    Two files have it: torchvision's own (RGB in 0..1 with ImageNet's mean and deviation, folded
    into conv1_1 here) and the conversion of the Caffe net (`classifier.1`; BGR in 0..255).
    """
    convolutions = [name for name in vgg16(width=1 / 64) if name.startswith("conv")]
    features = sorted({int(name.split(".")[1]) for name in state if name.startswith("features.")})
    names = {f"features.{i}": layer for i, layer in zip(features, convolutions, strict=True)}
    caffe = "classifier.1.weight" in state
    names |= dict(
        zip(
            ["classifier.1", "classifier.4", "classifier.6"]
            if caffe
            else ["classifier.0", "classifier.3", "classifier.6"],
            ["fc6", "fc7", "fc8"],
            strict=True,
        )
    )
    renamed = {
        f"{names[name.rpartition('.')[0]]}.{name.rpartition('.')[2]}": tensor
        for name, tensor in state.items()
    }
    mean = torch.tensor(ILSVRC_MEAN_BGR)
    if not caffe:
        from fcnlib.vision import torchvision  # slow to import, and rarely needed

        preset = torchvision.models.VGG16_Weights.IMAGENET1K_V1.transforms()
        weight = renamed["conv1_1.weight"] / (255 * torch.tensor(preset.std)[:, None, None])
        renamed["conv1_1.weight"] = weight.flip(1)
        mean = 255 * torch.tensor(preset.mean).flip(0)
    return {**renamed, "input_mean": mean, "input_scale": torch.tensor(1.0)}


def _shape(tensor: Tensor) -> str:
    return " x ".join(map(str, tensor.shape)) or "a number"
