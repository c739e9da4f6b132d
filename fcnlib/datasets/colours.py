"""Label maps as colours."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.uint8]  # [H, W]
Image = NDArray[np.uint8]  # [H, W, 3]
Palette = Sequence[Sequence[int]]

VOID_COLOUR = (224, 224, 192)  # as in VOC's label images
WRONG = (213, 94, 0)  # orange


def as_hex(rgb: Sequence[int]) -> str:
    """A colour as `#rrggbb`."""
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def colour(labels: Labels, palette: Palette) -> Image:
    """The label map in its classes' colours [H, W, 3]; labels without one are void's near-white."""
    table = np.empty((256, 3), np.uint8)
    table[:] = VOID_COLOUR
    table[: len(palette)] = np.asarray(palette, np.uint8).reshape(-1, 3)[:256]
    coloured: Image = table[labels]
    return coloured


def overlay(image: Image, labels: Labels, palette: Palette, opacity: float = 0.6) -> Image:
    """The image under its labels' colours with white outlines; where the colour is black, bare."""
    import torch

    from fcnlib.core.torchvision import torchvision  # a second, for overlays alone

    values = np.unique(labels)
    colours = colour(values, palette)
    values, colours = values[colours.any(axis=1)], colours[colours.any(axis=1)]
    result: Image = image.copy()
    if len(values):
        masks = torch.from_numpy(labels == values[:, None, None])  # [values, H, W]
        pixels = torch.from_numpy(image.copy()).permute(2, 0, 1)
        colours_of = [(int(r), int(g), int(b)) for r, g, b in colours]
        draw = torchvision.utils.draw_segmentation_masks
        painted = draw(pixels, masks, alpha=opacity, colors=colours_of).permute(1, 2, 0)
        result = np.ascontiguousarray(painted)
    result[outlines(labels)] = 255
    return result


def outlines(labels: Labels) -> NDArray[np.bool_]:
    """The pixels whose label is not that of the one above or to the left, [H, W]."""
    edges = np.zeros(labels.shape, bool)
    edges[1:] |= labels[1:] != labels[:-1]
    edges[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    return edges


def mistakes(image: Image, labels: Labels, truth: Labels, classes: int) -> Image:
    """The image in pale grey with wrong pixels in orange; pixels without a true class are void."""
    grey = image @ np.array([0.299, 0.587, 0.114])
    pale = np.repeat((120 + grey * 0.5)[..., None], 3, axis=2)
    pale[labels != truth] = WRONG
    pale[truth >= classes] = VOID_COLOUR
    result: Image = np.rint(pale).astype(np.uint8)
    return result
