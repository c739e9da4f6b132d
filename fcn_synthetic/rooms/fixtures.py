"""Fixtures of rooms: windows, doors, pictures, shelves, desks, and persons."""

import numpy as np
from numpy.random import Generator

from fcn_synthetic.rooms import finishes, furniture
from fcn_synthetic.rooms.blocks import Block, Piece, fronts, legs, middle, onto, wood_or_white
from fcn_synthetic.rooms.finishes import Finish


def desk(rng: Generator) -> Piece:
    finish = wood_or_white(rng, finishes.BIRCH)
    w, deep, top = rng.uniform(1.1, 1.7), rng.uniform(0.6, 0.75), 0.74
    piece = [
        Block("desk", finish, middle(w), (0, deep), (top - 0.04, top)),
        Block("desk", finish, (-w / 2, -w / 2 + 0.04), (0.02, deep - 0.02), (0, top - 0.04)),
        Block("desk", finish, (w / 2 - 0.45, w / 2), (0.02, deep - 0.04), (0.05, top - 0.04)),
    ]
    drawers = (w / 2 - 0.45, w / 2)
    piece += fronts("desk", finish, drawers, deep - 0.04, (0.05, 0.7), columns=1, rows=3)
    above = (furniture.monitor, furniture.laptop)[rng.integers(2)]
    piece += onto(above(rng), top, rng.uniform(-0.15, 0.15), 0.05)
    for at in (-0.36 * w, 0.36 * w):
        beside = (furniture.lamp, furniture.books, furniture.papers, furniture.cup)
        piece += onto(beside[rng.integers(4)](rng), top, at, rng.uniform(0, deep - 0.4))
    return piece


def bookshelf(rng: Generator) -> Piece:
    finish = wood_or_white(rng, finishes.WALNUT)
    w, top, deep, t = rng.uniform(0.8, 1.3), rng.uniform(1.5, 2.1), 0.3, 0.03
    piece = [
        Block("bookshelf", finish, middle(w), (0, 0.02), (0, top)),
        Block("bookshelf", finish, (-w / 2, -w / 2 + t), (0, deep), (0, top)),
        Block("bookshelf", finish, (w / 2 - t, w / 2), (0, deep), (0, top)),
    ]
    for z in np.linspace(0.05, top - t, int(top / 0.36) + 1).tolist():
        piece += [Block("bookshelf", finish, middle(w), (0, deep), (z, z + t))]
        if z < top - 0.3 and rng.uniform() < 0.85:
            piece += [_row_of_books(rng, w - 2 * t, z + t)]
    return piece


def _row_of_books(rng: Generator, width: float, z: float) -> Block:
    taken = width * rng.uniform(0.5, 1.0)
    start = rng.uniform(-width / 2, width / 2 - taken)
    x, y, up = (start, start + taken), (0.03, rng.uniform(0.2, 0.27)), (z, z + 0.24)
    return Block("books", finishes.spines(rng), x, y, up)


def shelves(rng: Generator) -> Piece:
    """Boards on the wall."""
    finish = wood_or_white(rng)
    w, low = rng.uniform(0.8, 1.5), rng.uniform(1.2, 1.4)
    piece: Piece = []
    for z in (low, low + 0.4):
        piece += [Block("shelves", finish, middle(w), (0, 0.26), (z, z + 0.03))]
        if rng.uniform() < 0.7:
            piece += [_row_of_books(rng, w, z + 0.03)]
        else:
            small = (furniture.bottle, furniture.cup, furniture.carton)[rng.integers(3)](rng)
            piece += onto([b for b in small if b.z[1] < 0.35], z + 0.03, 0.2, -0.05)
    return piece


def mirror(rng: Generator) -> Piece:
    w, low, h = rng.uniform(0.6, 1.2), rng.uniform(1.05, 1.25), rng.uniform(0.6, 0.9)
    frame, shine = wood_or_white(rng), finishes.reflection(rng)
    return _framed("mirror", frame, "mirror", shine, w, (low, low + h), 0.05)


def picture(rng: Generator) -> Piece:
    w, h, low = rng.uniform(0.6, 1.2), rng.uniform(0.6, 1.0), rng.uniform(1.15, 1.4)
    frame = finishes.black(rng)._replace(missing_share=0.0) if rng.uniform() < 0.4 else None
    frame = frame or wood_or_white(rng)
    return _framed("picture", frame, "picture", finishes.painting(rng), w, (low, low + h), 0.04)


def whiteboard(rng: Generator) -> Piece:
    w, frame = rng.uniform(1.2, 2.2), finishes.steel(rng)
    board = finishes.white(rng)._replace(missing_share=finishes.SHINY)
    notes = board._replace(tile=finishes.MOTTLE, along=70, upward=200, tone=0.05, chroma=14)
    return _framed("whiteboard", frame, "whiteboard", notes, w, (0.95, 2.0), 0.03)


def wall_clock(rng: Generator) -> Piece:
    frame, face = finishes.black(rng), finishes.white(rng)
    return _framed("clock", frame, "clock", face, 0.3, (1.8, 2.1), 0.03)


def _framed(
    name: str, frame: Finish, inner: str, face: Finish, w: float, z: tuple[float, float], rim: float
) -> Piece:
    frame = frame._replace(missing_share=0.0)
    inside = (z[0] + rim, z[1] - rim)
    return [
        Block(name, frame, middle(w), (0, 0.025), z),
        Block(inner, face, middle(w - 2 * rim), (0.0, 0.03), inside),
    ]


