"""Labels seen through cells and brought back: what a net of some stride could give at best."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from fcnlib.config import Resampling

# One-hot pixels [1, classes, H, W], padded to whole cells, void in none of the classes, and the
# side of a cell -> each cell's classes [1, classes, h, w].
Down = Callable[[Tensor, int], Tensor]


def shares(maps: Tensor, factor: int) -> Tensor:
    """Each class's share of a cell."""
    return functional.avg_pool2d(maps, factor)


def majority(maps: Tensor, factor: int) -> Tensor:
    """The class that most of a cell's pixels have."""
    cells = shares(maps, factor)
    return functional.one_hot(cells.argmax(1), cells.shape[1]).permute(0, 3, 1, 2).float()


def centre(maps: Tensor, factor: int) -> Tensor:
    """The class of a cell's centre pixel."""
    return _sampled(maps, factor, factor // 2)


def corner(maps: Tensor, factor: int) -> Tensor:
    """The class of a cell's first pixel, as an array's [::factor, ::factor] takes it."""
    return _sampled(maps, factor, 0)


def _sampled(maps: Tensor, factor: int, offset: int) -> Tensor:
    """The class of one pixel of each cell, or the cell's majority where that pixel is void."""
    pixels = maps[:, :, offset::factor, offset::factor]
    return torch.where(pixels.any(1, keepdim=True), pixels, majority(maps, factor))


class Rule(NamedTuple):
    """How labels become cells and cells become labels."""

    down: Down
    up: Literal["bilinear", "nearest"]


RULES: dict[Resampling, Rule] = {
    "area-bilinear": Rule(shares, "bilinear"),
    "majority-bilinear": Rule(majority, "bilinear"),
    "majority-nearest": Rule(majority, "nearest"),
    "centre-bilinear": Rule(centre, "bilinear"),
    "centre-nearest": Rule(centre, "nearest"),
    "corner-nearest": Rule(corner, "nearest"),
}


def coarse(labels: Tensor, factor: int, classes: int, rule: Resampling = "area-bilinear") -> Tensor:
    """The best labels [H, W] that a net of stride `factor` could give (section 6.3).

    The paper does not say how it resamples: by default each class's share of a cell, interpolated
    back bilinearly, and the strongest class taken. Void pixels count for no class.
    """
    height, width = labels.shape
    known = functional.one_hot(labels.long().clamp(max=classes), classes + 1)[..., :classes]
    maps = known.permute(2, 0, 1)[None].float()
    padded = functional.pad(maps, (0, -width % factor, 0, -height % factor))
    cells = RULES[rule].down(padded, factor)
    if RULES[rule].up == "nearest":
        up = cells.repeat_interleave(factor, 2).repeat_interleave(factor, 3)
    else:
        up = functional.interpolate(
            cells, scale_factor=factor, mode="bilinear", align_corners=False
        )
    return up[0, :, :height, :width].argmax(0).to(torch.uint8)
