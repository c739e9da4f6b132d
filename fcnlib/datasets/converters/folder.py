"""A user's own folder of images and masks, and its conversion into the prepared layout."""

import hashlib
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NoReturn

import numpy as np

from fcnlib.config.schema_base import Colour
from fcnlib.config.schema_data import FolderDataset
from fcnlib.core.errors import InputError, attempt
from fcnlib.core.listing import file_id, files_having, same_form
from fcnlib.core.parallel import in_threads
from fcnlib.core.progress import progress
from fcnlib.core.reading import read_bytes
from fcnlib.datasets import images, labelme
from fcnlib.datasets.findings import Finding, raise_errors
from fcnlib.datasets.formats import IMAGE_SUFFIXES, MASK_SUFFIXES
from fcnlib.datasets.mask_values import MaskCode, checked_label, mask_code
from fcnlib.datasets.pairs import ImageFacts, MaskFacts, check_images, check_masks
from fcnlib.datasets.reader import check_sizes, first_and_more, read_list
from fcnlib.datasets.writer import DatasetWriter, dataset_writer, is_line

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Folder:
    """The files of images and masks by ID; their content is not read yet."""

    code: MaskCode
    images: dict[str, Path]
    masks: dict[str, Path]
    splits: dict[str, list[str]]
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

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names."""
        return self.code.classes

    @property
    def palette(self) -> tuple[Colour, ...]:
        """The colours of the classes in pictures."""
        # VOC's begin with black, for background.
        has_background = self.classes[0] == "background"
        colours = images.voc_palette() if has_background else images.distinct_palette()
        return self.code.palette or colours[: len(self.classes)]


def read_folder(dataset: FolderDataset) -> Folder:
    """The folder's classes, files and splits; missing ones are errors."""
    root = dataset.place()
    if not root.is_dir():
        hint = "; expected a path as it is, without ~ or $" if str(root)[:1] in "~$" else ""
        raise InputError(f"{root}: no such folder{hint}")
    left_out: dict[Path, str] = {}
    files, masks = _files_of(dataset, left_out)
    code = mask_code(dataset)
    lists = {name: dataset.place(path) for name, path in dataset.splits.items()}
    splits = {
        name: [_id(Path(line).name, dataset.images) for line in read_list(path)]
        for name, path in lists.items()
    }
    if not splits:
        _check_names(files)
        splits = fifths(sorted(files), root)
    return Folder(code, files, masks, splits, lists, left_out=left_out)


def _files_of(
    dataset: FolderDataset, left_out: dict[Path, str]
) -> tuple[dict[str, Path], dict[str, Path]]:
    """The images and the masks by ID."""
    places = dataset.place(dataset.images), dataset.place(dataset.masks)
    if places[0] == places[1]:
        raise InputError(
            f"{places[0]}: images and masks in one place; expected a folder of each, or patterns "
            "that tell them apart, such as images: '*.jpg' and masks: '*_mask.png'"
        )
    masks = image_files(places[1], (*MASK_SUFFIXES, *_shapes(places[1])), left_out)
    are_masks = frozenset(masks.values())
    return image_files(places[0], IMAGE_SUFFIXES, left_out, without=are_masks), masks


def _shapes(place: Path) -> tuple[str, ...]:
    """The suffix of drawn shapes, where a pattern asks for them."""
    return (labelme.SUFFIX,) if place.name.lower().endswith(f"*{labelme.SUFFIX}") else ()


def image_files(
    place: Path,
    suffixes: Sequence[str],
    left_out: dict[Path, str] | None = None,
    *,
    without: Collection[Path] = (),
) -> dict[str, Path]:
    """The files with these suffixes by ID; how many others there are is noted.

    Args:
        place: A folder, or a pattern of files in one, whose `*` is the ID.
        suffixes: Of the files.
        left_out: Where to note the others of a folder, in words.
        without: Files that are something else.
    """
    is_pattern = "*" in place.name
    folder = place.parent if is_pattern else place
    files, others = files_having(folder, suffixes)
    if left_out is not None and others and not is_pattern:
        left_out[folder] = others
    found: dict[str, Path] = {}
    for path in files:
        id = _matched(same_form(path.name), place.name) if is_pattern else file_id(path)
        if id is None or path in without:
            continue
        if id in found:
            raise InputError(f"{path}: has the same name as {found[id].name}")
        found[id] = path
    if not found:
        there = f"; there: {others}" if others else ""
        raise InputError(f"{place}: no file in it that ends in {', '.join(suffixes)}{there}")
    return found


def _matched(name: str, pattern: str) -> str | None:
    """What the `*` of a pattern is in a name; None where the two do not match."""
    before, _, after = same_form(pattern).partition("*")
    is_like = name.startswith(before) and name.lower().endswith(after.lower())
    id = name[len(before) : len(name) - len(after)]
    return id if is_like and len(name) > len(before) + len(after) else None


def _check_names(files: Mapping[str, Path]) -> None:
    """Raise unless every ID is the same when a list of them is written and read again."""
    for id, path in files.items():
        if not is_line(id) or "\ufeff" in id:
            raise InputError(f"{path}: expected a name of one line of UTF-8, no blanks around it")


def _id(name: str, pattern: str) -> str:
    """The ID that a line of a list names: itself, or that of a file."""
    if "*" in pattern and (id := _matched(name, Path(pattern).name)):
        return id
    path = Path(name)
    return path.stem if path.suffix.lower() in IMAGE_SUFFIXES else name


def fifths(ids: Sequence[str], root: Path) -> dict[str, list[str]]:
    """A fifth of the IDs as `val` and the rest as `train`, by a hash of the ID."""
    if len(ids) < 2:
        raise InputError(f"{root}: {len(ids)} image, expected at least 2 to split in train and val")
    shuffled = sorted(ids, key=lambda id: hashlib.sha256(id.encode()).digest())
    count = max(1, len(ids) // 5)
    return {"train": sorted(shuffled[count:]), "val": sorted(shuffled[:count])}


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
    with dataset_writer(out, tasks=tasks, palette=folder.palette) as writer:
        for name, ids in folder.splits.items():
            writer.add_split(name, ids)
        ids = sorted(folder.listed_ids())
        store = partial(attempt, partial(_store_pair, writer, folder))
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


def _store_pair(writer: DatasetWriter, folder: Folder, id: str) -> tuple[ImageFacts, MaskFacts]:
    """Store an image and its label; returns the facts of the two."""
    path, mask_path = folder.images[id], folder.masks[id]
    image = writer.add_image(id, read_bytes(path), str(path), orient=True)
    mask = folder.code.read(mask_path)
    check_sizes(image.pixels.shape, path, mask.labels.shape, mask_path)
    label = checked_label(mask, folder.code, mask_path)
    writer.add_label(id, label, str(mask_path))
    counts = np.bincount(label.ravel(), minlength=256)
    facts = ImageFacts.of(image.source, image.pixels, path)
    return facts, MaskFacts.of(mask, counts, mask_path)


def _raise_first(problems: list[str]) -> NoReturn:
    """Raise the first problem with the number of others, which are logged."""
    for problem in problems[1:]:
        log.error("%s", problem)
    raise InputError(first_and_more(problems))
