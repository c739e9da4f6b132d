"""Random bytes for the readers of archives, .mat files and depth: a value, or an InputError."""

import io
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest
from fixtures.archives import mat, png, sbd_mat
from fixtures.downloads import packed_archive
from fixtures.hostile_archives import MEMBERS, sparse_tar, tar_of, zip_of
from fixtures.marks import marked
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fcnlib.archives.integrity import check_complete
from fcnlib.archives.members import members
from fcnlib.archives.unavailable import read_mark
from fcnlib.core.errors import InputError
from fcnlib.datasets.converters.mat import load_mat, mat_label
from fcnlib.datasets.converters.nyudv2 import (
    CLASSES,
    HDF5_FIELDS,
    _check_fields,
    _frames,
    _open_hdf5,
)
from fcnlib.datasets.converters.voc import sbd_label
from fcnlib.datasets.hha.frames import DepthFormat, encode_frames, frames_of
from fcnlib.datasets.writer import DatasetWriter

EDITS = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8)), max_size=6
)
FUZZ = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def npy(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def edited(content: bytes, edits: list[tuple[float, bytes]], cut: float) -> bytes:
    """The content with some bytes replaced, and its end cut off."""
    changed = bytearray(content)
    for place, replacement in edits:
        at = int(place * len(content))
        changed[at : at + len(replacement)] = replacement
    return bytes(changed[: int(cut * len(content)) or None] if cut < 0.9 else changed)


FEW = dict(list(MEMBERS.items())[:3])
ARCHIVES = [
    tar_of(FEW.items()),
    zip_of(FEW.items()),
    packed_archive("tgz"),
    packed_archive("zip"),
    sparse_tar(),
]


@pytest.mark.parametrize("content", ARCHIVES, ids=["tar", "zip", "tgz", "packed zip", "sparse"])
@FUZZ
@given(edits=EDITS, cut=st.floats(0, 1))
def test_archives(content: bytes, edits: list[tuple[float, bytes]], cut: float, tmp_path: Path):
    path = tmp_path / "a.tar"
    path.write_bytes(edited(content, edits, cut))
    read_or_refuse(lambda: list(members(path, re.compile("(.*)jpg"))))
    read_or_refuse(lambda: check_complete(path))


@FUZZ
@given(edits=EDITS, cut=st.floats(0, 1))
def test_marks(edits: list[tuple[float, bytes]], cut: float, tmp_path: Path):
    content = marked(tmp_path / "net.caffemodel").read_bytes()
    (tmp_path / "net.caffemodel").write_bytes(edited(content, edits, cut))
    read_or_refuse(lambda: read_mark(tmp_path / "net.caffemodel"))


MATS = [
    mat(S=np.ones((4, 5)), names=["a", "bc"]),
    sbd_mat(np.ones((4, 5), np.uint8)),
    plain := b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM",
]


@pytest.mark.parametrize("content", MATS, ids=["numbers", "sbd", "header"])
@FUZZ
@given(edits=EDITS, cut=st.floats(0, 1), rest=st.binary(max_size=200))
def test_mat_files(
    content: bytes, edits: list[tuple[float, bytes]], cut: float, rest: bytes, tmp_path: Path
):
    changed = edited(content, edits, cut) + rest
    (tmp_path / "a.mat").write_bytes(changed)
    read_or_refuse(lambda: mat_label(changed, "a.mat", "S", classes=3))
    read_or_refuse(lambda: sbd_label(changed, "a.mat"))
    read_or_refuse(lambda: load_mat(tmp_path / "a.mat", ["S", "names"]))


FRAMES = {
    ".npy": npy(np.linspace(1, 3, 12 * 16, dtype=np.float32).reshape(12, 16)),
    ".png": png(np.full((12, 16), 2000, np.uint16)),
}


@pytest.mark.parametrize("suffix", FRAMES)
@FUZZ
@given(edits=EDITS, cut=st.floats(0, 1))
def test_depth_frames(suffix: str, edits: list[tuple[float, bytes]], cut: float, tmp_path: Path):
    path, out = tmp_path / f"depth{suffix}", tmp_path / "hha.png"
    path.write_bytes(edited(FRAMES[suffix], edits, cut))
    with np.errstate(all="ignore"):
        read_or_refuse(lambda: encode_frames(frames_of([path], None, out), DepthFormat(crop=True)))


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("hdf5") / "a.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, (axes, kind, size) in HDF5_FIELDS.items():
            shape = (2, 3, 80, 60) if axes == 4 else (2, 80, 60)
            file.create_dataset(
                name, shape, f"{kind}{size}", chunks=True, compression=1, fillvalue=1
            )
    return path.read_bytes()


@FUZZ
@given(edits=EDITS, cut=st.floats(0, 1))
def test_hdf5_files(labelled: bytes, edits: list[tuple[float, bytes]], cut: float, tmp_path: Path):
    path = tmp_path / "b.mat"
    path.write_bytes(edited(labelled, edits, cut))

    def read() -> None:
        with _open_hdf5(path) as file:
            _check_fields(path, file, 8)
            crop = (slice(0, 5), slice(0, 7))
            writer = DatasetWriter(tmp_path / "out", {"semantic": CLASSES})
            list(_frames(path, file, writer, ["5001", "5002"], crop))

    read_or_refuse(read)


def read_or_refuse(read: Callable[[], object]) -> None:
    """Read, or be refused in one line."""
    with suppress(InputError):
        try:
            read()
        except InputError as error:
            assert "\n" not in str(error)
            raise
