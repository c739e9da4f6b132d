"""Roads, and the things along them."""

import numpy as np

from fcn_synthetic.objects.backdrops import rgb
from fcn_synthetic.outdoor.layers import HORIZONTAL, UNLABELLED, WHITE, Layers, wave


def road(view: Layers, horizon: float, middle: float, left: float, right: float) -> None:
    """A road to the horizon between `left` and `right` at the lower edge, with its lines."""
    inside = view.convex(
        (middle - 0.006, horizon), (middle + 0.006, horizon), (right, 1), (left, 1)
    )
    view.paint("road", view.surface("asphalt"), inside)
    near = np.maximum(view.y - np.float32(horizon), np.float32(1e-3)) / np.float32(1 - horizon)
    across = (
        view.x - np.float32(middle)
    ) / near  # x at the lower edge, of the line from the horizon
    lanes = (left - middle, right - middle)
    for share, dashed in ((0.04, False), (0.5, True), (0.96, False)):
        end = np.float32(lanes[0] + share * (lanes[1] - lanes[0]))
        line = np.float32(0.018) - abs(across - end)
        if dashed:
            line = np.minimum(line, wave(np.float32(2.2) / (near + np.float32(0.05))) / 8)
        on = np.minimum(line * near, view.y - np.float32(horizon + 0.03))
        cover = np.clip(on * np.float32(view.side) + np.float32(0.5), 0, 1)[..., None]
        view.image[:] += (WHITE - view.image) * cover * np.float32(0.8)


def pavement(
    view: Layers, horizon: float, middle: float, near_left: float, near_right: float
) -> None:
    """A sidewalk to the horizon; only one of its ends need be in the image."""
    inside = view.convex(
        (middle - 0.004, horizon), (middle + 0.004, horizon), (near_right, 1), (near_left, 1)
    )
    near = np.maximum(view.y - np.float32(horizon), np.float32(1e-3)) / np.float32(1 - horizon)
    slabs = np.clip(wave(np.float32(2.5) / (near + np.float32(0.04))) * 6 - 4, 0, 1) * np.float32(
        0.12
    )
    view.paint("sidewalk", view.surface("paving") * (1 - slabs)[..., None], inside)


def crosswalk(view: Layers, line: float, left: float, right: float) -> None:
    """Broad white stripes across the road."""
    deep = view.uniform(0.11, 0.17)
    part = view.crop(left, line, right, line + deep)
    across = part.x + part.y * np.float32(0.3)
    stripes = np.clip(wave(across * np.float32(7)) * 3 + np.float32(0.5), 0, 1)
    asphalt = part.surface("asphalt")
    colour = asphalt + (WHITE - asphalt) * (stripes * np.float32(0.92))[..., None]
    lean = 0.03
    inside = part.convex(
        (left + lean, line), (right - lean, line), (right, line + deep), (left, line + deep)
    )
    part.paint("crosswalk", colour, inside)


def pole(view: Layers, x: float, base: float, height: float, *, name: str = "pole") -> None:
    half = max(0.011, 0.022 * height)
    part = view.crop(x - half, base - height, x + half, base)
    if not part.empty:
        part.paint(
            name,
            part.surface("metal") * np.float32(0.6),
            part.box(x - half, base - height, x + half, base),
        )


def wires(view: Layers, line: float) -> None:
    sag = np.float32(0.13) * (view.x - np.float32(0.5)) * (view.x - np.float32(0.5))
    view.shade(0.55, np.float32(0.003) - abs(view.y - np.float32(line) + sag))


