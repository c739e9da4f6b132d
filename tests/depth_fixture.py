"""Rooms of known walls, seen by a camera of known tilt: depth, and what HHA must find in it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter, minimum_filter

from fcnlib.hha import COLOUR, Camera

SMALL = COLOUR.reduced(4)  # 120 x 160 pixels
SIZE = (120, 160)


@dataclass
class Room:
    """What a camera sees, and the truth about it."""

    depth: NDArray[np.float64]  # [H, W], metres
    surface: NDArray[np.int64]  # [H, W]: which plane each pixel shows
    angle: NDArray[np.float64]  # [H, W], degrees between that plane's normal and down
    down: NDArray[np.float64]  # [3]
    above_camera: NDArray[np.float64]  # [H, W], cm

    def inside(self, radius: int) -> NDArray[np.bool_]:
        """Pixels whose window shows nothing but their own plane."""
        size = 2 * radius + 1
        alone: NDArray[np.bool_] = minimum_filter(self.surface, size) == maximum_filter(
            self.surface, size
        )
        return alone

    @property
    def creases(self) -> NDArray[np.bool_]:
        """So wide a band where planes meet that without it no window of HHA shows two."""
        return ~self.inside(11)

    @property
    def height(self) -> NDArray[np.float64]:
        """Centimetres above the lowest point that is seen."""
        height: NDArray[np.float64] = self.above_camera - self.above_camera.min()
        return height


def rays(camera: Camera, size: tuple[int, ...]) -> NDArray[np.float64]:
    """The point at depth 1 of each pixel [H, W, 3]."""
    row, column = np.mgrid[1 : size[0] + 1, 1 : size[1] + 1]
    x, y = (column - camera.cx) / camera.fx, (row - camera.cy) / camera.fy
    return np.stack([x, y, np.ones(size)], axis=-1)


def tilted(pitch: float, roll: float) -> NDArray[np.float64]:
    """The axes right, down, ahead of the world as rows [3, 3], seen from a camera looking down."""
    p, r = np.radians([pitch, roll])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), np.sin(p)], [0, -np.sin(p), np.cos(p)]])
    about_z = np.array([[np.cos(r), np.sin(r), 0], [-np.sin(r), np.cos(r), 0], [0, 0, 1]])
    world: NDArray[np.float64] = about_x @ about_z
    return world


def room(
    pitch: float = 10.0,
    roll: float = 0.0,
    *,
    turn: float = 20.0,
    floor: float | None = 1.2,
    ceiling: float | None = None,
    walls: tuple[float, ...] = (3.0, 2.5, 2.5),
    camera: Camera = SMALL,
    size: tuple[int, int] = SIZE,
) -> Room:
    """A room: metres from the camera to floor, ceiling, and the walls ahead, right and left."""
    right, down, ahead = tilted(pitch, roll)
    t = np.radians(turn)
    front, side = np.cos(t) * ahead + np.sin(t) * right, np.cos(t) * right - np.sin(t) * ahead
    planes = [*zip((front, side, -side), walls, (90.0,) * 3, strict=False)]
    planes += [(down, floor, 0.0)] if floor is not None else []
    planes += [(-down, ceiling, 180.0)] if ceiling is not None else []
    seen = rays(camera, size)
    towards = np.stack([seen @ normal for normal, _, _ in planes])  # [planes, H, W]
    distance = np.array([float(d) for _, d, _ in planes])[:, None, None]
    with np.errstate(divide="ignore"):
        depths = np.where(towards > 0, distance / towards, np.inf)
    surface = depths.argmin(axis=0)
    depth = depths.min(axis=0)
    assert np.isfinite(depth).all(), "the room is open"
    angle = np.array([angle for _, _, angle in planes])[surface]
    return Room(depth, surface, angle, down, -100 * depth * (seen @ down))


def holes(size: tuple[int, int], seed: int = 0) -> NDArray[np.bool_]:
    """Missing depth as a Kinect has it: single pixels, and whole patches."""
    chance = np.random.default_rng(seed)
    patches = np.kron(chance.random((size[0] // 8, size[1] // 8)) < 0.15, np.ones((8, 8)))
    missing: NDArray[np.bool_] = (patches > 0) | (chance.random(size) < 0.05)
    return missing
