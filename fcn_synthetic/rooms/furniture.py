"""Movable furniture: beds, chairs, tables, cabinets, and the things on them."""

import numpy as np
from numpy.random import Generator

from fcn_synthetic.rooms import finishes
from fcn_synthetic.rooms.blocks import Block, Piece, fronts, legs, middle, onto, wood_or_white
from fcn_synthetic.rooms.finishes import Finish, Tone


def lamp(rng: Generator) -> Piece:
    shade = finishes.cloth(rng, 0.13)._replace(tile=finishes.GRAIN, tone=0.02)
    shade = shade._replace(colour=np.minimum(shade.colour * np.float32(1.5), 255))
    height = rng.uniform(0.35, 0.55)
    foot = Block("lamp", finishes.steel(rng), middle(0.06), (0.12, 0.18), (0, height))
    return [foot, Block("lamp", shade, middle(0.28), (0.02, 0.3), (height - 0.2, height + 0.05))]


def floor_lamp(rng: Generator) -> Piece:
    foot, shade = lamp(rng)
    rise = rng.uniform(1.0, 1.2)
    foot = foot._replace(z=(0, foot.z[1] + rise))
    return [foot, shade._replace(z=(shade.z[0] + rise, shade.z[1] + rise))]


def _small(name: str, finish: Finish, w: float, d: float, h: float) -> Piece:
    return [Block(name, finish, middle(w), (0.05, 0.05 + d), (0, h))]


def bottle(rng: Generator) -> Piece:
    return _small("bottle", finishes.coloured(rng, 0.33), 0.08, 0.08, rng.uniform(0.2, 0.32))


def cup(rng: Generator) -> Piece:
    return _small("cup", finishes.coloured(rng), 0.09, 0.09, 0.11)


def books(rng: Generator) -> Piece:
    return _small("books", finishes.spines(rng), rng.uniform(0.2, 0.45), 0.18, 0.24)


def papers(rng: Generator) -> Piece:
    return _small("paper", finishes.white(rng), rng.uniform(0.22, 0.4), 0.3, 0.012)


def laptop(rng: Generator) -> Piece:
    dark = finishes.black(rng)
    base = Block("laptop", finishes.steel(rng), middle(0.34), (0.1, 0.34), (0, 0.03))
    return [base, Block("laptop", dark, middle(0.34), (0.07, 0.1), (0.0, 0.25))]


def monitor(rng: Generator) -> Piece:
    dark = finishes.black(rng)
    return [
        Block("monitor", dark, middle(0.5), (0.1, 0.15), (0.1, 0.44)),
        Block("monitor", dark, middle(0.2), (0.05, 0.22), (0, 0.1)),
        Block("keyboard", dark, middle(0.42), (0.34, 0.48), (0, 0.025)),
    ]


def plant(rng: Generator) -> Piece:
    pot = Block("flower pot", finishes.coloured(rng, 0.04), middle(0.24), (0.1, 0.34), (0, 0.25))
    leaves = finishes.cloth(rng, 0.31)._replace(tile=finishes.GRAIN, tone=0.3, along=90, upward=90)
    high = rng.uniform(0.25, 0.6)
    low = Block("plant", leaves, middle(0.3), (0.07, 0.37), (0.25, 0.25 + high * 0.5))
    return [pot, low, Block("plant", leaves, middle(0.44), (0.02, 0.42), (0.4, 0.3 + high))]


def television(rng: Generator) -> Piece:
    w = rng.uniform(0.9, 1.4)
    screen = Block("television", finishes.black(rng), middle(w), (0.1, 0.18), (0.05, 0.6 * w))
    return [screen, Block("television", finishes.black(rng), middle(0.4), (0.05, 0.3), (0, 0.05))]


def microwave(rng: Generator) -> Piece:
    front = Block("microwave", finishes.black(rng), (-0.22, 0.1), (0.35, 0.37), (0.05, 0.25))
    return [Block("microwave", finishes.white(rng), middle(0.5), (0.05, 0.35), (0, 0.29)), front]


def carton(rng: Generator) -> Piece:
    finish = finishes.wood(rng, finishes.HONEY)._replace(tile=finishes.GRAIN, tone=0.03)
    w, d, h = rng.uniform(0.35, 0.7, size=3)
    return _small("box", finish, w, d, h)