def door(rng: Generator) -> Piece:
    finish, frame = wood_or_white(rng, finishes.CREAM), wood_or_white(rng, finishes.OAK)
    w = rng.uniform(0.8, 0.95)
    panels = fronts("door", finish, middle(w), 0.05, (0.1, 1.98), columns=1, rows=2)
    return [
        Block("door frame", frame, middle(w + 0.16), (0, 0.035), (0, 2.1)),
        Block("door", finish, middle(w), (0, 0.05), (0, 2.03)),
        *panels,
        Block("door", finishes.steel(rng), (w / 2 - 0.12, w / 2 - 0.04), (0.05, 0.11), (1.0, 1.05)),
    ]


def curtained(rng: Generator) -> Piece:
    """A window, mostly behind curtains at its sides."""
    return window(rng, 0.1, 0.95)


def blinded(rng: Generator) -> Piece:
    """A window, mostly behind blinds."""
    return window(rng, 0.85, 0.95)


def window(rng: Generator, blinds: float = 0.4, curtains: float = 0.7) -> Piece:
    """A window with blinds before it or curtains at its sides, up to so often together."""
    w, low, high = rng.uniform(0.9, 1.8), rng.uniform(0.75, 1.0), rng.uniform(1.9, 2.15)
    frame, pane = finishes.white(rng), finishes.glass(rng)
    piece = [Block("window", frame, middle(w), (0, 0.03), (low, high))]
    for at in (-w / 4, w / 4):
        x = middle(w / 2 - 0.1, at)
        piece += [Block("window", pane, x, (0, 0.035), (low + 0.06, high - 0.06))]
    kind = rng.uniform()
    if kind < blinds:
        bottom = low + rng.uniform(0, 0.6) * (high - low)
        z = (bottom, high + 0.05)
        piece += [Block("blinds", finishes.slats(rng), middle(w + 0.06), (0.04, 0.07), z)]
    elif kind < curtains:
        hung, bottom = finishes.folds(rng, 0.13), (0.08 if rng.uniform() < 0.6 else low - 0.1)
        for side in (-1, 1):
            at, width = side * (w / 2 + 0.05), rng.uniform(0.4, 0.7)
            z = (bottom, high + 0.12)
            piece += [Block("curtain", hung, middle(width, at), (0.06, 0.13), z)]
    return piece


def fireplace(rng: Generator) -> Piece:
    finish, dark = finishes.tiled(rng, 0.03), finishes.black(rng)
    return [
        Block("fireplace", finish, middle(1.4), (0, 0.3), (0, 1.1)),
        Block("fireplace", dark, middle(0.8), (0.3, 0.31), (0.05, 0.7)),
        Block("fireplace", finish, middle(1.6), (0, 0.38), (1.1, 1.18)),
    ]


def tv_stand(rng: Generator) -> Piece:
    finish = wood_or_white(rng, finishes.SAGE)
    w, top = rng.uniform(1.1, 1.6), rng.uniform(0.4, 0.6)
    body = Block("tv stand", finish, middle(w), (0, 0.45), (0, top))
    plates = fronts("tv stand", finish, body.x, 0.45, (0.05, top), columns=2, rows=1)
    return [body, *plates, *onto(furniture.television(rng), top, 0, 0.05)]


def person(rng: Generator) -> Piece:
    """A standing person."""
    skin, top, legs = (finishes.cloth(rng, hue) for hue in (0.06, 0.98, 0.62))
    skin = skin._replace(tile=finishes.GRAIN, tone=0.03)
    tall = rng.uniform(0.92, 1.06)
    parts = [
        (legs, (-0.17, -0.02), (0.05, 0.22), (0, 0.85)),
        (legs, (0.02, 0.17), (0.05, 0.22), (0, 0.85)),
        (top, (-0.22, 0.22), (0.02, 0.25), (0.85, 1.42)),
        (top, (-0.31, -0.22), (0.08, 0.2), (0.85, 1.4)),
        (top, (0.22, 0.31), (0.08, 0.2), (0.85, 1.4)),
        (skin, (-0.09, 0.09), (0.05, 0.24), (1.47, 1.72)),
        (skin, (-0.05, 0.05), (0.09, 0.2), (1.42, 1.47)),
    ]
    return [
        Block("person", finish, x, y, (low * tall, high * tall))
        for finish, x, y, (low, high) in parts
    ]


def floor_mat(rng: Generator) -> Piece:
    w, deep = rng.uniform(0.9, 1.8), rng.uniform(0.7, 1.2)
    finish = finishes.cloth(rng, 0.9)
    return [Block("floor mat", finish, middle(w), (0, deep), (0, 0.015))]


def ceiling_light(rng: Generator) -> Piece:
    finish = finishes.white(rng)
    bright = finish._replace(colour=np.minimum(finish.colour * np.float32(1.6), 255), tone=0.0)
    return [Block("light", bright, middle(0.5), (0, 0.5), (-0.1, 0.0))]


def tray_table(rng: Generator) -> Piece:
    """A small side table."""
    finish = finishes.wood(rng)
    top = Block("table", finish, middle(0.5), (0, 0.5), (0.5, 0.54))
    feet = legs("table", finish, 0.46, (0.02, 0.48), 0.5, 0.04)
    return [top, *feet, *onto(furniture.lamp(rng), 0.54, 0, 0.08)]
