"""Painted backdrops, each the usual place of four classes or of none, with a code for each pixel.

Pixels are computed by additions, products and square roots only: their bits do not depend on the
CPU.
"""

import colorsys
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from fcnlib.datasets.converters.pascal_context_names import CODES

Pixels = NDArray[np.float32]
Codes = NDArray[np.uint16]
TILE = 256
GRAIN, MOTTLE, CLOUD = 0, 1, 2  # noise of about 1, 3 and 12 pixels

PLACES = {
    "shore": ("aeroplane", "bird", "boat", "train"),
    "street": ("bicycle", "bus", "car", "motorbike"),
    "meadow": ("cow", "dog", "horse", "sheep"),
    "living room": ("cat", "chair", "sofa", "tvmonitor"),
    "kitchen": ("bottle", "diningtable", "person", "pottedplant"),
}
PLACE_OF = {name: place for place, names in PLACES.items() for name in names}


class Painting(NamedTuple):
    """A canvas, and the PASCAL-Context code of each pixel."""

    canvas: Pixels  # [H, W, 3], of `blank`
    codes: Codes  # [H, W]


def rgb(hue: float, saturation: float, value: float) -> Pixels:
    """A colour in 0 .. 255, shape [3]."""
    return np.array(colorsys.hsv_to_rgb(hue % 1.0, saturation, value), np.float32) * 255


def blank(height: int, width: int) -> Pixels:
    """A canvas [H, W, 3] to be filled: in memory plane by plane, which NumPy computes faster."""
    return np.empty((3, height, width), np.float32).transpose(1, 2, 0)


@cache
def _tiles() -> list[Pixels]:
    rng = np.random.default_rng(0)
    smooth = [
        ndimage.gaussian_filter(rng.standard_normal((TILE, TILE)), sigma, mode="wrap")
        for sigma in (0.8, 2.0, 9.0)
    ]
    return [(tile / tile.std()).astype(np.float32) for tile in smooth]


