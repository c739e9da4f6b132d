"""What a .mat file of version 5 declares, checked before SciPy reads it: SciPy sets no bounds.

A variable is a matrix: a tag, flags, dimensions, a name and data, each with a tag of its type and
size; the data of cells and structs are matrices again.
"""

import math
import struct
import zlib
from collections.abc import Iterator

HEADER = 128  # bytes
UNPACKED = 1 << 27  # bytes of all variables
VALUES = 1 << 26  # of a matrix
MATRICES, CONTAINERS = 20_000, 100  # SciPy's stack overflows at some thousand cells in cells
_MATRIX, _COMPRESSED = 14, 15  # types of data
_CLASSES_WITH_MATRICES = (1, 2, 3, 16, 17)  # cell, struct, object, function, opaque


def check_mat(data: bytes) -> None:
    """Raise a ValueError unless SciPy can read the file in bounded memory and depth."""
    order = {b"IM": "<", b"MI": ">"}.get(data[HEADER - 2 : HEADER])
    if order is None:
        raise ValueError("no header of version 5")
    left, matrices, containers = UNPACKED, 0, 0
    for variable in _variables(data, order):
        left -= len(variable)
        if left < 0:
            raise ValueError(f"more than {UNPACKED} bytes, unpacked")
        for kind in _matrix_classes(variable, order):
            matrices += 1
            containers += kind in _CLASSES_WITH_MATRICES
            if matrices > MATRICES or containers > CONTAINERS:
                raise ValueError("too many cells or structs")


def _variables(data: bytes, order: str) -> Iterator[bytes]:
    """The variables, with their tags, unpacked as far as their size is allowed."""
    position = HEADER
    while position + 8 <= len(data):
        kind, size = struct.unpack_from(f"{order}II", data, position)
        end = position + 8 + size
        if kind == _COMPRESSED:
            yield zlib.decompressobj().decompress(data[position + 8 : end], UNPACKED + 1)
        else:
            yield data[position:end]
        position = end


def _matrix_classes(variable: bytes, order: str) -> Iterator[int]:
    """The class of each matrix in the order in which SciPy reads them, whatever their sizes say."""
    position = 0
    while position + 8 <= len(variable):
        kind, size = struct.unpack_from(f"{order}II", variable, position)
        position += 8
        if kind >> 16:  # a small element, with its data in the tag
            continue
        if kind != _MATRIX:
            position += size + -size % 8
        elif size and position + 24 <= len(variable):
            yield struct.unpack_from(f"{order}I", variable, position + 8)[0] & 0xFF
            position += 16
            _check_dimensions(variable, position, order)


def _check_dimensions(variable: bytes, position: int, order: str) -> None:
    kind, size = struct.unpack_from(f"{order}II", variable, position)
    if kind >> 16:  # in the tag
        position, size = position + 4, 4
    else:
        position += 8
    count = min(size, len(variable) - position) // 4
    values = math.prod(struct.unpack_from(f"{order}{count}i", variable, position))
    if not 0 <= values <= VALUES:
        raise ValueError(f"a matrix of {values} values")
