"""Sampling the loss by cells of the coarsest scores (section 4.4)."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from fcnlib.models.geometry import Grid, grids
from fcnlib.models.layers import is_score_layer


def score_grid(layers: Mapping[str, nn.Module]) -> Grid:
    """The grid of a net's coarsest scores: the cells of its final layer."""
    scores = [grid for name, grid in grids(layers).items() if is_score_layer(name)]
    return max(scores, key=lambda grid: grid.stride)


def sample_cells(
    height: int, width: int, cells: Grid, *, keep_prob: float, generator: torch.Generator
) -> Tensor:
    """The pixels, bool [H, W], of cells that are sampled independently with the same probability.

    A pixel belongs to the cell whose centre is nearest: cells are blocks as wide as their stride.

    Args:
        height: Of the image, in pixels.
        width: Of the image, in pixels.
        cells: The grid of the coarsest scores.
        keep_prob: The probability of each cell to be kept.
        generator: Of the random numbers, one for each cell.
    """
    row, column = (_cell_indices(side, cells) for side in (height, width))
    kept = torch.rand(int(row[-1]) + 1, int(column[-1]) + 1, generator=generator) < keep_prob
    return kept[row][:, column]


def _cell_indices(side: int, cells: Grid) -> Tensor:
    """The cell of each pixel along a side, counted from the first that has one."""
    position = (torch.arange(side) - cells.start) / cells.stride + 0.5
    index = position.floor().long().clamp(min=0)  # unpadded nets' first cell lies within the image
    return index - index[0]
