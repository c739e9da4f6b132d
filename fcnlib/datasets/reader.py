"""The prepared layout that all data sets have: the content of `dataset.json`, and the reader."""

import hashlib
import os
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, FiniteFloat, ValidationError, model_validator

from fcnlib.config.schema_base import Colour, Line, Name
from fcnlib.config.schema_data import CHANNELS, Input
from fcnlib.core.errors import InputError, first_problem
from fcnlib.core.listing import as_file_name, same_form
from fcnlib.core.reading import read_lines
from fcnlib.datasets import images
from fcnlib.datasets.images import VOID

INFO, HHA_INFO, DIGESTS = "dataset.json", "hha.json", "digests.txt"
LAYOUT = {INFO, HHA_INFO, DIGESTS, "images", "labels", "depth", "missing", "hha", "splits"}
Means = dict[str, tuple[FiniteFloat, ...]]  # input -> its channels' mean

M = TypeVar("M", bound=BaseModel)


class Source(BaseModel):
    """An archive that a data set was made from."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    file: str
    sha256: str


class DatasetInfo(BaseModel):
    """The content of `dataset.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    tasks: dict[Name, tuple[Line, ...]]  # task -> class names
    palette: dict[Name, tuple[Colour, ...]]
    inputs: tuple[Input, ...] = ("rgb",)
    means: dict[Name, Means]  # by split; of depth, of the natural logarithm of millimetres
    depth_unit: Literal["mm"] | None = None
    # Of depth: fx, fy, cx, cy in pixels.
    camera: tuple[FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat] | None = None
    void: Literal[255] = 255
    sources: tuple[Source, ...] = ()
    splits: dict[Name, int]  # split -> number of images
    digest: str

    @model_validator(mode="after")
    def _fit_each_other(self) -> "DatasetInfo":
        if not self.tasks or not self.splits:
            raise ValueError("expected at least one task and one split")
        for task, classes in self.tasks.items():
            if not 1 <= len(classes) <= VOID or len(self.palette.get(task, ())) != len(classes):
                raise ValueError(f"{task}: expected 1 to {VOID} classes with a colour each")
        for split in self.splits:
            means = {name: len(mean) for name, mean in self.means.get(split, {}).items()}
            if any(means.get(name) != CHANNELS[name] for name in {"rgb", *self.inputs} - {"hha"}):
                raise ValueError(f"{split}: expected the mean of each channel of each input")
        return self


class HHAInfo(BaseModel):
    """The content of `hha.json`, which is written once every image's HHA is there."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    images: int
    # By split: disparity, height, angle as bytes.
    means: dict[Name, tuple[FiniteFloat, FiniteFloat, FiniteFloat]]
    digest: str


def read_info(path: Path) -> DatasetInfo:
    """The checked content of a `dataset.json`."""
    return _read(path, DatasetInfo)


def read_hha_info(path: Path) -> HHAInfo:
    """The checked content of an `hha.json`."""
    return _read(path, HHAInfo)


def available_inputs(root: Path, info: DatasetInfo) -> tuple[Input, ...]:
    """The inputs that a data set has for nets; HHA only once it is complete."""
    if not (root / HHA_INFO).exists():
        return info.inputs
    return (*(name for name in info.inputs if name != "hha"), "hha")


def _read(path: Path, model: type[M]) -> M:
    try:
        return model.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        if is_prepared(path.parent):
            raise InputError(f"{path.parent}: no {path.name} in it; prepare it again") from None
        expected = "expected a prepared data set (fcn prepare makes one)"
        raise InputError(f"{path}: no such file; {expected}") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except ValidationError as error:
        raise InputError(f"{path}: {first_problem(error, 'file')}") from None


def is_prepared(folder: Path) -> bool:
    """Whether a folder looks like a prepared data set; `dataset.json` may be missing.

    Snakemake deletes that file before it runs the converter again.
    """
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return DIGESTS in names or (names <= LAYOUT and not names.isdisjoint({INFO, "splits"}))


class PreparedDataset:
    """Reads a prepared data set; opening it checks that every ID of every split has its files."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)
        self.info = read_info(self.root / INFO)
        self.inputs = available_inputs(self.root, self.info)
        path = self.root / HHA_INFO
        self.hha_info = read_hha_info(path) if path.exists() else None
        if self.hha_info and (missing := self.info.splits.keys() - self.hha_info.means.keys()):
            raise InputError(f"{path}: means: none of split {min(missing)}; make it again")
        self._files = {"image": _listing(self.root / "images")}
        for name in self.inputs:
            if name != "rgb":
                self._files[name] = _listing(self.root / name)
        for task in self.info.tasks:
            self._files[f"{task} label"] = _listing(self.root / "labels" / task)
        self._splits = {name: self._read_split(name) for name in self.info.splits}

    def _read_split(self, name: str) -> list[str]:
        path = self.root / "splits" / f"{name}.txt"
        ids = read_list(path)
        if len(ids) != self.info.splits[name]:
            expected = self.info.splits[name]
            raise InputError(f"{path}: {len(ids)} IDs, but {INFO} lists {expected}")
        for kind, files in self._files.items():
            if missing := [id for id in ids if id not in files]:
                raise InputError(f"{path}: no {kind} file for {first_and_more(missing)}")
        return ids

    def ids(self, split: str) -> list[str]:
        """The IDs of a split, in the order of its list."""
        if split not in self._splits:
            known = ", ".join(self._splits)
            raise InputError(f"{self.root}: no split {split!r}; known: {known}")
        return list(self._splits[split])

    def image_path(self, id: str) -> Path:
        """The path of an image."""
        return self._file("image", id)

    def label_path(self, id: str, task: str = "semantic") -> Path:
        """The path of an image's label."""
        if task not in self.info.tasks:
            known = ", ".join(self.info.tasks)
            raise InputError(f"{self.root}: no task {task!r}; known: {known}")
        return self._file(f"{task} label", id)

    def _file(self, kind: str, id: str) -> Path:
        if id not in self._files[kind]:
            raise InputError(f"{self.root}: no file for ID {id!r}")
        return Path(self._files[kind][id])

    def _input_path(self, name: str, id: str) -> Path:
        if name not in self.inputs:
            raise InputError(f"{self.root}: no {name} in it; it has {', '.join(self.inputs)}")
        return self._file(name if name != "rgb" else "image", id)

    def image(self, id: str) -> NDArray[np.uint8]:
        """The image as uint8 RGB [H, W, 3]."""
        path = self.image_path(id)
        return images.to_rgb(images.read_image(path), path)

    def depth(self, id: str) -> NDArray[np.uint16]:
        """The filled depth in millimetres, uint16 [H, W]."""
        return images.read_depth(self._input_path("depth", id))

    def missing(self, id: str) -> NDArray[np.bool_]:
        """Where the depth camera measured nothing [H, W]; False everywhere if that is not known."""
        path = self.root / "missing" / as_file_name(f"{id}.png")
        if not path.exists():
            return np.zeros(self.size(id), bool)
        return np.array(images.read_image(path)).astype(bool)

    def hha(self, id: str) -> NDArray[np.uint8]:
        """Disparity, height and angle as uint8 [H, W, 3]."""
        path = self._input_path("hha", id)
        return images.to_rgb(images.read_image(path), path)

    def stack(self, id: str, inputs: Sequence[str]) -> NDArray[Any]:
        """A net's raw input [C, H, W]: uint8, or int32 with depth, which is in millimetres."""
        read: dict[str, Callable[[str], NDArray[Any]]] = {
            "rgb": self.image,
            "depth": self.depth,
            "hha": self.hha,
        }
        parts: list[NDArray[Any]] = []
        for name in inputs:
            path = self._input_path(name, id)
            part = read[name](id)
            part = part[..., None] if part.ndim == 2 else part  # [H, W, channels]
            if parts:
                check_sizes(parts[0].shape, self._input_path(inputs[0], id), part.shape, path)
            parts.append(part)
        stack = np.concatenate(parts, axis=2, dtype=np.int32 if "depth" in inputs else np.uint8)
        return stack.transpose(2, 0, 1)

    def label(self, id: str, task: str = "semantic") -> NDArray[np.uint8]:
        """The class indices as uint8 [H, W]; 255 is void."""
        path = self.label_path(id, task)
        image = images.read_image(path)
        if image.mode not in ("P", "L"):
            raise InputError(f"{path}: is {image.mode}, expected 8-bit class indices (P or L)")
        label = cast(NDArray[np.uint8], images.class_indices(image, path))
        check_values(label, len(self.info.tasks[task]), path)
        return label

    def pair(self, id: str, task: str = "semantic") -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Image and label of an ID, of equal height and width."""
        image, label = self.image(id), self.label(id, task)
        check_sizes(image.shape, self.image_path(id), label.shape, self.label_path(id, task))
        return image, label

    def sample(
        self, id: str, inputs: Sequence[str], tasks: Sequence[str]
    ) -> tuple[NDArray[Any], dict[str, NDArray[np.uint8]]]:
        """A net's raw input [C, H, W] and the label [H, W] of each task, of equal size."""
        stack = self.stack(id, inputs)
        labels = {task: self.label(id, task) for task in tasks}
        for task, label in labels.items():
            source = self._input_path(inputs[0], id)
            check_sizes(stack.shape[1:], source, label.shape, self.label_path(id, task))
        return stack, labels

    def mean(self, name: str, split: str) -> tuple[float, ...]:
        """The mean of each channel of an input over a split; of depth, of its logarithm."""
        self.ids(split)
        if name == "hha" and self.hha_info:
            means: Means = {"hha": self.hha_info.means[split]}
        else:
            means = self.info.means[split]
        if name not in means:
            raise InputError(f"{self.root}: no {name} in it; it has {', '.join(self.inputs)}")
        return means[name]

    def digest(self, inputs: Sequence[str]) -> str:
        """A hash of these inputs and the labels."""
        if "hha" not in inputs or self.hha_info is None:
            return self.info.digest
        return hashlib.sha256((self.info.digest + self.hha_info.digest).encode()).hexdigest()

    def size(self, id: str) -> tuple[int, int]:
        """Height and width of an image, read from its header only."""
        return images.image_size(self.image_path(id))


def _listing(folder: Path) -> dict[str, str]:
    try:
        with os.scandir(folder) as entries:
            return {same_form(os.path.splitext(entry.name)[0]): entry.path for entry in entries}
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror}") from None


def read_list(path: Path) -> list[str]:
    """The IDs of a split list, one a line; an empty list is an error."""
    ids = [unicodedata.normalize("NFC", line) for line in read_lines(path, "ID") if line]
    if not ids:
        raise InputError(f"{path}: empty split, expected one ID a line")
    return ids


def check_values(label: NDArray[np.uint8], classes: int, name: object) -> None:
    """Raise unless every pixel of a label [H, W] is a class or void."""
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
    """The first name and the number of others, for messages."""
    return names[0] + (f" (and {len(names) - 1} more)" if len(names) > 1 else "")
