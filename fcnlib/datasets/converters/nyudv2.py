"""NYUDv2 from the official labelled file: cropped, and mapped to 40 classes."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fcnlib.config.nyudv2_images import NYUD_SIZE, nyud_crop
from fcnlib.config.schema_data import ArchiveDataset
from fcnlib.core.errors import InputError, first_line
from fcnlib.core.parallel import in_threads
from fcnlib.core.progress import progress
from fcnlib.core.reading import open_regular
from fcnlib.datasets import images
from fcnlib.datasets.converters.mat import checked_integers, load_mat
from fcnlib.datasets.converters.nyudv2_classes import (
    CLASSES,
    PALETTE,
    SPLITS,
    released_splits,
)
from fcnlib.datasets.hha.encode import NYUD_CAMERA
from fcnlib.datasets.images import VOID
from fcnlib.datasets.writer import DatasetWriter, check_counts, dataset_writer, expect_archives

if TYPE_CHECKING:
    import h5py

FIRST_ID = 5001  # of the image with index 1
DAMAGED_HDF5 = (OSError, RuntimeError, ValueError, KeyError, TypeError)  # h5py's errors
CHUNK_BYTES = 1 << 30  # of all chunks that hold parts of an image
HDF5_FIELDS = {  # name -> number of axes, kind, bytes
    "images": (4, "u", 1),
    "depths": (3, "f", 4),
    "rawDepths": (3, "f", 4),
    "labels": (3, "u", 2),
}


class LabeledImage(NamedTuple):
    """The fields of an image, cropped, with rows before columns."""

    id: str
    image: NDArray[np.uint8]  # [H, W, 3]
    depth: NDArray[np.float32]  # [H, W], metres
    raw: NDArray[np.float32]  # [H, W], metres; 0 where the sensor measured nothing
    codes: NDArray[np.uint16]  # [H, W]; 0 is unlabelled


def convert_nyudv2(
    dataset: ArchiveDataset, archives: Sequence[Path], out: Path, *, workers: int = 1
) -> None:
    """Prepare train, val, trainval and test with depth; a few images at a time are in memory."""
    kinds = ("labelled images", "splits", "map to 40 classes")
    labeled, splits_mat, mapping = expect_archives(dataset, archives, kinds)
    check_counts(out, dataset.counts, SPLITS)
    crop = _crop(dataset.reduced)
    camera = NYUD_CAMERA.reduced(dataset.reduced).cropped(crop[0].start, crop[1].start)
    with _open_hdf5(labeled) as file:
        count = _check_fields(labeled, file, dataset.reduced)
        splits = read_splits(splits_mat, count)
        table = read_mapping(mapping)
        with dataset_writer(
            out,
            tasks={"semantic": CLASSES},
            palette=PALETTE,
            archives=archives,
            counts=dataset.counts,
            camera=camera,
        ) as writer:
            for name, listed in splits.items():
                writer.add_split(name, listed, released_splits()[name])
            ids = sorted({*splits["trainval"], *splits["test"]})
            frames = _frames(labeled, file, writer, ids, crop)
            stored = in_threads(partial(_store, writer, labeled, table), frames, workers)
            bar = progress(stored, desc=f"reading {labeled.name}", total=len(ids), unit="image")
            for _ in bar:
                pass


def _crop(reduced: int) -> tuple[slice, slice]:
    top, bottom, left, right = nyud_crop(reduced)
    return slice(top, bottom), slice(left, right)


@contextmanager
def _open_hdf5(path: Path) -> Iterator["h5py.File"]:
    import h5py  # slow to import

    with open_regular(path) as file:
        start = file.read(128)
    if start.startswith(b"MATLAB 5.0") or start[124:128] == b"\x00\x01IM":
        raise InputError(f"{path}: a .mat file of version 5, expected version 7.3 (HDF5)")
    try:
        opened = h5py.File(path, "r")
    except DAMAGED_HDF5 as error:
        reason = "cut short" if "truncated" in str(error) else "damaged or not HDF5"
        raise InputError(f"{path}: {reason}, expected a .mat file of version 7.3") from None
    with opened:
        yield opened


def _check_fields(path: Path, file: "h5py.File", reduced: int) -> int:
    """The number of images; an error unless every field has the expected type and shape."""
    height, width = (side // reduced for side in NYUD_SIZE)
    count = None
    for name, (axes, kind, size) in HDF5_FIELDS.items():
        field = _field(path, file, name)
        if len(field.shape) != axes or field.dtype.kind != kind or field.dtype.itemsize != size:
            found = f"{field.dtype} {list(field.shape)}"
            kinds = {"u": "uint", "f": "float"}[kind]
            raise InputError(f"{path}: {name}: {found}, expected {kinds}{8 * size} of {axes} axes")
        if field.shape[-2:] != (width, height):
            found = f"{field.shape[-2]} x {field.shape[-1]}"
            raise InputError(f"{path}: {name}: {found} pixels, expected {width} x {height}")
        count = field.shape[0] if count is None else count
        if field.shape[0] != count or (axes == 4 and field.shape[1] != 3):
            raise InputError(f"{path}: {name}: {list(field.shape)}, expected {count} images")
    assert count is not None  # HDF5_FIELDS is not empty
    return int(count)


def _field(path: Path, file: "h5py.File", name: str) -> "h5py.Dataset":
    """A field whose data are in the file itself, in chunks that fit the memory."""
    import h5py

    try:
        link = file.get(name, getlink=True)
        field = file[name] if isinstance(link, h5py.HardLink) else None
        is_elsewhere = field is None or field.external or field.is_virtual
        chunk = 0 if field is None or not field.dtype else _chunk_bytes(field)
    except (AttributeError, *DAMAGED_HDF5) as error:
        raise InputError(f"{path}: no field {name!r} in it ({first_line(error)})") from None
    if link is None:
        raise InputError(f"{path}: no field {name!r} in it")
    if is_elsewhere:
        raise InputError(f"{path}: {name}: leads to another place, expected data in the file")
    if chunk > CHUNK_BYTES:
        raise InputError(f"{path}: {name}: chunks of {chunk} bytes, expected at most {CHUNK_BYTES}")
    return field


def read_splits(path: Path, count: int) -> dict[str, list[str]]:
    """The IDs of train, val, trainval and test, by the indices in splits.mat."""
    content = load_mat(path, ("trainNdxs", "testNdxs"))
    lists = {}
    for name in ("trainNdxs", "testNdxs"):
        indices = checked_integers(content[name], f"{path}: {name}", count)
        found, times = np.unique(indices, return_counts=True)
        if len(found) != len(indices):
            raise InputError(f"{path}: {name}: index {found[times > 1][0]} is in it twice")
        lists[name] = indices.tolist()
    if both := set(lists["trainNdxs"]) & set(lists["testNdxs"]):
        raise InputError(f"{path}: index {min(both)} is in trainNdxs and in testNdxs")
    known, ids = set(released_splits()["train"]), [_id(index) for index in lists["trainNdxs"]]
    train, val = [id for id in ids if id in known], [id for id in ids if id not in known]
    test = [_id(index) for index in lists["testNdxs"]]
    return {"train": train, "val": val, "trainval": train + val, "test": test}


def _id(index: int) -> str:
    return str(FIRST_ID - 1 + index)


def read_mapping(path: Path) -> NDArray[np.uint8]:
    """The class of each of the annotators' codes; code 0 is void."""
    content = load_mat(path, ("mapClass", "className"))
    names = tuple(str(np.squeeze(name)) for name in content["className"].reshape(-1))
    if names != CLASSES:
        wrong = [found for found, known in zip(names, CLASSES, strict=False) if found != known]
        found = f"class {wrong[0]!r}" if wrong else f"{len(names)} classes"
        raise InputError(f"{path}: className: {found}, expected NYUDv2's {len(CLASSES)} classes")
    classes = checked_integers(content["mapClass"], f"{path}: mapClass", len(CLASSES))
    return np.concatenate([[VOID], classes - 1]).astype(np.uint8)


