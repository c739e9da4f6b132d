"""What nets see, as pictures: the image, depth in one scale for a whole sheet, HHA."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import matplotlib
import numpy as np
from numpy.typing import NDArray

from fcnlib.config.schema_data import Mask
from fcnlib.datasets.colours import Image
from fcnlib.datasets.masking import InputMask, masked_input
from fcnlib.datasets.reader import PreparedDataset

NEAR_TO_FAR = matplotlib.colormaps["viridis_r"]  # bright is near; readable with any colour vision
UNSEEN = (150, 150, 150)
INPUT_NOTES = {
    "rgb": "",
    "depth": "Depth is on a scale of its logarithm, which is what the net sees; grey hatching "
    "marks pixels that the camera did not measure and that were filled in.",
    "hha": "HHA is displayed as it is stored: red is disparity, green height above the ground, "
    "blue the angle with gravity.",
}
MASKED: dict[Mask, str] = {
    "foreground": "Background alone",
    "background": "Objects alone",
    "shape": "Mask alone",
}
MASKED_PIXELS = "Masked pixels have the colour that is 0 to the net; void counts with the objects."


class DepthScale(NamedTuple):
    """The depths at the two ends of the colours, in millimetres."""

    near: float
    far: float


class Views(NamedTuple):
    """What nets see beside or instead of images."""

    columns: list[tuple[str, list[Image]]]  # title and a picture per image
    scale: DepthScale | None  # of the depths, if any
    note: str  # what a reader must know of them


def input_views(
    prepared: PreparedDataset,
    names: Sequence[str],
    inputs: Collection[str],
    masks: Iterable[InputMask] = (),
    *,
    task: str,
) -> Views:
    """A column per kind of input, and per mask made of a task's labels.

    Args:
        prepared: The data set.
        names: IDs of the images.
        inputs: The inputs to show: of depth and HHA, one column each.
        masks: The masks to show: one column each.
        task: The task whose labels mask.
    """
    columns: list[tuple[str, list[Image]]] = []
    scale = None
    if "depth" in inputs:
        depths = [prepared.depth(name) for name in names]
        scale = depth_scale(depths)
        missing = [prepared.missing(name) for name in names]
        painted = [
            depth_picture(depth, unseen, scale)
            for depth, unseen in zip(depths, missing, strict=True)
        ]
        columns.append(("Depth", painted))
    if "hha" in inputs:
        columns.append(("HHA", [prepared.hha(name) for name in names]))
    sentences = [INPUT_NOTES[name] for name in INPUT_NOTES if name in inputs]
    masked = [each for each in masks if each.kind != "none"]
    for each in masked:
        pictures = [masked_picture(prepared, name, task, each) for name in names]
        columns.append((MASKED[each.kind], pictures))
    if masked:
        sentences.append(MASKED_PIXELS)
    return Views(columns, scale, " ".join(filter(None, sentences)))


def masked_picture(prepared: PreparedDataset, name: str, task: str, mask: InputMask) -> Image:
    """The image without its masked pixels, as integers."""
    seen = np.rint(masked_input(prepared, name, ["rgb"], task, mask)).astype(np.uint8)
    return np.ascontiguousarray(np.moveaxis(seen, 0, 2))


def depth_scale(depths: Sequence[NDArray[np.uint16]]) -> DepthScale:
    """The nearest and the farthest of all, without the outermost hundredths."""
    near, far = np.percentile(np.concatenate([depth.ravel() for depth in depths]), (1, 99))
    return DepthScale(max(float(near), 1.0), max(float(far), float(near) + 1.0, 2.0))


def depth_picture(
    depth: NDArray[np.uint16], missing: NDArray[np.bool_], scale: DepthScale
) -> Image:
    """Millimetres [H, W] as colours, by their logarithm; hatched where nothing was measured."""
    near, far = np.log(scale)
    share = (np.log(np.maximum(depth, 1)) - near) / (far - near)
    painted: Image = NEAR_TO_FAR(np.clip(share, 0, 1), bytes=True)[..., :3].copy()
    rows, columns = np.indices(depth.shape)
    period = max(4, depth.shape[1] // 28)  # as fine as a small print can show
    painted[missing & ((rows + columns) % period < period / 2)] = UNSEEN
    return painted
