"""The variables of a .mat file of version 5, read in bounded memory and depth.

A file is a header and elements, each with a tag of its type and size. A variable is an element that
is a matrix: flags, dimensions, name and data are elements in it, and so are the matrices of a cell
or struct. SciPy's reader looks up whatever type, follows cells in cells until the stack ends and
allocates what dimensions declare: a damaged file ends the process.
"""

import math
import struct
import zlib
from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

HEADER = 128  # bytes
UNPACKED = 1 << 27  # bytes of all variables
VALUES = 1 << 26  # of a matrix
DEPTH = 20  # of cells and structs in each other

# Types of data.
INT8, UINT16, INT32, UINT32, MATRIX, COMPRESSED, UTF8, UTF16, UTF32 = 1, 4, 5, 6, 14, 15, 16, 17, 18
NUMBERS = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
ENCODINGS = {INT8: "latin-1", 2: "latin-1", UINT16: "utf-16", UTF8: "utf-8"}
ENCODINGS |= {UTF16: "utf-16", UTF32: "utf-32"}
# Classes of matrices.
CELL, STRUCT, CHAR, DOUBLE, UINT64 = 1, 2, 4, 6, 15
COMPLEX = 0x0800  # flag


class _Element(NamedTuple):
    kind: int
    content: memoryview


class _Elements:
    """The elements in some content, one after another."""

    def __init__(self, content: memoryview, order: str) -> None:
        self.content, self.order, self.position = content, order, 0

    def next(self, *kinds: int) -> _Element:
        """The next element; a ValueError where there is none of one of these types."""
        kind, size = struct.unpack_from(f"{self.order}II", self.content, self.position)
        start = self.position + 8
        if kind >> 16:  # a small one, with its content in the tag
            kind, size, start = kind & 0xFFFF, kind >> 16, start - 4
        end = start + size
        if kind not in kinds or end > len(self.content):
            raise ValueError(f"an element of type {kind} and {size} bytes")
        # All but compressed ones begin at multiples of 8.
        self.position = end if kind == COMPRESSED else end + -end % 8
        return _Element(kind, self.content[start:end])

    def is_left(self) -> bool:
        return self.position + 8 <= len(self.content)

    def numbers(self, *kinds: int) -> NDArray[Any]:
        """The values of the next element."""
        kind, content = self.next(*(kinds or NUMBERS))
        stored = np.dtype(f"{self.order}{NUMBERS[kind]}")
        if len(content) % stored.itemsize:
            raise ValueError(f"{len(content)} bytes of {stored.itemsize} each")
        return np.frombuffer(content, stored).astype(stored.newbyteorder("="))

    def text(self) -> str:
        """The text of the next element."""
        kind, content = self.next(*ENCODINGS)
        encoding = ENCODINGS[kind]
        if encoding in ("utf-16", "utf-32"):
            encoding += "-le" if self.order == "<" else "-be"
        return bytes(content).decode(encoding)


def read_mat(data: bytes, names: Collection[str] | None = None) -> dict[str, NDArray[Any]]:
    """The variables by name, or those of these names; a ValueError or zlib.error for a bad file.

    Numbers have the type in which they are stored. Cells are arrays of objects, structs structured
    arrays of them; a text of N characters is an array of one, and what is sparse, a function or an
    object is None.
    """
    order = {b"IM": "<", b"MI": ">"}.get(data[HEADER - 2 : HEADER])
    if order is None:
        raise ValueError("no header of version 5")
    found: dict[str, NDArray[Any]] = {}
    try:
        for variable in _variables(data, order):
            name, value = _matrix(variable, order, DEPTH)
            if name in found:
                raise ValueError(f"{name!r} is in it twice")
            if names is None or name in names:
                found[name] = value
    except struct.error:
        raise ValueError("cut short") from None
    return found


def _variables(data: bytes, order: str) -> Iterator[memoryview]:
    """The content of each variable, unpacked."""
    elements, left = _Elements(memoryview(data)[HEADER:], order), UNPACKED
    while elements.is_left():
        kind, content = elements.next(MATRIX, COMPRESSED)
        if kind == COMPRESSED:
            unpacker = zlib.decompressobj()
            unpacked = unpacker.decompress(content, left + 1)
            if len(unpacked) <= left and not unpacker.eof:
                raise ValueError("cut short")
            content = memoryview(unpacked)
        left -= len(content)
        if left < 0:
            raise ValueError(f"more than {UNPACKED} bytes, unpacked")
        yield _Elements(content, order).next(MATRIX).content if kind == COMPRESSED else content


def _matrix(content: memoryview, order: str, depth: int) -> tuple[str, NDArray[Any]]:
    """The name and value of a matrix; `depth` is how many may be in each other."""
    if not content:
        return "", np.empty((0, 0))
    if not depth:
        raise ValueError(f"more than {DEPTH} cells or structs in each other")
    parts = _Elements(content, order)
    flags = int(parts.numbers(UINT32)[0])
    dimensions = tuple(parts.numbers(INT32).tolist())
    values = math.prod(dimensions)
    if min(dimensions, default=-1) < 0 or values > VALUES or len(dimensions) > 32:
        raise ValueError(f"a matrix of {' x '.join(map(str, dimensions[:32]))}")
    name, kind = parts.text(), flags & 0xFF
    read: dict[int, Callable[[], NDArray[Any]]] = {
        CELL: lambda: _cell(parts, values, depth),
        STRUCT: lambda: _struct(parts, values, depth),
        CHAR: lambda: _characters(parts, values),
    }
    if DOUBLE <= kind <= UINT64:
        flat = _numbers(parts, flags)
    elif kind in read:
        flat = read[kind]()
    else:
        return name, np.array(None, object)
    if flat.size != values:
        raise ValueError(f"{flat.size} values, its dimensions declare {values}")
    array = flat.reshape(dimensions, order="F")
    return name, _rows(array) if kind == CHAR else array


def _numbers(parts: _Elements, flags: int) -> NDArray[Any]:
    numbers = parts.numbers()
    if not flags & COMPLEX:
        return numbers
    pairs = np.empty(numbers.size, complex)
    pairs.real, pairs.imag = numbers, parts.numbers()
    return pairs


def _characters(parts: _Elements, values: int) -> NDArray[Any]:
    return np.array(list(parts.text() if values else ""), "U1")


def _rows(characters: NDArray[Any]) -> NDArray[Any]:
    """Each row of characters as one text."""
    *shape, length = characters.shape
    rows = characters.reshape(-1, length) if length else np.empty((0, 0), "U1")
    return np.array(["".join(row) for row in rows], "U").reshape(shape if length else (0,))


def _cell(parts: _Elements, values: int, depth: int) -> NDArray[Any]:
    found = [_matrix(parts.next(MATRIX).content, parts.order, depth - 1)[1] for _ in range(values)]
    cell = np.empty(values, object)
    for place, value in enumerate(found):
        cell[place] = value
    return cell


def _struct(parts: _Elements, values: int, depth: int) -> NDArray[Any]:
    length = int(parts.numbers(INT32)[0])
    text = parts.text()
    if length < 1:
        raise ValueError(f"names of {length} characters")
    names = [text[at : at + length].partition("\0")[0] for at in range(0, len(text), length)]
    cells = _cell(parts, values * len(names), depth).reshape(values, len(names))
    if not names:
        return np.empty(values, object)
    fields = np.empty(values, [(name, object) for name in names])
    for column, name in enumerate(names):
        fields[name] = cells[:, column]
    return fields
