"""What masks hold: class indices, values with a name, colours, or shapes; and their labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fcnlib.config.schema_base import Colour, suggestion
from fcnlib.config.schema_data import VOC_COLOURS, FolderDataset
from fcnlib.core.errors import InputError
from fcnlib.core.reading import read_lines
from fcnlib.datasets import images, labelme
from fcnlib.datasets.class_names import check_class_names
from fcnlib.datasets.images import VOID
from fcnlib.datasets.label_maps import read_label_map

NOT_ALLOWED = 256  # among labels, where 0..255 are classes and void

Values = NDArray[Any]  # [H, W]


class Mask(NamedTuple):
    """A mask as it was read."""

    values: Values  # indices, or colours as 0xRRGGBB
    labels: NDArray[np.uint16]  # [H, W]; NOT_ALLOWED where a value has none
    has_colours: bool
    image: Image.Image | None  # None: of shapes

    @property
    def has_indices(self) -> bool:
        """Whether it holds values of its own, neither colours nor shapes."""
        return self.image is not None and not self.has_colours

    def written(self, value: int) -> str:
        """A value as messages show it: of a colour, red, green and blue."""
        return str(tuple(value.to_bytes(3)) if self.has_colours else value)

    def place(self, value: int) -> str:
        """The first pixel of a value."""
        row, column = (int(each[0]) for each in np.nonzero(self.values == value))
        return f"row {row}, column {column}"


@dataclass(frozen=True)
class MaskCode:
    """The label of each value, colour and name that masks may hold."""

    classes: tuple[str, ...]
    values: Mapping[int, int]
    colours: Mapping[Colour, int] = field(default_factory=dict)  # none: masks hold values
    names: Mapping[str, int] = field(default_factory=dict)  # for shapes
    palette: tuple[Colour, ...] = ()  # of the classes; none: VOC's
    assumes_void: bool = False  # of 255, of which nothing is said

    @classmethod
    def of_labels(cls, classes: Sequence[str]) -> "MaskCode":
        """Of prepared labels: places in the list of classes, and 255."""
        return cls(tuple(classes), {VOID: VOID, **{place: place for place in range(len(classes))}})

    @property
    def counts_from_0(self) -> bool:
        """Whether the values of classes are their places in the list."""
        known = [value for value, label in self.values.items() if label != VOID]
        return known == list(range(len(self.classes)))

    def read(self, path: Path) -> Mask:
        """A mask and its labels."""
        if path.suffix.lower() == labelme.SUFFIX:
            labels = labelme.labelme_mask(path, self.names)
            return Mask(labels, labels.astype(np.uint16), False, None)
        image = images.read_image(path)
        if self.colours and image.mode in images.COLOURED:
            colours = images.mask_colours(image, path)
            return Mask(colours, _looked_up(colours, self._packed), True, image)
        values = images.class_indices(image, path)
        return Mask(values, _looked_up(values, self.values), False, image)

    @cached_property
    def _packed(self) -> dict[int, int]:
        return {int.from_bytes(bytes(colour)): label for colour, label in self.colours.items()}

    @property
    def listed_void(self) -> list[int]:
        """The values that are void."""
        return sorted(value for value, label in self.values.items() if label == VOID)

    def expected(self, mask: Mask) -> str:
        """What was expected of a mask's values, for messages."""
        if mask.has_colours:
            return f"one of the {len(self.colours)} colours of `palette` and void"
        known = sorted(value for value, label in self.values.items() if label != VOID)
        told = f"0..{len(known) - 1}" if self.counts_from_0 else ", ".join(map(str, known))
        return f"{told} or void ({', '.join(map(str, self.listed_void))})"


def _looked_up(values: Values, label_of: Mapping[int, int]) -> NDArray[np.uint16]:
    """The label of every value, NOT_ALLOWED where it has none."""
    if values.dtype == np.uint8:
        table = _looked_up(np.arange(256), label_of)
        return table[values]
    known = np.array(sorted(label_of), np.int64)
    labels = np.array([label_of[value] for value in known.tolist()], np.uint16)
    places = np.searchsorted(known, values).clip(max=len(known) - 1)
    found: NDArray[np.uint16] = np.where(known[places] == values, labels[places], NOT_ALLOWED)
    return found.astype(np.uint16)


def checked_label(mask: Mask, code: MaskCode, name: object) -> NDArray[np.uint8]:
    """The label [H, W] of a mask: classes and 255; other values are an error."""
    wrong = mask.labels == NOT_ALLOWED
    if wrong.any():
        row, column = (int(place[0]) for place in np.nonzero(wrong))
        what = "colour" if mask.has_colours else "value"
        value = mask.written(int(mask.values[row, column]))
        raise InputError(
            f"{name}: {what} {value} at row {row}, column {column}; expected {code.expected(mask)}"
        )
    return mask.labels.astype(np.uint8)


