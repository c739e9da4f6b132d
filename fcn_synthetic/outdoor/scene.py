"""Outdoor scenes of SIFT Flow's eight categories; one seed gives the same image and labels."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fcn_synthetic.objects.backdrops import CLOUD
from fcn_synthetic.objects.scenes import PIXEL_NOISE, lighting
from fcn_synthetic.outdoor import city, nature
from fcn_synthetic.outdoor.layers import NO_GEOMETRY, Layers

PAINTERS: dict[str, Callable[[Layers, bool], None]] = {
    "coast": nature.coast,
    "forest": nature.forest,
    "highway": city.highway,
    "insidecity": city.insidecity,
    "mountain": nature.mountain,
    "opencountry": nature.opencountry,
    "street": city.street,
    "tallbuilding": city.tallbuilding,
}


class OutdoorScene(NamedTuple):
    image: NDArray[np.uint8]  # [H, W, 3]
    semantic: NDArray[np.uint8]  # [H, W], 1 to 33, 0 unlabelled
    geometric: NDArray[np.int8]  # [H, W], 1 to 3, -1 and 0 unlabelled


def outdoor_scene(
    rng: np.random.Generator, side: int, category: str, *, rare: bool = False
) -> OutdoorScene:
    """A scene of the category; `rare` allows cow, desert and moon, which no test image has."""
    view = Layers.blank(rng, side)
    PAINTERS[category](view, rare)
    view.image[:] *= lighting(rng, side, side)
    view.image[:] += np.float32(PIXEL_NOISE) * rng.standard_normal(view.image.shape, np.float32)
    _leave_gaps(view)
    image = np.clip(np.rint(view.image), 0, 255).astype(np.uint8)
    return OutdoorScene(image, view.semantic, view.geometric)


def _leave_gaps(view: Layers) -> None:
    """Leave pixels along some outlines unlabelled, as annotators do."""
    edge = np.zeros(view.semantic.shape, bool)
    edge[:-1] = view.semantic[1:] != view.semantic[:-1]
    edge[:, :-1] |= view.semantic[:, 1:] != view.semantic[:, :-1]
    gaps = edge & (view.noise(CLOUD) > np.float32(0.6))
    view.semantic[gaps] = 0
    view.geometric[gaps & (view.noise(CLOUD) > np.float32(-1))] = NO_GEOMETRY
