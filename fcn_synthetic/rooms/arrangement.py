"""Furnished rooms of five kinds, each with its own furniture.

The camera stands near the wall y = 0 and faces along y, so most furniture is at the other walls.
"""

import math
from typing import NamedTuple

from numpy.random import Generator

from fcn_synthetic.rooms import finishes, fixtures, furniture, plumbing
from fcn_synthetic.rooms.blocks import Maker, Piece
from fcn_synthetic.rooms.finishes import Finish
from fcn_synthetic.rooms.raycast import Placed

Bounds = tuple[float, float, float, float, float, float]  # x, y, z from; x, y, z to
TRIES = 16


class Kind(NamedTuple):
    """Ranges of size in metres, and pieces with the probability that each is tried."""

    width: tuple[float, float]
    length: tuple[float, float]
    walls: tuple[tuple[Maker, float], ...]  # along the walls, the first ones first
    floor: tuple[tuple[Maker, float], ...]  # anywhere


class Room(NamedTuple):
    kind: str
    size: tuple[float, float, float]
    shell: tuple[Finish, Finish, Finish]  # wall, floor, ceiling
    placed: list[Placed]
    position: tuple[float, float, float]  # of the camera


# The usual hue of walls and of floors, and the probability of a wooden floor.
SHELLS = {
    "bathroom": (0.5, 0.55, 0.0),
    "bedroom": (0.78, 0.07, 0.3),
    "kitchen": (0.15, 0.04, 0.1),
    "living_room": (0.07, 0.1, 0.6),
    "office": (0.6, 0.6, 0.15),
}
_CLUTTER = ((furniture.carton, 0.3), (furniture.bag, 0.3), (furniture.bin, 0.2))

ROOM_KINDS = {
    "bathroom": Kind(
        (2.2, 3.0),
        (2.4, 3.2),
        (
            (plumbing.bathtub, 0.85),
            (plumbing.toilet, 0.95),
            (plumbing.towel, 0.8),
            (plumbing.vanity, 0.5),
            (plumbing.pedestal, 0.4),
            (fixtures.mirror, 0.9),
            (plumbing.towel, 0.5),
            (plumbing.toilet_paper, 0.3),
            (fixtures.window, 0.2),
            (fixtures.door, 0.2),
        ),
        ((fixtures.floor_mat, 0.8), (furniture.bin, 0.2), (furniture.stool, 0.15)),
    ),
    "bedroom": Kind(
        (3.0, 4.0),
        (3.2, 4.2),
        (
            (furniture.bed, 1.0),
            (fixtures.curtained, 0.8),
            (furniture.dresser, 0.8),
            (furniture.night_stand, 0.8),
            (fixtures.picture, 0.6),
            (furniture.wardrobe, 0.5),
            (fixtures.mirror, 0.3),
            (fixtures.door, 0.3),
            (furniture.night_stand, 0.5),
        ),
        (
            (fixtures.floor_mat, 0.6),
            (furniture.clothes, 0.5),
            (fixtures.person, 0.08),
            *_CLUTTER,
        ),
    ),
    "kitchen": Kind(
        (2.8, 3.6),
        (2.9, 3.8),
        (
            (plumbing.counter, 1.0),
            (plumbing.refridgerator, 0.95),
            (furniture.wall_cabinet, 0.9),
            (plumbing.stove, 0.6),
            (furniture.wall_cabinet, 0.7),
            (plumbing.counter, 0.4),
            (fixtures.door, 0.3),
            (fixtures.window, 0.3),
            (plumbing.towel, 0.2),
            (fixtures.wall_clock, 0.4),
            (fixtures.shelves, 0.3),
        ),
        (
            (furniture.table, 0.9),
            (furniture.chair, 0.6),
            (furniture.stool, 0.3),
            (fixtures.person, 0.1),
            *_CLUTTER,
        ),
    ),
    "living_room": Kind(
        (3.2, 4.2),
        (3.2, 4.4),
        (
            (furniture.sofa, 1.0),
            (fixtures.tv_stand, 0.8),
            (fixtures.bookshelf, 0.9),
            (fixtures.curtained, 0.7),
            (fixtures.picture, 0.7),
            (furniture.floor_lamp, 0.6),
            (fixtures.fireplace, 0.3),
            (fixtures.tray_table, 0.4),
            (furniture.plant, 0.5),
            (fixtures.picture, 0.6),
            (fixtures.shelves, 0.3),
        ),
        (
            (furniture.coffee_table, 0.7),
            (fixtures.floor_mat, 0.6),
            (furniture.ottoman, 0.3),
            (fixtures.person, 0.1),
            *_CLUTTER,
        ),
    ),
    "office": Kind(
        (2.9, 4.0),
        (3.0, 4.2),
        (
            (fixtures.desk, 1.0),
            (fixtures.whiteboard, 0.85),
            (fixtures.blinded, 0.7),
            (fixtures.door, 0.7),
            (fixtures.bookshelf, 0.7),
            (furniture.filing_cabinet, 0.5),
            (fixtures.shelves, 0.6),
            (fixtures.desk, 0.5),
            (fixtures.wall_clock, 0.3),
        ),
        (
            (furniture.chair, 1.0),
            (furniture.table, 0.4),
            (furniture.chair, 0.6),
            (fixtures.person, 0.3),
            *_CLUTTER,
        ),
    ),
}


