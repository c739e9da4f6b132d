"""Weights from a file or a net into a net, by layer name."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from fcnlib.core.errors import InputError
from fcnlib.models.weights.checkpoint import shown_shape

State = Mapping[str, Tensor]


@dataclass(frozen=True)
class Matching:
    """What became of each tensor: `left` had no place, `missing` kept its initial value."""

    copied: tuple[str, ...]
    reshaped: tuple[str, ...]
    left: tuple[str, ...]
    missing: tuple[str, ...]


def load_matching(source: State, net: nn.Module, *, origin: str = "weights") -> Matching:
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
    return Matching(tuple(copied), tuple(reshaped), tuple(left), tuple(missing))
