"""A user's own folder of images and masks, and its conversion into the prepared layout."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from fcnlib.config.schema_data import FolderDataset
from fcnlib.core.errors import InputError, attempt
from fcnlib.core.listing import file_id, files_having
from fcnlib.core.parallel import in_threads
from fcnlib.core.progress import progress
from fcnlib.core.reading import read_bytes, read_lines
from fcnlib.datasets import images
from fcnlib.datasets.class_names import check_class_names
from fcnlib.datasets.findings import Finding, raise_errors
from fcnlib.datasets.formats import IMAGE_SUFFIXES, MASK_SUFFIXES
from fcnlib.datasets.images import VOID
from fcnlib.datasets.pairs import ImageFacts, MaskFacts, check_images, check_masks
from fcnlib.datasets.reader import check_sizes, first_and_more, read_list
from fcnlib.datasets.writer import DatasetWriter, dataset_writer, is_line

NOT_ALLOWED = 256  # in a table of labels by mask value, where 0..255 are labels

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Folder:
    """The files of images and masks by ID; their content is not read yet."""

    classes: tuple[str, ...]
    images: dict[str, Path]
    masks: dict[str, Path]
    splits: dict[str, list[str]]
    void: tuple[int, ...]
    lists: dict[str, Path]  # split -> its file; empty if the splits were made by `fifths`
    mask: str = "mask"  # what messages call a mask
    left_out: Mapping[Path, str] = field(default_factory=dict)  # folder -> other files, in words

    def missing(self) -> list[Finding]:
        """Files without a counterpart, and listed IDs without a file.

        If no split is listed, every image needs a mask and every mask an image.
        """
        kinds = {"image": self.images, self.mask: self.masks}
        if self.lists:
            found = [
                (str(path), id, kind)
                for split, path in self.lists.items()
                for kind, files in kinds.items()
                for id in self.splits[split]
                if id not in files
            ]
        else:
            found = [
                (str(path), "", kind)
                for kind, other in ((self.mask, "image"), ("image", self.mask))
                for id, path in kinds[other].items()
                if id not in kinds[kind]
            ]
        return [
            Finding("error", file, value, f"no {kind} of that name") for file, value, kind in found
        ]

    def listed_ids(self) -> set[str]:
        """The IDs of all splits."""
        return {id for ids in self.splits.values() for id in ids}

    def table(self) -> NDArray[np.uint16]:
        """The label of every 16-bit mask value, [65536]; NOT_ALLOWED for values without one."""
        table = np.full(2**16, NOT_ALLOWED, np.uint16)
        table[: len(self.classes)] = range(len(self.classes))
        table[[VOID, *self.void]] = VOID
        return table


def read_folder(dataset: FolderDataset) -> Folder:
    """The folder's classes, files and splits; missing ones are errors."""
    root = dataset.place()
    if not root.is_dir():
        hint = "; expected a path as it is, without ~ or $" if str(root)[:1] in "~$" else ""
        raise InputError(f"{root}: no such folder{hint}")
    left_out: dict[Path, str] = {}
    files = image_files(dataset.place(dataset.images), IMAGE_SUFFIXES, left_out)
    masks = image_files(dataset.place(dataset.masks), MASK_SUFFIXES, left_out)
    classes = _classes(dataset)
    if dataset.palette is not None and len(dataset.palette) != len(classes):
        raise InputError(f"palette: {len(dataset.palette)} colours for {len(classes)} classes")
    if wrong := [value for value in dataset.void if not 0 <= value < 2**16]:
        raise InputError(f"void: {wrong[0]}, expected mask values from 0 to {2**16 - 1}")
    lists = {name: dataset.place(path) for name, path in dataset.splits.items()}
    splits = {
        name: [_id(Path(line).name) for line in read_list(path)] for name, path in lists.items()
    }
    if not splits:
        _check_names(files)
        splits = fifths(sorted(files), root)
    return Folder(classes, files, masks, splits, dataset.void, lists, left_out=left_out)


def image_files(
    folder: Path, suffixes: Sequence[str], left_out: dict[Path, str] | None = None
) -> dict[str, Path]:
    """The folder's files with these suffixes by ID; how many others there are is noted."""
    files, others = files_having(folder, suffixes)
    if left_out is not None and others:
        left_out[folder] = others
    found: dict[str, Path] = {}
    for path in files:
        id = file_id(path)
        if id in found:
            raise InputError(f"{path}: has the same name as {found[id].name}")
        found[id] = path
    if not found:
        there = f"; there: {others}" if others else ""
        raise InputError(f"{folder}: no file in it that ends in {', '.join(suffixes)}{there}")
    return found


def _check_names(files: Mapping[str, Path]) -> None:
    """Raise unless every ID is the same when a list of them is written and read again."""
    for id, path in files.items():
        if not is_line(id) or "\ufeff" in id:
            raise InputError(f"{path}: expected a name of one line of UTF-8, no blanks around it")


def _id(name: str) -> str:
    path = Path(name)
    return path.stem if path.suffix.lower() in IMAGE_SUFFIXES else name


