"""Blocks, of which all furniture is made, in metres: x along the wall behind, y out of it, z up.

Each has the name that NYUDv2's annotators would give it. `POOLED` maps names without a class of
their own to one of the 40.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from fcn_synthetic.rooms import finishes
from fcn_synthetic.rooms.finishes import Finish, Tone

Span = tuple[float, float]


class Block(NamedTuple):
    name: str
    finish: Finish
    x: Span
    y: Span
    z: Span


Piece = list[Block]
Maker = Callable[[Generator], Piece]

POOLED = {
    **dict.fromkeys(("door frame", "fireplace", "light", "stove"), "otherstructure"),
    **dict.fromkeys(
        ("coffee table", "garbage bin", "ottoman", "tv stand", "wardrobe"), "otherfurniture"
    ),
    **dict.fromkeys(
        ("bottle", "clock", "cup", "faucet", "flower pot", "keyboard", "laptop", "microwave"),
        "otherprop",
    ),
    **dict.fromkeys(("monitor", "plant", "stool", "toilet paper"), "otherprop"),
}


def middle(width: float, at: float = 0.0) -> Span:
    return at - width / 2, at + width / 2


def legs(name: str, finish: Finish, w: float, y: Span, top: float, thick: float = 0.05) -> Piece:
    sides = ((-w / 2, -w / 2 + thick), (w / 2 - thick, w / 2))
    ends = ((y[0], y[0] + thick), (y[1] - thick, y[1]))
    return [Block(name, finish, x, end, (0, top)) for x in sides for end in ends]


def fronts(
    name: str, finish: Finish, x: Span, y: float, z: Span, *, columns: int, rows: int
) -> Piece:
    """Doors or drawers: plates that stand out by 2 cm, with gaps between them."""
    wide, tall = (x[1] - x[0]) / columns, (z[1] - z[0]) / rows
    bright = finish._replace(colour=np.minimum(finish.colour * np.float32(1.12), 255))
    return [
        Block(
            name,
            bright,
            (x[0] + i * wide + 0.02, x[0] + (i + 1) * wide - 0.02),
            (y, y + 0.02),
            (z[0] + j * tall + 0.02, z[0] + (j + 1) * tall - 0.02),
        )
        for i in range(columns)
        for j in range(rows)
    ]


def onto(piece: Piece, top: float, at: float, out: float) -> Piece:
    """The piece moved up by `top`, along by `at` and out by `out`, to stand on another."""
    return [
        Block(b.name, b.finish, (b.x[0] + at, b.x[1] + at), (b.y[0] + out, b.y[1] + out),
              (b.z[0] + top, b.z[1] + top))
        for b in piece
    ]  # fmt: skip


def wood_or_white(rng: Generator, tone: Tone = finishes.OAK) -> Finish:
    return finishes.wood(rng, tone) if rng.uniform() < 0.9 else finishes.white(rng)
