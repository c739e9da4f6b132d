"""Coast, forest, mountain and open country."""

from fcn_synthetic.outdoor import houses, land, roads
from fcn_synthetic.outdoor.layers import Layers


def coast(view: Layers, rare: bool) -> None:
    horizon = view.uniform(0.3, 0.6)
    land.sky(view, moon=rare and view.bernoulli(0.08))
    if view.bernoulli(0.35):
        land.range_of_mountains(view, horizon, view.uniform(0.06, 0.2), haze=0.2)
    land.sea(view, horizon)
    line = view.uniform(horizon + 0.13, 0.98)
    for _ in range(int(view.rng.integers(0, 3))):
        x, base = view.uniform(0.05, 0.95), view.uniform(horizon + 0.02, min(line, 0.95))
        view.draw_object("boat", x, base, 0.1 + 0.4 * (base - horizon))
    sandy = view.bernoulli(0.6)
    if sandy:
        land.beach(view, line, view.uniform(-0.3, 0.3))
    if view.bernoulli(0.5):
        x, size = view.uniform(0.0, 1.0), view.uniform(0.12, 0.32)
        land.rock(view, x, min(view.uniform(horizon + 0.12, line + 0.1), 1.02), size)
    land.person(view, min(line + 0.15, 1.0), 0.5 if sandy else 0.0)
    if view.bernoulli(0.3):
        land.bush(view, view.uniform(0, 1), 1.02, view.uniform(0.12, 0.22))
    if view.bernoulli(0.4):
        land.birds(view, horizon)


def forest(view: Layers, rare: bool) -> None:
    base = view.uniform(0.5, 0.78)
    land.sky(view)
    land.tree_line(view, base + 0.03, view.uniform(0.4, 0.9))
    if view.bernoulli(0.7):
        land.ground(view, "grass", "lawn", base, 0.01)
    else:
        land.ground(view, "field", "crop", base, 0.01)
    if view.bernoulli(0.25):
        land.river(view, base)
    elif view.bernoulli(0.3):
        land.trail(view, base)
    land.trunks(view, base, int(view.rng.integers(2, 9)))
    for _ in range(int(view.rng.integers(0, 4))):
        land.bush(view, view.uniform(0, 1), view.uniform(base + 0.08, 1.0), view.uniform(0.05, 0.2))
    if view.bernoulli(0.3):
        land.rock(view, view.uniform(0, 1), view.uniform(base + 0.1, 1.0), view.uniform(0.05, 0.2))
    land.person(view, view.uniform(base + 0.1, 1.0), 0.2)


def mountain(view: Layers, rare: bool) -> None:
    horizon = view.uniform(0.55, 0.85)
    land.sky(view, moon=rare and view.bernoulli(0.08))
    if view.bernoulli(0.5):
        land.range_of_mountains(view, horizon, view.uniform(0.4, 0.6), haze=0.4)
    land.range_of_mountains(view, horizon, view.uniform(0.25, 0.55))
    if view.bernoulli(0.55):
        land.tree_line(view, horizon + 0.02, view.uniform(0.04, 0.14))
    if view.bernoulli(0.3):
        land.sea(view, horizon, "river")
        horizon = view.uniform(horizon + 0.06, 0.98)
    name, material = ("grass", "lawn") if view.bernoulli(0.6) else ("field", "crop")
    land.ground(view, name, material, horizon, 0.015)
    for _ in range(int(view.rng.integers(0, 4))):
        base = horizon + view.uniform(0.03, 0.2)
        land.tree(view, view.uniform(0, 1), base, view.uniform(0.15, 0.35))
    for _ in range(int(view.rng.integers(0, 3))):
        base = horizon + view.uniform(0.05, 0.2)
        land.rock(view, view.uniform(0, 1), base, view.uniform(0.05, 0.25))
    land.person(view, horizon + view.uniform(0.05, 0.15), 0.2)


def opencountry(view: Layers, rare: bool) -> None:
    horizon = view.uniform(0.35, 0.62)
    land.sky(view)
    if view.bernoulli(0.5):
        land.range_of_mountains(view, horizon, view.uniform(0.06, 0.22), haze=0.2)
    if view.bernoulli(0.6):
        land.tree_line(view, horizon + 0.015, view.uniform(0.02, 0.08))
    dry = rare and view.bernoulli(0.15)
    _country(view, horizon, dry)
    if view.bernoulli(0.2):
        land.litter(view, view.uniform(horizon + 0.1, 0.95))
    if view.bernoulli(0.3):
        base = view.uniform(horizon + 0.03, horizon + 0.12)
        houses.barn(view, view.uniform(0.1, 0.9), base, view.uniform(0.05, 0.11))
    if view.bernoulli(0.35):
        roads.fence(view, view.uniform(horizon + 0.12, 0.85), view.uniform(0.08, 0.14))
    if rare and not dry and view.bernoulli(0.25):
        _cows(view, horizon)
    for _ in range(0 if dry else int(view.rng.integers(0, 4))):
        base = view.uniform(horizon + 0.03, 0.95)
        land.tree(view, view.uniform(0, 1), base, 0.12 + 0.6 * (base - horizon))
    _foreground(view, horizon)


def _cows(view: Layers, horizon: float) -> None:
    for _ in range(int(view.rng.integers(1, 4))):
        x, base = view.uniform(0.1, 0.9), view.uniform(horizon + 0.15, 0.9)
        view.draw_object("cow", x, base, view.uniform(0.09, 0.16))


def _foreground(view: Layers, horizon: float) -> None:
    """Wires with a pole, rocks and bushes."""
    if view.bernoulli(0.2):
        roads.wires(view, 0.2)
        base = view.uniform(horizon + 0.1, 0.9)
        roads.pole(view, view.uniform(0.3, 0.7), base, base - 0.17)
    if view.bernoulli(0.3):
        x, base = view.uniform(0, 1), view.uniform(horizon + 0.1, 1)
        land.rock(view, x, base, view.uniform(0.04, 0.18))
    for _ in range(int(view.rng.integers(0, 3))):
        x, base = view.uniform(0, 1), view.uniform(horizon + 0.1, 1.02)
        land.bush(view, x, base, view.uniform(0.04, 0.16))


def _country(view: Layers, horizon: float, dry: bool) -> None:
    """The land itself: desert, or grass and fields with a river or a road."""
    if dry:
        land.ground(view, "desert", "dune", horizon, 0.02)
        return
    name, material = ("grass", "lawn") if view.bernoulli(0.5) else ("field", "crop")
    land.ground(view, name, material, horizon)
    if view.bernoulli(0.6):
        line = view.uniform(horizon + 0.08, 0.85)
        name, material = ("field", "crop") if view.bernoulli(0.6) else ("grass", "lawn")
        land.ground(view, name, material, line, 0.02)
    if view.bernoulli(0.5):
        land.furrows(view, horizon)
    if view.bernoulli(0.25):
        land.river(view, horizon)
    elif view.bernoulli(0.3):
        land.trail(view, horizon)