def _classes(dataset: FolderDataset) -> tuple[str, ...]:
    if isinstance(dataset.classes, str):
        path = dataset.place(dataset.classes)
        if path.is_dir() or not path.exists():
            raise InputError(f"{path}: no class list, expected one name a line")
        names, source = tuple(read_lines(path, "class name")), str(path)
    else:
        names, source = dataset.classes, "classes"
    while names and not names[-1]:
        names = names[:-1]
    if "" in names:
        raise InputError(f"{source}: line {names.index('') + 1} is empty, expected a class name")
    if not 1 <= len(names) <= VOID:
        raise InputError(f"{source}: {len(names)} classes, expected 1 to {VOID}")
    if twice := [name for name in names if names.count(name) > 1]:
        raise InputError(f"{source}: class {twice[0]!r} is listed twice")
    check_class_names(names, source)
    return names


def fifths(ids: Sequence[str], root: Path) -> dict[str, list[str]]:
    """A fifth of the IDs as `val` and the rest as `train`, by a hash of the ID."""
    if len(ids) < 2:
        raise InputError(f"{root}: {len(ids)} image, expected at least 2 to split in train and val")
    shuffled = sorted(ids, key=lambda id: hashlib.sha256(id.encode()).digest())
    count = max(1, len(ids) // 5)
    return {"train": sorted(shuffled[count:]), "val": sorted(shuffled[:count])}


def lookup_labels(mask: NDArray[Any], table: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """The label of every mask pixel [H, W], NOT_ALLOWED where its value has none."""
    label: NDArray[np.uint16] = table[mask.clip(0, len(table) - 1)]
    label[(mask < 0) | (mask >= len(table))] = NOT_ALLOWED
    return label


def to_label(
    mask: NDArray[Any], table: NDArray[np.uint16], folder: Folder, name: object
) -> NDArray[np.uint8]:
    """The label [H, W] of a mask [H, W]: classes and 255; other values are an error."""
    label = lookup_labels(mask, table)
    wrong = label == NOT_ALLOWED
    if wrong.any():
        row, column = (int(place[0]) for place in np.nonzero(wrong))
        void = ", ".join(str(value) for value in sorted({*folder.void, VOID}))
        raise InputError(
            f"{name}: value {mask[row, column]} at row {row}, column {column}; "
            f"expected 0..{len(folder.classes) - 1} or void ({void})"
        )
    return label.astype(np.uint8)


def convert_folder(
    dataset: FolderDataset, archives: Sequence[Path], out: Path, *, workers: int = 1
) -> None:
    """Prepare a user's images and masks; `archives` is empty."""
    folder = read_folder(dataset)
    _check_apart(dataset, out)
    if missing := folder.missing():
        _raise_first(list(map(str, missing)))
    for place, others in folder.left_out.items():
        log.info("%s: left out: %s", place, others)
    tasks = {"semantic": folder.classes}
    # Black is for background; without one, the colours start at the second.
    colours = images.voc_palette()[folder.classes[0] != "background" :]
    palette = dataset.palette or colours[: len(folder.classes)]
    with dataset_writer(out, tasks=tasks, palette=palette) as writer:
        for name, ids in folder.splits.items():
            writer.add_split(name, ids)
        ids = sorted(folder.listed_ids())
        store = partial(attempt, partial(_store_pair, writer, folder, folder.table()))
        stored = in_threads(store, ids, workers)
        results = list(progress(stored, desc=f"preparing {out.name}", total=len(ids), unit="file"))
        if errors := [str(result) for result in results if isinstance(result, InputError)]:
            _raise_first(errors)
        pairs = [result for result in results if not isinstance(result, InputError)]
        masks = {id: mask for id, (_, mask) in zip(ids, pairs, strict=True)}
        name = str(dataset.place())
        raise_errors(
            [
                *check_images(name, [image for image, _ in pairs]),
                *check_masks(name, folder.classes, folder.splits, masks),
            ]
        )


def _check_apart(dataset: FolderDataset, out: Path) -> None:
    """Raise if the prepared folder would replace the user's own files."""
    target = out.resolve()
    for path in dataset.files():
        own = path.resolve()
        if target in (own, *own.parents) or own in target.parents:
            raise InputError(f"{out}: {path} lies there; expected a folder apart from your own")


def _store_pair(
    writer: DatasetWriter, folder: Folder, table: NDArray[np.uint16], id: str
) -> tuple[ImageFacts, MaskFacts]:
    """Store an image and its label; returns the facts of the two."""
    path, mask_path = folder.images[id], folder.masks[id]
    image = writer.add_image(id, read_bytes(path), str(path), orient=True)
    source = images.read_image(mask_path)
    mask = images.class_indices(source, mask_path)
    check_sizes(image.pixels.shape, path, mask.shape, mask_path)
    label = to_label(mask, table, folder, mask_path)
    writer.add_label(id, label, str(mask_path))
    counts = np.bincount(label.ravel(), minlength=256)
    facts = ImageFacts.of(image.source, image.pixels, path)
    return facts, MaskFacts.of(source, mask, counts, mask_path)


def _raise_first(problems: list[str]) -> NoReturn:
    """Raise the first problem with the number of others, which are logged."""
    for problem in problems[1:]:
        log.error("%s", problem)
    raise InputError(first_and_more(problems))
