"""Rooms as a depth camera sees them: colour, depth, where depth is missing, and labels.

Many classes share woods, white paint and fabrics, though each has its usual one. Those of one
colour differ in height and orientation, while pictures, blinds and curtains differ from the wall
in colour alone.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fcn_synthetic.objects.backdrops import Pixels
from fcn_synthetic.rooms import arrangement, finishes
from fcn_synthetic.rooms.arrangement import Room
from fcn_synthetic.rooms.finishes import TILE, Finish
from fcn_synthetic.rooms.raycast import Hits, Placed, View, cast_rays
from fcnlib.config.nyudv2_images import NYUD_SIZE
from fcnlib.datasets.hha.encode import NYUD_CAMERA

BASELINE = 0.075  # metres from the sensor's projector to its camera
FARTHEST = 8.0
# Rows and columns of a full frame without depth, at its top, bottom, left and right, as after
# alignment with the colour camera; the published crop removes them.
RIM = (40, 8, 36, 20)
PIXEL_NOISE = 2.5
BARE, TRIES = 0.6, 4  # if the shell has a larger share of the image, another view is tried
DEPTH_NOISE = 0.0012  # metres at a depth of one metre; grows with its square
NAMES = ("wall", "wall", "wall", "wall", "floor", "ceiling")  # the shell's sides


class Scene(NamedTuple):
    kind: str
    image: NDArray[np.uint8]  # [H, W, 3]
    depth: Pixels  # [H, W], metres, known everywhere
    missing: NDArray[np.bool_]  # [H, W], where the sensor measured nothing
    labels: NDArray[np.int32]  # [H, W], indices into `names`, -1 unlabelled
    instances: NDArray[np.uint8]  # [H, W], from 1 for each of a name, 0 unlabelled
    names: tuple[str, ...]  # as annotators would name them
    view: View


def room(rng: np.random.Generator, reduced: int = 4) -> Scene:
    """A furnished room, as NYUDv2's camera sees it, in an image `reduced` times smaller."""
    kind = list(arrangement.ROOM_KINDS)[rng.integers(len(arrangement.ROOM_KINDS))]
    for _ in range(TRIES):
        furnished = arrangement.furnish_room(rng, kind)
        view = _view(rng, furnished, reduced)
        hits = cast_rays(view, furnished.size, furnished.placed)
        if (hits.block < 0).mean() < BARE:
            break
    surfaces = _surfaces(furnished)
    depth = hits.depth + _depth_noise(rng, hits.depth, reduced)
    names, labels, instances = _labels(furnished, hits)
    image = _image(rng, furnished, view, hits, surfaces)
    missing = _missing(rng, view, hits, surfaces, reduced)
    return Scene(furnished.kind, image, depth, missing, labels, instances, names, view)


