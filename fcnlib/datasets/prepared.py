"""The one prepared layout: what `dataset.json` holds, and the reader of the whole folder."""

import os
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict, ValidationError

from fcnlib.datasets import images
from fcnlib.datasets.images import VOID, Colour
from fcnlib.errors import InputError

INFO = "dataset.json"
PARTS = {INFO, "images", "labels", "depth", "hha", "splits"}


class Source(BaseModel):
    """An archive that a data set was made from."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    file: str
    sha256: str


class DatasetInfo(BaseModel):
    """The content of `dataset.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    tasks: dict[str, tuple[str, ...]]  # task -> class names
    palette: dict[str, tuple[Colour, ...]]
    mean_rgb: tuple[float, float, float]  # of the training split, 0..255
    depth_unit: str | None = None
    void: int = VOID
    sources: tuple[Source, ...] = ()
    splits: dict[str, int]  # split -> number of images
    digest: str


def read_info(path: Path) -> DatasetInfo:
    """The checked content of a `dataset.json`."""
    try:
        return DatasetInfo.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        if is_ours(path.parent):
            raise InputError(f"{path.parent}: no {INFO} in it; prepare it again") from None
        raise InputError(f"{path}: no such file; is this a prepared data set?") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "file"
        raise InputError(f"{path}: {place}: {first['msg']}") from None


def is_ours(folder: Path) -> bool:
    """Whether a folder holds nothing but a prepared data set, or one that lost its `dataset.json`.

    Snakemake deletes that file before it prepares again.
    """
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return names <= PARTS and not names.isdisjoint({INFO, "splits"})


class Prepared:
    """Reads a prepared data set; opening it checks that every ID of every split has its files."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)
        self.info = read_info(self.root / INFO)
        self._images = _listing(self.root / "images")
        self._labels = {task: _listing(self.root / "labels" / task) for task in self.info.tasks}
        self._splits = {name: self._read_split(name) for name in self.info.splits}

    def _read_split(self, name: str) -> list[str]:
        path = self.root / "splits" / f"{name}.txt"
        ids = read_list(path)
        if len(ids) != self.info.splits[name]:
            expected = self.info.splits[name]
            raise InputError(f"{path}: {len(ids)} IDs, but {INFO} says {expected}")
        for kind, files in {"image": self._images, **self._labels}.items():
            missing = [id for id in ids if id not in files]
            if missing:
                what = kind if kind == "image" else f"{kind} label"
                raise InputError(f"{path}: no {what} file for {first_and_more(missing)}")
        return ids

    def ids(self, split: str) -> list[str]:
        """The IDs of a split, in the order of its list."""
        if split not in self._splits:
            known = ", ".join(self._splits)
            raise InputError(f"{self.root}: no split {split!r}; known: {known}")
        return list(self._splits[split])

    def image_path(self, id: str) -> Path:
        """Where an ID's photograph lies."""
        return Path(self._file(self._images, id))

    def label_path(self, id: str, task: str = "semantic") -> Path:
        """Where an ID's label lies."""
        if task not in self._labels:
            known = ", ".join(self._labels)
            raise InputError(f"{self.root}: no task {task!r}; known: {known}")
        return Path(self._file(self._labels[task], id))

    def _file(self, files: dict[str, str], id: str) -> str:
        if id not in files:
            raise InputError(f"{self.root}: no file for ID {id!r}")
        return files[id]

    def image(self, id: str) -> NDArray[np.uint8]:
        """The photograph as uint8 RGB [H, W, 3]."""
        path = self.image_path(id)
        return images.rgb(images.load(path), path)

    def label(self, id: str, task: str = "semantic") -> NDArray[np.uint8]:
        """The class indices as uint8 [H, W], 255 = void."""
        path = self.label_path(id, task)
        picture = images.load(path)
        if picture.mode not in ("P", "L"):
            raise InputError(f"{path}: is {picture.mode}, expected 8-bit class indices (P or L)")
        label = cast(NDArray[np.uint8], images.indices(picture, path))
        check_values(label, len(self.info.tasks[task]), path)
        return label

    def pair(self, id: str, task: str = "semantic") -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Image and label of an ID, of equal height and width."""
        image, label = self.image(id), self.label(id, task)
        check_sizes(image.shape, self.image_path(id), label.shape, self.label_path(id, task))
        return image, label

    def size(self, id: str) -> tuple[int, int]:
        """Height and width, read from the header only."""
        path = self.image_path(id)
        try:
            with Image.open(path) as image:
                return image.height, image.width
        except OSError:
            raise InputError(f"{path}: not an image, or its first bytes are damaged") from None


def _listing(folder: Path) -> dict[str, str]:
    try:
        with os.scandir(folder) as entries:
            return {os.path.splitext(entry.name)[0]: entry.path for entry in entries}
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror}") from None


def read_list(path: Path) -> list[str]:
    """The IDs of a split list, one a line; an empty list is an error."""
    try:
        ids = [line.strip() for line in path.read_text("utf-8").splitlines() if line.strip()]
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file, expected one ID a line") from None
    if not ids:
        raise InputError(f"{path}: empty split, expected one ID a line")
    return ids


def check_values(label: NDArray[np.uint8], classes: int, name: object) -> None:
    """Raise unless every pixel is a class or void."""
    wrong = (label >= classes) & (label != VOID)  # [H, W]
    if wrong.any():
        row, column = (int(place[0]) for place in np.nonzero(wrong))
        raise InputError(
            f"{name}: value {label[row, column]} at row {row}, column {column}; "
            f"expected 0..{classes - 1} or {VOID} (void)"
        )


def check_sizes(
    image: tuple[int, ...], image_name: object, label: tuple[int, ...], label_name: object
) -> None:
    """Raise unless the label has its image's height and width."""
    if image[:2] != label[:2]:
        raise InputError(
            f"{label_name}: {label[1]} x {label[0]} pixels, "
            f"but its image {image_name} has {image[1]} x {image[0]}"
        )


def first_and_more(names: list[str]) -> str:
    """The first name, and how many there are besides."""
    return names[0] + (f" (and {len(names) - 1} more)" if len(names) > 1 else "")
