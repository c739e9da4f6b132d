"""Masks of shapes that were drawn with labelme: a JSON file for each image."""

import base64
import binascii
import json
from collections.abc import Mapping
from math import dist
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from pydantic import BaseModel, Field, FiniteFloat, ValidationError

from fcnlib.config.schema_base import suggestion
from fcnlib.core.errors import InputError, first_problem
from fcnlib.core.reading import read_bytes
from fcnlib.datasets import images
from fcnlib.datasets.images import VOID

SUFFIX = ".json"
IGNORED = "__ignore__"  # labelme's own name of what is void
BACKGROUNDS = ("_background_", "background")  # what no shape covers, if it is a class
LINE, POINT = 10, 5  # pixels: the width of lines and the radius of points, as labelme draws them
Side = Annotated[int, Field(ge=1, le=30_000)]
Point = tuple[FiniteFloat, FiniteFloat]


class Shape(BaseModel):
    """A shape and its class."""

    label: str
    points: Annotated[list[Point], Field(min_length=1)]
    shape_type: Literal["polygon", "rectangle", "circle", "line", "linestrip", "point", "mask"] = (
        "polygon"
    )
    mask: str | None = None  # of a shape that is one: a PNG in base 64


class Drawing(BaseModel):
    """What is read of a file of labelme."""

    shapes: list[Shape]
    imageHeight: Side  # noqa: N815
    imageWidth: Side  # noqa: N815


def labelme_mask(path: Path, label_of: Mapping[str, int]) -> NDArray[np.uint8]:
    """The labels [H, W] of a file of labelme: later shapes cover earlier ones.

    Args:
        path: The file.
        label_of: The label of each class; what no shape covers is background, if there is such a
            class, and else void.
    """
    drawing = _read(path)
    around = next((label_of[name] for name in BACKGROUNDS if name in label_of), VOID)
    mask = Image.new("L", (drawing.imageWidth, drawing.imageHeight), around)
    known = {IGNORED: VOID, **label_of}
    for number, shape in enumerate(drawing.shapes):
        place = f"{path}: shapes.{number}"
        if shape.label not in known:
            hint = suggestion(shape.label, label_of)
            raise InputError(f"{place}.label: {shape.label[:40]!r} is no class; {hint}")
        _draw(mask, shape, known[shape.label], place)
    return np.array(mask)


def names_in(path: Path) -> list[str]:
    """The class of each shape of a file of labelme."""
    return [shape.label for shape in _read(path).shapes if shape.label != IGNORED]


def _read(path: Path) -> Drawing:
    try:
        return Drawing.model_validate(json.loads(read_bytes(path)))
    except ValidationError as error:
        raise InputError(f"{path}: {first_problem(error)}; expected a file of labelme") from None
    except (ValueError, RecursionError):
        raise InputError(f"{path}: no JSON; expected a file of labelme") from None


def _draw(mask: Image.Image, shape: Shape, label: int, place: str) -> None:
    """Draw a shape as labelme does when it exports."""
    draw, points = ImageDraw.Draw(mask), shape.points
    wanted = {"polygon": 3, "rectangle": 2, "circle": 2, "line": 2, "linestrip": 2, "mask": 2}
    if len(points) < wanted.get(shape.shape_type, 1):
        raise InputError(f"{place}.points: {len(points)}; expected more of a {shape.shape_type}")
    (x, y), (right, bottom) = points[0], points[-1]
    if shape.shape_type == "polygon":
        draw.polygon(points, fill=label, outline=label)
    elif shape.shape_type == "rectangle":
        corners = (min(x, right), min(y, bottom), max(x, right), max(y, bottom))
        draw.rectangle(corners, fill=label, outline=label)
    elif shape.shape_type in ("circle", "point"):
        radius = dist(*points[:2]) if shape.shape_type == "circle" else POINT
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=label, outline=label)
    elif shape.shape_type == "mask":
        stencil = images.read_image(_decoded(shape.mask or "", place), f"{place}.mask")
        if len(stencil.getbands()) > 1:
            raise InputError(f"{place}.mask: of {stencil.mode}; expected a PNG of one channel")
        covered = Image.fromarray(np.asarray(stencil) != 0)  # as labelme writes 0 and 1
        mask.paste(label, (round(x), round(y)), covered)
    else:
        draw.line(points, fill=label, width=LINE)


def _decoded(text: str, place: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise InputError(f"{place}.mask: not in base 64; expected a PNG") from None
