"""Synthetic rooms: depth agrees with the furniture, and every class occurs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcn_synthetic.archives.nyudv2 import NAMES
from fcn_synthetic.rooms import arrangement, finishes, raycast, rooms
from fcn_synthetic.rooms.blocks import POOLED, Block
from fcn_synthetic.rooms.raycast import Placed, View
from fcnlib.datasets.hha import encode as hha

MANY = 160
SIZE = (4.0, 5.0, 2.5)
LEVEL = np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]])  # looks along y, its down is -z


@pytest.fixture(scope="module")
def many() -> list[rooms.Scene]:
    return [rooms.room(np.random.default_rng((0, number))) for number in range(MANY)]


def camera(view: View) -> hha.Camera:
    return hha.Camera(*view.focal, view.centre[0] + 1, view.centre[1] + 1)


def points(view: View, depth: np.ndarray) -> np.ndarray:
    """Each pixel's point [H, W, 3] in the room's axes."""
    rows, columns = np.indices(depth.shape)
    right = (columns - view.centre[0]) / view.focal[0] * depth
    down = (rows - view.centre[1]) / view.focal[1] * depth
    return np.stack([right, down, depth], -1) @ view.axes + view.position


def beyond(item: Placed, block: Block, where: np.ndarray) -> np.ndarray:
    """How far outside the block each point is, negative inside."""
    x, y, z = np.moveaxis(where - (item.x, item.y, item.z), -1, 0)
    local = item.cos * x + item.sin * y, item.cos * y - item.sin * x, z
    spans = zip(local, (block.x, block.y, block.z), strict=True)
    return np.max([np.maximum(low - at, at - high) for at, (low, high) in spans], axis=0)


def test_one_seed_gives_one_room_and_another_seed_another():
    first, again, other = (rooms.room(np.random.default_rng(seed)) for seed in (1, 1, 2))
    for part in ("image", "depth", "missing", "labels", "instances"):
        assert getattr(first, part).tobytes() == getattr(again, part).tobytes()
    assert first.image.tobytes() != other.image.tobytes()


def test_the_floor_is_at_height_zero_and_nothing_lies_below(many):
    for scene in many[:20]:
        height = points(scene.view, scene.depth)[..., 2]
        assert height.min() > -0.05
        if "floor" in scene.names:
            floor = height[scene.labels == scene.names.index("floor")]
            assert abs(floor).max(initial=0) < 0.05


def test_hha_finds_the_direction_in_which_things_fall(many):
    errors = []
    for scene in many[:20]:
        down = scene.view.axes @ (0, 0, -1)
        found = hha.gravity(scene.depth.astype(float), scene.missing, camera(scene.view))
        errors.append(np.degrees(np.arccos(np.clip(found @ down, -1, 1))))
    assert np.median(errors) < 1.5
    assert np.mean(np.array(errors) < 5) > 0.9


def test_cameras_are_tilted_by_a_few_degrees_each_its_own_way(many):
    tilt = np.degrees([np.arccos(scene.view.axes[1] @ (0, 0, -1)) for scene in many])
    assert np.ptp(tilt) > 10
    assert tilt.max() < 40


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_each_ray_ends_on_the_block_that_it_names_and_passes_through_none(seed):
    rng = np.random.default_rng(seed)
    room = arrangement.furnish_room(
        rng, list(arrangement.ROOM_KINDS)[seed % len(arrangement.ROOM_KINDS)]
    )
    view = rooms._view(rng, room, 16)
    hits = raycast.cast_rays(view, room.size, room.placed)
    blocks = [(item, block) for item in room.placed for block in item.piece]
    where = points(view, hits.depth.astype(float))
    assert where.min() > -1e-4
    assert (where < np.array(room.size) + 1e-4).all()

    for number, (item, block) in enumerate(blocks):
        mine = hits.block == number
        assert abs(beyond(item, block, where[mine])).max(initial=0) < 1e-4
        for share in (0.3, 0.6, 0.9, 0.97):
            on_the_way = points(view, np.maximum(hits.depth * share, raycast.NEAR).astype(float))
            assert beyond(item, block, on_the_way).min() > -1e-4


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_no_piece_stands_in_another_or_in_the_camera(seed):
    rng = np.random.default_rng(seed)
    room = arrangement.furnish_room(
        rng, list(arrangement.ROOM_KINDS)[seed % len(arrangement.ROOM_KINDS)]
    )
    inside = rng.uniform(0.01, 0.99, size=(20, 3))
    for item in room.placed:
        for block in item.piece:
            spans = np.array([block.x, block.y, block.z])
            x, y, z = (spans[:, 0] + (spans[:, 1] - spans[:, 0]) * inside).T
            turned = item.cos * x - item.sin * y, item.sin * x + item.cos * y, z
            filled = np.stack(turned, axis=-1) + np.array([item.x, item.y, item.z])
            assert np.linalg.norm(filled - room.position, axis=1).min() > 0.3
            for other in room.placed:
                if other is not item:
                    assert min(beyond(other, part, filled).min() for part in other.piece) > -0.01


def test_a_board_that_reaches_behind_the_camera_is_seen():
    view = board(2.0)[0]
    piece = [Block("box", finishes.white(np.random.default_rng(0)), (-1, 1), (-2, 2), (0, 1))]
    hits = raycast.cast_rays(view, SIZE, [Placed(piece, 2.0, 0.5, 0.0, 1.0, 0.0)])
    assert (hits.block[-1] == 0).all()
    assert hits.depth[-1, 80] == pytest.approx(0.25 / (119 - 60) * 130)


def test_a_board_that_passes_the_camera_at_a_slant_is_seen_to_the_edge():
    view = board(2.0)[0]
    piece = [Block("box", finishes.white(np.random.default_rng(0)), (0, 3.25), (0, 0.01), (0, 2))]
    slanted = Placed(piece, 1.8, -0.5, 0.0, 5 / 13, 12 / 13)  # from behind on the left
    hits = raycast.cast_rays(view, SIZE, [slanted])
    assert (hits.block[60, 150:] == 0).all()
    assert (hits.block[60, :140] != 0).all()


def board(depth: float) -> tuple[View, raycast.Hits]:
    """A board of 1 m before the far wall, seen by a level camera in the room's middle."""
    view = View((2.0, 0.5, 1.25), LEVEL, (130.0, 130.0), (80.0, 60.0), (120, 160))
    piece = [Block("box", finishes.white(np.random.default_rng(0)), (-0.5, 0.5), (0, 0.1), (0, 2))]
    item = Placed(piece, 2.0, 0.5 + depth, 0.0, 1.0, 0.0)
    return view, raycast.cast_rays(view, SIZE, [item])


