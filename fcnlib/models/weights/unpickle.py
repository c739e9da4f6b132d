"""What `torch.save` wrote: tensors and plain values, read without running code.

A pickle is a program. Here it can name a few classes, none of which does anything or can be
changed: a tensor is only described while the pickle is read, and made afterwards, once all sizes
are checked.
"""

import io
import math
import pickle
import pickletools
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor

from fcnlib.core.errors import InputError
from fcnlib.models.weights.file_kinds import PICKLE, PYTORCH, check_readable, kind_of_file
from fcnlib.models.weights.records import Records, open_records

CHECKPOINT = "a checkpoint (.pt)"
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PROTOCOL = 1001
MAX_VALUES = 1_000_000  # plain values, each counted as often as it is referred to
MAX_DEPTH = 50
MAX_PICKLE = 1 << 24  # bytes: its tensors' numbers are beside it
TEXT_VALUE = 16  # characters or bytes that count as one more value
MAX_BITS = 4096  # of a whole number: Python refuses to print those of over 4300 digits
# What unpickling raises for bytes that are no pickle; it has no common class.
NO_PICKLE = (
    pickle.UnpicklingError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    MemoryError,
    RecursionError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)

DTYPES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
    "ComplexFloatStorage": torch.complex64,
    "ComplexDoubleStorage": torch.complex128,
}
Storage = Callable[[str, int], Tensor]  # the bytes of a storage of this name and size


class _StorageType(NamedTuple):
    """The class of a storage, which only names its type."""

    dtype: torch.dtype


class _Stored(NamedTuple):
    """A storage, described."""

    name: str
    dtype: torch.dtype
    length: int  # numbers


class _Described(NamedTuple):
    """A tensor, described."""

    storage: _Stored
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


class _RebuildTensor:
    __slots__ = ()

    def __call__(self, storage: _Stored, offset: int, shape: Any, stride: Any, *_: Any) -> Any:
        return _Described(storage, offset, tuple(shape), tuple(stride))


class _RebuildParameter:
    __slots__ = ()

    def __call__(self, data: _Described, *_: Any) -> _Described:
        return data


class _MakeDict:
    __slots__ = ()

    def __call__(self, items: Any = ()) -> dict[Any, Any]:
        pairs = [(key, value) for key, value in items]
        return dict(zip(_checked_keys(key for key, _ in pairs), (v for _, v in pairs), strict=True))


class _Size:
    __slots__ = ()

    def __call__(self, sides: Any) -> tuple[Any, ...]:
        return tuple(sides)


GLOBALS: Mapping[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): _MakeDict(),
    ("torch", "Size"): _Size(),
    ("torch._utils", "_rebuild_tensor"): _RebuildTensor(),
    ("torch._utils", "_rebuild_tensor_v2"): _RebuildTensor(),
    ("torch._utils", "_rebuild_parameter"): _RebuildParameter(),
    **{
        (module, name): _StorageType(dtype)
        for name, dtype in DTYPES.items()
        for module in ("torch", "torch.cuda")
    },
}


class ForeignClass(pickle.UnpicklingError):
    """A pickle names a class that no file of tensors needs."""


