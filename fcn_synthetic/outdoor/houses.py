"""Houses and towers with the parts of their fronts."""

import math
from typing import NamedTuple

import numpy as np

from fcn_synthetic.objects.backdrops import Pixels, rgb
from fcn_synthetic.outdoor.layers import WHITE, Layers, wave
from fcn_synthetic.outdoor.roads import sign

FLOOR = 0.26  # height of a storey of a house that faces the viewer


def windows(view: Layers, wall: Pixels, inside: Pixels) -> None:
    """Panes, darker or bluer than the wall, with a pale frame."""
    pane = wall * np.float32(0.45) + rgb(0.58, 0.3, 0.42) * np.float32(0.4)
    frame = np.float32(0.008)
    cover = np.clip((inside + frame) * np.float32(view.side) + np.float32(0.5), 0, 1)[..., None]
    view.image[:] += (wall * np.float32(0.3) + WHITE * np.float32(0.7) - view.image) * cover
    view.paint("window", pane + np.float32(14) * view.noise(1)[..., None], inside)


def house(view: Layers, left: float, right: float, top: float, base: float) -> None:
    """A house that faces the viewer: windows, balconies, a door, sometimes an awning or sign."""
    part = view.crop(left, top, right, base)
    if part.empty:
        return
    wall = part.tint("wall")
    part.paint("building", part.surface("wall", wall), part.box(left, top, right, base))
    part.shade(0.7, part.box(right - 0.012, top, right, base))
    part.shade(1.15, part.box(left, top, right, top + 0.015))
    count = max(1, round((right - left) / view.uniform(0.2, 0.28)))
    wide, floor = (right - left) / count, base - FLOOR * 1.15
    while floor - 0.03 > top:
        for number in range(count):
            middle = left + (number + 0.5) * wide
            _upper_window(part, wall, middle, floor, wide)
        floor -= FLOOR
    entrance = int(view.rng.integers(count))
    for number in range(count):
        middle = left + (number + 0.5) * wide
        if number == entrance:
            _door(part, middle, base, min(wide * 0.3, 0.075))
        else:
            half = 0.38 * wide
            pane = part.box(middle - half, base - 0.2, middle + half, base - 0.06)
            windows(part, wall, pane)
    if view.bernoulli(0.6):
        _awning(view, left + 0.01, right - 0.01, base - 0.24)
    elif view.bernoulli(0.6):
        sign(view, (left + right) / 2, base - 0.25, min(0.35 * (right - left), 0.18), 0.035)


def _upper_window(part: Layers, wall: Pixels, middle: float, floor: float, wide: float) -> None:
    half = min(0.3 * wide, 0.07)
    pane = part.crop(middle - half - 0.03, floor - 0.2, middle + half + 0.03, floor + 0.04)
    windows(pane, wall, pane.box(middle - half, floor - 0.17, middle + half, floor - 0.005))
    if part.bernoulli(0.3):
        rail = pane.box(middle - half - 0.022, floor - 0.08, middle + half + 0.022, floor + 0.02)
        bars = wave(pane.x * np.float32(28)) * np.float32(22)
        pane.paint("balcony", wall * np.float32(0.45) + (bars + 0 * pane.y)[..., None], rail)


def _leaf(part: Layers, middle: float, base: float, half: float, tall: float) -> None:
    colour = rgb(part.uniform(0.0, 1.0), part.uniform(0.5, 0.9), part.uniform(0.25, 0.5))
    leaf = part.box(middle - half, base - tall, middle + half, base)
    part.paint("door", np.broadcast_to(colour, part.image.shape), leaf)


def _door(part: Layers, middle: float, base: float, half: float) -> None:
    _leaf(part, middle, base, half, 0.205)
    part.shade(0.72, part.box(middle - 0.008, base - 0.18, middle + 0.008, base))
    part.shade(1.4, part.box(middle - 0.7 * half, base - 0.18, middle + 0.7 * half, base - 0.135))


def _awning(view: Layers, left: float, right: float, line: float) -> None:
    """A striped roof of cloth over the shop."""
    part = view.crop(left - 0.02, line, right + 0.02, line + 0.1)
    if part.empty:
        return
    stripes = np.clip(wave(part.x * np.float32(16)) * 4, 0, 1)[..., None]
    colour = rgb(view.uniform(0, 1), 0.75, 0.75)
    cloth = np.broadcast_to(colour + (WHITE - colour) * stripes, part.image.shape)
    part.paint(
        "awning",
        cloth,
        part.convex(
            (left, line), (right, line), (right + 0.02, line + 0.09), (left - 0.02, line + 0.09)
        ),
    )


def staircase(view: Layers, middle: float, base: float, wide: float, high: float) -> None:
    """Steps up to a door."""
    part = view.crop(middle - wide, base - high, middle + wide, base)
    if part.empty:
        return
    steps = wave((part.y - np.float32(base)) / np.float32(0.035)) * np.float32(30)
    colour = part.surface("paving") * np.float32(0.9) + (steps + 0 * part.x)[..., None]
    slope = part.convex(
        (middle - 0.6 * wide, base - high),
        (middle + 0.6 * wide, base - high),
        (middle + wide, base),
        (middle - wide, base),
    )
    part.paint("staircase", colour, slope)


