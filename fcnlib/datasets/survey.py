"""What a user's own folder seems to hold: a data set's entry, and what it assumes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fcnlib.config.schema_base import Colour
from fcnlib.config.schema_data import FolderDataset
from fcnlib.core.errors import InputError
from fcnlib.core.parallel import in_threads
from fcnlib.core.progress import progress
from fcnlib.core.reading import read_lines
from fcnlib.datasets import images, labelme
from fcnlib.datasets.converters.folder import image_files
from fcnlib.datasets.folder_layout import Layout
from fcnlib.datasets.formats import MASK_SUFFIXES
from fcnlib.datasets.images import VOID
from fcnlib.datasets.label_maps import read_label_map

FEW = 64  # values or colours without names that may be classes: photographs have more
BINARY = {0, VOID}
VOID_NAMES = ("void", "unlabelled", "unlabeled", "ignore", labelme.IGNORED)

Entry = dict[str, Any]  # values of a FolderDataset


@dataclass(frozen=True)
class Found:
    """The values of all masks."""

    pixels: Counter[Any]  # of each index, colour (0xRRGGBB) or name of a shape
    first: Mapping[Any, str]  # the mask that has it first
    kind: str  # "indices", "colours" or "shapes"
    reordered: bool = False  # whether palettes give a colour several indices


@dataclass(frozen=True)
class Survey:
    """The entry of a data set, and what was assumed for it, in sentences."""

    entry: Entry
    assumed: list[str] = field(default_factory=list)

    def dataset(self) -> FolderDataset:
        return FolderDataset.model_validate(self.entry)


def survey(root: Path, layout: Layout, *, workers: int = 1) -> Survey:
    """What the masks of a folder hold, by all of them; InputError where it cannot be labels."""
    place = root / layout.masks
    shapes = (labelme.SUFFIX,) if place.suffix.lower() == labelme.SUFFIX else ()
    files = image_files(place, (*MASK_SUFFIXES, *shapes))
    found = _values(list(files.values()), workers)
    entry: Entry = {
        "converter": "folder",
        "path": str(root),
        "images": layout.images,
        "masks": layout.masks,
        "splits": dict(layout.splits),
    }
    assumed: list[str] = []
    if not layout.splits:
        assumed.append("No lists such as train.txt and val.txt: a fifth of the images is `val`.")
    named = {"indices": _of_indices, "colours": _of_colours, "shapes": _of_shapes}
    entry |= named[found.kind](root, layout, found, assumed)
    return Survey(entry, assumed)


def _values(files: Sequence[Path], workers: int) -> Found:
    pixels, first, kinds = Counter[Any](), dict[Any, str](), dict[str, str]()
    index_of: dict[Colour, set[int]] = {}
    read = in_threads(_read, files, workers)
    for path, (kind, counts, colours) in zip(
        files, progress(read, desc="looking at masks", total=len(files), unit="mask"), strict=True
    ):
        kinds.setdefault(kind, str(path))
        pixels.update(counts)
        for value in counts:
            first.setdefault(value, str(path))
            if value in colours:
                index_of.setdefault(colours[value], set()).add(value)
        if len(kinds) > 1:
            (one, at), (other, there) = kinds.items()
            raise InputError(f"{there}: holds {other}, but {at} {one}; expected masks of one kind")
        if len(pixels) > FEW * FEW:
            raise InputError(
                f"{path}: {len(pixels)} different {kind} up to this mask; expected a few classes "
                "(are these images, or masks that were smoothed or scaled?)"
            )
    reordered = any(len(indices) > 1 for indices in index_of.values())
    return Found(pixels, first, next(iter(kinds)), reordered)


def _read(path: Path) -> tuple[str, Counter[Any], dict[int, Colour]]:
    """What a mask holds, its values with their pixels, and the colours of indices."""
    if path.suffix.lower() == labelme.SUFFIX:
        return "shapes", Counter(labelme.names_in(path)), {}
    image = images.read_image(path)
    has_colours = image.mode in images.COLOURED and image.mode != "P"
    read = images.mask_colours if has_colours else images.class_indices
    values, counts = np.unique(read(image, path), return_counts=True)
    pixels = Counter(dict(zip(values.tolist(), counts.tolist(), strict=True)))
    flat = images.palette(image)
    entries = [(flat[i], flat[i + 1], flat[i + 2]) for i in range(0, len(flat) - 2, 3)]
    colours = {value: entries[value] for value in pixels if value < len(entries)}
    return ("colours" if has_colours else "indices"), pixels, colours


def _of_shapes(root: Path, layout: Layout, found: Found, assumed: list[str]) -> Entry:
    names = _listed(root, layout) or sorted(found.pixels)
    names = [name for name in names if name != labelme.IGNORED]
    if not {*names} & {*labelme.BACKGROUNDS}:
        names = [labelme.BACKGROUNDS[0], *names]
        assumed.append(f"What no shape covers is a class of its own, {names[0]}.")
    return {"classes": names}


def _of_colours(root: Path, layout: Layout, found: Found, assumed: list[str]) -> Entry:
    colours = {tuple(value.to_bytes(3)): value for value in sorted(found.pixels)}
    if layout.label_map:
        known = read_label_map(root / layout.label_map)
        void = [name for name in known if name.lower() in VOID_NAMES]
        _say_void_names(void, assumed)
        return {"palette": layout.label_map} | ({"void": void} if void else {})
    names = _listed(root, layout)
    voc = images.voc_palette()
    if names and {*colours} <= {*voc[: len(names)], voc[VOID]}:
        assumed.append("The masks' colours are those of VOC, in the order of the class list.")
        return {"palette": "voc", "classes": layout.classes}
    if len(colours) > FEW:
        colour, value = next((c, v) for c, v in colours.items() if found.pixels[v] == min(
            found.pixels.values()))  # fmt: skip
        raise InputError(
            f"{found.first[value]}: colour {colour} and {len(colours) - 1} others in the masks; "
            "expected a few, or a label map (labelmap.txt) that names them"
        )
    assumed.append("No label map names the masks' colours: rename `class 0` and so on.")
    return {"palette": {f"class {i}": list(colour) for i, colour in enumerate(colours)}}


def _of_indices(root: Path, layout: Layout, found: Found, assumed: list[str]) -> Entry:
    if found.reordered and layout.label_map:
        assumed.append("Palettes differ from mask to mask: masks are read by their colours.")
        return _of_colours(root, layout, Found(Counter(), {}, "colours"), assumed)
    values = sorted(found.pixels)
    names = _listed(root, layout)
    if not names and layout.label_map:
        names = list(read_label_map(root / layout.label_map))
    if not names:
        return _unnamed(values, found, assumed)
    source = layout.classes or layout.label_map
    named: Entry = {"classes": names if source != layout.classes else layout.classes}
    if names != _raw_list(root, layout):
        named = {"classes": names}
    known, others = range(len(names)), [v for v in values if v != VOID]
    if {*values} <= BINARY and VOID in values and len(names) == 2:
        assumed.append(f"Masks of 0 and 255: 0 is {names[0]}, 255 is {names[1]}.")
        return {"ids": dict(zip(sorted(BINARY), names, strict=True))}
    if others == [*range(1, len(names) + 1)] and len(names) > 1:
        assumed.append(f"Masks hold 1 to {len(names)} and no 0: 1 is {names[0]}.")
        return {"ids": dict(zip(others, names, strict=True)), "void": _void(values, [])}
    beyond = [value for value in others if value not in known]
    if len(beyond) > 1:
        told = ", ".join(map(str, beyond[:5])) + (", ..." if len(beyond) > 5 else "")
        raise InputError(
            f"{found.first[beyond[0]]}: value {beyond[0]}; {source} names {len(names)} classes, "
            f"and masks also hold {told}; expected 0..{len(names) - 1} and one value as void"
        )
    if beyond:
        share = found.pixels[beyond[0]] / found.pixels.total()
        assumed.append(
            f"Value {beyond[0]}, on {share:.1%} of all pixels and without a name, is void. If it "
            f"is the class {names[-1]} and 0 is void, write `ids: {{1: {names[0]}, ...}}`."
        )
    void_names = [name for name in names if name.lower() in VOID_NAMES]
    _say_void_names(void_names, assumed)
    return {**named, "void": [*_void(values, beyond), *void_names]}


def _unnamed(values: Sequence[int], found: Found, assumed: list[str]) -> Entry:
    """Classes of values that nobody names."""
    if {*values} == BINARY:
        assumed.append("Masks of 0 and 255: 0 is background, 255 is object (rename them).")
        return {"ids": {0: "background", VOID: "object"}}
    classes = [value for value in values if value != VOID and value >= 0]
    if len(classes) > FEW:
        raise InputError(
            f"{found.first[classes[-1]]}: value {classes[-1]}, and {len(classes) - 1} others in "
            "the masks; expected a few classes, or a class list (classes.txt) that names them"
        )
    assumed.append("No list names the classes: rename `class 0` and so on.")
    entry: Entry = {"void": _void(values, [value for value in values if value < 0])}
    return entry | {"ids": {value: f"class {value}" for value in classes}}


def _void(values: Sequence[int], others: Sequence[int]) -> list[int]:
    return [*others, *([VOID] if VOID in values else [])]


def _say_void_names(names: Sequence[str], assumed: list[str]) -> None:
    if names:
        assumed.append(f"{', '.join(names)} is no class but void, by its name.")


def _raw_list(root: Path, layout: Layout) -> list[str]:
    if layout.classes is None:
        return []
    return [name for name in read_lines(root / layout.classes, "class name") if name]


def _listed(root: Path, layout: Layout) -> list[str]:
    """The names of the class list, without labelme's pseudo class."""
    return [name for name in _raw_list(root, layout) if name != labelme.IGNORED]
