"""Props: other things than the twenty classes, in the scenes for PASCAL-Context only.

A prop is made of strokes as the objects are, but behind them and in colours of its own. Its name
is one of PASCAL-Context's 459, some of which are outside of the task's 59 classes.
"""

import math
from typing import NamedTuple

import numpy as np

from fcn_synthetic.objects.shapes import DARK, PALE, WINDOW, Shape, blob, box, boxes, disc, line

Range = tuple[float, float]


class Appearance(NamedTuple):
    hue: float
    saturation: Range = (0.45, 0.95)
    value: Range = (0.5, 0.95)
    texture: int = 3  # stripes, planks, checks, fur


class Prop(NamedTuple):
    shape: Shape
    appearance: Appearance
    radius: Range  # shares of the image's side
    height: Range  # of its middle, shares of the image's height
    aspect: float = 1.0
    lies: bool = False  # along the full width: its middle is the image's


WOOD = Appearance(0.07, (0.3, 0.55), (0.4, 0.7), 1)
STONE = Appearance(0.6, (0.02, 0.12), (0.4, 0.65))
POST = Appearance(0.6, (0.0, 0.1), (0.2, 0.4), 0)
LEAVES = [(0.62 * math.cos(a), 0.46 * math.sin(a) - 0.28) for a in np.linspace(0, 2 * math.pi, 9)]

