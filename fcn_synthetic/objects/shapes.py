"""The strokes of silhouettes.

Coordinates are (x, y) with y down; an object fills about -0.8 .. 0.8. A tone is -1 (black) over
0 (the object's own colour) to 1 (white), so that windows, tyres and eyes need no colour of theirs.
"""

import math
from typing import Literal, NamedTuple

Point = tuple[float, float]


class Stroke(NamedTuple):
    kind: Literal["polygon", "blob", "line"]
    points: tuple[Point, ...]
    tone: float = 0.0
    width: float = 0.0


class Shape(NamedTuple):
    outline: list[Stroke]  # thickened; later ones over earlier ones
    marks: list[Stroke]  # visible inside the outline only


WINDOW, DARK, PALE = 0.7, -0.75, 0.8


def poly(*points: Point, tone: float = 0.0) -> Stroke:
    return Stroke("polygon", points, tone)


def blob(*points: Point, tone: float = 0.0) -> Stroke:
    """A closed smooth outline through about the given points."""
    return Stroke("blob", points, tone)


def line(*points: Point, width: float = 0.06, tone: float = 0.0) -> Stroke:
    return Stroke("line", points, tone, width)


def disc(x: float, y: float, rx: float, ry: float | None = None, tone: float = 0.0) -> Stroke:
    ry = rx if ry is None else ry
    angles = [2 * math.pi * i / 28 for i in range(28)]
    return poly(*((x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles), tone=tone)


def box(left: float, top: float, right: float, bottom: float, tone: float = 0.0) -> Stroke:
    return poly((left, top), (right, top), (right, bottom), (left, bottom), tone=tone)


def boxes(top: float, bottom: float, *spans: Point, tone: float = 0.0) -> list[Stroke]:
    return [box(left, top, right, bottom, tone) for left, right in spans]


def wheel(x: float, y: float, radius: float) -> tuple[list[Stroke], list[Stroke]]:
    """The strokes of a tyre, for the outline, and of its rim and hub, for the marks."""
    return (
        [disc(x, y, radius, tone=-0.75)],
        [disc(x, y, radius * 0.72, tone=0.45), disc(x, y, radius * 0.28, tone=-0.55)],
    )


def eye(x: float, y: float, radius: float = 0.045) -> list[Stroke]:
    return [disc(x, y, radius * 1.5, tone=0.85), disc(x + 0.01, y, radius, tone=-0.95)]


def legs(top: float, bottom: float, *xs: float, width: float = 0.1) -> list[Stroke]:
    return [
        line((x, top), (x, bottom), width=width, tone=-0.3 if i % 2 else 0.0)
        for i, x in enumerate(xs)
    ]


def tyres(wheels: list[tuple[list[Stroke], list[Stroke]]]) -> list[Stroke]:
    return [stroke for outline, _ in wheels for stroke in outline]


def rims(wheels: list[tuple[list[Stroke], list[Stroke]]]) -> list[Stroke]:
    return [stroke for _, marks in wheels for stroke in marks]
