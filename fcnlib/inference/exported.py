"""Exported models read as data: the net is built anew, and the code in the file is never run.

An exported model is TorchScript, whose code may do anything when it is loaded, such as write to
any file. Only data is read here: our metadata, which says how to build the net and which record of
the file holds which tensor, and those records. All of it is checked against the net that is built.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from torch import Tensor

from fcnlib.config.schema_base import Name
from fcnlib.config.schema_nets import Net
from fcnlib.core.errors import InputError, first_problem
from fcnlib.core.printing import short
from fcnlib.inference.model_info import ModelInfo, build_net
from fcnlib.models.fcn import FCN
from fcnlib.models.weights.checkpoint import (
    check_inputs,
    check_palette,
    checked_state,
)
from fcnlib.models.weights.records import Records, open_records

METADATA = "metadata.json"  # a ModelInfo
BUILD_ARGS = "net.json"  # the arguments of build_fcn
TENSORS = "tensors.json"  # which record holds which tensor: a list of StoredTensor
MODEL = "a checkpoint (.pt) or an exported model (.ts)"


class StoredTensor(BaseModel):
    """A tensor of the net, and the record of the file that holds its numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    shape: tuple[int, ...]
    dtype: str
    record: str


_CLASSES: TypeAdapter[dict[Name, int] | int] = TypeAdapter(dict[Name, int] | int)
_STORED_TENSORS = TypeAdapter(tuple[StoredTensor, ...])


@dataclass(frozen=True)
class Exported:
    """What a TorchScript file tells, and the net in it where the file is one of ours."""

    net: FCN | None
    info: ModelInfo


def stored_tensors(net: FCN) -> list[StoredTensor]:
    """Where TorchScript stores the net's tensors: in their order, each in a record of its own."""
    return [
        StoredTensor(name=name, shape=tuple(t.shape), dtype=_dtype(t), record=f"data/{index}")
        for index, (name, t) in enumerate(net.state_dict().items())
    ]


def read_exported(path: Path, *, mapped: bool = False) -> Exported:
    """The metadata of a TorchScript file, and its net with its weights if it is one of ours.

    The weights may stay in the file, mapped, for the moment in which others are made of them: a
    file that is overwritten in place meanwhile ends the process.
    """
    return _read(path, weights=True, mapped=mapped)


def read_exported_info(path: Path) -> ModelInfo:
    """The metadata of a TorchScript file of ours, of which no weight is read."""
    exported = _read(path, weights=False)
    if exported.net is None:
        raise InputError(
            f"{path}: TorchScript of another origin, which tells nothing unless it is run; "
            f"expected {MODEL}"
        )
    return exported.info


def _read(path: Path, *, weights: bool, mapped: bool = False) -> Exported:
    with open_records(path, MODEL) as records:
        try:
            info = ModelInfo.model_validate_json(_extra(records, METADATA) or b"{}")
            if f"extra/{BUILD_ARGS}" not in records:
                return Exported(None, info)
            if not all(f"extra/{name}" in records for name in (METADATA, TENSORS)):
                raise InputError(
                    f"{path}: of an earlier version; expected a model that is exported anew "
                    "(fcn convert 0.pt --out 0.ts)"
                )
            net = _net_without_weights(_extra(records, BUILD_ARGS), path)
            _check_info(info, net, path)
            if weights:
                net.load_state_dict(_state(records, net, mapped=mapped), assign=True)
        except ValidationError as error:
            raise InputError(f"{path}: {first_problem(error)}; expected {MODEL}") from None
    return Exported(net, info)


def _extra(records: Records, name: str) -> bytes:
    """The content of a file of metadata; empty if there is none."""
    return records.read(f"extra/{name}") if f"extra/{name}" in records else b""


def _net_without_weights(content: bytes, path: Path) -> FCN:
    """The net that the arguments of `build_fcn` build, on the meta device."""
    try:
        arguments = json.loads(content)
        classes = arguments.pop("classes", None)
        values = Net.model_validate(arguments)
        classes = _CLASSES.validate_python(classes)
    except (ValueError, AttributeError, RecursionError) as error:
        problem = first_problem(error) if isinstance(error, ValidationError) else "damaged"
        raise InputError(f"{path}: {BUILD_ARGS}: {problem}; expected {MODEL}") from None
    with torch.device("meta"):
        return build_net(values, classes, f"{path}: {BUILD_ARGS}")


def _check_info(info: ModelInfo, net: FCN, path: Path) -> None:
    """Raise unless classes, colours and inputs are those of the net, as far as they are known."""
    found = {task: len(names) for task, names in info.classes.items()}
    if found and found != net.heads:
        raise InputError(f"{path}: classes of {short(found)}; expected {net.heads}")
    check_palette(info.palette, net.heads, path)
    if info.inputs:
        check_inputs(info.inputs, net.input_mean.numel(), path)


def _state(records: Records, net: FCN, *, mapped: bool) -> dict[str, Tensor]:
    """The net's tensors, read from their records."""
    stored = _STORED_TENSORS.validate_json(_extra(records, TENSORS))
    expected: dict[str, Tensor] = net.state_dict()
    places = {each.name: each for each in stored}
    place = f"{records.path}: {TENSORS}"
    if odd := sorted(places.keys() ^ expected.keys()):
        what = "lacks" if odd[0] in expected else "holds"
        raise InputError(f"{place}: {what} {short(odd[0])}; expected the net's tensors")
    if len({each.record for each in stored}) < len(expected):
        raise InputError(f"{place}: one record for two tensors; expected one for each")
    found: dict[str, Tensor] = {}
    for name, tensor in expected.items():
        in_file = _mapped_tensor(records, places[name], tensor)
        found[name] = in_file if mapped else in_file.clone()
    return checked_state(found, records.path)


def _mapped_tensor(records: Records, stored: StoredTensor, expected: Tensor) -> Tensor:
    """A tensor in its record; InputError unless it has the shape and type of the net's own."""
    shape, dtype = tuple(expected.shape), expected.dtype
    if (stored.shape, stored.dtype) != (shape, _dtype(expected)):
        raise InputError(
            f"{records.path}: {TENSORS}: {stored.name} is {short(stored.dtype)} of "
            f"{list(stored.shape)[:8]}; expected {_dtype(expected)} of {list(shape)}"
        )
    content = records.mapped(stored.record, expected.numel() * expected.itemsize)
    return content.view(dtype).reshape(shape)


def _dtype(tensor: Tensor) -> str:
    """The name of a tensor's type, such as float32."""
    return str(tensor.dtype).removeprefix("torch.")
