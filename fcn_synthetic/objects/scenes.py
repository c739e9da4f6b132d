"""Scenes of one or two objects, and single objects to pre-train on; one seed gives the same bytes.

A class has a silhouette of its own, and shares hue, texture, place and hour with others: as in
photographs, outlines, colours, textures and context determine the class together.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fcn_synthetic.objects import backdrops, silhouettes
from fcn_synthetic.objects.backdrops import GRAIN, MOTTLE, PLACE_OF, PLACES, Pixels, noise, rgb
from fcn_synthetic.objects.props import FURNISHING, PROPS, Appearance
from fcnlib.core.progress import progress
from fcnlib.datasets.converters.pascal_context_names import code

CLASSES = ("background", *silhouettes.SHAPES)  # in the order of PASCAL VOC
# Probabilities:
PLAIN = 0.15  # an object is before a plain backdrop
CONTEXT = 0.92  # otherwise, it is in its usual place at its usual hour
COMPANY = 0.7  # a second object is of the first one's place
FURNISHED = 0.4  # each prop of a place is there
HUE_SPREAD = 0.04
PIXEL_NOISE = 6.0
OUTSIDE = -1.0
SCENES, WINDOWS = 0, 1  # random streams

# Factors of a place's colours at each hour; each of its classes has an hour of its own.
LIGHTS = np.array(
    [(1.1, 0.98, 0.74), (0.76, 0.98, 1.1), (0.95, 0.8, 0.95), (0.8, 1.1, 0.8)], np.float32
)
# Hues a twentieth apart, textures by family; neither determines the class.
BY_HUE = (
    "boat",
    "horse",
    "dog",
    "cat",
    "diningtable",
    "bird",
    "bottle",
    "pottedplant",
    "train",
    "sofa",
    "bicycle",
    "aeroplane",
    "sheep",
    "car",
    "tvmonitor",
    "motorbike",
    "chair",
    "person",
    "cow",
    "bus",
)
HUES = {name: slot / len(BY_HUE) for slot, name in enumerate(BY_HUE)}
TEXTURES = {
    name: (index // 5 + index) % 4 for index, name in enumerate(silhouettes.SHAPES)
}  # stripes, planks, checks, fur
APPEARANCES = {name: Appearance(hue, texture=TEXTURES[name]) for name, hue in HUES.items()}
APPEARANCES |= {name: prop.appearance for name, prop in PROPS.items()}


class Scene(NamedTuple):
    image: NDArray[np.uint8]  # [H, W, 3]
    labels: NDArray[np.uint8]  # [H, W], 0 background, no void
    objects: NDArray[np.uint8]  # [H, W], 0 background, then 1, 2, ... as `classes` lists them
    classes: tuple[int, ...]
    codes: NDArray[np.uint16]  # [H, W], PASCAL-Context's codes 1 to 459


class Setting(NamedTuple):
    place: str
    hour: int


class Placement(NamedTuple):
    name: str
    x: float
    y: float
    radius: float
    angle: float
    aspect: float
    mirror: int


def generator(seed: int, stream: int, index: int) -> np.random.Generator:
    """A generator for one scene, independent of all others."""
    return np.random.default_rng((seed, stream, index))


def scene(
    rng: np.random.Generator,
    height: int,
    width: int,
    *,
    context: float = CONTEXT,
    company: float = COMPANY,
    furnishing: np.random.Generator | None = None,
) -> Scene:
    """A backdrop with one or two objects, which the border may cut.

    Args:
        rng: Generator of all but the props.
        height: In pixels.
        width: In pixels.
        context: Probability that an object is in its usual place at its usual hour.
        company: Probability that a second object is of the first one's place.
        furnishing: Generator of props, which stand behind the same objects; None for no props.
    """
    names = list(silhouettes.SHAPES)
    last = names[rng.integers(len(names))]
    chosen = [last]
    if rng.uniform() < 0.3:
        candidates = PLACES[PLACE_OF[last]] if rng.uniform() < company else names
        chosen = [candidates[rng.integers(len(candidates))], last]
    side = math.sqrt(height * width)
    placements = []
    for name in chosen:
        x, y = rng.uniform(0.2, 0.8, size=2)
        radius = rng.uniform(0.34, 0.52) * side * (0.85 if len(chosen) > 1 else 1.0)
        placements.append(_placement(rng, name, x * width, y * height, radius))
    return _compose(rng, height, width, _setting(rng, last, context), placements, furnishing)


def objects(
    count: int, window: int = 96, *, seed: int, context: float = CONTEXT
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Windows [N, window, window, 3], each around one object, and its class [N], 0 to 19."""
    images = np.empty((count, window, window, 3), np.uint8)
    labels = np.empty(count, np.int64)
    for index in progress(range(count), desc="rendering objects", unit="object"):
        rng = generator(seed, WINDOWS, index)
        labels[index] = rng.integers(len(silhouettes.SHAPES))
        images[index] = _window(rng, window, int(labels[index]), context)
    return images, labels


