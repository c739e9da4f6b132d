"""Synthetic rooms in NYUDv2's formats: the labelled .mat, its splits, the map to 40 classes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fcn_synthetic.archives.formats import MAT_TEXT_BYTES, mat
from fcn_synthetic.objects import scenes
from fcn_synthetic.rooms.blocks import POOLED
from fcn_synthetic.rooms.rooms import Scene, room
from fcnlib.config.nyudv2_images import NYUD_SIZE
from fcnlib.core.errors import InputError
from fcnlib.core.files import atomic_write
from fcnlib.core.progress import progress
from fcnlib.datasets.converters.nyudv2 import FIRST_ID
from fcnlib.datasets.converters.nyudv2_classes import CLASSES, released_splits

if TYPE_CHECKING:
    import h5py

ROOMS, SHUFFLE = 4, 5  # random streams, apart from those of other scenes
# The annotators' names: the classes, and the names that are pooled into the last three of them.
NAMES = tuple(sorted([*(name for name in CLASSES if not name.startswith("other")), *POOLED]))
USER_BLOCK = 512  # bytes at the start of a v7.3 file, for MATLAB's header
HEADER = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Fri Aug 10 2012 HDF5 schema 1.00 ."
COMPRESSION = 3


def write_nyudv2(
    labeled: Path,
    splits: Path,
    mapping: Path,
    *,
    seed: int,
    train: int = 240,
    test: int = 100,
    reduced: int = 4,
) -> None:
    """Write nyu_depth_v2_labeled.mat, splits.mat and classMapping40.mat.

    Training and test images are mixed, as published.

    Args:
        labeled: The file of images, depth and labels to write.
        splits: The file of the splits to write.
        mapping: The file of the map from annotators' names to 40 classes to write.
        seed: Seed of all rooms.
        train: Number of training images.
        test: Number of test images.
        reduced: How many times smaller the images are than the real camera's.
    """
    if NYUD_SIZE[0] % reduced or NYUD_SIZE[1] % reduced:
        raise InputError(f"synthetic: reduced: {reduced}, expected a divisor of {NYUD_SIZE[0]}")
    numbers = range(train + test)
    shuffled = _shuffled(seed, numbers, train)
    _write_mat(
        splits,
        trainNdxs=np.sort(shuffled[:train]).astype(np.uint16)[:, None],
        testNdxs=np.sort(shuffled[train:]).astype(np.uint16)[:, None],
    )
    codes = [CLASSES.index(POOLED.get(name, name)) + 1 for name in NAMES]
    _write_mat(
        mapping,
        mapClass=np.array([codes], np.uint8),
        className=_cells(CLASSES),
        allClassName=_cells(NAMES),
    )
    shape = (
        len(numbers),
        NYUD_SIZE[1] // reduced,
        NYUD_SIZE[0] // reduced,
    )  # MATLAB's order of axes, as others read it
    with atomic_write(labeled) as temporary, _hdf5(temporary) as file:
        _write_rooms(file, shape, _rooms(seed, numbers, reduced))


def _shuffled(seed: int, numbers: range, train: int) -> NDArray[np.int64]:
    """The indices from 1, training images first; at most half of those are in the released list."""
    listed = {int(id) - FIRST_ID + 1 for id in released_splits()["train"]}
    mixed = (scenes.generator(seed, SHUFFLE, 0).permutation(len(numbers)) + 1).tolist()
    known = [index for index in mixed if index in listed]
    first = known[: (train + 1) // 2]
    others = [index for index in mixed if index not in listed]
    return np.array(first + others + known[len(first) :])


def _rooms(seed: int, numbers: range, reduced: int) -> Iterator[Scene]:
    for number in progress(numbers, desc="rendering rooms", unit="room"):
        yield room(scenes.generator(seed, ROOMS, number), reduced)


def codes_of(scene: Scene) -> NDArray[np.uint16]:
    """The scene's labels as annotators' codes [H, W]: 1 is the first of `NAMES`, 0 unlabelled."""
    table = np.array([*(NAMES.index(name) + 1 for name in scene.names), 0], np.uint16)
    return table[scene.labels]


def _write_rooms(file: "h5py.File", shape: tuple[int, int, int], rooms: Iterator[Scene]) -> None:
    images = _dataset(file, "images", (shape[0], 3, *shape[1:]), np.uint8)
    depths, raw = (_dataset(file, name, shape, np.float32) for name in ("depths", "rawDepths"))
    labels = _dataset(file, "labels", shape, np.uint16)
    instances = _dataset(file, "instances", shape, np.uint8)
    kinds = []
    for index, scene in enumerate(rooms):
        images[index] = scene.image.transpose(2, 1, 0)
        depths[index] = scene.depth.T
        raw[index] = np.where(scene.missing, np.float32(0), scene.depth).T
        labels[index] = codes_of(scene).T
        instances[index] = scene.instances.T
        kinds.append(scene.kind)
    _write_texts(file, "names", NAMES)
    _write_texts(file, "sceneTypes", kinds)
    _write_texts(
        file, "scenes", [f"{kind}_{index:04d}" for index, kind in enumerate(kinds, start=1)]
    )
    for name, start in (("rawRgbFilenames", "r"), ("rawDepthFilenames", "d")):
        frames = [f"{kind}_{i:04d}/{start}-{i:08d}.pgm" for i, kind in enumerate(kinds, start=1)]
        _write_texts(file, name, frames)


@contextmanager
def _hdf5(path: Path) -> Iterator["h5py.File"]:
    """An HDF5 file with MATLAB's header in front of it."""
    import h5py  # slow to import

    with h5py.File(path, "w", userblock_size=USER_BLOCK, libver="earliest") as file:
        yield file
    with open(path, "r+b") as raw:
        raw.write(HEADER.ljust(MAT_TEXT_BYTES) + bytes(8) + b"\x00\x02IM")


def _dataset(
    group: "h5py.Group", name: str, shape: tuple[int, ...], kind: type[np.generic]
) -> "h5py.Dataset":
    """An empty array of one image a chunk, marked as MATLAB does."""
    dataset = group.create_dataset(
        name,
        shape,
        kind,
        chunks=(1, *shape[1:]),
        compression=COMPRESSION,
        track_times=False,
    )
    dataset.attrs["MATLAB_class"] = np.bytes_("single" if kind is np.float32 else kind.__name__)
    return dataset


def _write_texts(file: "h5py.File", name: str, texts: list[str] | tuple[str, ...]) -> None:
    """Write a cell array [1, N] of character arrays, which lie in #refs#."""
    import h5py

    group = file.require_group("#refs#")
    references = np.empty((1, len(texts)), h5py.ref_dtype)
    for index, text in enumerate(texts):
        letters = np.frombuffer(text.encode("utf-16-le"), np.uint16)[:, None]
        text_dataset = group.create_dataset(f"{name}{index}", data=letters, track_times=False)
        text_dataset.attrs["MATLAB_class"] = np.bytes_("char")
        text_dataset.attrs["MATLAB_int_decode"] = np.int32(2)
        references[0, index] = text_dataset.ref
    cells = file.create_dataset(name, data=references, track_times=False)
    cells.attrs["MATLAB_class"] = np.bytes_("cell")


def _cells(texts: tuple[str, ...]) -> NDArray[np.object_]:
    cells = np.empty((1, len(texts)), object)
    cells[0] = texts
    return cells


def _write_mat(path: Path, **fields: NDArray[Any]) -> None:
    with atomic_write(path) as temporary:
        temporary.write_bytes(mat(fields))
