"""What stands where: rooms of five kinds, each with its own furniture.

The camera stands near the wall y = 0 and looks up the room, so most of it lies along the others.
"""

import math
from typing import NamedTuple

from fcnlib.datasets.drawn import finishes, fixtures, furniture, plumbing
from fcnlib.datasets.drawn.blocks import Chance, Maker, Piece
from fcnlib.datasets.drawn.finishes import Finish
from fcnlib.datasets.drawn.raycast import Placed

Bounds = tuple[float, float, float, float, float, float]  # x, y, z from; x, y, z to
TRIES = 8


class Kind(NamedTuple):
    """Ranges in metres, and pieces with how often each is tried."""

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


_OPENINGS = ((fixtures.window, 0.8), (fixtures.door, 0.55))
_CLUTTER = ((furniture.carton, 0.35), (furniture.bag, 0.4), (furniture.bin, 0.3))

KINDS = {
    "bathroom": Kind(
        (2.2, 3.2),
        (2.6, 3.6),
        (
            (plumbing.bathtub, 0.85),
            (fixtures.door, 0.3),
            (fixtures.window, 0.3),
            (plumbing.toilet, 0.9),
            (plumbing.vanity, 0.55),
            (plumbing.pedestal, 0.45),
            (fixtures.mirror, 0.9),
            (plumbing.towel, 0.8),
            (plumbing.toilet_paper, 0.6),
            (plumbing.towel, 0.4),
            (fixtures.picture, 0.2),
        ),
        ((fixtures.floor_mat, 0.7), (furniture.bin, 0.4), (furniture.stool, 0.15)),
    ),
    "bedroom": Kind(
        (3.2, 4.8),
        (3.4, 5.0),
        (
            (furniture.bed, 1.0),
            (furniture.night_stand, 0.8),
            (furniture.night_stand, 0.6),
            *_OPENINGS,
            (furniture.dresser, 0.75),
            (furniture.wardrobe, 0.4),
            (furniture.cabinet, 0.2),
            (fixtures.desk, 0.2),
            (fixtures.picture, 0.8),
            (fixtures.picture, 0.5),
            (fixtures.mirror, 0.5),
        ),
        (
            (furniture.chair, 0.4),
            (fixtures.floor_mat, 0.5),
            (furniture.clothes, 0.5),
            (fixtures.person, 0.12),
            *_CLUTTER,
        ),
    ),
    "kitchen": Kind(
        (2.8, 4.4),
        (3.0, 4.6),
        (
            (plumbing.counter, 1.0),
            (plumbing.refridgerator, 0.85),
            (plumbing.stove, 0.6),
            *_OPENINGS,
            (furniture.wall_cabinet, 0.9),
            (furniture.wall_cabinet, 0.7),
            (plumbing.counter, 0.5),
            (furniture.cabinet, 0.3),
            (plumbing.towel, 0.3),
            (fixtures.wall_clock, 0.4),
            (fixtures.shelves, 0.3),
        ),
        (
            (furniture.table, 0.6),
            (furniture.chair, 0.6),
            (furniture.chair, 0.6),
            (furniture.stool, 0.3),
            (fixtures.person, 0.15),
            (fixtures.floor_mat, 0.25),
            *_CLUTTER,
        ),
    ),
    "living_room": Kind(
        (3.4, 5.2),
        (3.6, 6.0),
        (
            (furniture.sofa, 1.0),
            (fixtures.tv_stand, 0.55),
            *_OPENINGS,
            (fixtures.bookshelf, 0.65),
            (fixtures.fireplace, 0.25),
            (furniture.sofa, 0.3),
            (fixtures.tray_table, 0.5),
            (furniture.floor_lamp, 0.6),
            (furniture.cabinet, 0.3),
            (furniture.plant, 0.5),
            (fixtures.picture, 0.8),
            (fixtures.picture, 0.6),
            (fixtures.shelves, 0.25),
        ),
        (
            (furniture.coffee_table, 0.7),
            (fixtures.floor_mat, 0.6),
            (furniture.chair, 0.3),
            (furniture.ottoman, 0.3),
            (fixtures.person, 0.2),
            *_CLUTTER,
        ),
    ),
    "office": Kind(
        (3.0, 4.6),
        (3.2, 8.0),
        (
            (fixtures.desk, 1.0),
            (fixtures.whiteboard, 0.6),
            *_OPENINGS,
            (fixtures.bookshelf, 0.6),
            (fixtures.desk, 0.6),
            (furniture.filing_cabinet, 0.7),
            (furniture.cabinet, 0.3),
            (fixtures.shelves, 0.6),
            (fixtures.picture, 0.4),
            (fixtures.wall_clock, 0.3),
        ),
        (
            (furniture.chair, 0.9),
            (furniture.table, 0.4),
            (furniture.chair, 0.6),
            (fixtures.person, 0.25),
            *_CLUTTER,
        ),
    ),
}


