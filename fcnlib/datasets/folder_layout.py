"""Where in a user's own folder images, masks, lists and class names are, by names alone."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

from fcnlib.core.errors import InputError
from fcnlib.core.listing import file_id, visible_files
from fcnlib.datasets import labelme
from fcnlib.datasets.formats import IMAGE_SUFFIXES, MASK_SUFFIXES

SPLITS = ("train", "val", "valid", "validation", "trainval", "test")
LIST_PLACES = ("", "ImageSets/Segmentation", "splits", "lists")  # VOC's, and what others do
LABEL_MAPS = ("labelmap.txt", "label_colors.txt", "class_dict.csv")  # CVAT, CamVid
CLASS_LISTS = ("classes.txt", "class_names.txt", "labels.txt", "label_names.txt", "obj.names")
DEPTH = 2  # of the folders that are looked into

_MASKS = re.compile(r"mask|label|annot|segmentationclass|truth|\bgt\b|_gt|gt_", re.IGNORECASE)
_NO_MASKS = re.compile(r"object|instance|visuali|overlay|colou?r|prepared", re.IGNORECASE)
_LIKE_MASK = re.compile(r"[-_. ](?:mask|masks|label|labels|seg|gt|truth|annotation|l)\b.*", re.I)


@dataclass(frozen=True)
class Layout:
    """Where things are in a folder, as its configuration names them."""

    images: str
    masks: str
    splits: Mapping[str, str]
    classes: str | None = None
    label_map: str | None = None


def own_root(folder: Path, images: str) -> Path:
    """The folder that holds images and masks, also where that of the images is named."""
    is_of_images = folder.is_dir() and folder.name == images and not (folder / images).exists()
    return folder.parent if is_of_images else folder


def own_lists(folder: Path) -> dict[str, str]:
    """The folder's lists of IDs by split: `train.txt`, `val.txt`, ... of the first such place."""
    for place in LIST_PLACES:
        names = {split: str(Path(place, f"{split}.txt")) for split in SPLITS}
        found = {split: name for split, name in names.items() if (folder / name).is_file()}
        if found:
            return found
    return {}


def find_layout(root: Path, images: str | None = None, masks: str | None = None) -> Layout:
    """The layout of a folder; InputError where its names do not tell.

    Args:
        root: The folder.
        images: Where the images are, if that is known: a folder or a pattern.
        masks: Where the masks are, if that is known.
    """
    if not root.is_dir():
        raise InputError(f"{root}: no such folder")
    if images is None or masks is None:
        images, masks = _find_places(root, images, masks)
    classes = next((name for name in CLASS_LISTS if (root / name).is_file()), None)
    label_map = next((name for name in LABEL_MAPS if (root / name).is_file()), None)
    return Layout(images, masks, own_lists(root), classes, label_map)


def _find_places(root: Path, images: str | None, masks: str | None) -> tuple[str, str]:
    """The places of images and masks."""
    pictures = {str(path.relative_to(root)): _files(path) for path in _folders(root)}
    pictures = {name: files for name, files in pictures.items() if files}
    pairs = [
        (one, other)
        for one, other in permutations(pictures, 2)
        if images in (None, one) and masks in (None, other)
        if _belong(pictures[one], pictures[other]) and _are_masks(one, other, pictures)
    ]
    if len(pairs) == 1:
        return pairs[0][0], _with_affix(pairs[0][1], *(pictures[name] for name in pairs[0]))
    beside = {name: _beside(name, files) for name, files in pictures.items()}
    found = [places for places in beside.values() if places] if not pairs else []
    if len(found) == 1:
        return found[0]
    told = ", ".join(f"{name}/ ({len(files)})" for name, files in pictures.items()) or "none"
    reason = "several may be of masks" if pairs else "none is of masks of the same names"
    raise InputError(
        f"{root}: of its folders of pictures ({told}) {reason}; expected --images and --masks, "
        "each a folder or a pattern such as '*_mask.png'"
    )


def _folders(root: Path) -> list[Path]:
    """The folder and those in it, but for hidden ones."""
    found, level = [root], [root]
    for _ in range(DEPTH):
        level = [
            path
            for folder in level
            for path in sorted(folder.iterdir())
            if path.is_dir() and not path.name.startswith(".")
        ]
        found += level
    return found


def _files(folder: Path) -> list[Path]:
    suffixes = (*IMAGE_SUFFIXES, labelme.SUFFIX)
    return [path for path in visible_files(folder) if path.suffix.lower() in suffixes]


def _belong(images: Sequence[Path], masks: Sequence[Path]) -> bool:
    """Whether the masks have names of the images, maybe longer ones."""
    ids = {file_id(path) for path in images}
    return _affix(ids, masks) is not None


def _affix(ids: set[str], masks: Sequence[Path]) -> tuple[str, str] | None:
    """What stands before and after an image's ID in the names of most masks; None if nothing."""
    first = file_id(masks[0])
    inside = sorted((id for id in ids if id in first), key=len)
    if not inside:
        return None
    before, _, after = first.partition(inside[-1])
    named = [f"{before}{id}{after}" for id in ids]
    shared = len({file_id(path) for path in masks}.intersection(named))
    return (before, after) if 2 * shared >= min(len(ids), len(masks)) else None


def _with_affix(place: str, images: Sequence[Path], masks: Sequence[Path]) -> str:
    """The masks' folder, or a pattern of their names where these are longer than the images'."""
    affix = _affix({file_id(path) for path in images}, masks) or ("", "")
    is_drawn = masks[0].suffix.lower() == labelme.SUFFIX
    if affix == ("", "") and not is_drawn:
        return place
    return str(Path(place, f"{affix[0]}*{affix[1]}{masks[0].suffix}"))


def _are_masks(one: str, other: str, pictures: Mapping[str, Sequence[Path]]) -> bool:
    """Whether the second of two folders is of masks, and the first is not."""
    suffixes = {path.suffix.lower() for path in pictures[other]}
    if not suffixes <= {*MASK_SUFFIXES, labelme.SUFFIX}:
        return False
    names = Path(one).name, Path(other).name
    if any(map(_NO_MASKS.search, names)):
        return False
    is_named = [bool(_MASKS.search(name)) for name in names]
    lossless = {path.suffix.lower() for path in pictures[one]} <= {*MASK_SUFFIXES}
    return not is_named[0] and (is_named[1] or not lossless)


def _beside(name: str, files: Sequence[Path]) -> tuple[str, str] | None:
    """Patterns of images and masks in one folder, if their names tell them apart."""
    by_suffix: dict[str, set[str]] = {}
    for path in files:
        by_suffix.setdefault(path.suffix, set()).add(file_id(path))
    marked = [
        (match[0], suffix)
        for suffix, ids in by_suffix.items()
        if suffix.lower() in MASK_SUFFIXES
        for id in sorted(ids)
        if (match := _LIKE_MASK.search(id))
    ]
    if marked:
        after, suffix = max(set(marked), key=marked.count)
        return name, str(Path(name, f"*{after}{suffix}"))
    for images, masks in permutations(by_suffix, 2):
        is_mask = masks.lower() in (*MASK_SUFFIXES, labelme.SUFFIX)
        is_image = images.lower() in (".jpg", ".jpeg") or masks.lower() == labelme.SUFFIX
        if is_mask and is_image and by_suffix[images] & by_suffix[masks]:
            return str(Path(name, f"*{images}")), str(Path(name, f"*{masks}"))
    return None
