"""Tiny VOC and SBD archives in the published formats, for tests of what reads them."""

import io
import tarfile
from pathlib import Path

import numpy as np
import scipy.io
import scipy.sparse
from PIL import Image

from fcnlib.datasets.images import label_png, voc_palette

SIZE = (12, 16)  # height, width


def jpeg(colour: tuple[int, int, int], size: tuple[int, int] = SIZE, **options: object) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size[::-1], colour).save(file, "JPEG", quality=95, **options)
    return file.getvalue()


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def mat(**fields: object) -> bytes:
    file = io.BytesIO()
    scipy.io.savemat(file, fields, do_compression=True)
    return file.getvalue()


def label(value: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Background with a box of `value`."""
    pixels = np.zeros(size, np.uint8)
    pixels[2:6, 3:9] = value
    return pixels


def sbd_mat(pixels: np.ndarray) -> bytes:
    boundaries = np.empty((20, 1), object)
    boundaries[:, 0] = [scipy.sparse.csc_matrix(pixels == index) for index in range(1, 21)]
    struct = np.zeros((1, 1), [("Boundaries", "O"), ("Segmentation", "O"), ("Categories", "O")])
    struct[0, 0] = (boundaries, pixels, np.unique(pixels)[:, None])
    return mat(GTcls=struct)


def write_tar(path: Path, members: dict[str, bytes]) -> Path:
    """A tar of the members, compressed where the name says `.tgz`."""
    with tarfile.open(path, "w:gz" if path.suffix == ".tgz" else "w") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def voc_members(train: list[str], val: list[str], year: int = 2011) -> dict[str, bytes]:
    """The tree of a VOC archive, the lists last as in no particular order."""
    root = f"{'TrainVal/' if year == 2011 else ''}VOCdevkit/VOC{year}"
    found = {}
    for number, id in enumerate(sorted({*train, *val})):
        found[f"{root}/JPEGImages/{id}.jpg"] = jpeg((10 * number, 100, 200))
        pixels = label(1 + number % 20)
        pixels[1, :] = 255
        found[f"{root}/SegmentationClass/{id}.png"] = label_png(pixels, voc_palette())
        found[f"{root}/SegmentationObject/{id}.png"] = label_png(pixels, voc_palette())
    found[f"{root}/JPEGImages/2007_999999.jpg"] = b"in no list, so never read"
    lists = {"train": train, "val": val, "trainval": sorted([*train, *val])}
    for name, ids in lists.items():
        found[f"{root}/ImageSets/Segmentation/{name}.txt"] = "".join(f"{i}\n" for i in ids).encode()
    return found


def sbd_members(train: list[str], val: list[str]) -> dict[str, bytes]:
    """The tree of the SBD archive."""
    root = "benchmark_RELEASE/dataset"
    found = {f"{root}/train.txt": "\n".join(train).encode(), f"{root}/val.txt": b"2008_000009"}
    for number, id in enumerate([*train, *val]):
        found[f"{root}/img/{id}.jpg"] = jpeg((200, 10 * number, 50))
        found[f"{root}/cls/{id}.mat"] = sbd_mat(label(1 + number % 20))
        found[f"{root}/inst/{id}.mat"] = b"never read"
    return found