def streetlight(view: Layers, x: float, base: float, height: float) -> None:
    """A mast with an arm and a lamp over the road."""
    pole(view, x, base, height, name="streetlight")
    arm = 0.25 * height * (1 if x < 0.5 else -1)
    part = view.crop(min(x, x + arm), base - height - 0.03, max(x, x + arm), base - height + 0.03)
    if part.empty:
        return
    bar = part.box(min(x, x + arm), base - height, max(x, x + arm), base - height + 0.018)
    part.paint("streetlight", part.surface("metal") * np.float32(0.6), bar)
    part.paint(
        "streetlight",
        rgb(0.14, 0.3, 0.95) + 0 * part.image,
        part.disc(x + arm * 0.85, base - height + 0.012, 0.03, 0.018),
    )


def sign(view: Layers, x: float, y: float, half: float, tall: float, *, post: float = 0.0) -> None:
    """A board with a pale rim and two lines of writing, on a post if it is given."""
    if post:
        pole(view, x, post, post - y)
    part = view.crop(x - half, y - tall, x + half, y + tall)
    if part.empty:
        return
    hue = (0.0, 0.33, 0.6, 0.14)[int(view.rng.integers(4))]
    board = part.box(x - half, y - tall, x + half, y + tall)
    part.paint("sign", rgb(0.13, 0.05, 0.92) + 0 * part.image, board)
    part.paint("sign", rgb(hue, 0.8, 0.62) + 0 * part.image, board - np.float32(0.008))
    writing = np.minimum(
        wave(part.y / np.float32(tall) + np.float32(0.5)),
        wave(part.x * np.float32(21)) + np.float32(0.7),
    )
    part.shade(1.6, np.minimum(writing * np.float32(0.01), board - np.float32(0.016)))


def fence(view: Layers, base: float, height: float, left: float = 0.0, right: float = 1.0) -> None:
    """Pickets or a rail along the land; what is visible between them is labelled fence too."""
    part = view.crop(left, base - height, right, base)
    if part.empty:
        return
    low = (part.y - np.float32(base - height)) / np.float32(height)
    rails = np.maximum(
        wave(low * 2 + np.float32(0.25)) - np.float32(0.3),
        wave(part.x * np.float32(17)) - np.float32(0.4),
    )
    cover = np.clip(rails * 4 + np.float32(0.5), 0, 1)[..., None]
    wood = part.surface("trunk" if view.bernoulli(0.5) else "paving")
    part.paint(
        "fence",
        part.image + (wood - part.image) * cover,
        part.box(left, base - height, right, base),
    )


def bridge(view: Layers, line: float, thick: float, base: float) -> None:
    """A deck across the image, with a pillar at each side."""
    colour = view.tint("paving") * np.float32(0.75)
    for x in (view.uniform(0.03, 0.2), view.uniform(0.8, 0.97)):
        half = view.uniform(0.02, 0.035)
        part = view.crop(x - half, line, x + half, base)
        if not part.empty:
            part.paint(
                "bridge",
                part.surface("paving", colour * np.float32(0.85)),
                part.box(x - half, line, x + half, base),
            )
    part = view.crop(0, line - thick, 1, line + thick)
    part.paint(
        "bridge",
        part.surface("paving", colour),
        np.float32(thick) - abs(part.y - np.float32(line)) + 0 * part.x,
    )
    part.shade(0.7, part.y - np.float32(line + thick * 0.4) + 0 * part.x)


def clutter(view: Layers, x: float, base: float) -> None:
    """Unlabelled boxes and bins."""
    wide, tall = view.uniform(0.03, 0.05), view.uniform(0.06, 0.1)
    part = view.crop(x - wide, base - tall, x + wide, base)
    if not part.empty:
        part.paint(
            UNLABELLED, part.surface("metal"), part.box(x - wide, base - tall, x + wide, base)
        )


def plaza(view: Layers, line: float) -> None:
    """Paved ground in front of houses."""
    part = view.crop(0, line, 1, 1)
    joints = np.clip(wave((part.y - np.float32(line)) * 9) * 8 - 6, 0, 1) * np.float32(0.12)
    part.paint(
        "sidewalk",
        part.surface("paving") * (1 - joints)[..., None],
        part.y - np.float32(line),
        geometry=HORIZONTAL,
    )
