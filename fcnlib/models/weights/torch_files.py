"""What `torch.save` wrote: tensors and plain values, read without running code.

With `weights_only`, torch runs no code from the file. But it checks no CRC, and its own functions
allocate whatever sizes a file declares: both are checked before torch reads it.
"""

import io
import pickletools
from pathlib import Path
from typing import IO, Any

import torch
from torch import Tensor

from fcnlib.core.errors import InputError
from fcnlib.core.printing import short
from fcnlib.models.weights.file_kinds import PYTORCH, PYTORCH_LEGACY, TORCHSCRIPT, kind_of_file
from fcnlib.models.weights.pickle_extent import MAX_DEPTH, MAX_VALUES, PickleExtent, plain_size
from fcnlib.models.weights.records import open_records

CHECKPOINT = "a checkpoint (.pt)"
MAX_PICKLE = 1 << 24  # bytes: its tensors' numbers are beside it
LEGACY_PICKLES = 5  # magic number, version, machine, content, names of storages
REALS = ("Double", "Float", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool")
# All that a pickle of dense tensors and plain values names.
NAMES = {
    *("collections OrderedDict", "torch Size", "torch._utils _rebuild_parameter"),
    *("torch._utils _rebuild_tensor", "torch._utils _rebuild_tensor_v2"),
    *(
        f"{module} {numbers}Storage"
        for module in ("torch", "torch.cuda")
        for numbers in (*REALS, "ComplexFloat", "ComplexDouble")
    ),
}


def read_torch(path: Path, expected: str = CHECKPOINT) -> Any:
    """The content of a .pt file: tensors, and plain values in dicts, lists and tuples.

    Raises:
        InputError: The file is missing, damaged, of another kind, or would run code.
    """
    kind = kind_of_file(path, expected)
    if not kind:
        raise InputError(
            f"{path}: of no kind that is known; expected {expected}, or the suffix .caffemodel of "
            "Caffe's files"
        )
    if kind == TORCHSCRIPT:
        raise InputError(f"{path}: an exported model, not weights; expected {expected}")
    if kind not in (PYTORCH, PYTORCH_LEGACY):
        raise InputError(f"{path}: is {kind}; expected {expected}")
    try:
        if kind == PYTORCH:
            with open_records(path, expected) as records:
                records.check_stored()
                size = records.size("data/")
                _check_pickle(io.BytesIO(records.read("data.pkl", MAX_PICKLE)), path, expected)
        else:
            size = path.stat().st_size
            with open(path, "rb") as file:
                for _ in range(LEGACY_PICKLES):
                    _check_pickle(file, path, expected)
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=kind == PYTORCH)
        return _Plain(size).checked(content)
    except InputError:
        raise
    except Exception:  # of any class, for bytes that are no pickle
        raise InputError(f"{path}: damaged; expected {expected}") from None


def _check_pickle(file: IO[bytes], path: Path, expected: str) -> None:
    """Read up to the end of a pickle; raise unless it names known classes alone."""
    extent, start = PickleExtent(), file.tell()
    for code, argument, place in pickletools.genops(file):
        if code.name == "GLOBAL" and argument not in NAMES:
            name = short(str(argument).replace(" ", "."))
            raise InputError(
                f"{path}: not only tensors in it: {name} (is it a whole model?); "
                f"expected {expected}"
            )
        if code.name == "PROTO" and argument != 2:
            raise InputError(f"{path}: of pickle protocol {argument}; expected 2, torch's default")
        extent.follow(code, argument)
        if place is not None and place - start > MAX_PICKLE:
            raise ValueError


class _Plain:
    """Checks that a content is of tensors and plain values, and no more than a file holds."""

    def __init__(self, size: int) -> None:
        self._left, self._bytes_left = MAX_VALUES, size
        self._storages: dict[int, torch.UntypedStorage] = {}

    def checked(self, value: Any, depth: int = 0) -> Any:
        """The value with plain tensors; a ValueError if there is anything else in it."""
        self._left -= plain_size(value)
        if self._left < 0 or depth > MAX_DEPTH:
            raise ValueError
        if isinstance(value, Tensor):
            return self._tensor(value)
        if isinstance(value, dict):
            return {
                self.checked(k, depth + 1): self.checked(v, depth + 1) for k, v in value.items()
            }
        if isinstance(value, list | tuple | set):
            return type(value)([self.checked(each, depth + 1) for each in value])
        if value is None or isinstance(value, bool | int | float | complex | str | bytes):
            return value
        raise ValueError

    def _tensor(self, tensor: Tensor) -> Tensor:
        """A copy of the tensor, without what else a parameter is."""
        storage = tensor.untyped_storage()
        is_new = storage.data_ptr() not in self._storages
        self._bytes_left -= storage.nbytes() if is_new else 0
        # One number may be shown as many, and storages declared that are longer than their records
        # or, in a legacy file, not there.
        if tensor.nbytes > storage.nbytes() or self._bytes_left < 0:
            raise ValueError
        if is_new:  # a copy, as a mapped file that is written anew in place would end the process
            self._storages[storage.data_ptr()] = storage.clone()  # type: ignore[no-untyped-call]
        copy, where = torch.empty(0, dtype=tensor.dtype), self._storages[storage.data_ptr()]
        return copy.set_(where, tensor.storage_offset(), tensor.size(), tensor.stride())
