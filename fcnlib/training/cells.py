"""The cells of the coarsest scores, of which a loss may sample some (section 4.4)."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from fcnlib.models.geometry import Grid, grids


def coarsest_cells(layers: Mapping[str, nn.Module]) -> Grid:
    """The grid of a net's coarsest scores: the cells of its final layer."""
    scores = [grid for name, grid in grids(layers).items() if name.startswith("score")]
    return max(scores, key=lambda grid: grid.stride)


def sampled_cells(
    height: int, width: int, cells: Grid, *, share: float, generator: torch.Generator
) -> Tensor:
    """The pixels [H, W] of cells of which each is drawn with the same chance.

    A pixel belongs to the cell whose centre is nearest: cells are blocks as wide as their stride.
    """
    row, column = (_cells(side, cells) for side in (height, width))
    drawn = torch.rand(int(row[-1]) + 1, int(column[-1]) + 1, generator=generator) < share
    return drawn[row][:, column]


def _cells(side: int, cells: Grid) -> Tensor:
    """The cell of each pixel along a side, counted from the first that has one."""
    place = (torch.arange(side) - cells.start) / cells.stride + 0.5
    index = place.floor().long().clamp(min=0)  # unpadded nets' first cell lies within the image
    return index - index[0]
