"""Random crops of samples: scaled, in other colours, and padded where they leave the image."""

from dataclasses import dataclass
from math import exp, log
from typing import Any

import torch
from torch import Tensor

from fcnlib.config.schema_nets import Recipe
from fcnlib.datasets.images import VOID


@dataclass(frozen=True)
class Crop:
    """The part of an image that a sample shows, and how."""

    height: int  # pixels of the sample
    width: int
    scale: float  # of the image, before it is cropped
    down: float  # share of the rows above the crop among all that it leaves out
    right: float
    colour: tuple[float, float, float]  # factors of brightness, contrast and saturation


def sample_crop(recipe: Recipe, generator: torch.Generator) -> Crop | None:
    """A crop as a recipe has them; None if it has whole images."""
    if recipe.crop is None:
        return None
    scale, down, right, *colour = torch.rand(6, generator=generator, dtype=torch.double).tolist()
    least, greatest = map(log, recipe.random_scale)
    brightness, contrast, saturation = (
        1 + recipe.random_colour * (2 * share - 1) for share in colour
    )
    return Crop(
        *recipe.crop,
        scale=exp(least + scale * (greatest - least)),
        down=down,
        right=right,
        colour=(brightness, contrast, saturation),
    )


def crop_image(stack: Tensor, crop: Crop, *, has_colours: bool, blank: list[float]) -> Tensor:
    """The crop [C, h, w] of channels [C, H, W], of their own type.

    Args:
        stack: The channels; with `has_colours`, the first three are RGB bytes.
        crop: What of them to show.
        has_colours: Whether the colours are to be changed.
        blank: Value of each channel outside the image.
    """
    transforms = _transforms()
    part, size, padding = _part(stack, crop)
    seen = transforms.resize(part.float(), size, antialias=True)
    if not stack.is_floating_point():
        seen = seen.round()
    seen = seen.to(stack.dtype)
    if has_colours:
        seen[:3] = _recoloured(seen[:3], crop)
    padded: Tensor = transforms.pad(seen, padding, fill=blank)
    return padded


def crop_label(label: Tensor, crop: Crop) -> Tensor:
    """The crop [h, w] of labels [H, W], void outside the image."""
    transforms = _transforms()
    part, size, padding = _part(label[None], crop)
    centres = transforms.InterpolationMode.NEAREST_EXACT  # pixel centres, as of the image
    seen = transforms.resize(part, size, interpolation=centres)
    padded: Tensor = transforms.pad(seen, padding, fill=VOID)
    return padded[0]


def _part(stack: Tensor, crop: Crop) -> tuple[Tensor, list[int], list[int]]:
    """The pixels [C, H, W] that a crop shows, their size in it, and the padding beside them.

    The padding is of left, top, right, bottom, as torchvision has it.
    """
    (top, bottom), height, (above, below) = _extent(
        stack.shape[1], crop.height, crop.scale, crop.down
    )
    (left, right), width, (before, behind) = _extent(
        stack.shape[2], crop.width, crop.scale, crop.right
    )
    return (
        stack[:, top:bottom, left:right],
        [height, width],
        [before, above, behind, below],
    )


def _extent(
    pixels: int, wanted: int, scale: float, place: float
) -> tuple[tuple[int, int], int, tuple[int, int]]:
    """Along one axis: first and last pixel, their number in the crop, padding on both sides."""
    window = max(1, round(wanted / scale))
    if window >= pixels:  # the image lies somewhere in the crop
        seen = min(wanted, max(1, round(pixels * scale)))
        before = round(place * (wanted - seen))
        return (0, pixels), seen, (before, wanted - seen - before)
    first = round(place * (pixels - window))
    return (first, first + window), wanted, (0, 0)


def _recoloured(rgb: Tensor, crop: Crop) -> Tensor:
    transforms = _transforms()
    brightness, contrast, saturation = crop.colour
    rgb = transforms.adjust_brightness(rgb, brightness)
    rgb = transforms.adjust_contrast(rgb, contrast)
    changed: Tensor = transforms.adjust_saturation(rgb, saturation)
    return changed


def _transforms() -> Any:
    """Torchvision's functional transforms, which take a second to import."""
    from fcnlib.core.torchvision import transforms

    return transforms
