"""Skies, mountains, waters, grounds, trees and rocks, each painted over what is behind it."""

import numpy as np

from fcn_synthetic.objects.backdrops import CLOUD, GRAIN, MOTTLE, Pixels, rgb
from fcn_synthetic.outdoor.layers import HORIZONTAL, UNLABELLED, Layers

EVERYWHERE = np.ones((1, 1), np.float32)
LOW = 0.09  # lower things are labelled horizontal, as the ground
SNOW = rgb(0.6, 0.04, 0.97)


def sky(view: Layers, *, moon: bool = False) -> None:
    """A clear, clouded or evening sky over the full image, sometimes with sun or moon."""
    hue, mood = 0.57 + 0.03 * view.rng.standard_normal(), view.rng.uniform()
    if moon:
        top, bottom, cloud = rgb(hue + 0.06, 0.6, 0.22), rgb(hue + 0.06, 0.4, 0.46), 0.4
    elif mood < 0.15:
        top, bottom, cloud = rgb(hue + 0.04, 0.35, 0.72), rgb(0.07, 0.4, 0.98), 0.85
    elif mood < 0.4:
        top, bottom, cloud = rgb(hue, 0.07, 0.78), rgb(hue, 0.03, 0.94), 0.96
    else:
        top, bottom, cloud = rgb(hue, 0.55, 0.82), rgb(hue - 0.03, 0.15, 0.97), 1.0
    colour = top + (bottom - top) * np.minimum(view.y * np.float32(1.6), 1)[..., None]
    view.paint("sky", np.broadcast_to(colour, view.image.shape), EVERYWHERE)
    clouds = view.noise(CLOUD, wide=2) + np.float32(0.3) * view.noise(MOTTLE, wide=2)
    clouds = np.clip((clouds - np.float32(view.uniform(0.2, 1.5))) / 2, 0, np.float32(0.8))
    view.image[:] += (rgb(hue, 0.02, cloud) - view.image) * clouds[..., None]
    if moon:
        _light(view, "moon", rgb(0.15, 0.06, 0.98))
    elif view.bernoulli(0.22):
        _light(view, "sun", rgb(0.14, 0.25, 1.0))


def _light(view: Layers, name: str, colour: Pixels) -> None:
    x, y, radius = view.uniform(0.1, 0.9), view.uniform(0.08, 0.3), view.uniform(0.05, 0.09)
    glow = np.clip(1 + view.disc(x, y, radius * 5, radius * 5) / np.float32(radius * 5), 0, 2)
    glow = np.clip(glow - 1, 0, 1)
    view.image[:] += (colour - view.image) * (glow * glow * np.float32(0.7))[..., None]
    view.paint(name, colour, view.disc(x, y, radius, radius))


def birds(view: Layers, horizon: float) -> None:
    for _ in range(int(view.rng.integers(1, 4))):
        x, y = view.uniform(0.08, 0.92), view.uniform(0.08, max(0.1, horizon - 0.12))
        view.draw_object("bird", x, y, view.uniform(0.06, 0.15))


def range_of_mountains(view: Layers, horizon: float, height: float, *, haze: float = 0.0) -> None:
    """Peaks with lit and shaded flanks, snow on the higher ones."""
    ridge = np.zeros_like(view.x)
    flank = np.zeros_like(view.x)
    for _ in range(int(view.rng.integers(2, 6))):
        middle, wide = view.uniform(-0.1, 1.1), view.uniform(0.25, 0.6)
        peak = height * view.uniform(0.55, 1.0)
        rise = np.float32(peak) * (1 - abs(view.x - np.float32(middle)) / np.float32(wide))
        flank = np.where(rise > ridge, np.sign(view.x - np.float32(middle)), flank)
        ridge = np.maximum(ridge, rise)
    ridge += np.float32(0.012) * view.profile(MOTTLE) + np.float32(0.03 * height)
    inside = view.y - (np.float32(horizon) - ridge)
    rough = view.noise(MOTTLE, tall=3)
    colour = view.surface("slope") * (1 - np.float32(0.16) * flank)[..., None]
    if height > 0.25 and view.bernoulli(0.6):
        line = np.float32(horizon - height * view.uniform(0.35, 0.65))
        snow = np.clip((line - view.y) * 16 + rough * np.float32(0.7), 0, 1) * (
            1 - np.float32(0.2) * flank
        )
        colour += (SNOW - colour) * np.clip(snow, 0, 1)[..., None]
    colour += (rgb(0.58, 0.18, 0.86) - colour) * np.float32(haze)
    view.paint("mountain", colour, inside)


