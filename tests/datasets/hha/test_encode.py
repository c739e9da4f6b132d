"""HHA: rooms of known geometry, a plain per-pixel formulation, and input that cannot be meant."""

import logging

import numpy as np
import pytest
from fixtures.depth import SIZE, SMALL, Room, holes, rays, room
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fcnlib.core.errors import InputError
from fcnlib.datasets.hha.encode import (
    LEVEL_DEG,
    NYUD_CAMERA,
    Camera,
    encode_hha,
    gravity,
    hha_channels,
)

LEVEL = np.array([0.0, 1.0, 0.0])
FULL = (480, 640)
tilts = st.tuples(st.floats(0, 25), st.floats(-10, 10), st.floats(-30, 30))


def degrees_between(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b)), a @ b)))


def check(scene: Room, missing: NDArray[np.bool_] | None, camera: Camera = SMALL) -> None:
    assert degrees_between(gravity(scene.depth, missing, camera), scene.down) < 0.05
    _, height, angle = hha_channels(scene.depth, missing, camera)
    assert np.abs(height - scene.height).max() < 0.2
    inside = scene.inside(3) & (angle < 179.9)  # 180 stands for no normal too
    if missing is not None:
        inside &= ~missing
    assert inside.mean() > 0.2
    assert np.abs(angle - scene.angle)[inside].max() < 0.06
    truth = [310 / np.maximum(scene.depth, 1), scene.height, scene.angle + 38]
    found = encode_hha(scene.depth, missing, camera).transpose(2, 0, 1)
    difference = np.abs(found - np.clip(truth, 0, 255))
    assert difference[:2].max() <= 1 and difference[2, inside].max() <= 1


@pytest.mark.parametrize("pose", [(10.0, 0.0, 20.0), (25.0, -8.0, -25.0), (0.0, 9.0, 30.0)])
@pytest.mark.parametrize("gaps", [False, True], ids=["complete", "missing"])
def test_a_room_has_the_gravity_height_and_angle_it_was_built_with(
    pose: tuple[float, float, float], gaps: bool
) -> None:
    pitch, roll, turn = pose
    scene = room(pitch, roll, turn=turn, camera=NYUD_CAMERA, size=FULL)
    check(scene, holes(FULL) if gaps else None, NYUD_CAMERA)


@settings(max_examples=25, deadline=None)
@given(tilts, st.integers(0, 9))
def test_any_tilt_is_found(pose: tuple[float, float, float], seed: int) -> None:
    pitch, roll, turn = pose
    scene = room(pitch, roll, turn=turn, floor=1.0)
    missing = scene.creases | holes(SIZE, seed)
    assert degrees_between(gravity(scene.depth, missing, SMALL), scene.down) < 1e-3
    assume(degrees_between(scene.down, LEVEL) > 1.1 * LEVEL_DEG)  # as published: heights unturned
    check(scene, missing)


def test_the_published_crop_keeps_angles_and_gravity() -> None:
    camera = NYUD_CAMERA.cropped(45, 40)
    assert (camera.cx, camera.cy) == pytest.approx((285.58244941, 208.73616633))
    size = (425, 560)
    check(room(14, -3, turn=30, ceiling=1.3, camera=camera, size=size), None, camera)


def test_a_pixel_of_a_reduced_image_has_the_ray_of_its_block() -> None:
    reduced = NYUD_CAMERA.reduced(4)
    columns = np.arange(9, 13)  # MATLAB's columns of the third block
    mean = ((columns - NYUD_CAMERA.cx) / NYUD_CAMERA.fx).mean()
    assert (3 - reduced.cx) / reduced.fx == pytest.approx(mean)
    assert (3 - reduced.cy) / reduced.fy == pytest.approx(
        ((columns - NYUD_CAMERA.cy) / NYUD_CAMERA.fy).mean()
    )


def test_without_a_floor_in_view_the_camera_counts_as_130_cm_high() -> None:
    scene = room(-12, 4, ceiling=1.3, walls=(3.0, 2.0, 2.0))
    missing = scene.creases
    _, height, _ = hha_channels(scene.depth, missing, SMALL)
    assert scene.above_camera.min() > -90
    assert np.abs(height - (scene.above_camera + 130)).max() < 0.2