class _Plan:
    """Who stands where so far."""

    def __init__(self, size: tuple[float, float, float], taken: Bounds) -> None:
        self.size, self.taken = size, [taken]
        self.placed: list[Placed] = []

    def put(self, piece: Piece, x: float, y: float, z: float, cos: float, sin: float) -> bool:
        """Place the piece unless it would leave the room or stand in another."""
        item = Placed(piece, x, y, z, cos, sin)
        bounds = _bounds(item)
        inside = all(
            low > -0.01 and high < side + 0.01
            for low, high, side in zip(bounds[:3], bounds[3:], self.size, strict=True)
        )
        if not inside or any(_meet(bounds, other) for other in self.taken):
            return False
        self.placed.append(item)
        self.taken.append(bounds)
        return True

    def along_a_wall(self, rng: Chance, piece: Piece) -> None:
        """Its back to the far wall mostly, or to one of those at the sides."""
        width, length, _ = self.size
        half = max(max(b.x[1] for b in piece), -min(b.x[0] for b in piece)) + 0.03
        for _ in range(TRIES):
            wall = rng.uniform()
            end = (width if wall < 0.6 else length) - half
            if end <= half:
                continue
            at = rng.uniform(half, end)
            if wall < 0.6:
                pose = (at, length, 0.0, -1.0, 0.0)
            else:
                pose = (0.0, at, 0.0, 0.0, -1.0) if wall < 0.8 else (width, at, 0.0, 0.0, 1.0)
            if self.put(piece, *pose):
                return

    def on_the_floor(self, rng: Chance, piece: Piece) -> None:
        """Anywhere but close to the camera, turned as it may be."""
        for _ in range(TRIES):
            angle = rng.uniform(0, 2 * math.pi)
            x, y = rng.uniform(0.2, self.size[0] - 0.2), rng.uniform(1.2, self.size[1] - 0.2)
            if self.put(piece, x, y, 0.0, math.cos(angle), math.sin(angle)):
                return


def furnished(rng: Chance, name: str) -> Room:
    """A room of the named kind, its pieces clear of each other and of the camera."""
    kind = KINDS[name]
    size = rng.uniform(*kind.width), rng.uniform(*kind.length), rng.uniform(2.4, 2.9)
    x, y, z = rng.uniform(0.3, 0.7) * size[0], rng.uniform(0.2, 0.5), rng.uniform(1.2, 1.7)
    plan = _Plan(size, (x - 0.45, 0.0, 0.0, x + 0.45, y + 0.9, size[2]))
    if rng.uniform() < 0.6:
        lit = rng.uniform(0.3, 0.7) * size[0], rng.uniform(0.4, 0.8) * size[1]
        plan.put(fixtures.ceiling_light(rng), *lit, size[2], 1.0, 0.0)
    for maker, often in kind.walls:
        if rng.uniform() < often:
            plan.along_a_wall(rng, maker(rng))
    for maker, often in kind.floor:
        if rng.uniform() < often:
            plan.on_the_floor(rng, maker(rng))
    return Room(name, size, _shell(rng, name), plan.placed, (x, y, z))


def _shell(rng: Chance, kind: str) -> tuple[Finish, Finish, Finish]:
    wet = kind in ("bathroom", "kitchen")
    wall = finishes.white(rng) if rng.uniform() < 0.5 else finishes.coloured(rng, 0.12)
    if kind == "bathroom" and rng.uniform() < 0.5:
        wall = finishes.tiled(rng, 0.5)._replace(tile=finishes.JOINTS)
    soft = finishes.cloth(rng, 0.09)._replace(tile=finishes.GRAIN, tone=0.07)
    hard = finishes.tiled(rng, 0.09) if wet else finishes.wood(rng)
    return wall, soft if not wet and rng.uniform() < 0.5 else hard, finishes.white(rng)


def _bounds(item: Placed) -> Bounds:
    x0, x1 = min(b.x[0] for b in item.piece), max(b.x[1] for b in item.piece)
    y0, y1 = min(b.y[0] for b in item.piece), max(b.y[1] for b in item.piece)
    corners = [(x, y) for x in (x0, x1) for y in (y0, y1)]
    across = [item.x + item.cos * x - item.sin * y for x, y in corners]
    along = [item.y + item.sin * x + item.cos * y for x, y in corners]
    low, high = min(b.z[0] for b in item.piece), max(b.z[1] for b in item.piece)
    return min(across), min(along), item.z + low, max(across), max(along), item.z + high


def _meet(one: Bounds, other: Bounds) -> bool:
    return all(one[k] < other[k + 3] - 0.005 and other[k] < one[k + 3] - 0.005 for k in range(3))