def _window(rng: np.random.Generator, side: int, label: int, context: float) -> NDArray[np.uint8]:
    names = list(silhouettes.SHAPES)
    placements = []
    if rng.uniform() < 0.5:  # clutter at the rim, behind the object
        angle, reach = rng.uniform(0, 2 * math.pi), rng.uniform(0.5, 0.7) * side
        x, y = side / 2 + reach * math.cos(angle), side / 2 + reach * math.sin(angle)
        clutter = names[rng.integers(len(names))]
        placements.append(_placement(rng, clutter, x, y, rng.uniform(0.36, 0.6) * side))
    x, y = side * (0.5 + 0.09 * rng.standard_normal(2))
    placements.append(_placement(rng, names[label], x, y, rng.uniform(0.36, 0.6) * side))
    return _compose(rng, side, side, _setting(rng, names[label], context), placements).image


def _setting(rng: np.random.Generator, name: str, context: float) -> Setting:
    """The class's usual place and hour, or others, or a studio."""
    if rng.uniform() < PLAIN:
        return Setting("studio", 0)
    if rng.uniform() < context:
        return Setting(PLACE_OF[name], PLACES[PLACE_OF[name]].index(name))
    return Setting(list(PLACES)[rng.integers(len(PLACES))], int(rng.integers(len(LIGHTS))))


def _placement(rng: np.random.Generator, name: str, x: float, y: float, radius: float) -> Placement:
    angle = 0.15 * rng.standard_normal()
    aspect, mirror = rng.uniform(0.85, 1.15), 1 if rng.uniform() < 0.5 else -1
    return Placement(name, float(x), float(y), float(radius), float(angle), float(aspect), mirror)


def _compose(
    rng: np.random.Generator,
    height: int,
    width: int,
    setting: Setting,
    placements: list[Placement],
    furnishing: np.random.Generator | None = None,
) -> Scene:
    place, hour = setting
    canvas, codes = backdrops.PAINTERS[place](rng, height, width)
    if place in PLACES:
        canvas *= LIGHTS[hour]
    if furnishing:
        for prop in _props(furnishing, place, height, width):
            paint(furnishing, canvas, codes, code(prop.name), prop)
    numbers = np.zeros((height, width), np.uint8)
    for number, placement in enumerate(placements, start=1):
        paint(rng, canvas, numbers, number, placement)
        codes[numbers == number] = code(placement.name)
    canvas *= lighting(rng, height, width)
    canvas += np.float32(PIXEL_NOISE) * rng.standard_normal(canvas.shape, np.float32)
    image = np.clip(np.rint(canvas), 0, 255).astype(np.uint8, order="C")
    classes = tuple(CLASSES.index(placement.name) for placement in placements)
    labels = np.array([0, *classes], np.uint8)[numbers]
    return Scene(image, labels, numbers, classes, codes)


def _props(rng: np.random.Generator, place: str, height: int, width: int) -> list[Placement]:
    """The props of a scene in this place, the farthest first."""
    side = math.sqrt(height * width)
    placements = []
    for name in FURNISHING[place]:
        prop, is_there = PROPS[name], rng.uniform() < FURNISHED
        x = width * (0.5 if prop.lies else rng.uniform(0.05, 0.95))
        y, radius = height * rng.uniform(*prop.height), side * rng.uniform(*prop.radius)
        aspect, mirror = prop.aspect * rng.uniform(0.9, 1.1), 1 if rng.uniform() < 0.5 else -1
        if is_there:
            placements.append(Placement(name, x, y, radius, 0.0, aspect, mirror))
    return placements


def lighting(rng: np.random.Generator, height: int, width: int) -> Pixels:
    """A slow change of brightness across the scene, [H, W, 1]."""
    slope_y, slope_x = rng.uniform(-0.14, 0.14, size=2)
    y = np.linspace(-slope_y, slope_y, height)[:, None]
    x = np.linspace(-slope_x, slope_x, width)[None]
    return (y + x + rng.uniform(0.88, 1.06)).astype(np.float32)[..., None]