def _frames(
    path: Path,
    file: "h5py.File",
    writer: DatasetWriter,
    ids: Sequence[str],
    crop: tuple[slice, slice],
) -> Iterator[LabeledImage | None]:
    """The images in the file's order; None for those that an earlier run stored."""
    rows, columns = crop
    fields = {name: _cached(file, name) for name in HDF5_FIELDS}
    for id in ids:
        if all(writer.has(kind, id) for kind in ("image", "depth", "labels/semantic")):
            yield None
            continue
        index = int(id) - FIRST_ID
        try:
            # MATLAB's axes are reversed: columns come before rows.
            read = {name: field[index, ..., columns, rows] for name, field in fields.items()}
        except DAMAGED_HDF5:
            raise InputError(f"{path}: image {index + 1}: damaged, cannot be read") from None
        depth, raw, codes = (read[name].T for name in ("depths", "rawDepths", "labels"))
        yield LabeledImage(id, read["images"].transpose(2, 1, 0), depth, raw, codes)


def _cached(file: "h5py.File", name: str) -> "h5py.Dataset":
    """The field with a cache of all chunks of an image, which neighbouring images may share."""
    import h5py

    access = h5py.h5p.create(h5py.h5p.DATASET_ACCESS)
    # Set before the field is opened: an open one keeps its cache.
    access.set_chunk_cache(10_007, _chunk_bytes(file[name]), 0.75)
    return h5py.Dataset(h5py.h5d.open(file.id, name.encode(), access))


def _chunk_bytes(field: "h5py.Dataset") -> int:
    """The size of all chunks that hold parts of an image."""
    if field.chunks is None:
        return 0
    sides = zip(field.shape[1:], field.chunks[1:], strict=True)
    padded = math.prod(-(-side // chunk) * chunk for side, chunk in sides)  # chunks are whole
    return int(field.chunks[0] * padded * field.dtype.itemsize)


def _store(
    writer: DatasetWriter, path: Path, table: NDArray[np.uint8], labeled: LabeledImage | None
) -> None:
    if labeled is None:
        return
    origin = f"{path}: image {int(labeled.id) - FIRST_ID + 1}"
    if labeled.codes.max() >= len(table):
        wrong = f"code {labeled.codes.max()}, expected 0 to {len(table) - 1}"
        raise InputError(f"{origin}: labels: {wrong}, as in the map to 40 classes")
    image = Image.fromarray(np.ascontiguousarray(labeled.image))
    writer.add_image(labeled.id, images.encode_png(image, level=1), f"{origin}: images")
    writer.add_depth(labeled.id, millimetres(labeled.depth, origin), ~(labeled.raw > 0), origin)
    writer.add_label(labeled.id, table[labeled.codes], f"{origin}: labels")


def millimetres(depth: NDArray[np.float32], origin: str) -> NDArray[np.uint16]:
    """Metres [H, W] as whole millimetres, halves rounded up as MATLAB does."""
    if not np.isfinite(depth).all():
        raise InputError(f"{origin}: depths: NaN or infinite, expected metres")
    if depth.min() < 0 or depth.max() >= 65.5:
        found = f"{depth.min():g} to {depth.max():g}"
        raise InputError(f"{origin}: depths: {found}, expected metres from 0 to 65.5")
    rounded: NDArray[np.float32] = np.floor(depth * np.float32(1000) + np.float32(0.5))
    return rounded.astype(np.uint16)