def test_a_board_before_a_wall_is_where_it_was_put():
    _, hits = board(2.0)
    assert hits.depth[60, 80] == pytest.approx(2.0)
    assert hits.depth[60, 10] == pytest.approx(2.0 / 70 * 130)  # the wall at the side
    width = (hits.block[60] == 0).sum()
    assert width == 2 * int(0.5 / 2.0 * 130) + 1
    assert hits.facing[60, 80] == -1


@pytest.mark.parametrize("depth", [1.0, 2.0])
def test_near_things_hide_what_is_beside_them_from_the_projector(depth):
    view, hits = board(depth)
    unlit = rooms._unlit(view, hits.depth)
    left = np.flatnonzero(hits.block[60] == 0)[0]
    behind = float(hits.depth[60, left - 1])
    shadow = rooms.BASELINE * 130 * (1 / depth - 1 / behind)
    assert abs(unlit[60, :left].sum() - shadow) <= 1
    assert unlit[60, left - 1]
    assert not unlit[60, left:].any()


def test_depth_is_missing_in_shadows_and_behind_glass_and_hardly_on_dull_surfaces(many):
    def share(names: set[str]) -> float:
        inner = np.s_[12:115, 10:150]
        missing, pixels = 0, 0
        for scene in many:
            wanted = [index for index, name in enumerate(scene.names) if name in names]
            here = np.isin(scene.labels, wanted)[inner]
            missing, pixels = missing + scene.missing[inner][here].sum(), pixels + here.sum()
        return missing / pixels

    unlit = [(scene.missing, rooms._unlit(scene.view, scene.depth)) for scene in many[:20]]
    assert sum((m & u).sum() for m, u in unlit) > 0.9 * sum(u.sum() for _, u in unlit) > 0
    assert share({"mirror"}) > 0.3
    assert share({"wall", "floor", "bed", "cabinet"}) < 0.05
    assert 0.02 < np.mean([scene.missing[12:115, 10:150].mean() for scene in many]) < 0.2


def test_every_name_occurs_and_has_a_class(many):
    occurring = {
        scene.names[index] for scene in many for index in np.unique(scene.labels) if index >= 0
    }
    assert occurring <= set(NAMES)
    assert occurring >= set(POOLED)
    assert set(NAMES) - occurring == set()


def test_rooms_are_of_every_kind_and_hold_something(many):
    assert {scene.kind for scene in many} == set(arrangement.ROOM_KINDS)
    shell = {"wall", "floor", "ceiling"}
    bare = [
        np.isin(s.labels, [i for i, name in enumerate(s.names) if name in shell]).mean()
        for s in many
    ]
    assert np.mean(bare) < 0.65


def test_labels_and_instances_end_at_outlines(many):
    scene = many[0]
    assert ((scene.labels == -1) == (scene.instances == 0)).all()
    assert 0.01 < (scene.labels == -1).mean() < 0.15


@pytest.mark.parametrize("seed", range(3))
def test_a_smaller_image_shows_the_same_room_from_the_same_place(seed):
    small, large = (rooms.room(np.random.default_rng(seed), reduced) for reduced in (8, 4))
    assert small.names == large.names
    assert large.depth.shape == (120, 160)
    assert small.depth.shape == (60, 80)
    blocks = large.depth.reshape(60, 2, 80, 2)
    flat = np.ptp(blocks, axis=(1, 3)) < 0.05
    assert np.median(abs(blocks.mean(axis=(1, 3)) - small.depth)[flat]) < 0.01
