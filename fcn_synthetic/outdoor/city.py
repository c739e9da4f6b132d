"""Highway, inner city, street and tall buildings."""

import numpy as np

from fcn_synthetic.outdoor import houses, land, roads
from fcn_synthetic.outdoor.layers import Layers


def highway(view: Layers, rare: bool) -> None:
    horizon, middle = view.uniform(0.34, 0.55), view.uniform(0.3, 0.7)
    land.sky(view)
    if view.bernoulli(0.4):
        land.range_of_mountains(view, horizon, view.uniform(0.06, 0.2), haze=0.2)
    if view.bernoulli(0.6):
        land.tree_line(view, horizon + 0.01, view.uniform(0.04, 0.14))
    _skyline(view, horizon, 0.3)
    name, material = ("grass", "lawn") if view.bernoulli(0.7) else ("field", "crop")
    land.ground(view, name, material, horizon)
    if view.bernoulli(0.45):
        roads.fence(view, view.uniform(horizon + 0.05, horizon + 0.1), view.uniform(0.08, 0.13))
    if view.bernoulli(0.35):
        roads.bridge(view, horizon - view.uniform(0.06, 0.16), 0.05, horizon + 0.08)
    left, right = view.uniform(-0.4, 0.1), view.uniform(0.9, 1.4)
    roads.road(view, horizon, middle, left, right)
    if view.bernoulli(0.5):
        x, post = _beside(view), view.uniform(horizon + 0.1, 0.9)
        roads.sign(
            view,
            x,
            post - view.uniform(0.2, 0.4),
            view.uniform(0.1, 0.18),
            view.uniform(0.06, 0.1),
            post=post,
        )
    _lights(view, horizon, 0.6)
    _traffic(view, horizon, middle, left, right, int(view.rng.integers(1, 5)))
    if view.bernoulli(0.4):
        land.tree(view, _beside(view), view.uniform(horizon + 0.05, 0.8), view.uniform(0.3, 0.55))


def insidecity(view: Layers, rare: bool) -> None:
    base = view.uniform(0.68, 0.82)
    land.sky(view)
    left = view.uniform(-0.2, 0.0)
    while left < 1:
        right = left + view.uniform(0.3, 0.62)
        houses.house(view, left, right, view.uniform(-0.2, 0.3), base)
        left = right
    roads.plaza(view, base)
    kerb = base + view.uniform(0.05, 0.1)
    part = view.crop(0, kerb, 1, 1)
    part.paint("road", part.surface("asphalt"), part.y - np.float32(kerb))
    if view.bernoulli(0.35):
        x = view.uniform(0.2, 0.8)
        roads.crosswalk(view, kerb + 0.02, x - 0.3, x + 0.3)
    if view.bernoulli(0.5):
        houses.staircase(
            view,
            view.uniform(0.15, 0.85),
            base + 0.03,
            view.uniform(0.12, 0.2),
            view.uniform(0.1, 0.16),
        )
    if view.bernoulli(0.4):
        roads.clutter(view, view.uniform(0.05, 0.95), base + 0.03)
    _kerbside(view, base, kerb)


def _kerbside(view: Layers, base: float, kerb: float) -> None:
    """Things in front of houses: people, pots, masts, cars."""
    for _ in range(int(view.rng.integers(0, 3))):
        view.draw_object(
            "pottedplant", view.uniform(0.05, 0.95), base + 0.03, view.uniform(0.1, 0.16), "plant"
        )
    if view.bernoulli(0.35):
        land.tree(view, view.uniform(0.1, 0.9), base + 0.04, view.uniform(0.4, 0.6))
    if view.bernoulli(0.4):
        roads.streetlight(view, _beside(view), kerb, view.uniform(0.45, 0.65))
    if view.bernoulli(0.4):
        roads.sign(view, view.uniform(0.1, 0.9), kerb - 0.35, 0.07, 0.07, post=kerb)
    for _ in range(3):
        land.person(view, view.uniform(base + 0.03, kerb + 0.02), 0.35)
    for _ in range(int(view.rng.integers(0, 3))):
        shape = "bus" if view.bernoulli(0.12) else "car"
        radius = view.uniform(0.18, 0.3) * (1.4 if shape == "bus" else 1.0)
        view.draw_object(shape, view.uniform(0, 1), view.uniform(kerb + 0.04, 1.04), radius)