def ground(view: Layers, name: str, material: str, horizon: float, bumps: float = 0.0) -> None:
    """Ground below the horizon, paler in the distance."""
    line = np.float32(horizon) + np.float32(bumps) * view.profile(CLOUD, wide=2)
    part = view.crop(0, float(line.min()), 1, 1)
    far = np.clip((np.float32(horizon + 0.3) - part.y) * 2, 0, 1)[..., None]
    colour = part.surface(material)
    part.paint(
        name, colour + (rgb(0.15, 0.1, 0.85) - colour) * far * np.float32(0.45), part.y - line
    )


def furrows(view: Layers, horizon: float) -> None:
    """A field's rows, which meet at the horizon."""
    middle, rows = view.uniform(0.1, 0.9), view.uniform(5, 9)
    depth = np.maximum(view.y - np.float32(horizon), np.float32(0.02))
    turns = (view.x - np.float32(middle)) / depth * np.float32(rows) / 4
    stripe = abs(turns - np.floor(turns) - np.float32(0.5)) * 4 - 1
    fade = np.clip((view.y - np.float32(horizon)) * 5, 0, 1) * np.float32(0.14)
    is_labelled = view.semantic[..., None] > 0
    view.image[:] *= np.where(
        is_labelled & (depth > 0.03)[..., None], 1 + (stripe * fade)[..., None], 1
    )


def sea(view: Layers, horizon: float, name: str = "sea") -> None:
    """Water up to the horizon, with crests that grow towards the viewer."""
    part = view.crop(0, horizon, 1, 1)
    colour = part.surface("wave" if name == "sea" else "stream")
    far = np.clip(1 - (part.y - np.float32(horizon)) * 3, 0, 1)[..., None]
    colour += (rgb(0.57, 0.16, 0.86) - colour) * far * np.float32(0.5)
    crests = np.clip(part.noise(MOTTLE, wide=6) - np.float32(view.uniform(1.0, 1.8)), 0, 1)
    colour += (rgb(0.55, 0.04, 0.98) - colour) * (crests * np.float32(0.8))[..., None]
    part.paint(name, colour, part.y - np.float32(horizon))


def beach(view: Layers, line: float, slope: float, *, name: str = "sand") -> None:
    """Sand in front of the water, with foam where they meet."""
    bend = np.float32(line) + np.float32(slope) * (view.x - np.float32(0.5))
    bend = bend + np.float32(0.012) * view.profile(CLOUD)
    inside = view.y - bend
    view.shade(1.35, np.minimum(inside + np.float32(0.02), -inside))
    view.paint(name, view.surface("shore"), inside)
    view.shade(0.86, np.minimum(inside, np.float32(0.025) - inside))


def river(view: Layers, horizon: float) -> None:
    """A river that winds towards the viewer."""
    depth = np.maximum(view.y - np.float32(horizon), 0) / np.float32(1 - horizon)
    start, end = view.uniform(0.3, 0.7), view.uniform(0.1, 0.9)
    bend = view.uniform(-1.2, 1.2) * depth * (1 - depth)
    middle = np.float32(start) + np.float32(end - start) * depth + bend.astype(np.float32)
    half = np.float32(0.012) + np.float32(view.uniform(0.2, 0.4)) * depth
    inside = np.minimum(half - abs(view.x - middle), view.y - np.float32(horizon))
    view.shade(0.7, np.minimum(inside + np.float32(0.018), view.y - np.float32(horizon)))
    view.paint("river", view.surface("stream"), inside)


def trail(view: Layers, horizon: float) -> None:
    """An unpaved road through the land."""
    depth = np.maximum(view.y - np.float32(horizon), 0) / np.float32(1 - horizon)
    start, end = view.uniform(0.2, 0.8), view.uniform(0.2, 0.8)
    middle = np.float32(start) + np.float32(end - start) * depth * (2 - depth)
    half = np.float32(0.008) + np.float32(view.uniform(0.08, 0.16)) * depth
    inside = np.minimum(half - abs(view.x - middle), view.y - np.float32(horizon))
    view.paint("road", view.surface("paving", view.tint("shore") * np.float32(0.8)), inside)


def tree_line(view: Layers, base: float, height: float) -> None:
    """A wood seen from afar: one mass of crowns."""
    crowns = np.float32(height) * (1 + np.float32(0.35) * view.profile(CLOUD))
    crowns += np.float32(0.006 + 0.03 * height) * view.profile(MOTTLE)
    part = view.crop(0, base - float(crowns.max()), 1, base)
    inside = np.minimum(part.y - np.float32(base) + crowns, np.float32(base) - part.y)
    part.paint("tree", part.surface("foliage"), inside)