def paint(
    rng: np.random.Generator,
    canvas: Pixels,
    numbers: NDArray[np.unsignedinteger],
    number: int,
    placement: Placement,
) -> None:
    """Draw an object over the canvas [H, W, 3], and enter its number where it covers [H, W].

    Args:
        rng: Generator of its colour and texture.
        canvas: What to draw on.
        numbers: Where to enter the number.
        number: The object's number or code.
        placement: Its silhouette, place, size and pose.
    """
    height, width = numbers.shape
    u, v, distance, tone = _sample(placement, height, width)
    inside = distance * np.float32(placement.radius)  # pixels from the outline
    shadow = np.clip((inside[:-3, :-2] + 7) / 12, 0, 1) * np.float32(0.35)
    canvas[3:, 2:] *= 1 - shadow[..., None]  # soft, below and to the right
    appearance = APPEARANCES[placement.name]
    hue = appearance.hue + HUE_SPREAD * rng.standard_normal()
    saturation, value = rng.uniform(*appearance.saturation), rng.uniform(*appearance.value)
    light = 1 - np.float32(0.16) * v + _texture(rng, placement, u, v)
    light *= np.float32(0.62) + np.float32(0.38) * np.clip(inside / 5, 0, 1)  # a darker rim
    colour = (rgb(hue, saturation, value)[:, None, None] * light).transpose(1, 2, 0)
    darker = 1 + np.minimum(tone, 0)
    colour *= darker[..., None]
    paler = np.maximum(tone, 0) * (np.float32(0.8) + np.float32(0.2) * light)
    colour += (np.float32(245) - colour) * paler[..., None]
    canvas += (colour - canvas) * np.clip(inside + 0.5, 0, 1)[..., None]
    numbers[inside > 0] = number


def _sample(placement: Placement, height: int, width: int) -> tuple[Pixels, Pixels, Pixels, Pixels]:
    """The object's own coordinates u, v at each pixel, and its distance and tone maps there."""
    cos, sin = math.cos(placement.angle), math.sin(placement.angle)
    wide = placement.mirror / (placement.radius * math.sqrt(placement.aspect))
    tall = math.sqrt(placement.aspect) / placement.radius
    across = (cos * wide, sin * wide, -(cos * placement.x + sin * placement.y) * wide)
    down = (-sin * tall, cos * tall, (sin * placement.x - cos * placement.y) * tall)
    y, x = np.arange(height)[:, None] + 0.5, np.arange(width)[None] + 0.5
    u = (across[0] * x + across[1] * y + across[2]).astype(np.float32)
    v = (down[0] * x + down[1] * y + down[2]).astype(np.float32)
    cells = silhouettes.CELLS / (2 * silhouettes.EXTENT)
    middle = silhouettes.CELLS / 2
    transform = (
        across[0] * cells,
        across[1] * cells,
        across[2] * cells + middle,
        down[0] * cells,
        down[1] * cells,
        down[2] * cells + middle,
    )
    maps = silhouettes.silhouette(placement.name)
    size, affine, bilinear = (width, height), Image.Transform.AFFINE, Image.Resampling.BILINEAR
    distance: Pixels = np.asarray(maps.distance.transform(size, affine, transform, bilinear))
    tone = np.asarray(maps.tone.transform(size, affine, transform, bilinear))
    beyond = np.maximum(abs(u), abs(v)) > np.float32(silhouettes.EXTENT * 0.98)
    distance = np.where(beyond, np.float32(OUTSIDE), distance)
    return u, v, distance, (tone.astype(np.float32) - np.float32(128)) / np.float32(127)


def _texture(rng: np.random.Generator, placement: Placement, u: Pixels, v: Pixels) -> Pixels:
    """A change of lightness [H, W] of about +-0.12, mostly by the class's own family."""
    family = APPEARANCES[placement.name].texture if rng.uniform() < 0.85 else int(rng.integers(4))
    across = placement.radius / rng.uniform(5, 8)
    phase_u, phase_v = rng.uniform(0, 1, size=2)
    if family == 3:
        height, width = u.shape
        coarse, fine = (noise(rng, height, width, kind) for kind in (MOTTLE, GRAIN))
        return np.float32(0.09) * (coarse + fine)
    stripes, planks = _wave(u * across + phase_u), _wave(v * across + phase_v)
    return np.float32(0.16) * (stripes, planks, stripes * planks)[family]


def _wave(turns: Pixels) -> Pixels:
    """A sine of parabolas, whose bits do not depend on the CPU."""
    half = turns - np.floor(turns) - np.float32(0.5)
    return np.float32(16) * half * (abs(half) - np.float32(0.5))
