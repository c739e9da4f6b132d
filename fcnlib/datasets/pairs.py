"""What cannot be meant in all images and masks of a data set together.

The check and the conversion of a user's folder collect the facts of each file and look for it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fcnlib.config.schema_base import Colour
from fcnlib.datasets import images
from fcnlib.datasets.findings import Finding
from fcnlib.datasets.images import VOID
from fcnlib.datasets.mask_values import Mask

DIM = 64  # of 256: as far as 14 bits reach in 16


@dataclass(frozen=True)
class ImageFacts:
    """What an image says of itself, beside its pixels."""

    file: str
    is_turned: bool  # by an orientation tag that keeps its size, so that any mask fits
    brightest: int | None  # 0..255, if it has 16 bits

    @classmethod
    def of(cls, image: Image.Image, pixels: NDArray[np.uint8], file: object) -> "ImageFacts":
        """The facts of an image as it was read; `pixels` are its colours [H, W, 3]."""
        tag = images.stored_orientation(image)
        is_turned = tag in (2, 3, 4) or (tag > 4 and image.width == image.height)
        return cls(str(file), is_turned, images.brightest_of_16_bits(image, pixels))


@dataclass(frozen=True)
class MaskFacts:
    """What a mask holds, beside the places of its values."""

    file: str
    values: frozenset[int]  # before void is 255; of one in colours, 0xRRGGBB
    counts: NDArray[np.int64]  # pixels by label, [256]
    palette: bytes  # red, green and blue by value; empty if it has none
    is_tagged: bool  # as turned

    @classmethod
    def of(cls, mask: Mask, counts: NDArray[np.int64], file: object) -> "MaskFacts":
        """The facts of a mask as it was read."""
        if mask.values.dtype == np.uint8:  # counting bytes takes less time than sorting them
            values = np.flatnonzero(np.bincount(mask.values.ravel()))
        else:
            values = np.unique(mask.values)
        # Of a mask that is read by its colours, the palette's order means nothing.
        palette = images.palette(mask.image) if mask.image and not mask.has_colours else b""
        is_tagged = mask.image is not None and images.stored_orientation(mask.image) != 1
        return cls(str(file), frozenset(values.tolist()), counts, palette, is_tagged)

    def colour(self, value: int) -> Colour | None:
        """The colour of a value; None if the palette ends before it."""
        colour = self.palette[3 * value : 3 * value + 3]
        return (colour[0], colour[1], colour[2]) if len(colour) == 3 else None


def training_split(splits: Mapping[str, Sequence[str]]) -> str:
    """The split that a net would be trained on."""
    return "train" if "train" in splits else next(iter(splits))


def check_images(name: str, facts: Iterable[ImageFacts]) -> Iterator[Finding]:
    """Findings of images: turned ones whose masks may not be, 10 to 14 bits in 16."""
    facts = list(facts)
    for image in facts:
        if image.is_turned:
            message = (
                "image with an orientation tag that keeps its size: masks are taken as drawn on "
                "the upright image"
            )
            yield Finding("info", image.file, "", message)
    deep = [image.brightest for image in facts if image.brightest is not None]
    if deep and max(deep) < DIM:
        value = f"{len(deep)} images, seen as 0..{max(deep)} of 255"
        message = (
            "dim images of 16 bits, of which the upper 8 are kept; expected values up to 65535"
        )
        yield Finding("warning", name, value, message)


def check_masks(
    name: str,
    classes: Sequence[str],
    splits: Mapping[str, Sequence[str]],
    facts: Mapping[str, MaskFacts],
) -> Iterator[Finding]:
    """Findings of masks together: splits without labels, one class alone, palettes that differ.

    Args:
        name: What findings call the data set.
        classes: Its class names.
        splits: IDs by split.
        facts: What is known of the sound masks, by ID; splits with others are not judged.
    """
    for split, ids in splits.items():
        if all(id in facts for id in ids):
            masks, is_training = [facts[id] for id in ids], split == training_split(splits)
            yield from _check_labels(name, classes, split, masks, is_training)
    yield from _check_palettes([mask for mask in facts.values() if mask.palette])
    for mask in facts.values():
        if mask.is_tagged:
            message = "mask with an orientation tag, which is for images alone; expected none"
            yield Finding("warning", mask.file, "", message)


def _check_labels(
    name: str, classes: Sequence[str], split: str, masks: Sequence[MaskFacts], is_training: bool
) -> Iterator[Finding]:
    """Findings of a split whose pixels are all void, or but for void all of one class."""
    counts = np.sum([mask.counts for mask in masks], axis=0)  # [256]
    found = np.flatnonzero(counts[:VOID]).tolist()
    if not found:
        yield Finding("error", name, f"split {split}", "no labelled pixel: all of it is void")
    elif len(found) == 1:
        message = "only one class on all labelled pixels"
        if is_training:
            message += ", so nothing can be learned; expected class indices 0, 1, ... in the masks"
            if set().union(*(mask.values for mask in masks)) == {0, VOID}:
                message += " (they hold only 0 and 255, and 255 is void; `ids` may name it a class)"
        value = f"split {split}: {found[0]} ({classes[found[0]]})"
        yield Finding("error" if is_training else "warning", name, value, message)


def _check_palettes(masks: Iterable[MaskFacts]) -> Iterator[Finding]:
    """Findings of a colour that is one index here and another there, or an index of two colours."""
    by_colour: dict[Colour, tuple[int, MaskFacts]] = {}
    by_index: dict[int, tuple[Colour, MaskFacts]] = {}
    recoloured: Finding | None = None
    for mask in masks:
        for index in sorted(mask.values):
            colour = mask.colour(index)
            if colour is None:
                continue
            other, first = by_colour.setdefault(colour, (index, mask))
            # A palette that has a colour twice does not tell the two apart.
            if other != index and colour not in (first.colour(index), mask.colour(other)):
                message = "masks whose palettes differ: a colour is another index in each"
                value = f"colour {colour} is {index}, but {other} in {first.file}"
                yield Finding("error", mask.file, value, message)
                return
            before, first = by_index.setdefault(index, (colour, mask))
            if before != colour and recoloured is None:
                message = "masks whose palettes differ: an index has another colour in each"
                value = f"index {index} is {colour}, but {before} in {first.file}"
                recoloured = Finding("warning", mask.file, value, message)
    if recoloured:
        yield recoloured