PROPS = {
    "tree": Prop(
        Shape(
            [
                box(-0.1, 0.0, 0.1, 0.8, tone=-0.6),
                *(disc(x, y, 0.26) for x, y in LEAVES),
                disc(0.0, -0.28, 0.5),
            ],
            [disc(x * 0.6, y * 0.8 - 0.1, 0.13, tone=0.25) for x, y in LEAVES[::2]],
        ),
        Appearance(0.33, (0.35, 0.7), (0.3, 0.55)),
        radius=(0.3, 0.48),
        height=(0.3, 0.5),
        aspect=0.8,
    ),
    "rock": Prop(
        Shape(
            [blob((-0.8, 0.5), (-0.6, -0.1), (-0.1, -0.45), (0.5, -0.2), (0.85, 0.5))],
            [line((-0.2, -0.2), (0.0, 0.1), (-0.1, 0.4), width=0.05, tone=-0.4)],
        ),
        STONE,
        radius=(0.16, 0.3),
        height=(0.68, 0.9),
        aspect=1.4,
    ),
    "ground": Prop(
        Shape([blob((-0.85, 0.1), (-0.4, -0.3), (0.3, -0.2), (0.85, 0.0), (0.2, 0.4))], []),
        Appearance(0.08, (0.3, 0.5), (0.5, 0.7)),
        radius=(0.22, 0.36),
        height=(0.7, 0.95),
        aspect=5.0,
    ),
    "hay": Prop(
        Shape([disc(0.0, 0.0, 0.6)], [disc(0.0, 0.0, r, tone=0.3 - r) for r in (0.5, 0.3, 0.1)]),
        Appearance(0.13, (0.45, 0.65), (0.7, 0.9)),
        radius=(0.14, 0.24),
        height=(0.5, 0.75),
    ),
    "fence": Prop(
        Shape(
            [line((-0.85, y), (0.85, y), width=0.04) for y in (-0.3, 0.25)]
            + [box(x - 0.03, -0.65, x + 0.03, 0.65) for x in (-0.84, -0.42, 0.0, 0.42, 0.84)],
            [
                line((x, -0.6), (x, 0.6), width=0.05, tone=0.3)
                for x in (-0.84, -0.42, 0, 0.42, 0.84)
            ],
        ),
        Appearance(0.09, (0.1, 0.4), (0.65, 0.95), 0),
        radius=(0.18, 0.24),
        height=(0.45, 0.6),
        aspect=7.0,
        lies=True,
    ),
    "sign": Prop(
        Shape(
            [box(-0.03, -0.4, 0.03, 0.85, tone=-0.6), disc(0.0, -0.5, 0.32)],
            [disc(0.0, -0.5, 0.28, tone=PALE), box(-0.22, -0.56, 0.22, -0.44, tone=DARK)],
        ),
        Appearance(0.98, (0.7, 0.95), (0.6, 0.9), 0),
        radius=(0.22, 0.36),
        height=(0.35, 0.6),
        aspect=0.7,
    ),
    "light": Prop(
        Shape(
            [
                box(-0.02, -0.7, 0.02, 0.85),
                line((0.0, -0.75), (0.45, -0.75), width=0.0),
                blob((0.25, -0.72), (0.3, -0.86), (0.7, -0.86), (0.75, -0.66), (0.5, -0.6)),
            ],
            [disc(0.5, -0.68, 0.17, 0.06, tone=0.9)],
        ),
        POST,
        radius=(0.3, 0.45),
        height=(0.3, 0.5),
        aspect=0.6,
    ),
    "bench": Prop(
        Shape(
            [box(-0.8, y, 0.8, y + 0.06) for y in (-0.42, -0.16, 0.14)]
            + [line((x, -0.4), (x, 0.6), width=0.0, tone=DARK) for x in (-0.6, 0.6)],
            [],
        ),
        WOOD,
        radius=(0.18, 0.28),
        height=(0.55, 0.8),
        aspect=1.3,
    ),
    "trash bin": Prop(
        Shape(
            [box(-0.38, -0.45, 0.38, 0.75), box(-0.5, -0.6, 0.5, -0.5, tone=-0.4)],
            [box(-0.3, -0.1, 0.3, 0.25, tone=0.5)],
        ),
        Appearance(0.4, (0.4, 0.7), (0.3, 0.5), 0),
        radius=(0.12, 0.2),
        height=(0.6, 0.8),
        aspect=0.8,
    ),
    "ceiling": Prop(
        Shape([box(-0.85, -0.7, 0.85, 0.7)], [box(-0.95, 0.72, 0.95, 0.9, tone=-0.3)]),
        Appearance(0.12, (0.0, 0.06), (0.86, 0.98)),
        radius=(0.5, 0.5),
        height=(-0.03, 0.05),
        aspect=12.0,
        lies=True,
    ),
    "door": Prop(
        Shape(
            [box(-0.7, -0.75, 0.7, 0.75)],
            [
                *boxes(-0.6, -0.1, (-0.5, -0.06), (0.06, 0.5), tone=0.25),
                *boxes(0.12, 0.65, (-0.5, -0.06), (0.06, 0.5), tone=0.25),
                disc(0.66, 0.05, 0.09, 0.045, tone=DARK),
            ],
        ),
        WOOD,
        radius=(0.2, 0.25),
        height=(0.4, 0.48),
        aspect=0.42,
    ),
    "curtain": Prop(
        Shape(
            [box(-0.65, -0.78, 0.65, 0.75), line((-0.8, -0.8), (0.8, -0.8), width=0.0, tone=DARK)],
            [line((x, -0.7), (x, 0.8), width=0.08, tone=-0.3) for x in (-0.5, -0.2, 0.1, 0.4)],
        ),
        Appearance(0.95, (0.3, 0.8), (0.5, 0.9), 0),
        radius=(0.28, 0.4),
        height=(0.35, 0.45),
        aspect=0.6,
    ),
    "shelves": Prop(
        Shape(
            [box(-0.75, -0.75, 0.75, 0.75, tone=-0.2)],
            [box(-0.72, y, 0.72, y + 0.36, tone=-0.7) for y in (-0.74, -0.24, 0.26)]
            + [
                box(x, y - h, x + 0.13, y, tone=tone)
                for y in (-0.38, 0.12, 0.62)
                for x, h, tone in ((-0.65, 0.3, 0.5), (-0.48, 0.24, 0.0), (-0.3, 0.3, 0.8))
            ]
            + [box(x, y - 0.28, x + 0.2, y, tone=0.3) for x, y in ((0.1, -0.38), (0.4, 0.62))],
        ),
        WOOD,
        radius=(0.24, 0.34),
        height=(0.4, 0.55),
    ),
    "cabinet": Prop(
        Shape(
            [box(-0.8, -0.55, 0.8, 0.55)],
            [line((0.0, -0.5), (0.0, 0.6), width=0.03, tone=-0.5)]
            + [line((-0.84, -0.52), (0.84, -0.52), width=0.1, tone=0.4)]
            + [disc(x, 0.0, 0.06, tone=DARK) for x in (-0.13, 0.13)],
        ),
        Appearance(0.1, (0.05, 0.3), (0.7, 0.95), 3),
        radius=(0.24, 0.36),
        height=(0.55, 0.75),
    ),
    "window": Prop(
        Shape(
            [box(-0.65, -0.7, 0.65, 0.7, tone=PALE)],
            [
                box(x, y, x + 0.54, y + 0.58, tone=WINDOW - 0.5)
                for x in (-0.58, 0.04)
                for y in (-0.62, 0.04)
            ],
        ),
        Appearance(0.56, (0.3, 0.5), (0.75, 0.95)),
        radius=(0.2, 0.3),
        height=(0.25, 0.4),
    ),
    "picture": Prop(
        Shape(
            [box(-0.6, -0.45, 0.6, 0.45, tone=-0.5)],
            [
                box(-0.55, -0.4, 0.55, 0.4, tone=0.6),
                disc(0.2, -0.12, 0.14, tone=0.0),
                blob((-0.55, 0.4), (-0.2, -0.1), (0.1, 0.2), (0.55, 0.4), tone=-0.2),
            ],
        ),
        Appearance(0.5, (0.3, 0.8), (0.5, 0.9)),
        radius=(0.14, 0.24),
        height=(0.2, 0.4),
    ),
    "rug": Prop(
        Shape([disc(0.0, 0.0, 0.8, 0.6)], [disc(0.0, 0.0, 0.66, 0.48, tone=0.35)]),
        Appearance(0.9, (0.4, 0.8), (0.4, 0.8), 2),
        radius=(0.26, 0.36),
        height=(0.82, 0.95),
        aspect=3.0,
    ),
}

# The props of each place, the farthest first.
FURNISHING = {
    "shore": ("tree", "bench", "rock"),
    "street": ("door", "tree", "fence", "light", "sign", "bench", "trash bin"),
    "meadow": ("tree", "ground", "fence", "hay", "rock"),
    "living room": ("ceiling", "window", "door", "picture", "curtain", "shelves", "rug"),
    "kitchen": ("ceiling", "window", "door", "curtain", "shelves", "cabinet"),
    "studio": (),
}