def _view(rng: np.random.Generator, room: Room, reduced: int) -> View:
    yaw, pitch = math.radians(rng.uniform(-28, 28)), math.radians(rng.uniform(3, 24))
    roll = math.radians(3 * rng.standard_normal())
    ahead = np.array([math.sin(yaw), math.cos(yaw), 0])
    right, up = np.array([math.cos(yaw), -math.sin(yaw), 0]), np.array([0, 0, 1.0])
    ahead, down = (
        math.cos(pitch) * ahead - math.sin(pitch) * up,
        -math.sin(pitch) * ahead - math.cos(pitch) * up,
    )
    right, down = (
        math.cos(roll) * right + math.sin(roll) * down,
        math.cos(roll) * down - math.sin(roll) * right,
    )
    camera = NYUD_CAMERA.reduced(reduced)
    return View(
        room.position,
        np.stack([right, down, ahead]),
        (camera.fx, camera.fy),
        (camera.cx - 1, camera.cy - 1),  # counted from 0
        (NYUD_SIZE[0] // reduced, NYUD_SIZE[1] // reduced),
    )


def _labels(room: Room, hits: Hits) -> tuple[tuple[str, ...], NDArray[np.int32], NDArray[np.uint8]]:
    """Names, and each pixel's name and instance; unlabelled along outlines, as by annotators."""
    numbers: dict[str, int] = {}
    instances: list[tuple[int, int]] = []  # name, instance of each block
    counts: dict[str, int] = {}
    for item in room.placed:
        names = [block.name for block in item.piece]
        for name in dict.fromkeys(names):
            numbers.setdefault(name, len(numbers))
            counts[name] = counts.get(name, 0) + 1
        instances += [(numbers[name], counts[name]) for name in names]
    for name in reversed(NAMES):  # index -1 is the last: side 0
        instances.append((numbers.setdefault(name, len(numbers)), 1))
    table = np.array(instances)[hits.block]  # [H, W, 2]
    one = table[..., 0] * 256 + table[..., 1]
    edge = np.zeros(one.shape, bool)
    edge[:, :-1] |= one[:, :-1] != one[:, 1:]
    edge[:-1] |= one[:-1] != one[1:]
    labels = np.where(edge, -1, table[..., 0]).astype(np.int32)
    return tuple(numbers), labels, np.where(edge, 0, table[..., 1]).astype(np.uint8)


def _surfaces(room: Room) -> list[Finish]:
    """The finish of each block; from the end, of the shell's sides."""
    wall, floor, ceiling = room.shell
    blocks = [block.finish for item in room.placed for block in item.piece]
    return [*blocks, ceiling, floor, wall, wall, wall, wall]


def _image(
    rng: np.random.Generator, room: Room, view: View, hits: Hits, surfaces: list[Finish]
) -> NDArray[np.uint8]:
    place = tuple(
        hits.depth * ray + np.float32(at) for ray, at in zip(hits.rays, view.position, strict=True)
    )
    canvas = _textured(rng, room, hits, surfaces, place)
    canvas *= (_light(rng, room, hits, place) * _ambient_occlusion(room, hits, place))[..., None]
    warmth = np.array([rng.uniform(0.97, 1.08), 1.0, rng.uniform(0.86, 1.02)], np.float32)
    canvas *= warmth
    canvas[1:-1] = (canvas[:-2] + 2 * canvas[1:-1] + canvas[2:]) / 4  # the lens
    canvas[:, 1:-1] = (canvas[:, :-2] + 2 * canvas[:, 1:-1] + canvas[:, 2:]) / 4
    canvas += np.float32(PIXEL_NOISE) * rng.standard_normal(canvas.shape, np.float32)
    return np.clip(np.rint(canvas), 0, 255).astype(np.uint8)


def _textured(
    rng: np.random.Generator,
    room: Room,
    hits: Hits,
    surfaces: list[Finish],
    place: tuple[Pixels, ...],
) -> Pixels:
    """The colour [H, W, 3] of each surface under even light."""
    poses = [(item.x, item.y, item.cos, item.sin) for item in room.placed for _ in item.piece]
    poses += [(0.0, 0.0, 1.0, 0.0)] * len(NAMES)
    x, y, cos, sin = np.moveaxis(np.array(poses, np.float32)[hits.block], -1, 0)
    away_x, away_y = place[0] - x, place[1] - y
    local_x, local_y = cos * away_x + sin * away_y, cos * away_y - sin * away_x
    along = np.where(hits.axis == 0, local_y, local_x)
    upward = np.where(hits.axis == 2, local_y, place[2])
    numbers = [(finish.along, finish.upward, finish.tone, finish.chroma) for finish in surfaces]
    scales = np.moveaxis(np.array(numbers, np.float32)[hits.block], -1, 0)
    shifts = rng.integers(TILE, size=(len(surfaces), 2))[hits.block]
    u = np.floor(along * scales[0]).astype(np.int64) + shifts[..., 0]
    v = np.floor(upward * scales[1]).astype(np.int64) + shifts[..., 1]
    tile = np.array([finish.tile for finish in surfaces])[hits.block] * TILE
    stack = finishes.tiles().reshape(-1)

    def pattern(shift: int) -> Pixels:
        texture: Pixels = stack[(tile + (u + shift) % TILE) * TILE + (v + 2 * shift) % TILE]
        return texture

    colour: Pixels = np.stack([finish.colour for finish in surfaces])[hits.block]
    colour *= (1 + scales[2] * pattern(0))[..., None]
    for channel, shift in enumerate((37, 89, 151)):
        colour[..., channel] += scales[3] * pattern(shift)
    return colour


def _light(rng: np.random.Generator, room: Room, hits: Hits, place: tuple[Pixels, ...]) -> Pixels:
    """Brightness [H, W]: ambient light, and a lamp below the ceiling that fades with distance."""
    lamp = (
        rng.uniform(0.25, 0.75) * room.size[0],
        rng.uniform(0.25, 0.8) * room.size[1],
        room.size[2] - 0.25,
    )
    to = [np.float32(at) - where for at, where in zip(lamp, place, strict=True)]
    squared = to[0] * to[0] + to[1] * to[1] + to[2] * to[2] + np.float32(0.05)
    turns = [(item.cos, item.sin) for item in room.placed for _ in item.piece]
    turns += [(1.0, 0.0)] * len(NAMES)
    cos, sin = np.moveaxis(np.array(turns, np.float32)[hits.block], -1, 0)
    level = np.choose(hits.axis, (cos * to[0] + sin * to[1], cos * to[1] - sin * to[0], to[2]))
    facing = np.maximum(level * hits.facing, 0) / np.sqrt(squared)
    even, strength = rng.uniform(0.62, 0.74), rng.uniform(0.4, 0.6)
    fade = np.float32(1.2) / (1 + np.float32(0.12) * squared)
    light: Pixels = np.float32(even) + np.float32(strength) * facing * fade
    light += np.array([0.0, 0.05, 0.0], np.float32)[
        hits.axis
    ]  # faces differ a little in ambient light
    return light


def _ambient_occlusion(room: Room, hits: Hits, place: tuple[Pixels, ...]) -> Pixels:
    """A factor [H, W] that is smaller near corners, and under and behind pieces."""
    near = [
        np.minimum(where, np.float32(side) - where)
        for where, side in zip(place, room.size, strict=True)
    ]
    for k in range(3):  # a side does not occlude itself
        near[k] = np.where((hits.block < 0) & (hits.axis == k), np.float32(1), near[k])
    corners = _closeness(near[0], 0.35) + _closeness(near[1], 0.35)
    shade: Pixels = 1 - np.float32(0.2) * corners
    shade -= np.float32(0.15) * _closeness(near[2], 0.3)
    first = 0
    for item in room.placed:
        shade -= np.float32(0.3) * _shadow(item, first, hits, place)
        first += len(item.piece)
    return np.maximum(shade, np.float32(0.35))


def _closeness(distance: Pixels, reach: float) -> Pixels:
    close: Pixels = np.clip(1 - distance / np.float32(reach), 0, 1)
    return close * close


def _shadow(item: Placed, first: int, hits: Hits, place: tuple[Pixels, ...]) -> Pixels:
    """How close [H, W] each point of other pieces and the shell is to this piece's outer box."""
    away = (place[0] - np.float32(item.x), place[1] - np.float32(item.y), place[2])
    cos, sin = np.float32(item.cos), np.float32(item.sin)
    local = (cos * away[0] + sin * away[1], cos * away[1] - sin * away[0], away[2])
    squared = np.zeros_like(hits.depth)
    for k in range(3):
        spans = [(block.x, block.y, block.z)[k] for block in item.piece]
        rise = item.z if k == 2 else 0.0
        low, high = min(s[0] for s in spans) + rise, max(s[1] for s in spans) + rise
        middle, half = np.float32((low + high) / 2), np.float32((high - low) / 2)
        beyond = np.maximum(abs(local[k] - middle) - half, 0)
        squared += beyond * beyond
    own = (hits.block >= first) & (hits.block < first + len(item.piece))
    return np.where(own, np.float32(0), _closeness(np.sqrt(squared), 0.3))


def _depth_noise(rng: np.random.Generator, depth: Pixels, reduced: int) -> Pixels:
    """The sensor's noise [H, W], less of it in pixels that are means of several."""
    spread = np.float32(DEPTH_NOISE / reduced)
    noise: Pixels = spread * depth * depth * rng.standard_normal(depth.shape, np.float32)
    return noise


def _missing(
    rng: np.random.Generator, view: View, hits: Hits, surfaces: list[Finish], reduced: int
) -> NDArray[np.bool_]:
    """Where [H, W] the projector's light does not reach, or does not come back."""
    missing_share = np.array([finish.missing_share for finish in surfaces], np.float32)[hits.block]
    height, width = hits.depth.shape
    tops, lefts = rng.integers(TILE, size=2)
    rows = (tops + np.arange(height) * reduced // 4) % TILE
    columns = (lefts + np.arange(width) * reduced // 4) % TILE
    blotches = finishes.tiles()[finishes.MOTTLE][rows[:, None], columns]
    missing: NDArray[np.bool_] = blotches * np.float32(0.4) + missing_share > np.float32(0.5)
    missing &= missing_share > 0
    missing |= hits.depth > np.float32(FARTHEST)
    missing |= hits.depth < np.float32(0.45)
    missing |= _unlit(view, hits.depth)
    top, bottom, left, right = (size // reduced for size in RIM)
    missing[:top], missing[height - bottom :] = True, True
    missing[:, :left], missing[:, width - right :] = True, True
    return missing


def _unlit(view: View, depth: Pixels) -> NDArray[np.bool_]:
    """The shadows [H, W] that near things cast, as the projector stands beside the camera."""
    disparity = np.float32(view.focal[0] * BASELINE) / depth  # pixels
    unlit = np.zeros(depth.shape, bool)
    for step in range(1, int(disparity.max() - disparity.min()) + 1):
        unlit[:, :-step] |= disparity[:, step:] - disparity[:, :-step] >= step
    return unlit