class _Unpickler(pickle._Unpickler):
    """Knows the classes of GLOBALS alone, and keeps the descriptions of all storages by name.

    In Python, not C: what is made is checked before it is used. The hash of a tuple of tuples, as a
    key, may take for ever or end the process.
    """

    stack: list[Any]
    pop_mark: Callable[[], list[Any]]
    append: Callable[[Any], None]

    def __init__(self, content: bytes) -> None:
        if len(content) > MAX_PICKLE:
            raise pickle.UnpicklingError
        super().__init__(io.BytesIO(content), encoding="utf-8")
        self.storages: dict[str, _Stored] = {}

    def _set_item(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._last(dict).update(zip(_checked_keys([key]), [value], strict=True))

    def _set_items(self) -> None:
        items = self.pop_mark()
        self._last(dict).update(zip(_checked_keys(items[::2]), items[1::2], strict=True))

    def _add_items(self) -> None:
        items = self.pop_mark()
        self._last(set).update(_checked_keys(items))

    def _make_dict(self) -> None:
        items = self.pop_mark()
        self.append(dict(zip(_checked_keys(items[::2]), items[1::2], strict=True)))

    def _leave_out_attributes(self) -> None:
        self.stack.pop()

    def _last(self, kind: type) -> Any:
        if type(self.stack[-1]) is not kind:
            raise pickle.UnpicklingError
        return self.stack[-1]

    dispatch: ClassVar[dict[int, Any]] = {
        code: read
        for code, read in pickle._Unpickler.dispatch.items()
        # What makes objects of other kinds, or allocates whatever size is declared.
        if bytes([code])
        not in (
            *(pickle.INST, pickle.OBJ, pickle.NEWOBJ, pickle.NEWOBJ_EX, pickle.FROZENSET),
            *(pickle.EXT1, pickle.EXT2, pickle.EXT4),
            *(pickle.BYTEARRAY8, pickle.NEXT_BUFFER, pickle.READONLY_BUFFER),
        )
    } | {
        pickle.SETITEM[0]: _set_item,
        pickle.SETITEMS[0]: _set_items,
        pickle.ADDITEMS[0]: _add_items,
        pickle.DICT[0]: _make_dict,
        pickle.BUILD[0]: _leave_out_attributes,
    }

    def find_class(self, module: str, name: str) -> Any:
        """What stands for a class."""
        if (module, name) not in GLOBALS:
            raise ForeignClass(f"{module}.{name}")
        return GLOBALS[module, name]

    def persistent_load(self, pid: Any) -> _Stored:
        """A storage's description."""
        kind, storage, name, _, count, *_ = pid
        is_named = type(name) in (str, int) and type(count) is int
        if kind != "storage" or not isinstance(storage, _StorageType) or not is_named or count < 0:
            raise pickle.UnpicklingError
        stored = _Stored(str(name), storage.dtype, count)
        self.storages[stored.name] = stored
        return stored


def _checked_keys(keys: Iterable[Any]) -> Iterator[Any]:
    """The keys of a dict, if each can be hashed at once: texts, numbers, or tuples of them."""
    for key in keys:
        parts = key if type(key) is tuple else (key,)
        if not all(part is None or isinstance(part, str | bytes | int | float) for part in parts):
            raise pickle.UnpicklingError
        yield key


def read_torch(path: Path, expected: str = CHECKPOINT) -> Any:
    """The content of a .pt file: tensors, and plain values in dicts, lists and tuples.

    Raises:
        InputError: The file is missing, damaged, of another kind, or would run code.
    """
    check_readable(path, expected)
    kind = kind_of_file(path)
    try:
        if kind == PYTORCH:
            with open_records(path, expected) as records:
                return _read_records(records)
        if kind == PICKLE:
            return _read_legacy(path)
    except ForeignClass as error:
        raise InputError(
            f"{path}: not only tensors in it: {printable(str(error))} (is it a whole model?); "
            f"expected {expected}"
        ) from None
    except InputError:
        raise
    except NO_PICKLE:
        raise InputError(f"{path}: damaged; expected {expected}") from None
    if kind:
        raise InputError(f"{path}: is {kind}; expected {expected}")
    raise InputError(
        f"{path}: of no kind that is known; expected {expected}, or the suffix .caffemodel of "
        "Caffe's files"
    )


def printable(text: str) -> str:
    """A foreign name that may be shown in a message."""
    return "".join(c if c.isprintable() else "?" for c in text[:100])


def _read_records(records: Records) -> Any:
    """The content of a ZIP file."""
    described = _Unpickler(records.read("data.pkl", MAX_PICKLE)).load()
    return _Maker(lambda name, size: records.tensor(f"data/{name}", size)).made(described)


def _read_legacy(path: Path) -> Any:
    """The content of a file from before 2020: pickles, then the storages' bytes."""
    with open(path, "rb") as file:
        magic = _next_pickle(file).load()
        if magic != LEGACY_MAGIC or _next_pickle(file).load() != LEGACY_PROTOCOL:
            raise InputError(f"{path}: is a pickle, not of PyTorch; expected {CHECKPOINT}")
        _next_pickle(file).load()  # the sizes of the machine's numbers
        content = _next_pickle(file)
        described, names = content.load(), _next_pickle(file).load()
        starts = dict(_storage_starts(file, names, content.storages, path))

        def storage(name: str, size: int) -> Tensor:
            found = np.empty(size, np.uint8)
            file.seek(starts[name])
            if file.readinto(found.data) < size:
                raise EOFError
            return torch.from_numpy(found) if size else torch.empty(0, dtype=torch.uint8)

        return _Maker(storage).made(described)


def _next_pickle(file: BufferedReader) -> _Unpickler:
    """The next pickle of a file, which is then behind it."""
    start = file.tell()
    for code, _, _ in pickletools.genops(file):
        if code.name == "STOP" or file.tell() - start > MAX_PICKLE:
            break
    size = file.tell() - start
    file.seek(start)
    return _Unpickler(file.read(size))


def _storage_starts(
    file: BufferedReader, names: Any, storages: Mapping[str, _Stored], path: Path
) -> Iterator[tuple[str, int]]:
    """Where each storage's numbers begin, behind their count."""
    end = path.stat().st_size
    for name in names:
        (count,) = struct.unpack("<q", file.read(8))
        stored = storages[str(name)]
        size, start = count * stored.dtype.itemsize, file.tell()
        if count != stored.length or size > end - start:
            raise InputError(f"{path}: storage {printable(name)} of {count} numbers is cut short")
        yield str(name), start
        file.seek(size, io.SEEK_CUR)


class _Maker:
    """Makes tensors of descriptions, and checks that all else is plain."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._made: dict[_Stored, Tensor] = {}
        self._left = MAX_VALUES

    def made(self, value: Any, depth: int = 0) -> Any:
        """The value with its tensors; an UnpicklingError if it is not plain, or endless."""
        self._left -= 1
        if self._left < 0 or depth > MAX_DEPTH:
            raise pickle.UnpicklingError
        if isinstance(value, _Described):
            return self._tensor(value)
        if isinstance(value, dict):
            return {self.made(k, depth + 1): self.made(v, depth + 1) for k, v in value.items()}
        if type(value) in (list, tuple):
            return type(value)(self.made(each, depth + 1) for each in value)
        if isinstance(value, set):
            return {self.made(each, depth + 1) for each in value}
        if isinstance(value, str | bytes):
            self._left -= len(value) // TEXT_VALUE
            return value
        if isinstance(value, int) and value.bit_length() > MAX_BITS:
            raise pickle.UnpicklingError
        if value is None or isinstance(value, bool | int | float):
            return value
        raise pickle.UnpicklingError

    def _tensor(self, described: _Described) -> Tensor:
        """A tensor that lies within its storage."""
        stored, shape, stride = described.storage, described.shape, described.stride
        whole = [described.offset, *shape, *stride]
        if len(shape) != len(stride) or not all(type(n) is int and 0 <= n < 1 << 63 for n in whole):
            raise pickle.UnpicklingError
        last = sum((side - 1) * step for side, step in zip(shape, stride, strict=True))
        numbers = math.prod(shape)
        if (numbers and described.offset + last >= stored.length) or numbers > stored.length:
            raise pickle.UnpicklingError
        if stored not in self._made:
            content = self._storage(stored.name, stored.length * stored.dtype.itemsize)
            self._made[stored] = content.view(stored.dtype)
        return self._made[stored].as_strided(shape, stride, described.offset)
