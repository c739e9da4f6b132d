""".mat files of version 5: what they declare is bounded before SciPy reads it."""

import struct
import zlib

import numpy as np
import pytest
from fixtures.archives import mat

from fcnlib.core.errors import InputError
from fcnlib.datasets.converters.mat import load_mat, mat_codes, mat_label
from fcnlib.datasets.converters.voc import sbd_label

HEADER = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
INT8, INT32, UINT32, DOUBLE, MATRIX, COMPRESSED = 1, 5, 6, 9, 14, 15
CELL, CHAR, NUMBERS = 1, 4, 6


def element(kind: int, content: bytes, size: int | None = None) -> bytes:
    size = len(content) if size is None else size
    return struct.pack("<II", kind, size) + content + bytes(-len(content) % 8)


def start(kind: int, dimensions: tuple[int, ...], name: bytes = b"") -> bytes:
    """Flags, dimensions and name of a matrix."""
    sides = struct.pack(f"<{len(dimensions)}i", *dimensions)
    flags = element(UINT32, struct.pack("<II", kind, 0))
    return flags + element(INT32, sides) + element(INT8, name)


def nested(depth: int, *, honest: bool = True) -> bytes:
    """A number in a cell in a cell, and so on."""
    parts = [start(NUMBERS, (1, 1)) + element(DOUBLE, struct.pack("<d", 1.0))]
    size = len(parts[0])
    for level in range(depth):
        parts.append(struct.pack("<II", MATRIX, size if honest else 1))
        parts.append(start(CELL, (1, 1), b"LabelMap" if level == depth - 1 else b""))
        size += len(parts[-1]) + 8
    return HEADER + struct.pack("<II", MATRIX, size) + b"".join(reversed(parts))


def compressed(content: bytes) -> bytes:
    packed = zlib.compress(content)
    return HEADER + struct.pack("<II", COMPRESSED, len(packed)) + packed


EIGHT_GIGABYTES = 1000 * compressed(bytes(1 << 23))[len(HEADER) :]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (nested(101), "too many cells or structs"),
        (nested(30_000), "too many cells or structs"),
        (nested(30_000, honest=False), "too many cells or structs"),
        (HEADER + EIGHT_GIGABYTES, "more than 134217728 bytes, unpacked"),
        (
            HEADER + element(MATRIX, start(CHAR, (100_000, 100_000), b"LabelMap") + bytes(8)),
            "a matrix of 10000000000 values",
        ),
        (
            HEADER + element(MATRIX, start(CELL, (1 << 30, 1), b"LabelMap")),
            "a matrix of 1073741824 values",
        ),
        (
            compressed(element(MATRIX, start(NUMBERS, (-1, 5), b"LabelMap"))),
            "a matrix of -5 values",
        ),
        (HEADER + 25_000 * element(MATRIX, start(NUMBERS, (0, 0))), "too many cells"),
        (b"", "no header of version 5"),
        (HEADER[:124] + b"\x00\x01XX", "no header of version 5"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_scipy_would_not_bound_is_refused(content, reason, tmp_path):
    with pytest.raises(InputError, match=rf"a\.mat: no readable LabelMap in it \({reason}"):
        mat_codes(content, "a.mat", "LabelMap", range(10))
    (tmp_path / "b.mat").write_bytes(content)
    with pytest.raises(InputError, match=rf"b\.mat: not a \.mat file of version 5 \({reason}"):
        load_mat(tmp_path / "b.mat", ["LabelMap"])


def test_cells_in_cells_as_files_have_them_are_read():
    with pytest.raises(InputError, match="LabelMap is object of shape"):
        mat_codes(nested(50), "a.mat", "LabelMap", range(10))
    label = mat_label(mat(S=np.ones((4, 5)), names=["a"] * 40), "a.mat", "S", classes=3)
    assert label.tolist() == [[0] * 5] * 4


@pytest.mark.parametrize("value", [261.0, -1.0, 0.5, np.nan])
def test_a_code_of_sbd_that_is_no_byte_is_refused_where_it_was_wrapped(value):
    codes = np.zeros((3, 4))
    codes[1, 2] = value
    struct_ = np.zeros((1, 1), [("Segmentation", "O")])
    struct_[0, 0] = (codes,)
    with pytest.raises(InputError, match=f"value {value} at row 1, column 2"):
        sbd_label(mat(GTcls=struct_), "a.mat")