def bag(rng: Generator) -> Piece:
    finish = finishes.cloth(rng, 0.68)
    w, d, h = rng.uniform(0.4, 0.6), rng.uniform(0.2, 0.35), rng.uniform(0.35, 0.6)
    return [
        *_small("bag", finish, w, d, h),
        Block("bag", finish, middle(w * 0.5), (0.05 + d * 0.4, 0.05 + d * 0.6), (h, h + 0.14)),
    ]


def bin(rng: Generator) -> Piece:
    finish = finishes.steel(rng) if rng.uniform() < 0.5 else finishes.coloured(rng)
    return _small("garbage bin", finish, 0.3, 0.3, rng.uniform(0.35, 0.6))


def ottoman(rng: Generator) -> Piece:
    return _small("ottoman", finishes.cloth(rng, 0.22), rng.uniform(0.5, 0.8), 0.5, 0.42)


def stool(rng: Generator) -> Piece:
    finish = finishes.wood(rng)
    top = Block("stool", finish, middle(0.36), (0, 0.36), (0.55, 0.6))
    return [top, *legs("stool", finish, 0.34, (0.01, 0.35), 0.55, 0.04)]


def bed(rng: Generator) -> Piece:
    frame = finishes.wood(rng, finishes.WALNUT)
    sheet, cover = finishes.cloth(rng, 0.6), finishes.cloth(rng, 0.6)
    w, top = rng.uniform(1.0, 1.8), rng.uniform(0.45, 0.6)
    full, start = middle(w), rng.uniform(0.5, 1.0)
    piece = [
        Block("bed", frame, full, (0, 0.07), (0, rng.uniform(0.7, 1.15))),
        Block("bed", frame, full, (0.07, 2.0), (0, top - 0.22)),
        Block("bed", sheet, middle(w - 0.04), (0.07, 1.98), (top - 0.22, top)),
        Block("bed", cover, middle(w + 0.04), (start, 2.03), (top - 0.25, top + 0.03)),
    ]
    for at in (-w / 4, w / 4) if w > 1.3 else (0.0,):
        soft = finishes.white(rng) if rng.uniform() < 0.6 else finishes.cloth(rng, 0.14)
        piece += [Block("pillow", soft, middle(0.6, at), (0.1, 0.55), (top, top + 0.2))]
    if rng.uniform() < 0.4:
        piece += onto(clothes(rng), top + 0.03, rng.uniform(-0.2, 0.2), rng.uniform(1.0, 1.4))
    return piece


def clothes(rng: Generator) -> Piece:
    return [
        Block("clothes", finishes.cloth(rng, 0.37), middle(0.7), (0, 0.55), (0, 0.12)),
        Block("clothes", finishes.cloth(rng, 0.37), middle(0.5, 0.1), (0.05, 0.45), (0.12, 0.24)),
    ]


def night_stand(rng: Generator) -> Piece:
    finish = wood_or_white(rng, finishes.MAHOGANY)
    w, top = rng.uniform(0.4, 0.55), rng.uniform(0.5, 0.65)
    body = Block("night stand", finish, middle(w), (0, 0.42), (0, top))
    plates = fronts("night stand", finish, body.x, 0.42, (0.05, top), columns=1, rows=2)
    above = (lamp, lamp, books, cup)[rng.integers(4)](rng)
    return [body, *plates, *onto(above, top, 0.0, 0.05)]


def dresser(rng: Generator) -> Piece:
    finish = wood_or_white(rng, finishes.MAHOGANY)
    w, top = rng.uniform(0.9, 1.5), rng.uniform(0.75, 1.1)
    body = Block("dresser", finish, middle(w), (0, 0.5), (0, top))
    plates = fronts("dresser", finish, body.x, 0.5, (0.05, top), columns=2, rows=3)
    above = (television, carton, books, lamp, plant)[rng.integers(5)](rng)
    return [body, *plates, *onto(above, top, rng.uniform(-0.2, 0.2), 0.05)]


def cabinet(rng: Generator) -> Piece:
    return _closed(rng, "cabinet", rng.uniform(0.7, 1.3), 0.45, rng.uniform(0.9, 2.0))