def tree(view: Layers, x: float, base: float, height: float) -> None:
    """A trunk with a crown: round, or a fir's."""
    part = view.crop(x - 0.55 * height, base - 1.15 * height, x + 0.55 * height, base)
    if part.empty:
        return
    wide = max(0.05 * height, 0.008)
    part.paint(
        "tree", part.surface("trunk"), part.box(x - wide, base - 0.6 * height, x + wide, base)
    )
    rough = np.float32(0.04 * height) * part.noise(MOTTLE)
    if view.bernoulli(0.3):
        half = view.uniform(0.2, 0.28) * height
        crown = part.convex(
            (x, base - height), (x + half, base - 0.15 * height), (x - half, base - 0.15 * height)
        )
    else:
        crown = np.full(part.semantic.shape, np.float32(-9))
        for _ in range(int(view.rng.integers(3, 7))):
            left, up = view.uniform(-0.2, 0.2) * height, view.uniform(0.45, 0.85) * height
            radius = view.uniform(0.17, 0.27) * height
            crown = np.maximum(crown, part.disc(x + left, base - up, radius * 1.1, radius))
    lit = 1 + np.float32(0.5) * (np.float32(base - 0.6 * height) - part.y) / np.float32(height)
    part.paint("tree", part.surface("foliage") * lit[..., None], crown + rough)


def trunks(view: Layers, base: float, count: int) -> None:
    """Bare stems from the ground to beyond the image's top, nearer ones thicker."""
    for near in np.sort(view.rng.uniform(0, 1, count)):
        x, lean = view.uniform(0.0, 1.0), view.uniform(-0.05, 0.05)
        half, foot = 0.008 + 0.035 * float(near) ** 2, base + 0.3 * float(near) * (1 - base)
        part = view.crop(x - half - 0.06, 0, x + half + 0.06, foot)
        stem = part.convex(
            (x - half + lean, 0),
            (x + half + lean, 0),
            (x + half * 1.2, foot),
            (x - half * 1.2, foot),
        )
        lit = 1 - np.float32(0.18 / half) * (part.x - np.float32(x))
        lit = np.clip(lit, np.float32(0.5), np.float32(1.4))
        part.paint("tree", part.surface("trunk") * lit[..., None], stem)


def bush(view: Layers, x: float, base: float, size: float) -> None:
    """A round plant, which is part of the ground if it is low."""
    part = view.crop(x - 1.3 * size, base - 1.2 * size, x + 1.3 * size, base)
    heap = np.maximum(
        part.disc(x - 0.4 * size, base - 0.3 * size, 0.7 * size, 0.55 * size),
        part.disc(x + 0.35 * size, base - 0.45 * size, 0.65 * size, 0.65 * size),
    )
    if not part.empty:
        heap += np.float32(0.08 * size) * part.noise(GRAIN)
        inside: Pixels = np.minimum(heap, np.float32(base) - part.y)
        part.paint("plant", part.surface("leaves"), inside, geometry=_lying(size))


def rock(view: Layers, x: float, base: float, size: float, *, name: str = "rock") -> None:
    """A boulder, which is part of the ground if it is low, or an unlabelled heap."""
    part = view.crop(x - 1.3 * size, base - 1.1 * size, x + 1.3 * size, base + 0.1 * size)
    if part.empty:
        return
    hump = part.disc(
        x, base - 0.1 * size, size * view.uniform(0.9, 1.2), size * view.uniform(0.6, 0.95)
    )
    hump += np.float32(0.05 * size) * part.noise(CLOUD)
    hump += np.float32(0.03 * size) * part.noise(MOTTLE)
    inside = np.minimum(hump, np.float32(base) - part.y)
    lit = 1 - np.float32(0.45) * (part.x - np.float32(x)) / np.float32(size)
    colour = part.surface("boulder" if name else "metal")
    colour *= np.clip(lit, np.float32(0.5), np.float32(1.5))[..., None]
    part.paint(name, colour, inside, geometry=_lying(size) if name else None)


def _lying(size: float) -> int | None:
    return HORIZONTAL if size < LOW else None


def litter(view: Layers, base: float) -> None:
    """A thing without a class."""
    rock(view, view.uniform(0.05, 0.95), base, view.uniform(0.02, 0.05), name=UNLABELLED)


def person(view: Layers, base: float, probability: float) -> None:
    """A person, with this probability."""
    if view.bernoulli(probability):
        view.draw_object("person", view.uniform(0.05, 0.95), base, view.uniform(0.12, 0.24))
