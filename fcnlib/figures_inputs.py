"""What nets see, as pictures: the photograph, depth in one scale for a whole sheet, HHA."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import matplotlib
import numpy as np
from numpy.typing import NDArray

from fcnlib.colour import Image
from fcnlib.config_data import Mask
from fcnlib.datasets.prepared import Prepared
from fcnlib.masking import Hiding, look

NEAR_TO_FAR = matplotlib.colormaps["viridis_r"]  # bright is near; told apart with any colour vision
UNSEEN = (150, 150, 150)
WORDS = {
    "rgb": "",
    "depth": "Depth is on a scale of its logarithm, which is what the net sees; grey hatching "
    "marks pixels that the camera did not measure and that were filled in.",
    "hha": "HHA is shown as it is stored: red is disparity, green height above the ground, blue "
    "the angle with gravity.",
}
MASKED: dict[Mask, str] = {
    "foreground": "Objects hidden",
    "background": "Background hidden",
    "shape": "Shape",
}
HIDDEN = "Nets see what is beside the photograph; hidden pixels have the colour that is 0 to them."


class DepthScale(NamedTuple):
    """The depths at the two ends of the colours, in millimetres."""

    near: float
    far: float


class Views(NamedTuple):
    """A column per input, the photograph always first."""

    titles: list[str]
    rows: list[list[Image]]  # a row per image
    scale: DepthScale | None  # of the depths, if any
    words: str  # what a reader must know of them


def input_views(
    prepared: Prepared,
    names: Sequence[str],
    inputs: Collection[str],
    task: str,
    hidden: Iterable[Hiding] = (),
) -> Views:
    """The photographs, and what else the nets see of them, or see instead: by a task's labels."""
    titles, rows = ["Image"], [[prepared.image(name)] for name in names]
    scale = None
    if "depth" in inputs:
        depths = [prepared.depth(name) for name in names]
        scale = depth_scale(depths)
        titles.append("Depth")
        for row, depth, name in zip(rows, depths, names, strict=True):
            row.append(depth_picture(depth, prepared.missing(name), scale))
    if "hha" in inputs:
        titles.append("HHA")
        for row, name in zip(rows, names, strict=True):
            row.append(prepared.hha(name))
    said = [WORDS[name] for name in WORDS if name in inputs]
    for each in hidden:
        if each.mask != "none":
            titles.append(MASKED[each.mask])
            for row, name in zip(rows, names, strict=True):
                row.append(masked_picture(prepared, name, task, each))
            said.append(HIDDEN * (HIDDEN not in said))
    return Views(titles, rows, scale, " ".join(filter(None, said)))


def masked_picture(prepared: Prepared, name: str, task: str, hidden: Hiding) -> Image:
    """The photograph without what is hidden, as whole numbers."""
    seen = np.rint(look(prepared, name, ["rgb"], task, hidden)).astype(np.uint8)
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
