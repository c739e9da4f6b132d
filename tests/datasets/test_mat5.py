""".mat files of version 5: read as SciPy reads them, and bounded where it is not."""

import io
import struct
import zlib

import numpy as np
import pytest
import scipy.io
from fixtures.archives import mat
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from fcnlib.core.errors import InputError
from fcnlib.datasets.converters.mat import load_mat, mat_codes, mat_label
from fcnlib.datasets.converters.voc import sbd_label
from fcnlib.datasets.mat5 import read_mat

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


def number(kind: int) -> bytes:
    """A number stored with this type."""
    return start(NUMBERS, (1, 1), b"LabelMap") + element(kind, struct.pack("<d", 1.0))


def compressed(content: bytes) -> bytes:
    packed = zlib.compress(content)
    return HEADER + struct.pack("<II", COMPRESSED, len(packed)) + packed


TOO_MUCH = compressed(element(MATRIX, bytes(129 << 20)))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (nested(21), "more than 20 cells or structs in each other"),
        (nested(30_000), "more than 20 cells or structs in each other"),
        (nested(30_000, honest=False), "cut short"),
        (TOO_MUCH, "more than 134217728 bytes, unpacked"),
        (
            HEADER + element(MATRIX, start(CHAR, (100_000, 100_000), b"LabelMap") + bytes(8)),
            "a matrix of 100000 x 100000",
        ),
        (
            HEADER + element(MATRIX, start(CELL, (1 << 30, 1), b"LabelMap")),
            "a matrix of 1073741824 x 1",
        ),
        (
            compressed(element(MATRIX, start(NUMBERS, (-1, 5), b"LabelMap"))),
            "a matrix of -1 x 5",
        ),
        (HEADER + element(MATRIX, number(0)), "an element of type 0"),  # SciPy's process ended
        (HEADER + element(MATRIX, number(2899)), "an element of type 2899"),
        (HEADER + 2 * element(MATRIX, number(DOUBLE)), "'LabelMap' is in it twice"),
        (HEADER + element(MATRIX, number(DOUBLE))[:-4], "an element of type 14"),
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
        mat_codes(nested(19), "a.mat", "LabelMap", range(10))
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


KINDS = ["u1", "i1", "u2", "i2", "i4", "u4", "i8", "f4", "f8", "c16", "?"]
NUMBERS_OF_ANY_KIND = st.sampled_from(KINDS).flatmap(
    lambda kind: arrays(kind, array_shapes(min_dims=2, max_dims=3, min_side=0, max_side=4))
)
TEXT = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), min_size=1, max_size=9)
VALUE = NUMBERS_OF_ANY_KIND | TEXT
STRUCT = st.dictionaries(st.sampled_from(["a", "Boundaries", "x_1"]), VALUE, min_size=1)
CELLS = st.lists(VALUE | STRUCT, min_size=1, max_size=3)


def same(ours: object, theirs: object) -> None:
    """Fail unless both hold equal values, of the same kinds and shapes."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.dtype.names == theirs.dtype.names
    if ours.size or theirs.size:
        assert ours.shape == theirs.shape
    if ours.dtype.kind in "OV":
        for mine, other in zip(ours.reshape(-1), theirs.reshape(-1), strict=True):
            for name in ours.dtype.names or [...]:
                same(
                    mine[name] if ours.dtype.names else mine,
                    other[name] if ours.dtype.names else other,
                )
    elif ours.size:
        assert ours.dtype.kind == theirs.dtype.kind
        assert np.array_equal(ours, theirs, equal_nan=ours.dtype.kind in "fc")


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    content=st.dictionaries(st.sampled_from(["S", "GTcls", "x"]), VALUE | STRUCT | CELLS),
    is_compressed=st.booleans(),
)
def test_files_are_read_as_scipy_reads_them(content, is_compressed):
    cells = {}
    for name, value in content.items():
        cells[name] = value
        if isinstance(value, list):
            cells[name] = np.empty((1, len(value)), object)
            for place, item in enumerate(value):
                cells[name][0, place] = item
    file = io.BytesIO()
    scipy.io.savemat(file, cells, do_compression=is_compressed)
    theirs = scipy.io.loadmat(io.BytesIO(file.getvalue()))
    ours = read_mat(file.getvalue())
    assert ours.keys() == {name for name in theirs if not name.startswith("__")}
    for name, value in ours.items():
        same(value, theirs[name])


def test_a_file_of_the_other_byte_order_is_read():
    dimensions = struct.pack(">IIii", INT32, 8, 1, 2)
    flags = struct.pack(">IIII", UINT32, 8, NUMBERS, 0)
    parts = flags + dimensions + struct.pack(">HH4s", 1, INT8, b"x")
    parts += struct.pack(">IIhh", 3, 4, 258, -1) + bytes(4)
    header = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x01\x00MI"
    found = read_mat(header + struct.pack(">II", MATRIX, len(parts)) + parts)
    assert found["x"].tolist() == [[258, -1]]


@pytest.mark.parametrize(
    ("order", "end", "suffix"), [("<", b"\x00\x01IM", "-le"), (">", b"\x01\x00MI", "-be")]
)
@pytest.mark.parametrize(("kind", "encoding"), [(16, "utf-8"), (17, "utf-16"), (18, "utf-32")])
def test_text_of_every_encoding_is_read_in_both_byte_orders(order, end, suffix, kind, encoding):
    text = "é世".encode(encoding if kind == 16 else encoding + suffix)
    parts = struct.pack(f"{order}IIIIIIii", UINT32, 8, CHAR, 0, INT32, 8, 1, 2)
    parts += struct.pack(f"{order}II", INT8, 1) + b"x".ljust(8, b"\0")
    parts += struct.pack(f"{order}II", kind, len(text)) + text + bytes(-len(text) % 8)
    data = b"MATLAB 5.0 MAT-file".ljust(124) + end
    data += struct.pack(f"{order}II", MATRIX, len(parts)) + parts
    assert read_mat(data)["x"].tolist() == ["é世"]
    assert scipy.io.loadmat(io.BytesIO(data))["x"].tolist() == ["é世"]
