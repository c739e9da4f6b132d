"""Labels downsampled to cells and back: what a net of some stride could give at best."""

import torch
from torch import Tensor
from torch.nn import functional

from fcnlib.config.columns import RULES, ColumnName


def best_labels_at_stride(labels: Tensor, factor: int, classes: int) -> dict[ColumnName, Tensor]:
    """The best labels [H, W] that a net of stride `factor` could give, by each rule (section 6.3).

    A cell is the share of each class in it, the class of most of its pixels, or that of its centre
    or its first pixel. Void pixels count for no class.
    """
    height, width = labels.shape
    # The classes of this image alone; the first is also that of cells of nothing but void.
    labelled = torch.cat([labels.new_zeros(1), labels[labels < classes]])
    present: Tensor = torch.unique(labelled)
    maps = (labels == present[:, None, None])[None].float()  # [1, present, H, W]
    padded = functional.pad(maps, (0, -width % factor, 0, -height % factor))
    cells = _cells(padded, factor)

    def labels_of(down: str, up: str) -> Tensor:
        if up == "nearest":
            chosen = cells[down].argmax(1)
            chosen = chosen.repeat_interleave(factor, 1).repeat_interleave(factor, 2)
        else:
            chosen = functional.interpolate(
                cells[down], scale_factor=factor, mode="bilinear", align_corners=False
            ).argmax(1)
        found: Tensor = present[chosen[0, :height, :width]]
        return found

    return {name: labels_of(*rule) for name, rule in RULES.items()}


def _cells(maps: Tensor, factor: int) -> dict[str, Tensor]:
    """Each cell's classes [1, classes, h, w], by how pixels become cells."""
    shares = functional.avg_pool2d(maps, factor)
    majority = functional.one_hot(shares.argmax(1), shares.shape[1]).permute(0, 3, 1, 2).float()

    def sampled(offset: int) -> Tensor:
        pixels = maps[:, :, offset::factor, offset::factor]
        return torch.where(pixels.any(1, keepdim=True), pixels, majority)  # where it is void

    # The corner is what an array's [::factor, ::factor] takes.
    return {
        "area": shares,
        "majority": majority,
        "centre": sampled(factor // 2),
        "corner": sampled(0),
    }
