"""Ray casting of boxes: the depth and the surface at every pixel.

Pixels are computed by additions, products, quotients and square roots only: their bits do not
depend on the CPU.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fcn_synthetic.objects.backdrops import Pixels
from fcn_synthetic.rooms.blocks import Piece

NEAR = np.float32(0.15)


class View(NamedTuple):
    """A camera in the room: `axes` holds its x (right), y (down) and z (ahead) in room axes."""

    position: tuple[float, float, float]
    axes: NDArray[np.float64]  # [3, 3], a row for each of the camera's
    focal: tuple[float, float]
    centre: tuple[float, float]  # of the pixels counted from 0
    size: tuple[int, int]  # height, width


class Placed(NamedTuple):
    """A piece in the room, turned about the vertical."""

    piece: Piece
    x: float
    y: float
    z: float
    cos: float
    sin: float


class Hits(NamedTuple):
    """The nearest hit of each pixel's ray; everything [H, W]."""

    depth: Pixels  # along the camera's z, metres
    block: NDArray[np.int32]  # index into the blocks of all pieces; -1 - k: shell side k
    axis: NDArray[np.int8]  # 0, 1, 2: the face across the piece's own x, y or z
    facing: Pixels  # the face's outward sign along that axis
    rays: tuple[Pixels, Pixels, Pixels]  # room axes, z of the camera is 1


def cast_rays(view: View, room: tuple[float, float, float], placed: Sequence[Placed]) -> Hits:
    """The nearest surface at each pixel: of the room's shell, and of every piece in its window."""
    rays = _rays(view)
    depth, block, axis, facing = _shell(view, room, rays)
    windows = _windows(view, placed)
    first = 0
    for item in placed:
        here = windows[first : first + len(item.piece)]
        _cast(view, item, first, here, rays, (depth, block, axis, facing))
        first += len(item.piece)
    return Hits(depth, block, axis, facing, rays)


def _rays(view: View) -> tuple[Pixels, Pixels, Pixels]:
    height, width = view.size
    right = ((np.arange(width) - view.centre[0]) / view.focal[0]).astype(np.float32)
    down = ((np.arange(height) - view.centre[1]) / view.focal[1]).astype(np.float32)[:, None]
    x, y, z = view.axes.astype(np.float32)

    def along(k: int) -> Pixels:
        ray: Pixels = right * x[k] + (down * y[k] + z[k])
        return np.where(abs(ray) < 1e-6, np.float32(1e-6), ray)  # no division by 0

    return along(0), along(1), along(2)


def _shell(
    view: View, room: tuple[float, float, float], rays: tuple[Pixels, Pixels, Pixels]
) -> tuple[Pixels, NDArray[np.int32], NDArray[np.int8], Pixels]:
    """The walls (sides 0 to 3), floor (4) and ceiling (5), from inside."""
    exits = [
        (np.where(ray > 0, np.float32(far - at), np.float32(-at))) / ray
        for ray, far, at in zip(rays, room, view.position, strict=True)
    ]
    depth = np.minimum(np.minimum(exits[0], exits[1]), exits[2])
    axis = np.where(exits[2] == depth, 2, np.where(exits[1] == depth, 1, 0)).astype(np.int8)
    ahead = np.choose(axis, rays) > 0
    block = (-1 - (2 * axis + ahead)).astype(np.int32)
    return depth, block, axis, np.where(ahead, np.float32(-1), np.float32(1))


def _windows(view: View, placed: Sequence[Placed]) -> NDArray[np.int64]:
    """The pixels [N, 4] (top, bottom, left, right) that each block can cover."""
    spans = np.array([[b.x, b.y, b.z] for item in placed for b in item.piece])  # [N, 3, 2]
    pose = np.array(
        [(item.x, item.y, item.z, item.cos, item.sin) for item in placed for _ in item.piece]
    )
    picks = np.indices((2, 2, 2)).reshape(3, 8)
    x, y, z = (spans[:, k][:, picks[k]] for k in range(3))  # [N, 8]
    cos, sin = pose[:, 3, None], pose[:, 4, None]
    corners = (
        cos * x - sin * y + pose[:, 0, None] - view.position[0],
        sin * x + cos * y + pose[:, 1, None] - view.position[1],
        z + pose[:, 2, None] - view.position[2],
    )
    right, down, ahead = (
        sum(a * c for a, c in zip(row, corners, strict=True)) for row in view.axes
    )
    height, width = view.size
    behind = (ahead < NEAR).any(axis=1)
    ahead = np.maximum(ahead, NEAR)
    column = right / ahead * view.focal[0] + view.centre[0]
    line = down / ahead * view.focal[1] + view.centre[1]
    windows = np.stack(
        [
            np.clip(np.floor(line.min(axis=1)), 0, height),
            np.clip(np.ceil(line.max(axis=1)) + 1, 0, height),
            np.clip(np.floor(column.min(axis=1)), 0, width),
            np.clip(np.ceil(column.max(axis=1)) + 1, 0, width),
        ],
        axis=1,
    ).astype(np.int64)
    windows[behind] = (0, height, 0, width)
    return windows


def _cast(
    view: View,
    item: Placed,
    first: int,
    windows: NDArray[np.int64],
    rays: tuple[Pixels, Pixels, Pixels],
    hits: tuple[Pixels, NDArray[np.int32], NDArray[np.int8], Pixels],
) -> None:
    """Update the hits where the piece's blocks are nearer."""
    top, left = windows[:, 0].min(), windows[:, 2].min()
    window_of_piece = (slice(top, windows[:, 1].max()), slice(left, windows[:, 3].max()))
    origin, local = _to_piece_axes(view, item, [ray[window_of_piece] for ray in rays])
    inverse = [1 / ray for ray in local]
    for number, (block, window) in enumerate(zip(item.piece, windows, strict=True), start=first):
        here = (
            slice(window[0] - top, window[1] - top),
            slice(window[2] - left, window[3] - left),
        )
        depth, blocks, axes, facing = (part[window_of_piece][here] for part in hits)
        if not depth.size:
            continue
        enter, leave = [], []
        for slope, at, span in zip(inverse, origin, (block.x, block.y, block.z), strict=True):
            ends = [slope[here] * np.float32(end - at) for end in span]
            enter.append(np.minimum(*ends))
            leave.append(np.maximum(*ends))
        nearest = np.maximum(np.maximum(enter[0], enter[1]), enter[2])
        hit = nearest <= np.minimum(np.minimum(leave[0], leave[1]), leave[2])
        hit &= (nearest > NEAR) & (nearest < depth)
        axis = np.where(enter[2] == nearest, 2, np.where(enter[1] == nearest, 1, 0))[hit]
        depth[hit], blocks[hit], axes[hit] = nearest[hit], number, axis
        ray = np.choose(axis, [part[here][hit] for part in local])
        facing[hit] = np.where(ray > 0, np.float32(-1), np.float32(1))


def _to_piece_axes(
    view: View, item: Placed, rays: Sequence[Pixels]
) -> tuple[tuple[float, float, float], list[Pixels]]:
    """The camera's position and the rays in the piece's own axes."""
    x, y = view.position[0] - item.x, view.position[1] - item.y
    origin = (
        item.cos * x + item.sin * y,
        item.cos * y - item.sin * x,
        view.position[2] - item.z,
    )
    cos, sin = np.float32(item.cos), np.float32(item.sin)
    turned = (cos * rays[0] + sin * rays[1], cos * rays[1] - sin * rays[0], rays[2])
    return origin, [np.where(abs(ray) < 1e-6, np.float32(1e-6), ray) for ray in turned]
