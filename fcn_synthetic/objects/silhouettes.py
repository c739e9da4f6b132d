"""Each class as two maps, distance to its outline and tone, from which any size is sampled."""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from fcn_synthetic.objects.creatures import CREATURES
from fcn_synthetic.objects.household import HOUSEHOLD
from fcn_synthetic.objects.props import PROPS
from fcn_synthetic.objects.shapes import Part, Point
from fcn_synthetic.objects.vehicles import VEHICLES

SHAPES = dict(sorted({**CREATURES, **HOUSEHOLD, **VEHICLES}.items()))  # in VOC's order
THICKENING = 0.11  # every outline part grows by this, so that a coarse grid can still see it
EXTENT = 1.25  # a map covers -EXTENT .. EXTENT
CELLS = 256  # a side of a map
DRAWN_AT = 2 * CELLS


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


def _draw(draw: ImageDraw.ImageDraw, part: Part, thickening: float, fill: int) -> None:
    scale = DRAWN_AT / (2 * EXTENT)
    outline = _smooth(part.points) if part.kind == "blob" else np.array(part.points)
    points = [(float(x), float(y)) for x, y in (outline + EXTENT) * scale]
    if part.kind != "line":
        draw.polygon(points, fill=fill)
        points.append(points[0])
    radius = (part.width / 2 + thickening) * scale
    if radius > 0:
        draw.line(points, fill=fill, width=round(2 * radius))
        for x, y in points:  # round ends and joints
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)


@cache
def silhouette(name: str) -> Silhouette:
    """The maps of a class or a prop, CELLS x CELLS, from which an object of any size is sampled."""
    mask = Image.new("L", (DRAWN_AT, DRAWN_AT))
    tone = Image.new("L", (DRAWN_AT, DRAWN_AT), 128)
    # A window or a bench is a prop; no prop has the name of one of the twenty classes.
    outline, marks = SHAPES[name] if name in SHAPES else PROPS[name].shape
    for part in outline:
        _draw(ImageDraw.Draw(mask), part, THICKENING, 255)
        _draw(ImageDraw.Draw(tone), part, THICKENING, 128 + round(127 * part.tone))
    for part in marks:
        _draw(ImageDraw.Draw(tone), part, 0.0, 128 + round(127 * part.tone))
    inside = np.asarray(mask.reduce(2)) > 127
    cells = ndimage.distance_transform_edt(inside) - ndimage.distance_transform_edt(~inside)
    distance = ndimage.gaussian_filter(cells, 1.0) * (2 * EXTENT / CELLS)
    return Silhouette(Image.fromarray(distance.astype(np.float32)), tone.reduce(2))