def test_a_floor_90_cm_below_is_the_ground_and_one_at_89_is_not() -> None:
    for floor, lowest in [(0.91, 0.0), (0.89, 130 - 89)]:
        scene = room(15, floor=floor)
        _, height, _ = hha_channels(scene.depth, scene.creases, SMALL)
        assert height.min() == pytest.approx(lowest, abs=0.2)


def test_a_camera_within_a_tenth_of_a_degree_of_level_measures_height_along_its_own_axis() -> None:
    row = np.arange(1, SIZE[0] + 1)[:, None]
    for pitch, level in [(0.08, True), (0.12, False)]:
        scene = room(pitch, floor=1.0, ceiling=1.3, walls=(6.0, 3.0, 3.0))
        _, height, _ = hha_channels(scene.depth, scene.creases, SMALL)
        along_y = -100 * scene.depth * (row - SMALL.cy) / SMALL.fy
        assert (np.abs(height - (along_y - along_y.min())).max() < 1e-9) == level
        assert (np.abs(height - scene.height).max() < 0.2) != level


def test_a_single_wall_leaves_gravity_where_it_was_but_for_the_walls_tilt() -> None:
    scene = room(-12, 0, turn=0, floor=None, walls=(3.0,))
    assert degrees_between(gravity(scene.depth, None, SMALL), scene.down) < 1e-3


def plain_normals(
    depth: NDArray[np.float64], valid: NDArray[np.bool_], camera: Camera, radius: int
) -> NDArray[np.float64]:
    """Normals [H, W, 3] by a least-squares fit at each pixel; NaN where points span no plane."""
    seen = rays(camera, depth.shape)
    normals = np.full(seen.shape, np.nan)
    for row, column in np.ndindex(depth.shape):
        window = np.s_[
            max(row - radius, 0) : row + radius + 1, max(column - radius, 0) : column + radius + 1
        ]
        points = seen[window][valid[window]]
        if np.linalg.matrix_rank(points) == 3:
            fit = np.linalg.lstsq(points, 1 / (100 * depth[window][valid[window]]), rcond=None)[0]
            side = np.sign(fit @ seen[row, column])
            normals[row, column] = side * fit / np.linalg.norm(fit)
    return normals


def plain_gravity(normals: NDArray[np.float64]) -> NDArray[np.float64]:
    usable = [normal for normal in normals.reshape(-1, 3) if not np.isnan(normal).any()]
    down = np.array([0.0, 1.0, 0.0])
    for threshold in [45] * 5 + [15] * 5:
        scatter = np.zeros((3, 3))
        for normal in usable:
            cosine = abs(down @ normal)
            scatter += (cosine < np.sin(np.radians(threshold))) * np.outer(normal, normal)
            scatter -= (cosine > np.cos(np.radians(threshold))) * np.outer(normal, normal)
        smallest = np.linalg.eigh(scatter)[1][:, 0]
        down = smallest * np.sign(smallest @ down)
    return down


@pytest.mark.parametrize("share", [0.0, 0.3, 0.95])
def test_rough_surfaces_equal_a_fit_at_each_pixel(share: float) -> None:
    rng = np.random.default_rng(3)
    depth = 1 + 4 * rng.random((24, 30)) + np.linspace(0, 2, 30)
    missing = rng.random(depth.shape) < share
    camera = Camera(30.0, 31.0, 14.2, 11.7)
    expected_down = plain_gravity(plain_normals(depth, ~missing, camera, 10))
    assert degrees_between(gravity(depth, missing, camera), expected_down) < 1e-3
    normals = plain_normals(depth, ~missing, camera, 3)
    expected = np.degrees(np.arccos(np.clip(normals @ gravity(depth, missing, camera), -1, 1)))
    _, _, angle = hha_channels(depth, missing, camera)
    assert np.abs(angle - np.where(np.isnan(expected), 180, expected)).max() < 1e-6
    assert np.isnan(expected).any() == (share == 0.95)