def wardrobe(rng: Generator) -> Piece:
    return _closed(
        rng, "wardrobe", rng.uniform(0.9, 1.4), 0.6, rng.uniform(1.9, 2.2), finishes.SAGE
    )


def filing_cabinet(rng: Generator) -> Piece:
    finish = finishes.steel(rng) if rng.uniform() < 0.5 else finishes.white(rng)
    top = rng.uniform(0.7, 1.3)
    body = Block("cabinet", finish, middle(0.5), (0, 0.6), (0, top))
    above = (papers, carton, plant)[rng.integers(3)](rng)
    plates = fronts("cabinet", finish, body.x, 0.6, (0.05, top), columns=1, rows=3)
    return [body, *plates, *onto(above, top, 0, 0.05)]


def _closed(
    rng: Generator, name: str, w: float, deep: float, top: float, tone: Tone = finishes.HONEY
) -> Piece:
    finish = wood_or_white(rng, tone)
    body = Block(name, finish, middle(w), (0, deep), (0, top))
    return [body, *fronts(name, finish, body.x, deep, (0.08, top), columns=2, rows=1)]


def wall_cabinet(rng: Generator) -> Piece:
    piece = _closed(rng, "cabinet", rng.uniform(0.7, 1.5), 0.33, 0.7)
    return onto(piece, rng.uniform(1.4, 1.5), 0, 0)


def chair(rng: Generator) -> Piece:
    frame = finishes.wood(rng)
    soft = finishes.cloth(rng, 0.78) if rng.uniform() < 0.85 else frame
    w, back = rng.uniform(0.42, 0.5), rng.uniform(0.85, 1.0)
    return [
        Block("chair", soft, middle(w), (0, 0.45), (0.41, 0.47)),
        Block("chair", soft, middle(w), (0, 0.05), (0.6, back)),
        *legs("chair", frame, w, (0, 0.45), 0.41, 0.045),
        Block("chair", frame, (-w / 2, -w / 2 + 0.045), (0, 0.045), (0.41, back)),
        Block("chair", frame, (w / 2 - 0.045, w / 2), (0, 0.045), (0.41, back)),
    ]


def sofa(rng: Generator) -> Piece:
    finish = finishes.cloth(rng, 0.0)
    w, arm = rng.uniform(1.3, 2.2), rng.uniform(0.15, 0.25)
    piece = [
        Block("sofa", finish, middle(w), (0.1, 0.85), (0.05, 0.42)),
        Block("sofa", finish, middle(w), (0, 0.25), (0.05, rng.uniform(0.75, 0.95))),
        Block("sofa", finish, (-w / 2, -w / 2 + arm), (0, 0.87), (0.05, 0.62)),
        Block("sofa", finish, (w / 2 - arm, w / 2), (0, 0.87), (0.05, 0.62)),
    ]
    for at in (-0.3 * w, 0.3 * w):
        if rng.uniform() < 0.6:
            soft = finishes.cloth(rng, 0.14)
            piece += [Block("pillow", soft, middle(0.48, at), (0.25, 0.42), (0.42, 0.86))]
    return piece


def coffee_table(rng: Generator) -> Piece:
    return _table(rng, "coffee table", rng.uniform(0.8, 1.2), 0.55, rng.uniform(0.38, 0.46))


def table(rng: Generator) -> Piece:
    return _table(rng, "table", rng.uniform(1.0, 1.8), rng.uniform(0.75, 0.95), 0.74)


def _table(rng: Generator, name: str, w: float, deep: float, top: float) -> Piece:
    finish = wood_or_white(rng, finishes.OAK)
    piece = [Block(name, finish, middle(w), (0, deep), (top - 0.07, top))]
    piece += legs(name, finish, w - 0.06, (0.03, deep - 0.03), top - 0.05, 0.06)
    for at in (-0.3 * w, 0.0, 0.3 * w):
        if rng.uniform() < 0.5:
            above = (books, cup, bottle, papers, laptop, plant)[rng.integers(6)](rng)
            piece += onto(above, top, at, rng.uniform(0, deep - 0.45))
    return piece