def street(view: Layers, rare: bool) -> None:
    horizon, middle = view.uniform(0.45, 0.58), view.uniform(0.38, 0.62)
    land.sky(view)
    part = view.crop(0, horizon, 1, 1)
    part.paint("road", part.surface("asphalt"), part.y - np.float32(horizon))
    left, right = view.uniform(-0.3, 0.05), view.uniform(0.95, 1.3)
    outer = view.uniform(0.45, 0.8)
    roads.pavement(view, horizon, middle, left - outer, left)
    roads.pavement(view, horizon, middle, right, right + outer)
    if view.bernoulli(0.5):
        land.tree_line(view, horizon + 0.01, view.uniform(0.04, 0.12))
    for kerb in (left - outer * 0.7, right + outer * 0.7):
        houses.side_houses(view, horizon, middle, kerb)
    roads.road(view, horizon, middle, left, right)
    if view.bernoulli(0.4):
        line = view.uniform(0.72, 0.85)
        near = (line + 0.05 - horizon) / (1 - horizon)
        roads.crosswalk(
            view, line, middle + (left - middle) * near, middle + (right - middle) * near
        )
    _along(view, horizon, middle, left, right)
    _traffic(view, horizon, middle, left, right, int(view.rng.integers(1, 5)))
    for _ in range(2):
        land.person(view, view.uniform(0.78, 1.0), 0.35)


def _along(view: Layers, horizon: float, middle: float, left: float, right: float) -> None:
    """Trees, masts and signs on both sidewalks, nearer ones larger."""
    for near in np.sort(view.rng.uniform(0.12, 0.75, int(view.rng.integers(2, 6)))):
        end = left - 0.12 if view.bernoulli(0.5) else right + 0.12
        x, base = middle + (end - middle) * float(near), horizon + (1 - horizon) * float(near)
        kind = view.rng.uniform()
        if kind < 0.4:
            land.tree(view, x, base, 0.1 + 0.7 * float(near))
        elif kind < 0.7:
            roads.streetlight(view, x, base, 0.2 + 0.8 * float(near))
        else:
            roads.sign(
                view,
                x,
                base - 0.6 * float(near),
                0.03 + 0.07 * float(near),
                0.03 + 0.07 * float(near),
                post=base,
            )


def tallbuilding(view: Layers, rare: bool) -> None:
    base = view.uniform(0.78, 1.02)
    land.sky(view, moon=rare and view.bernoulli(0.08))
    for _ in range(int(view.rng.integers(2, 6))):
        left = view.uniform(-0.15, 0.85)
        houses.tower(view, left, left + view.uniform(0.14, 0.34), view.uniform(0.25, 0.6), base)
    left = view.uniform(0.1, 0.6)
    houses.tower(view, left, left + view.uniform(0.2, 0.38), view.uniform(-0.05, 0.2), base)
    if view.bernoulli(0.5):
        land.tree_line(view, base + 0.01, view.uniform(0.03, 0.12))
    if base < 0.98:
        name, material = ("road", "asphalt") if view.bernoulli(0.6) else ("grass", "lawn")
        land.ground(view, name, material, base)
    for _ in range(int(view.rng.integers(0, 3))):
        land.tree(view, view.uniform(0, 1), base + 0.04, view.uniform(0.15, 0.32))
    _lights(view, base - 0.05, 0.3)
    if view.bernoulli(0.2):
        roads.sign(view, view.uniform(0.1, 0.9), base - 0.1, 0.06, 0.03, post=base + 0.03)
    if base < 0.9 and view.bernoulli(0.5):
        view.draw_object("car", view.uniform(0.1, 0.9), base + 0.1, view.uniform(0.12, 0.18))


def _beside(view: Layers) -> float:
    """An x near the left or right edge."""
    return view.uniform(0.04, 0.24) + (0.72 if view.bernoulli(0.5) else 0.0)


def _lights(view: Layers, horizon: float, share: float) -> None:
    if view.bernoulli(share):
        roads.streetlight(
            view,
            _beside(view),
            view.uniform(horizon + 0.06, horizon + 0.2),
            view.uniform(0.35, 0.5),
        )


def _skyline(view: Layers, horizon: float, share: float) -> None:
    if not view.bernoulli(share):
        return
    for _ in range(int(view.rng.integers(1, 5))):
        left, wide = view.uniform(-0.05, 0.9), view.uniform(0.06, 0.18)
        houses.tower(view, left, left + wide, horizon - view.uniform(0.06, 0.25), horizon + 0.02)


def _traffic(
    view: Layers, horizon: float, middle: float, left: float, right: float, count: int
) -> None:
    """Cars and buses on the road, from far to near."""
    for near in np.sort(view.rng.uniform(0.15, 0.8, count)):
        lane = (0.27 if view.bernoulli(0.5) else 0.73) + view.uniform(-0.05, 0.05)
        end = left + (right - left) * lane
        x, base = middle + (end - middle) * float(near), horizon + (1 - horizon) * float(near)
        shape = "bus" if view.bernoulli(0.18) else "car"
        size = (0.07 + 0.24 * float(near)) * (1.3 if shape == "bus" else 1.0)
        view.draw_object(shape, x, base, size)
