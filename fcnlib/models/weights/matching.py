"""Loading weights into a net by layer name."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from fcnlib.core.errors import InputError
from fcnlib.models.weights.checkpoint import format_shape

State = Mapping[str, Tensor]


@dataclass(frozen=True)
class Matching:
    """The names of the tensors that matched and of those that did not."""

    copied: tuple[str, ...]
    reshaped: tuple[str, ...]  # copied too, from another shape
    unused: tuple[str, ...]  # of the state, without a place in the net
    missing: tuple[str, ...]  # of the net, which kept their initial values


def load_matching(state: State, net: nn.Module, *, origin: str = "weights") -> Matching:
    """Copy into `net` every tensor of `state` that has the same name; returns what matched.

    A fully connected layer [out, in] becomes the convolution [out, channels, k, k] of the same
    numbers. Frozen bilinear kernels stay as they are. Weights of another architecture raise an
    InputError, which begins with `origin`.
    """
    frozen = {
        name
        for name, parameter in net.named_parameters()
        if name.startswith("upscore") and not parameter.requires_grad
    }
    target = {name: t for name, t in net.state_dict().items() if name not in frozen}
    copied: list[str] = []
    reshaped: list[str] = []
    for name, parameter in target.items():
        if name not in state:
            continue
        tensor = state[name]
        if tensor.numel() != parameter.numel() or tensor.shape[:1] != parameter.shape[:1]:
            raise InputError(
                f"{origin}: {name} is {format_shape(tensor)}; expected {format_shape(parameter)} "
                "(a checkpoint of another architecture?)"
            )
        (copied if tensor.shape == parameter.shape else reshaped).append(name)
        with torch.no_grad():
            parameter.copy_(tensor.reshape(parameter.shape))
    if not copied and not reshaped:
        expected = next(name for name in target if not name.startswith("input_"))
        raise InputError(f"{origin}: no layer of this net in it; expected {expected}, ...")
    missing = [name for name in target if name not in state]
    unused = [name for name in state if name not in target and name not in frozen]
    return Matching(tuple(copied), tuple(reshaped), tuple(unused), tuple(missing))
