"""An image that is painted from far to near, with the labels of its pixels.

Lengths are shares of the image's side, so that a scene can have any size.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fcn_synthetic.objects import backdrops, scenes
from fcn_synthetic.objects.backdrops import CLOUD, GRAIN, MOTTLE, Pixels, rgb
from fcnlib.datasets.converters.siftflow_names import SEMANTIC_CLASSES

UNLABELLED = ""
CODES = {UNLABELLED: 0} | {name: code for code, name in enumerate(SEMANTIC_CLASSES, start=1)}
NO_GEOMETRY, SKY, HORIZONTAL, VERTICAL = -1, 1, 2, 3
# Names that are not listed are vertical. A bird is neither: its code is 0.
GEOMETRY = (
    {UNLABELLED: NO_GEOMETRY, "bird": 0}
    | dict.fromkeys(("sky", "sun", "moon"), SKY)
    | dict.fromkeys(("crosswalk", "desert", "field", "grass", "river"), HORIZONTAL)
    | dict.fromkeys(("road", "sand", "sea", "sidewalk"), HORIZONTAL)
)
WHITE = rgb(0.13, 0.04, 0.93)
REFERENCE_SIDE = 112  # pixels a side, for which the sizes of noise were chosen
FEET = {"boat": 0.69, "bus": 0.74, "car": 0.57, "cow": 0.78, "person": 0.98, "pottedplant": 0.87}


class Material(NamedTuple):
    """Ranges of hue, saturation and value, and noises (kind, tall, wide, strength)."""

    hue: tuple[float, float]
    saturation: tuple[float, float]
    value: tuple[float, float]
    noises: tuple[tuple[int, int, int, float], ...] = ()


MATERIALS = {
    "asphalt": Material((0.55, 0.7), (0.02, 0.1), (0.36, 0.54), ((GRAIN, 1, 1, 6),)),
    "boulder": Material(
        (0.04, 0.14), (0.06, 0.25), (0.32, 0.6), ((MOTTLE, 1, 2, 17), (CLOUD, 1, 1, 10))
    ),
    "crop": Material((0.11, 0.2), (0.35, 0.6), (0.62, 0.86), ((CLOUD, 1, 3, 9), (GRAIN, 1, 4, 10))),
    "dune": Material((0.05, 0.085), (0.5, 0.7), (0.72, 0.92), ((MOTTLE, 1, 5, 8),)),
    "foliage": Material(
        (0.21, 0.36), (0.3, 0.65), (0.26, 0.5), ((MOTTLE, 1, 1, 20), (GRAIN, 1, 1, 9))
    ),
    "lawn": Material((0.22, 0.31), (0.45, 0.7), (0.48, 0.7), ((GRAIN, 3, 1, 9), (CLOUD, 1, 2, 6))),
    "leaves": Material((0.19, 0.33), (0.5, 0.85), (0.42, 0.72), ((GRAIN, 4, 1, 22),)),
    "metal": Material((0.5, 0.7), (0.02, 0.15), (0.25, 0.75)),
    "paving": Material((0.06, 0.13), (0.04, 0.14), (0.62, 0.8), ((GRAIN, 1, 1, 6),)),
    "shore": Material(
        (0.09, 0.12), (0.2, 0.42), (0.78, 0.96), ((GRAIN, 1, 1, 6), (CLOUD, 1, 3, 6))
    ),
    "slope": Material(
        (0.6, 0.75), (0.16, 0.4), (0.3, 0.58), ((MOTTLE, 3, 1, 12), (CLOUD, 2, 1, 9))
    ),
    "stream": Material(
        (0.48, 0.6), (0.12, 0.4), (0.5, 0.78), ((GRAIN, 1, 6, 8), (MOTTLE, 1, 6, 8))
    ),
    "trunk": Material((0.05, 0.1), (0.25, 0.55), (0.2, 0.42), ((GRAIN, 5, 1, 9),)),
    "wall": Material((0.0, 0.15), (0.06, 0.45), (0.5, 0.88), ((GRAIN, 1, 1, 3), (CLOUD, 1, 1, 4))),
    "wave": Material(
        (0.5, 0.62), (0.35, 0.65), (0.42, 0.72), ((MOTTLE, 1, 6, 9), (GRAIN, 1, 5, 7))
    ),
}


@dataclass(frozen=True)
class Layers:
    """An image, or a view of a part of it; x and y are those of the full image."""

    rng: np.random.Generator
    side: int
    image: Pixels  # [H, W, 3]
    semantic: NDArray[np.uint8]  # [H, W], 0 unlabelled
    geometric: NDArray[np.int8]  # [H, W], -1 unlabelled
    y: Pixels  # [H, 1]
    x: Pixels  # [1, W]

    @classmethod
    def blank(cls, rng: np.random.Generator, side: int) -> "Layers":
        image = np.zeros((side, side, 3), np.float32)
        labels = np.zeros((side, side), np.uint8), np.full((side, side), NO_GEOMETRY, np.int8)
        centres = (np.arange(side, dtype=np.float32) + np.float32(0.5)) / np.float32(side)
        return cls(rng, side, image, *labels, centres[:, None], centres[None])

    def crop(self, left: float, top: float, right: float, bottom: float) -> "Layers":
        """A view of the part between these lines, with the pixels that they cut."""
        rows, columns = self._span(self.y[:, 0], top, bottom), self._span(self.x[0], left, right)
        return Layers(
            self.rng,
            self.side,
            self.image[rows, columns],
            self.semantic[rows, columns],
            self.geometric[rows, columns],
            self.y[rows],
            self.x[:, columns],
        )

    def _span(self, centres: Pixels, low: float, high: float) -> slice:
        inside = np.searchsorted(centres, [low - 1 / self.side, high + 1 / self.side])
        return slice(int(inside[0]), int(inside[1]))

    @property
    def empty(self) -> bool:
        return self.semantic.size == 0

    def bernoulli(self, probability: float) -> bool:
        """True with this probability."""
        return bool(self.rng.uniform() < probability)

    def uniform(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def noise(self, kind: int, tall: int = 1, wide: int = 1) -> Pixels:
        """Smooth noise of unit variance [H, W], as coarse in the scene at any image size."""
        scale = max(1, round(self.side / REFERENCE_SIDE))
        height, width = self.semantic.shape
        return backdrops.noise(self.rng, height, width, kind, tall * scale, wide * scale)

    def profile(self, kind: int, wide: int = 1) -> Pixels:
        """Noise along the columns, [1, W]."""
        scale = max(1, round(self.side / REFERENCE_SIDE))
        return backdrops.noise(self.rng, 1, self.semantic.shape[1], kind, 1, wide * scale)

    def tint(self, name: str) -> Pixels:
        """A random colour of the material, [3]."""
        material = MATERIALS[name]
        ranges = (material.hue, material.saturation, material.value)
        return rgb(*(self.uniform(*limits) for limits in ranges))

    def surface(self, name: str, tint: Pixels | None = None) -> Pixels:
        """The material over all of the view, [H, W, 3]."""
        light = np.zeros(self.semantic.shape, np.float32)
        for kind, tall, wide, strength in MATERIALS[name].noises:
            light += np.float32(strength) * self.noise(kind, tall, wide)
        return (self.tint(name) if tint is None else tint) + light[..., None]

    def paint(
        self, name: str, colour: Pixels, inside: Pixels, *, geometry: int | None = None
    ) -> None:
        """Paint and label where `inside`, the distance from the outline, is positive.

        Args:
            name: The label's class.
            colour: Colour of each pixel, [H, W, 3].
            inside: Distance from the outline, positive inside, [H, W].
            geometry: The geometric label; by default that of the name.
        """
        if self.empty:
            return
        cover = np.clip(inside * np.float32(self.side) + np.float32(0.5), 0, 1)
        self.image[:] += (colour - self.image) * cover[..., None]
        within = np.broadcast_to(inside > 0, self.semantic.shape)
        self.semantic[within] = CODES[name]
        self.geometric[within] = GEOMETRY.get(name, VERTICAL) if geometry is None else geometry

    def shade(self, factor: float, inside: Pixels) -> None:
        """Multiply colours by the factor where `inside` is positive; labels stay."""
        cover = np.clip(inside * np.float32(self.side) + np.float32(0.5), 0, 1)
        self.image[:] *= 1 + np.float32(factor - 1) * cover[..., None]

    def box(self, left: float, top: float, right: float, bottom: float) -> Pixels:
        across = np.minimum(self.x - np.float32(left), np.float32(right) - self.x)
        down = np.minimum(self.y - np.float32(top), np.float32(bottom) - self.y)
        inside: Pixels = np.minimum(across, down)
        return inside

    def disc(self, x: float, y: float, rx: float, ry: float) -> Pixels:
        across, down = (
            (self.x - np.float32(x)) / np.float32(rx),
            (self.y - np.float32(y)) / np.float32(ry),
        )
        inside: Pixels = (1 - np.sqrt(across * across + down * down)) * np.float32(min(rx, ry))
        return inside

    def convex(self, *corners: tuple[float, float]) -> Pixels:
        """Distance within a convex outline whose corners are listed clockwise."""
        inside = np.full(self.semantic.shape, np.float32(9), np.float32)
        for (x, y), (to_x, to_y) in zip(corners, (*corners[1:], corners[0]), strict=True):
            along, down = to_x - x, to_y - y
            length = (along * along + down * down) ** 0.5
            away = (self.y - np.float32(y)) * np.float32(along / length)
            inside = np.minimum(inside, away - (self.x - np.float32(x)) * np.float32(down / length))
        return inside

    def draw_object(self, shape: str, x: float, base: float, radius: float, name: str = "") -> None:
        """Draw one of `scenes`' objects, standing on the line `base`."""
        y = base - FEET.get(shape, 0.0) * radius
        part = self.crop(x - 1.3 * radius, y - 1.3 * radius, x + 1.3 * radius, y + 1.3 * radius)
        if min(part.semantic.shape) < 4:
            return
        side, mirror = self.side, 1 if self.bernoulli(0.5) else -1
        left, top = (float(start) - 0.5 / side for start in (part.x[0, 0], part.y[0, 0]))
        place = ((x - left) * side, (y - top) * side, radius * side)
        angle, aspect = 0.04 * self.rng.standard_normal(), self.uniform(0.9, 1.1)
        placement = scenes.Placement(shape, *place, float(angle), aspect, mirror)
        numbers = np.zeros(part.semantic.shape, np.uint8)
        scenes.paint(self.rng, part.image, numbers, 1, placement)
        part.semantic[numbers > 0] = CODES[name or shape]
        part.geometric[numbers > 0] = GEOMETRY.get(name or shape, VERTICAL)


def wave(turns: Pixels) -> Pixels:
    """A triangle from -1 to 1 with period 1."""
    return np.float32(1) - abs(turns - np.floor(turns) - np.float32(0.5)) * 4