class _FloorPlan:
    """The pieces placed so far, and the space that they take."""

    def __init__(self, size: tuple[float, float, float], taken: Bounds) -> None:
        self.size, self.taken = size, [taken]
        self.placed: list[Placed] = []

    def place(self, piece: Piece, x: float, y: float, z: float, cos: float, sin: float) -> bool:
        """Place the piece; False if it would leave the room or overlap another."""
        item = Placed(piece, x, y, z, cos, sin)
        bounds = _bounds(item)
        inside = all(
            low > -0.01 and high < side + 0.01
            for low, high, side in zip(bounds[:3], bounds[3:], self.size, strict=True)
        )
        if not inside or any(_overlap(bounds, other) for other in self.taken):
            return False
        self.placed.append(item)
        self.taken.append(bounds)
        return True

    def place_at_wall(self, rng: Generator, piece: Piece) -> None:
        """Place the piece with its back to the far wall mostly, or to one at the sides."""
        width, length, _ = self.size
        half = max(max(b.x[1] for b in piece), -min(b.x[0] for b in piece)) + 0.03
        for _ in range(TRIES):
            wall = rng.uniform()
            end = (width if wall < 0.7 else length) - half
            if end <= half:
                continue
            at = rng.uniform(half, end)
            if wall < 0.7:
                pose = (at, length, 0.0, -1.0, 0.0)
            else:
                pose = (0.0, at, 0.0, 0.0, -1.0) if wall < 0.85 else (width, at, 0.0, 0.0, 1.0)
            if self.place(piece, *pose):
                return

    def place_on_floor(self, rng: Generator, piece: Piece) -> None:
        """Place the piece anywhere but close to the camera, at any angle."""
        for _ in range(TRIES):
            angle = rng.uniform(0, 2 * math.pi)
            x, y = rng.uniform(0.2, self.size[0] - 0.2), rng.uniform(1.2, self.size[1] - 0.2)
            if self.place(piece, x, y, 0.0, math.cos(angle), math.sin(angle)):
                return


def furnish_room(rng: Generator, name: str) -> Room:
    """A room of a kind, whose pieces overlap neither each other nor the camera."""
    kind = ROOM_KINDS[name]
    size = rng.uniform(*kind.width), rng.uniform(*kind.length), rng.uniform(2.4, 2.9)
    x, y, z = rng.uniform(0.3, 0.7) * size[0], rng.uniform(0.2, 0.5), rng.uniform(1.2, 1.7)
    plan = _FloorPlan(size, (x - 0.45, 0.0, 0.0, x + 0.45, y + 0.9, size[2]))
    if rng.uniform() < 0.6:
        lit = rng.uniform(0.3, 0.7) * size[0], rng.uniform(0.4, 0.8) * size[1]
        plan.place(fixtures.ceiling_light(rng), *lit, size[2], 1.0, 0.0)
    for maker, probability in kind.walls:
        if rng.uniform() < probability:
            plan.place_at_wall(rng, maker(rng))
    for maker, probability in kind.floor:
        if rng.uniform() < probability:
            plan.place_on_floor(rng, maker(rng))
    return Room(name, size, _shell(rng, name), plan.placed, (x, y, z))


def _shell(rng: Generator, kind: str) -> tuple[Finish, Finish, Finish]:
    is_tiled = kind in ("bathroom", "kitchen")
    above, below, wooden = SHELLS[kind]
    wall = finishes.pale(rng, above)
    if kind == "bathroom" and rng.uniform() < 0.5:
        wall = wall._replace(tile=finishes.JOINTS, along=64, upward=64, tone=0.05)
    if rng.uniform() < wooden:
        floor = finishes.wood(rng, finishes.OAK)
    else:
        floor = finishes.tiled(rng, below) if is_tiled else finishes.carpet(rng, below)
    return wall, floor, finishes.white(rng)


def _bounds(item: Placed) -> Bounds:
    x0, x1 = min(b.x[0] for b in item.piece), max(b.x[1] for b in item.piece)
    y0, y1 = min(b.y[0] for b in item.piece), max(b.y[1] for b in item.piece)
    corners = [(x, y) for x in (x0, x1) for y in (y0, y1)]
    across = [item.x + item.cos * x - item.sin * y for x, y in corners]
    along = [item.y + item.sin * x + item.cos * y for x, y in corners]
    low, high = min(b.z[0] for b in item.piece), max(b.z[1] for b in item.piece)
    return min(across), min(along), item.z + low, max(across), max(along), item.z + high


def _overlap(one: Bounds, other: Bounds) -> bool:
    return all(one[k] < other[k + 3] - 0.005 and other[k] < one[k + 3] - 0.005 for k in range(3))