def noise(
    rng: np.random.Generator, height: int, width: int, kind: int, tall: int = 1, wide: int = 1
) -> Pixels:
    """Smooth noise [H, W] of unit variance, stretched `tall` and `wide` times."""
    top, left = rng.integers(TILE, size=2)
    rows = (top + np.arange(height) // tall) % TILE
    columns = (left + np.arange(width) // wide) % TILE
    patch: Pixels = _tiles()[kind].take(rows, axis=0).take(columns, axis=1)
    return patch


def _step(distance: NDArray[np.floating], softness: float = 1.0) -> Pixels:
    """0 where `distance` is negative, 1 where positive, with an edge `softness` pixels wide."""
    share: Pixels = np.clip(distance / softness + 0.5, 0, 1).astype(np.float32)
    return share


def _over(canvas: Pixels, colour: Pixels, cover: Pixels) -> None:
    canvas += (colour - canvas) * cover[..., None]


def _on(canvas: Pixels, name: str) -> Painting:
    return Painting(canvas, np.full(canvas.shape[:2], CODES[name], np.uint16))


def _lay(painting: Painting, colour: Pixels, cover: Pixels, name: str) -> None:
    """Paint over the canvas; pixels get the code where `cover` is at least half."""
    _over(painting.canvas, colour, cover)
    painting.codes[cover >= 0.5] = CODES[name]


def _ramp(top: Pixels, bottom: Pixels, height: int, width: int) -> Pixels:
    share = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    canvas = blank(height, width)
    canvas[:] = top + (bottom - top) * share
    return canvas


def _grid(height: int, width: int) -> tuple[Pixels, Pixels]:
    return (
        np.arange(height, dtype=np.float32)[:, None] + 0.5,
        np.arange(width, dtype=np.float32)[None] + 0.5,
    )


def _sky(rng: np.random.Generator, height: int, width: int, hue: float) -> Painting:
    canvas = _ramp(rgb(hue, 0.42, 0.86), rgb(hue - 0.04, 0.14, 0.97), height, width)
    clouds = noise(rng, height, width, CLOUD, wide=2) + 0.25 * noise(rng, height, width, MOTTLE)
    _over(canvas, rgb(hue, 0.03, 1.0), _step(clouds - 0.7, 1.2) * np.float32(0.8))
    return _on(canvas, "sky")


def shore(rng: np.random.Generator, height: int, width: int) -> Painting:
    hue = 0.56 + 0.03 * rng.standard_normal()
    painting = _sky(rng, height, width, hue)
    y, x = _grid(height, width)
    horizon = height * rng.uniform(0.5, 0.75)
    sea = _ramp(rgb(hue - 0.02, 0.4, 0.72), rgb(hue - 0.05, 0.45, 0.55), height, width)
    crests = noise(rng, height, width, MOTTLE, wide=5)
    _over(sea, rgb(hue, 0.1, 0.95), _step(crests - 1.3, 0.8) * np.float32(0.6))
    _lay(painting, sea, np.broadcast_to(_step(y - horizon), (height, width)), "water")
    sand = height * rng.uniform(0.86, 1.05) + 2 * noise(rng, 1, width, CLOUD)
    _lay(painting, rgb(0.11, 0.3, 0.88), _step(y - sand, 2.0) + 0 * x, "sand")
    return painting


def meadow(rng: np.random.Generator, height: int, width: int) -> Painting:
    painting = _sky(rng, height, width, 0.55 + 0.03 * rng.standard_normal())
    y, _ = _grid(height, width)
    hue = 0.27 + 0.04 * rng.standard_normal()
    horizon = height * rng.uniform(0.18, 0.42)
    for back in (1.0, 0.55):
        hill = horizon - height * 0.07 * back + 0.05 * height * noise(rng, 1, width, CLOUD, wide=3)
        green = rgb(hue + 0.06 * back, 0.3, 0.6 + 0.14 * back)
        _lay(painting, green, _step(y - hill), "mountain")
    grass = _ramp(rgb(hue - 0.02, 0.42, 0.76), rgb(hue + 0.02, 0.5, 0.5), height, width)
    blades = noise(rng, height, width, GRAIN, tall=4) * np.float32(9)
    patches = noise(rng, height, width, CLOUD, wide=2) * np.float32(7)
    grass += (blades + patches)[..., None]
    _lay(painting, grass, _step(y - horizon) + 0 * blades, "grass")
    flowers = _step(noise(rng, height, width, MOTTLE) - 2.5, 0.4) * _step(y - horizon - 6)
    _lay(painting, rgb(rng.uniform(), 0.25, 0.97), flowers, "flower")
    return painting


def street(rng: np.random.Generator, height: int, width: int) -> Painting:
    painting = _on(blank(height, width), "building")
    y, x = _grid(height, width)
    road = height * rng.uniform(0.55, 0.72)
    left = 0
    while left < width:  # a row of houses
        right = min(left + int(rng.integers(24, 52)), width)
        wall = rgb(rng.uniform(0.0, 0.14), rng.uniform(0.08, 0.35), rng.uniform(0.62, 0.85))
        house = Painting(painting.canvas[:, left:right], painting.codes[:, left:right])
        house.canvas[:] = wall
        across = (x[:, left:right] - left) % 13
        down = (y + rng.uniform(0, 18)) % 18
        pane = _step(4 - abs(across - 6.5)) * _step(5.5 - abs(down - 9)) * _step(road - 12 - y)
        _lay(house, wall * np.float32(0.55), pane, "window")
        house.canvas[:, -1] *= np.float32(0.8)
        left = right
    _lay(painting, rgb(0.1, 0.05, 0.72), _step(y - road) + 0 * x, "sidewalk")
    asphalt = rgb(0.6, 0.08, 0.46) + np.float32(6) * noise(rng, height, width, GRAIN)[..., None]
    _lay(painting, asphalt, _step(y - road - 6) + 0 * x, "road")
    middle, start = (road + 6 + height) / 2, rng.uniform(0, 34)
    dashes = _step(1.5 - abs(y - middle)) * _step(9 - abs((x + start) % 34 - 17))
    _lay(painting, rgb(0.12, 0.1, 0.92), dashes, "road")
    return painting


def living_room(rng: np.random.Generator, height: int, width: int) -> Painting:
    hue = 0.06 + 0.05 * rng.standard_normal()
    y, x = _grid(height, width)
    painting = _on(_ramp(rgb(hue, 0.24, 0.9), rgb(hue, 0.3, 0.8), height, width), "wall")
    period = rng.uniform(14, 22)
    stripes = _step(period / 4 - abs((x + rng.uniform(0, 22)) % period - period / 2)) + 0 * y
    _over(painting.canvas, rgb(hue + 0.02, 0.16, 0.97), stripes * np.float32(0.7))
    skirting = height * rng.uniform(0.58, 0.76)
    wood = rgb(0.07 + 0.01 * rng.standard_normal(), 0.45, 0.62)
    row = (y - skirting) // 9
    grain = noise(rng, height, width, GRAIN, wide=8) * np.float32(7)
    floor = wood + ((row * 7) % 5 * 5 - 10 + grain)[..., None]
    seams = _step(0.8 - abs((y - skirting) % 9 - 4.5)) + 0 * x
    _over(floor, wood * np.float32(0.6), seams)
    _lay(painting, floor, _step(y - skirting) + 0 * x, "floor")
    _lay(painting, rgb(hue, 0.05, 0.97), _step(2.5 - abs(y - skirting)) + 0 * x, "wall")
    return painting


def kitchen(rng: np.random.Generator, height: int, width: int) -> Painting:
    hue = 0.42 + 0.05 * rng.standard_normal()
    y, x = _grid(height, width)
    period = rng.uniform(11, 17)
    painting = _on(_ramp(rgb(hue, 0.16, 0.93), rgb(hue, 0.22, 0.84), height, width), "wall")
    shifts = rng.uniform(0, period, size=2)
    across, down = (x + shifts[0]) % period, (y + shifts[1]) % period
    joints = np.maximum(_step(0.8 - abs(across - period / 2)), _step(0.8 - abs(down - period / 2)))
    _over(painting.canvas, rgb(hue, 0.06, 0.99), joints)
    edge = height * rng.uniform(0.6, 0.8)
    near = 1 + (y - edge) / height  # the floor's squares widen towards the viewer
    checks = ((x - width / 2) / near // 12 + (y - edge) // 8) % 2
    floor = rgb(hue + 0.1, 0.12, 0.86) - np.float32(46) * checks[..., None].astype(np.float32)
    _lay(painting, floor.astype(np.float32), _step(y - edge) + 0 * x, "floor")
    _lay(painting, rgb(hue, 0.3, 0.5), _step(1.5 - abs(y - edge)) + 0 * x, "wall")
    return painting


def studio(rng: np.random.Generator, height: int, width: int) -> Painting:
    colour = rgb(rng.uniform(), rng.uniform(0, 0.15), rng.uniform(0.4, 0.9))
    return _on(_ramp(colour, colour, height, width), "wall")


PAINTERS = {
    "shore": shore,
    "street": street,
    "meadow": meadow,
    "living room": living_room,
    "kitchen": kitchen,
    "studio": studio,
}
