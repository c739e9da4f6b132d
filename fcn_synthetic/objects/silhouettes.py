"""Silhouettes: maps of distance to the outline and of tone, from which any size is sampled."""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from fcn_synthetic.objects.creatures import CREATURES
from fcn_synthetic.objects.household import HOUSEHOLD
from fcn_synthetic.objects.props import PROPS
from fcn_synthetic.objects.shapes import Point, Stroke
from fcn_synthetic.objects.vehicles import VEHICLES

SHAPES = dict(sorted({**CREATURES, **HOUSEHOLD, **VEHICLES}.items()))  # in VOC's order
THICKENING = 0.11  # of every stroke of an outline, so that small objects keep it
EXTENT = 1.25  # a map covers -EXTENT .. EXTENT
CELLS = 256  # a side of a map
RENDER_SIDE = 2 * CELLS


class Silhouette(NamedTuple):
    distance: Image.Image  # mode F: signed distance to the outline, positive inside
    tone: Image.Image  # mode L: 128 + 127 * tone


def _smooth(points: tuple[Point, ...]) -> NDArray[np.float64]:
    """The closed outline with its corners cut three times (Chaikin)."""
    outline = np.array(points)
    for _ in range(3):
        following = np.roll(outline, -1, axis=0)
        outline = np.stack(
            [0.75 * outline + 0.25 * following, 0.25 * outline + 0.75 * following], axis=1
        ).reshape(-1, 2)
    return outline


def _draw(draw: ImageDraw.ImageDraw, stroke: Stroke, thickening: float, fill: int) -> None:
    scale = RENDER_SIDE / (2 * EXTENT)
    outline = _smooth(stroke.points) if stroke.kind == "blob" else np.array(stroke.points)
    points = [(float(x), float(y)) for x, y in (outline + EXTENT) * scale]
    if stroke.kind != "line":
        draw.polygon(points, fill=fill)
        points.append(points[0])
    radius = (stroke.width / 2 + thickening) * scale
    if radius > 0:
        draw.line(points, fill=fill, width=round(2 * radius))
        for x, y in points:  # round ends and joints
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)


@cache
def silhouette(name: str) -> Silhouette:
    """The maps of a class or prop, CELLS x CELLS."""
    mask = Image.new("L", (RENDER_SIDE, RENDER_SIDE))
    tone = Image.new("L", (RENDER_SIDE, RENDER_SIDE), 128)
    # No prop has the name of a class.
    outline, marks = SHAPES[name] if name in SHAPES else PROPS[name].shape
    for stroke in outline:
        _draw(ImageDraw.Draw(mask), stroke, THICKENING, 255)
        _draw(ImageDraw.Draw(tone), stroke, THICKENING, 128 + round(127 * stroke.tone))
    for stroke in marks:
        _draw(ImageDraw.Draw(tone), stroke, 0.0, 128 + round(127 * stroke.tone))
    inside = np.asarray(mask.reduce(2)) > 127
    cells = ndimage.distance_transform_edt(inside) - ndimage.distance_transform_edt(~inside)
    distance = ndimage.gaussian_filter(cells, 1.0) * (2 * EXTENT / CELLS)
    return Silhouette(Image.fromarray(distance.astype(np.float32)), tone.reduce(2))