@pytest.mark.parametrize(
    "line", [np.s_[20, 5:30], np.s_[5:30, 20], np.s_[17:19, 20], np.s_[17, 20]]
)
def test_windows_whose_pixels_lie_on_a_line_are_as_empty_ones(line: tuple[slice, slice]) -> None:
    scene = room(15)
    missing = np.zeros(SIZE, bool)
    missing[:40, :40] = True
    missing[line] = False
    found = encode_hha(scene.depth, missing, SMALL)
    assert (found[4:36, 4:36, 2] == 218).all()
    assert degrees_between(gravity(scene.depth, missing | scene.creases, SMALL), scene.down) < 1e-3


def test_diagonal_lines_of_pixels_make_no_plane_either() -> None:
    depth = np.full((40, 40), 2.0)
    missing = ~np.eye(40, dtype=bool)
    assert (encode_hha(depth, missing, SMALL)[..., 2] == 218).all()


def test_what_lies_under_missing_pixels_changes_no_angle() -> None:
    scene = room(15)
    missing = holes(SIZE)
    filled = scene.depth.copy()
    filled[missing] *= np.random.default_rng(0).uniform(0.9, 1.1, missing.sum())
    _, _, angle = hha_channels(scene.depth, missing, SMALL)
    _, _, same = hha_channels(filled, missing, SMALL)
    assert np.array_equal(angle, same)


def test_depth_that_nobody_filled_in_is_missing() -> None:
    scene = room(15)
    raw = scene.depth.copy()
    raw[holes(SIZE)] = 0
    found = encode_hha(raw, None, SMALL)
    assert np.array_equal(found, encode_hha(raw, raw == 0, SMALL))
    assert (found[..., 0][raw == 0] == 255).all()


def test_halves_are_rounded_up_and_near_is_1_metre() -> None:
    depth = np.full((30, 30), 4.96)
    depth[:10], depth[10:20] = 0.5, 24.8
    disparity = encode_hha(depth, None, SMALL)[..., 0]
    assert (disparity[:10] == 255).all()
    assert (disparity[10:20] == 13).all()  # 31000 / 2480 = 12.5
    assert (disparity[20:] == 63).all()  # 31000 / 496 = 62.5
    assert hha_channels(depth, None, SMALL)[0].max() == 310


def test_the_type_of_the_depth_does_not_matter() -> None:
    depth = room(12).depth.astype(np.float32)
    assert np.array_equal(
        encode_hha(depth, None, SMALL), encode_hha(depth.astype(np.float64), None, SMALL)
    )


NOTHING = np.ones(SIZE, bool)
SEEN = np.full(SIZE, 2.0)


@pytest.mark.parametrize(
    ("depth", "missing", "message"),
    [
        (SEEN[0], None, r"depth: \(160,\) pixels"),
        (SEEN, NOTHING[:9], r"missing: \(9, 160\) pixels, but depth has \(120, 160\)"),
        (SEEN, NOTHING, "missing: every pixel"),
        (np.where(np.arange(160) < 3, np.nan, SEEN), None, "depth: nan at row 0, column 0"),
        (np.where(np.arange(160) > 3, np.inf, SEEN), None, "depth: inf at row 0, column 4"),
        (-SEEN, None, "depth: -2.0 at row 0, column 0"),
        (0 * SEEN, None, "depth: 0 at every pixel"),
        (SEEN[:0], None, r"depth: \(0, 160\) pixels"),
    ],
)
def test_depth_that_cannot_be_meant_is_named(
    depth: NDArray[np.float64], missing: NDArray[np.bool_] | None, message: str
) -> None:
    for function in (encode_hha, gravity):
        with pytest.raises(InputError, match=message):
            function(depth, missing, SMALL)


@pytest.mark.parametrize(("scale", "median"), [(1000, "2.5e+03 m"), (0.001, "0.0025 m"), (1, "")])
def test_a_depth_in_another_unit_is_warned_of(
    caplog: pytest.LogCaptureFixture, scale: float, median: str
) -> None:
    with caplog.at_level(logging.WARNING):
        encode_hha(np.full(SIZE, 2.5 * scale), None, SMALL)
    assert [record.getMessage().split(",")[0] for record in caplog.records] == (
        [f"median depth {median}"] if median else []
    )
