"""Members of the published archives, as bytes that depend on the scene alone."""

import gzip
import io
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage, sparse
from scipy.io import savemat

from fcn_synthetic.objects.backdrops import CLOUD, noise
from fcn_synthetic.objects.scenes import CLASSES, Scene
from fcnlib.core.files import atomic_write

Indices = NDArray[np.uint8]
VOID = 255
JPEG_QUALITY = 95
RELEASED = 1306281600  # 25 May 2011, of every member: no date of today in the archive
MAT_TEXT_BYTES = 116  # of free text at the start of a .mat file, where scipy puts the date


@contextmanager
def tar(path: Path, *, zipped: bool = False) -> Iterator[Callable[[str, bytes], None]]:
    """A function (name, content) that adds a member to a tar, folders before their files."""
    folders: set[PurePosixPath] = set()
    with ExitStack() as stack:
        temporary = stack.enter_context(atomic_write(path))
        file: IO[bytes] | gzip.GzipFile = stack.enter_context(open(temporary, "wb"))
        if zipped:
            file = gzip.GzipFile("", "wb", compresslevel=1, fileobj=file, mtime=RELEASED)
            stack.enter_context(file)
        archive = stack.enter_context(
            tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT)
        )

        def add(name: str, content: bytes) -> None:
            for folder in reversed(PurePosixPath(name).parents[:-1]):
                if folder not in folders:
                    folders.add(folder)
                    archive.addfile(_member(f"{folder}/", tarfile.DIRTYPE, 0o755))
            member = _member(name, tarfile.REGTYPE, 0o644)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))

        yield add


def _member(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mode, member.mtime = kind, mode, RELEASED
    return member


def lines(names: list[str]) -> bytes:
    """The content of a list, one name a line."""
    return "".join(f"{name}\n" for name in names).encode()


def jpeg(image: NDArray[np.uint8]) -> bytes:
    """The content of a JPEG file of an image [H, W, 3]."""
    content = io.BytesIO()
    Image.fromarray(image).save(content, "JPEG", quality=JPEG_QUALITY)
    return content.getvalue()


def with_void(indices: Indices, objects: Indices) -> Indices:
    """The indices [H, W] with a band of void, two pixels wide, along each object's outline."""
    edge = ndimage.maximum_filter(objects, 3) != ndimage.minimum_filter(objects, 3)
    return np.where(edge, np.uint8(VOID), indices)


def annotation(folder: str, name: str, scene: Scene, *, segmented: bool = True) -> bytes:
    """The XML of a scene: its size, and the box of each visible object, counted from 1."""
    height, width = scene.objects.shape
    boxes = []
    for number, label in enumerate(scene.classes, start=1):
        for rows, columns in ndimage.find_objects((scene.objects == number).astype(int)):
            boxes.append(
                f"\t<object>\n\t\t<name>{CLASSES[label]}</name>\n\t\t<difficult>0</difficult>\n"
                f"\t\t<bndbox><xmin>{columns.start + 1}</xmin><ymin>{rows.start + 1}</ymin>"
                f"<xmax>{columns.stop}</xmax><ymax>{rows.stop}</ymax></bndbox>\n\t</object>\n"
            )
    return (
        f"<annotation>\n\t<folder>{folder}</folder>\n\t<filename>{name}.jpg</filename>\n"
        f"\t<size><width>{width}</width><height>{height}</height><depth>3</depth></size>\n"
        f"\t<segmented>{segmented:d}</segmented>\n{''.join(boxes)}</annotation>\n"
    ).encode()


def retraced(objects: Indices, rng: np.random.Generator) -> Indices:
    """The objects [H, W] as another annotator would outline them, a pixel off here and there."""
    height, width = objects.shape
    shift_y, shift_x = (np.rint(np.clip(noise(rng, height, width, CLOUD), -1, 1)) for _ in range(2))
    y = np.clip(np.arange(height)[:, None] + shift_y, 0, height - 1).astype(int)
    x = np.clip(np.arange(width)[None] + shift_x, 0, width - 1).astype(int)
    traced: Indices = objects[y, x]
    return traced


def class_mat(objects: Indices, classes: tuple[int, ...]) -> bytes:
    """The .mat file GTcls: labels 0 to 20, and the boundary of each of the 20 classes."""
    labels = np.array([0, *classes], np.uint8)[objects]
    present = np.setdiff1d(labels, 0)
    absent = sparse.csc_matrix(labels.shape, dtype=bool)  # shared, as making twenty takes a while
    boundaries = [
        _boundary(labels == label) if label in present else absent
        for label in range(1, len(CLASSES))
    ]
    return _struct_mat("GTcls", labels, boundaries, present)


def instance_mat(objects: Indices, classes: tuple[int, ...]) -> bytes:
    """The .mat file GTinst: objects numbered from 1, the boundary of each, and its class."""
    numbers = np.setdiff1d(objects, 0)
    renumbered = np.searchsorted(np.concatenate([[0], numbers]), objects).astype(np.uint8)
    boundaries = [_boundary(objects == number) for number in numbers]
    kinds = np.array([0, *classes], np.uint8)[numbers]
    return _struct_mat("GTinst", renumbered, boundaries, kinds)


def _boundary(inside: NDArray[np.bool_]) -> sparse.csc_matrix:
    return sparse.csc_matrix(inside & ~ndimage.binary_erosion(inside, border_value=1))


def context_mat(codes: NDArray[np.uint16]) -> bytes:
    """The .mat file of PASCAL-Context: LabelMap, the code of each pixel."""
    return mat({"LabelMap": codes})


def _struct_mat(
    name: str, segmentation: Indices, boundaries: list[sparse.csc_matrix], present: Indices
) -> bytes:
    cells = np.empty((len(boundaries), 1), object)
    cells[:, 0] = boundaries
    fields = {
        "Segmentation": segmentation,
        "Boundaries": cells,
        "CategoriesPresent" if name == "GTcls" else "Categories": present[:, None],
    }
    return mat({name: fields})


def mat(variables: dict[str, Any]) -> bytes:
    """A .mat file of version 5 without today's date."""
    content = io.BytesIO()
    savemat(cast(Any, content), variables, do_compression=True)  # the stubs want a path
    content.seek(0)
    content.write(b"MATLAB 5.0 MAT-file".ljust(MAT_TEXT_BYTES))
    return content.getvalue()