def mask_code(dataset: FolderDataset) -> MaskCode:
    """What a user's masks hold, by the configuration and the files that it names."""
    colour_of, listed = _colours_of_names(dataset), _names(dataset)
    every = tuple(dict.fromkeys([*listed, *dataset.ids.values(), *colour_of]))
    void = {value for value in dataset.void if isinstance(value, str)}
    if unknown := sorted(void - {*every}):
        raise InputError(f"void: {unknown[0]!r} is no class; {suggestion(unknown[0], every)}")
    classes = tuple(name for name in listed if name not in void)
    if not classes:
        raise InputError(f"{dataset.place()}: no class, as all are void; expected 1 to {VOID}")
    names = {name: place for place, name in enumerate(classes)} | dict.fromkeys(void, VOID)
    for key, used in (("ids", dataset.ids.values()), ("palette", colour_of)):
        if others := [name for name in used if name not in names]:
            known = suggestion(others[0], names)
            raise InputError(f"{key}: {others[0]!r} is no class; {known}, or list it under void")
    values = dataset.ids or dict(enumerate(listed))
    labels = {value: names[name] for value, name in values.items()}
    void_values = [value for value in dataset.void if isinstance(value, int)]
    if both := sorted(set(void_values) & dataset.ids.keys()):
        raise InputError(
            f"void: {both[0]} is {dataset.ids[both[0]]!r} in `ids`; expected one of both"
        )
    palette = _palette(dataset, classes, colour_of, listed)
    return MaskCode(
        classes,
        {VOID: VOID, **labels, **dict.fromkeys(void_values, VOID)},
        _by_colour(dataset, palette, names, colour_of),
        names,
        palette,
        assumes_void=VOID not in (*void_values, *labels),
    )


def _colours_of_names(dataset: FolderDataset) -> dict[str, Colour]:
    """The colour of each name, where `palette` names classes."""
    if isinstance(dataset.palette, dict):
        return dataset.palette
    return read_label_map(dataset.place(dataset.label_map)) if dataset.label_map else {}


def _names(dataset: FolderDataset) -> tuple[str, ...]:
    """The classes in their order, those that are void among them."""
    if dataset.class_list is not None:
        path = dataset.place(dataset.class_list)
        if path.is_dir() or not path.exists():
            raise InputError(f"{path}: no class list, expected one name a line")
        names, source = tuple(read_lines(path, "class name")), str(path)
    elif dataset.classes:
        names, source = tuple(dataset.classes), "classes"
    elif dataset.ids:
        names, source = tuple(dict.fromkeys(dataset.ids.values())), "ids"
    else:
        names, source = tuple(_colours_of_names(dataset)), str(dataset.label_map or "palette")
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


def _palette(
    dataset: FolderDataset,
    classes: Sequence[str],
    colour_of: Mapping[str, Colour],
    listed: Sequence[str],
) -> tuple[Colour, ...]:
    """A colour for each class; none where nothing is said of colours."""
    given = dataset.palette
    if given is None:
        return ()
    if given == VOC_COLOURS:
        of_list = dict(zip(listed, images.voc_palette(), strict=False))
        return tuple(of_list[name] for name in classes)
    if not isinstance(given, str | dict):
        if len(given) != len(classes):
            raise InputError(f"palette: {len(given)} colours for {len(classes)} classes")
        return tuple(given)
    if lacking := [name for name in classes if name not in colour_of]:
        source = dataset.label_map or "palette"
        raise InputError(f"{source}: no colour of class {lacking[0]!r}; expected one of each class")
    return tuple(colour_of[name] for name in classes)


def _by_colour(
    dataset: FolderDataset,
    palette: Sequence[Colour],
    names: Mapping[str, int],
    colour_of: Mapping[str, Colour],
) -> dict[Colour, int]:
    """The label of each colour."""
    void = [colour for colour in dataset.void if isinstance(colour, tuple)]
    if not palette:
        if void:
            raise InputError(f"void: {void[0]} is a colour; expected `palette` beside it")
        return {}
    found: dict[Colour, int] = (
        {images.voc_palette()[VOID]: VOID} if dataset.palette == VOC_COLOURS else {}
    )
    pairs = [(colour, label) for label, colour in enumerate(palette)]
    pairs += [(colour, names[name]) for name, colour in colour_of.items() if names[name] == VOID]
    pairs += [(colour, VOID) for colour in void]
    for colour, label in pairs:
        if found.setdefault(colour, label) != label:
            raise InputError(f"palette: colour {colour} twice; expected one class of each colour")
    return found
