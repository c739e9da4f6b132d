"""Finishes of surfaces: colour, texture, and how well a depth sensor sees them."""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from fcn_synthetic.objects.backdrops import Pixels, rgb

TILE = 256
GRAIN, MOTTLE, CELLS, FOLDS, SLATS, CHECKS, JOINTS = range(7)
DULL, SHINY, DARK, GLASS = 0.0, 0.15, 0.5, 0.85  # share of missing depth


class Finish(NamedTuple):
    """A colour and a texture: `along` and `upward` are cells of its tile per metre of a face."""

    colour: Pixels
    tile: int = GRAIN
    along: float = 60.0
    upward: float = 60.0
    tone: float = 0.04  # strength of the texture in brightness
    chroma: float = 0.0  # and in each colour channel by itself, in grey levels
    missing_share: float = DULL


# Woods and paints as hue, saturation, value.
Tone = tuple[float, float, float]
BIRCH, HONEY, OAK = (0.11, 0.38, 0.9), (0.095, 0.68, 0.78), (0.07, 0.5, 0.6)
MAHOGANY, WALNUT, EBONY = (0.015, 0.62, 0.45), (0.06, 0.6, 0.34), (0.7, 0.2, 0.22)
CREAM, SAGE = (0.12, 0.16, 0.93), (0.3, 0.25, 0.68)


@cache
def tiles() -> NDArray[np.float32]:
    """The textures [7, TILE, TILE], of about unit variance, which repeat without a seam."""
    rng = np.random.default_rng(1)
    white = rng.standard_normal((TILE, TILE))
    stack = [ndimage.gaussian_filter(white, sigma, mode="wrap") for sigma in (0.7, 3.0)]
    cells = np.arange(TILE)
    saw = abs(cells % 16 - 8) / 4.0 - 1.0
    tiled = (cells % 16 < 8) != (cells[:, None] % 16 < 8)
    joints = (cells % 16 == 0) | (cells[:, None] % 16 == 0)
    upright = np.broadcast_to(saw[:, None], white.shape)
    stack += [white, upright, upright.T, tiled * 2.0 - 1.0, np.where(joints, -3.0, 0.2)]
    return np.stack([tile / tile.std() for tile in stack]).astype(np.float32)


def wood(rng: np.random.Generator, tone: Tone = OAK) -> Finish:
    """Wood of about this tone, with its grain along the surface."""
    hue, saturation, value = np.array(tone) + (0.014, 0.07, 0.06) * rng.standard_normal(3)
    colour = rgb(hue, min(max(saturation, 0.0), 1.0), min(max(value, 0.15), 0.97))
    return Finish(colour, MOTTLE, 8, 90, 0.08)


def white(rng: np.random.Generator) -> Finish:
    """White or nearly so: walls, ceilings and much furniture."""
    hue, saturation = rng.uniform(), 0.05 * rng.uniform()
    return Finish(rgb(hue, saturation, rng.uniform(0.8, 0.98)), GRAIN, 50, 50, 0.015)


def coloured(rng: np.random.Generator, hue: float | None = None) -> Finish:
    """Plain paint, mostly of the given hue."""
    hue = _near(rng, hue)
    return Finish(rgb(hue, rng.uniform(0.15, 0.5), rng.uniform(0.5, 0.95)), GRAIN, 50, 50, 0.02)


def pale(rng: np.random.Generator, hue: float) -> Finish:
    """Pale paint, as of walls."""
    colour = rgb(_near(rng, hue), rng.uniform(0.1, 0.26), rng.uniform(0.8, 0.96))
    return Finish(colour, GRAIN, 50, 50, 0.015)


def cloth(rng: np.random.Generator, hue: float | None = None) -> Finish:
    """Fabric of a hue: plain, striped, checked or with a pattern of other colours."""
    colour = rgb(_near(rng, hue), rng.uniform(0.4, 0.75), rng.uniform(0.45, 0.85))
    tile = (GRAIN, MOTTLE, FOLDS, CHECKS)[rng.integers(4)]
    scale = rng.uniform(60, 160)
    return Finish(colour, tile, scale, scale, 0.07, 9.0 if tile == MOTTLE else 0.0)


def carpet(rng: np.random.Generator, hue: float) -> Finish:
    """A carpet, darker and duller than other fabric."""
    colour = rgb(_near(rng, hue), rng.uniform(0.15, 0.4), rng.uniform(0.3, 0.5))
    return Finish(colour, GRAIN, 80, 80, 0.07)


def folds(rng: np.random.Generator, hue: float | None = None) -> Finish:
    """Hanging fabric: folds from top to bottom."""
    return cloth(rng, hue)._replace(tile=FOLDS, along=rng.uniform(90, 150), upward=0.0, tone=0.16)


def slats(rng: np.random.Generator) -> Finish:
    """Blinds: pale, with a line every six to ten centimetres."""
    base = white(rng) if rng.uniform() < 0.6 else wood(rng)
    return base._replace(tile=SLATS, along=0.0, upward=rng.uniform(160, 260), tone=0.1)


def steel(rng: np.random.Generator) -> Finish:
    """Brushed metal, of which some depth is missing."""
    return Finish(rgb(0.58, 0.04, rng.uniform(0.55, 0.8)), MOTTLE, 4, 200, 0.05, 0.0, SHINY)


def enamel(rng: np.random.Generator) -> Finish:
    """The white of bathtubs, sinks and toilets."""
    return Finish(rgb(0.15, 0.02, rng.uniform(0.9, 0.99)), GRAIN, 50, 50, 0.01, 0.0, SHINY / 2)


def black(rng: np.random.Generator) -> Finish:
    """A dark screen or plastic, which absorbs the sensor's light."""
    return Finish(rgb(0.62, 0.2, rng.uniform(0.08, 0.2)), MOTTLE, 9, 9, 0.2, 0.0, DARK)


def glass(rng: np.random.Generator) -> Finish:
    """The bright outside behind a pane."""
    return Finish(rgb(0.56, rng.uniform(0.05, 0.25), 0.98), MOTTLE, 30, 30, 0.03, 9.0, GLASS)


def reflection(rng: np.random.Generator) -> Finish:
    """A mirror: blurred, pale and a little blue."""
    return Finish(rgb(0.55, 0.12, rng.uniform(0.6, 0.8)), MOTTLE, 16, 9, 0.14, 12.0, GLASS)


def painting(rng: np.random.Generator) -> Finish:
    """Blots of many colours."""
    colour = rgb(rng.uniform(), 0.4, rng.uniform(0.4, 0.8))
    scale = rng.uniform(40, 90)
    return Finish(colour, MOTTLE, scale, scale, 0.15, 40.0)


def spines(rng: np.random.Generator) -> Finish:
    """Books in a row, each of its own colour."""
    return Finish(rgb(rng.uniform(), 0.3, 0.6), CELLS, rng.uniform(22, 34), 0.0, 0.1, 48.0)


def tiled(rng: np.random.Generator, hue: float) -> Finish:
    """Tiles with joints or of two tones."""
    colour = rgb(_near(rng, hue), rng.uniform(0.1, 0.35), rng.uniform(0.55, 0.8))
    scale = rng.uniform(40, 90)
    return Finish(colour, (CHECKS, JOINTS)[rng.integers(2)], scale, scale, 0.06)


def _near(rng: np.random.Generator, hue: float | None) -> float:
    """Mostly about the hue, sometimes any."""
    usual = rng.uniform() < 0.95
    return rng.uniform() if hue is None or not usual else hue + 0.02 * rng.standard_normal()