def barn(view: Layers, middle: float, base: float, half: float) -> None:
    """A lone house with a gable."""
    part = view.crop(middle - 1.3 * half, base - 2.2 * half, middle + 1.3 * half, base)
    if part.empty:
        return
    wall = part.tint("wall")
    eaves = base - 1.1 * half
    part.paint(
        "building", part.surface("wall", wall), part.box(middle - half, eaves, middle + half, base)
    )
    gable = part.convex(
        (middle, base - 2 * half), (middle + 1.25 * half, eaves), (middle - 1.25 * half, eaves)
    )
    part.paint("building", part.surface("wall", rgb(0.03, 0.5, 0.5)), gable)
    pane = part.box(
        middle + 0.2 * half, base - 0.85 * half, middle + 0.75 * half, base - 0.4 * half
    )
    windows(part, wall, pane)
    _leaf(part, middle - 0.4 * half, base, 0.22 * half, 0.7 * half)


class Facade(NamedTuple):
    """One house of a street, between two distances from the vanishing point's column."""

    start: float
    end: float
    roof: float  # above and below the horizon, where the distance is 1
    foot: float


def side_houses(view: Layers, horizon: float, middle: float, kerb: float) -> None:
    """Houses along a street, from its vanishing point to the picture's edge at `kerb`'s side."""
    right = kerb > middle
    reach = (1 - middle) if right else middle
    foot = (1 - horizon) / abs(kerb - middle)
    edge, facades = 0.05, []
    while edge < reach:  # from far to near
        following = min(edge * view.uniform(1.35, 1.9), reach + 0.05)
        facades.append(Facade(edge, following, view.uniform(0.45, 1.5), foot))
        edge = following
    for facade in facades:
        near, far = facade.end, facade.start
        left = middle + far if right else middle - near
        top, base = horizon - facade.roof * near, horizon + foot * near
        part = view.crop(left, top, left + near - far, base)
        if not part.empty:
            _facade(part, facade, horizon, middle, 0.9 if right else 1.0)


def _facade(part: Layers, facade: Facade, horizon: float, middle: float, light: float) -> None:
    """A house in perspective: t is the distance from the column, 1 / t that along the street."""
    start, end, roof, foot = (np.float32(value) for value in facade)
    t = np.maximum(abs(part.x - np.float32(middle)), np.float32(1e-3))
    down = part.y - np.float32(horizon)
    span = np.minimum(t - start, end - t)
    inside = np.minimum(span, np.minimum(down + roof * t, foot * t - down))
    wall = part.tint("wall") * np.float32(light)
    part.paint("building", part.surface("wall", wall), inside)
    part.shade(0.75, np.minimum(np.float32(0.01) - span, inside))
    along = (1 / t - 1 / end) / (1 / start - 1 / end)
    columns = max(1, round(3.5 * math.log2(facade.end / facade.start)))
    grid = np.minimum(wave(along * columns + np.float32(0.5)), wave(down / t * 2))
    ground_floor = (foot - np.float32(0.25)) * t - down
    within = np.minimum(inside - np.float32(0.02), ground_floor)
    pane = np.minimum((grid - np.float32(0.15)) * t * np.float32(0.06), within)
    if start > 0.12:
        windows(part, wall, pane)
    else:  # too far away to be labelled
        part.shade(0.6, pane)


def tower(view: Layers, left: float, right: float, top: float, base: float) -> None:
    """A tall building, whose many windows are not labelled."""
    lean = view.uniform(0.0, 0.12) * (0.5 - (left + right) / 2)
    part = view.crop(min(left, left + lean), top, max(right, right + lean), base)
    if part.empty:
        return
    glass = view.bernoulli(0.4)
    wall = (
        rgb(view.uniform(0.5, 0.62), view.uniform(0.15, 0.4), view.uniform(0.45, 0.75))
        if glass
        else part.tint("wall")
    )
    wide, tall = view.uniform(0.028, 0.06), view.uniform(0.03, 0.06)
    across, down = wave(part.x / np.float32(wide)), wave(part.y / np.float32(tall))
    kind = int(view.rng.integers(3))
    lit = (np.minimum(across, down), across + 0 * down, down + 0 * across)[kind]
    panes = np.clip(lit * 2, 0, 1) * np.float32(view.uniform(0.25, 0.5))
    colour = part.surface("wall", wall) * (1 - panes)[..., None]
    slim = 0.04 * (right - left)
    outline = part.convex(
        (left + lean + slim, top), (right + lean - slim, top), (right, base), (left, base)
    )
    part.paint("building", colour, outline)
    half = right - (right - left) * view.uniform(0.15, 0.45)
    part.shade(
        0.72,
        np.minimum(
            outline, part.x - np.float32(half) - np.float32(lean) * (np.float32(base) - part.y)
        ),
    )
