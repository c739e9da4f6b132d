"""Kitchens and bathrooms."""

import numpy as np
from numpy.random import Generator

from fcn_synthetic.rooms import finishes, furniture
from fcn_synthetic.rooms.blocks import Block, Piece, fronts, middle, onto, wood_or_white


def counter(rng: Generator) -> Piece:
    """A kitchen counter on cabinets, with a sink or a stove in it and things on it."""
    finish, w = wood_or_white(rng, finishes.HONEY), rng.uniform(1.6, 2.6)
    top = finishes.coloured(rng, 0.38)._replace(tile=finishes.GRAIN, tone=0.1)
    body = Block("cabinet", finish, middle(w), (0, 0.58), (0.0, 0.86))
    piece = [body, Block("counter", top, middle(w + 0.02), (0, 0.62), (0.86, 0.93))]
    piece += fronts("cabinet", finish, body.x, 0.58, (0.1, 0.85), columns=round(w / 0.5), rows=1)
    piece += [Block("counter", top, middle(w + 0.02), (0, 0.02), (0.93, 1.03))]
    if rng.uniform() < 0.6:
        piece += onto(basin(rng), 0.93, rng.uniform(-0.3, 0.3) * w, 0.08)
    for at in (-0.38 * w, -0.1 * w, 0.2 * w, 0.38 * w):
        if rng.uniform() < 0.5:
            kinds = (furniture.bottle, furniture.cup, furniture.microwave, furniture.carton)
            above = kinds[rng.integers(4)](rng)
            piece += onto(above, 0.93, at, rng.uniform(0.0, 0.15))
    return piece


def basin(rng: Generator, enamelled: bool = False) -> Piece:
    """A sink let into a top, its rim standing out, and the tap behind it."""
    finish, dark = finishes.enamel(rng) if enamelled else finishes.steel(rng), finishes.steel(rng)
    inside = finish._replace(colour=finish.colour * np.float32(0.75))
    return [
        Block("sink", finish, middle(0.6), (0, 0.44), (0, 0.03)),
        Block("sink", inside, middle(0.5), (0.05, 0.39), (0, 0.032)),
        Block("faucet", dark, middle(0.04), (0, 0.04), (0, 0.26)),
        Block("faucet", dark, middle(0.04), (0, 0.18), (0.22, 0.26)),
    ]


def stove(rng: Generator) -> Piece:
    finish = finishes.white(rng) if rng.uniform() < 0.5 else finishes.steel(rng)
    dark = finishes.black(rng)
    return [
        Block("stove", finish, middle(0.6), (0, 0.6), (0, 0.92)),
        Block("stove", dark, middle(0.46), (0.6, 0.62), (0.3, 0.7)),
        Block("stove", dark, middle(0.54), (0.06, 0.54), (0.92, 0.94)),
        Block("stove", finish, middle(0.6), (0, 0.05), (0.92, 1.1)),
    ]


def refridgerator(rng: Generator) -> Piece:
    finish = finishes.steel(rng) if rng.uniform() < 0.35 else finishes.white(rng)
    w, top, split = rng.uniform(0.6, 0.85), rng.uniform(1.6, 1.9), rng.uniform(0.9, 1.2)
    body = Block("refridgerator", finish, middle(w), (0, 0.68), (0, top))
    low = fronts("refridgerator", finish, body.x, 0.68, (0.06, split), columns=1, rows=1)
    high = fronts("refridgerator", finish, body.x, 0.68, (split, top), columns=1, rows=1)
    handle = Block(
        "refridgerator", finishes.steel(rng), (w / 2 - 0.1, w / 2 - 0.06), (0.7, 0.74), (0.8, 1.5)
    )
    return [body, *low, *high, handle]


def toilet(rng: Generator) -> Piece:
    finish = finishes.enamel(rng)
    return [
        Block("toilet", finish, middle(0.42), (0, 0.2), (0.36, 0.78)),
        Block("toilet", finish, middle(0.24), (0.1, 0.6), (0, 0.34)),
        Block("toilet", finish, middle(0.38), (0.18, 0.68), (0.3, 0.43)),
    ]


def vanity(rng: Generator) -> Piece:
    """A sink on a cabinet."""
    finish, w = wood_or_white(rng, finishes.HONEY), rng.uniform(0.7, 1.1)
    body = Block("cabinet", finish, middle(w), (0, 0.5), (0.0, 0.78))
    top = Block("counter", finishes.white(rng), middle(w + 0.04), (0, 0.53), (0.78, 0.83))
    plates = fronts("cabinet", finish, body.x, 0.5, (0.08, 0.78), columns=2, rows=1)
    return [body, top, *plates, *onto(basin(rng, enamelled=True), 0.83, 0, 0.04)]


def pedestal(rng: Generator) -> Piece:
    finish = finishes.enamel(rng)
    foot = Block("sink", finish, middle(0.2), (0.05, 0.25), (0, 0.68))
    bowl = Block("sink", finish, middle(0.56), (0, 0.45), (0.66, 0.82))
    return [foot, bowl, *onto(basin(rng, enamelled=True), 0.82, 0, 0)]


def bathtub(rng: Generator) -> Piece:
    finish, w, deep, top = finishes.enamel(rng), rng.uniform(1.4, 1.7), 0.72, rng.uniform(0.5, 0.6)
    t = 0.09
    piece = [
        Block("bathtub", finish, middle(w), (0, deep), (0, 0.15)),
        Block("bathtub", finish, middle(w), (0, t), (0, top)),
        Block("bathtub", finish, middle(w), (deep - t, deep), (0, top)),
        Block("bathtub", finish, (-w / 2, -w / 2 + t), (0, deep), (0, top)),
        Block("bathtub", finish, (w / 2 - t, w / 2), (0, deep), (0, top)),
    ]
    if rng.uniform() < 0.6:
        width, side = rng.uniform(0.3, 0.6) * w, rng.choice([-1, 1])
        x = (-w / 2, -w / 2 + width) if side < 0 else (w / 2 - width, w / 2)
        hung = finishes.folds(rng, 0.48)
        piece += [Block("shower curtain", hung, x, (deep - 0.06, deep + 0.02), (0.25, 2.0))]
    return piece


def towel(rng: Generator) -> Piece:
    low = rng.uniform(0.8, 1.1)
    w = rng.uniform(0.5, 0.8)
    return [Block("towel", finishes.cloth(rng, 0.95), middle(w), (0, 0.07), (low, low + 0.8))]


def toilet_paper(rng: Generator) -> Piece:
    return [Block("toilet paper", finishes.white(rng), middle(0.13), (0, 0.13), (0.6, 0.73))]
