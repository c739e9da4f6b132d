"""HHA of a depth image: horizontal disparity, height above the ground, angle with gravity.

After Gupta, Girshick, Arbelaez, Malik (ECCV 2014), as they computed it for NYUDv2. The steps stand
below in the order of computation; the one departure is in `_normals`.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcnlib.core.errors import InputError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

log = logging.getLogger(__name__)

ANGLE_RADIUS = 3  # of the windows whose normals give the angle: 7 x 7 pixels
GRAVITY_RADIUS = 10  # of the windows whose normals give gravity: 21 x 21 pixels
STRIP = 48  # rows at a time, so that the arrays fit into the CPU's cache
GRAVITY_STEPS = ((45.0, 5), (15.0, 5))  # (degrees, iterations)
CONVERGED = 1e-7  # radians; a step that turns gravity by less is the last at its angle
EIGENVALUE_TOLERANCE = 1e-5  # of the largest; within it, eigenvalues count as equal
LEVEL_DEG = 0.1  # a camera that is tilted by no more counts as level in the height
GROUND_CM = -90.0  # if the lowest point is above this, it is not the ground...
CAMERA_CM = 130.0  # ...and the camera is assumed to be this high
NEAREST_CM = 100.0  # nearer pixels get the disparity of this depth
DISPARITY_CM = 31000.0  # disparity times depth
ANGLE_OFFSET = 38.0  # a floor is 38, a wall 128, a ceiling 218
SENSOR_M = (0.5, 10.0)  # range of a Kinect; a median outside suggests another unit
SAMPLING = 8  # rows and columns to a pixel of that median, as one of all takes longer than normals


@dataclass(frozen=True)
class Camera:
    """Focal lengths and principal point in pixels; the first pixel is (1, 1), as in MATLAB."""

    fx: float
    fy: float
    cx: float
    cy: float

    def cropped(self, top: int, left: int) -> "Camera":
        """The camera of the image without its first `top` rows and `left` columns."""
        return replace(self, cx=self.cx - left, cy=self.cy - top)

    def reduced(self, factor: int) -> "Camera":
        """The camera of the image reduced to means of `factor` x `factor` pixels."""
        shift = (factor - 1) / 2  # of a block's centre from its first pixel
        return Camera(
            self.fx / factor,
            self.fy / factor,
            (self.cx - 1 - shift) / factor + 1,
            (self.cy - 1 - shift) / factor + 1,
        )


# NYUDv2's RGB camera, to which its depth is registered; for 480 x 640 pixels.
NYUD_CAMERA = Camera(518.85790117450188, 519.46961112127485, 325.58244941119034, 253.73616633400465)


def encode_hha(
    depth_m: NDArray[np.floating], missing: Bools | None, camera: Camera
) -> NDArray[np.uint8]:
    """Disparity, height and angle as uint8 [H, W, 3], each limited to 255.

    They are 31,000 / depth in cm, the height above the ground in cm, and the angle with gravity in
    degrees + 38.

    Args:
        depth_m: Filled depth in metres, [H, W].
        missing: Where the sensor measured nothing, [H, W]: such pixels get values, but do not
            count in normals. None if all were measured.
        camera: The camera of the depth image.
    """
    encoded = to_bytes(*hha_channels(depth_m, missing, camera))
    if warning := depth_unit_warning(depth_m):
        log.warning("%s", warning)
    return encoded


def to_bytes(disparity: Floats, height: Floats, angle: Floats) -> NDArray[np.uint8]:
    """The channels, rounded and limited to 255, as uint8 [H, W, 3]."""
    encoded = np.empty((*disparity.shape, 3), np.uint8)
    for index, channel in enumerate((disparity, height, angle + ANGLE_OFFSET)):
        # No channel is negative: adding 0.5 and truncating rounds halves up, as MATLAB does.
        encoded[..., index] = np.minimum(channel + 0.5, 255.0)
    return encoded


def hha_channels(
    depth_m: NDArray[np.floating], missing: Bools | None, camera: Camera
) -> tuple[Floats, Floats, Floats]:
    """Disparity, height in cm and angle in degrees, each [H, W], before rounding."""
    depth, valid = _checked(depth_m, missing)
    inverse = _inverse(depth, valid)
    down = _gravity(inverse, valid, camera)
    angles = [_angle(normal, down) for normal in _strips(inverse, valid, camera, ANGLE_RADIUS)]
    disparity = DISPARITY_CM / np.maximum(depth, NEAREST_CM)
    return disparity, _height(depth, camera, down), np.concatenate(angles)


def gravity(depth_m: NDArray[np.floating], missing: Bools | None, camera: Camera) -> Floats:
    """The unit vector [3] of gravity in the camera's axes: x to the right, y down, z forward.

    Arguments are those of `encode_hha`.
    """
    depth, valid = _checked(depth_m, missing)
    return _gravity(_inverse(depth, valid), valid, camera)


def depth_unit_warning(depth_m: NDArray[np.floating]) -> str:
    """A warning if a depth image [H, W] seems not to be in metres; else empty."""
    return sample_unit_warning(depth_m[::SAMPLING, ::SAMPLING])


def sample_unit_warning(sample: NDArray[np.floating]) -> str:
    """That warning of a depth image of which every SAMPLING rows and columns are given."""
    median = float(np.median(sample[sample > 0])) if (sample > 0).any() else SENSOR_M[0]
    if SENSOR_M[0] <= median <= SENSOR_M[1]:
        return ""
    return (
        f"median depth {median:.3g} m, expected {SENSOR_M[0]:g} to {SENSOR_M[1]:g} m "
        "as of a Kinect; is the unit right?"
    )


def _checked(depth_m: NDArray[np.floating], missing: Bools | None) -> tuple[Floats, Bools]:
    """Depth in centimetres and which pixels were measured, both [H, W]."""
    if depth_m.ndim != 2 or depth_m.size == 0:
        raise InputError(f"depth: {depth_m.shape} pixels, expected (height, width)")
    if missing is not None and missing.shape != depth_m.shape:
        raise InputError(f"missing: {missing.shape} pixels, but depth has {depth_m.shape}")
    depth = 100.0 * depth_m.astype(np.float64)
    wrong = ~((depth >= 0) & (depth < np.inf))  # NaN is neither
    if wrong.any():
        row, column = (int(place[0]) for place in np.nonzero(wrong))
        value = depth_m[row, column]
        raise InputError(f"depth: {value} at row {row}, column {column}; expected metres from 0 on")
    valid = depth > 0  # 0 where nothing was measured nor filled in
    if not valid.any():
        raise InputError("depth: 0 at every pixel, expected metres")
    if missing is not None:
        valid &= ~missing.astype(bool)
    if not valid.any():
        raise InputError("missing: every pixel, expected some that were measured")
    return depth, valid


def _inverse(depth: Floats, valid: Bools) -> Floats:
    """1 / depth where it was measured; elsewhere 0, which adds nothing to sums."""
    return np.divide(1.0, depth, out=np.zeros_like(depth), where=valid)


def _strips(inverse: Floats, valid: Bools, camera: Camera, radius: int) -> Iterator[Floats]:
    """The normals [3, h, W] of `STRIP` rows at a time, from the top down."""
    inverse, valid = np.pad(inverse, radius), np.pad(valid, radius)
    for top in range(0, len(valid) - 2 * radius, STRIP):
        rows = slice(top, top + STRIP + 2 * radius)
        yield _normals(inverse[rows], valid[rows], camera.cropped(top, 0), radius)


def _normals(inverse: Floats, valid: Bools, camera: Camera, radius: int) -> Floats:
    """The unit normals [3, h, w] of the plane that fits each pixel's window; they point away.

    The arrays are `radius` larger on each side: pixels outside of the image count as missing.
    A plane n . P = 1 is, in the image, 1 / depth = a x + b y + c: least squares, in offsets x and y
    from the window's centre. If a window has no measured pixels, or they lie on a line, no plane is
    determined: NaN. (The original has NaN for none, and normalises rounding noise for a line; the
    moments of the mask are integers, so that this test is exact.)
    """
    count, x, y, xx, xy, yy = _moments(valid.astype(np.int32), radius, 3)
    variance_x, variance_y = _floats(count * xx - x * x, count * yy - y * y)  # times count squared
    count, x, y, covariance = _floats(count, x, y, count * xy - x * y)
    determinant = variance_x * variance_y - covariance * covariance
    total, total_x, total_y = _moments(inverse, radius, 2)
    slope_x, slope_y = count * total_x - x * total, count * total_y - y * total
    a = variance_y * slope_x - covariance * slope_y  # times the determinant
    b = variance_x * slope_y - covariance * slope_x
    here = determinant * total - a * x - b * y  # the fit at the pixel, times count and determinant
    a *= count
    b *= count
    row, column = np.ogrid[1 : count.shape[0] + 1, 1 : count.shape[1] + 1]
    at_axis = here + a * (camera.cx - column) + b * (camera.cy - row)
    normal = np.stack([a * camera.fx, b * camera.fy, at_axis])
    length = np.sqrt(np.einsum("chw,chw->hw", normal, normal))
    with np.errstate(divide="ignore", invalid="ignore"):
        # n . P has the sign of the fit at the pixel: points lie in front of the camera.
        normal *= np.where(determinant > 0, np.copysign(1 / length, here), np.nan)
    return normal


def _moments(values: NDArray[Any], radius: int, orders: int) -> list[NDArray[Any]]:
    """Sums over windows of values * x**i * y**j with i + j < orders: 1, x, y, x x, x y, y y."""
    along_y = _moments_along(0, values, radius, orders)
    moments = [
        _moments_along(1, sums, radius, orders - power) for power, sums in enumerate(along_y)
    ]
    return [moments[total - i][i] for total in range(orders) for i in range(total, -1, -1)]


def _moments_along(axis: int, values: NDArray[Any], radius: int, orders: int) -> list[NDArray[Any]]:
    """Sums over windows of values * offset**p along an axis, p = 0 .. orders - 1.

    Computed from sums in image coordinates; exact for integers, even if those wrap around.
    """
    length = values.shape[axis]
    position = np.expand_dims(np.arange(length, dtype=values.dtype) - length // 2, 1 - axis)
    sums = [_window_sums(axis, values * position**power, radius) for power in range(orders)]
    inside = slice(radius, length - radius)
    centre = position[inside] if axis == 0 else position[:, inside]
    if orders > 1:
        sums[1] -= centre * sums[0]
    if orders > 2:  # (t - c)^2 = t^2 - 2 c (t - c) - c^2
        sums[2] -= 2 * centre * sums[1] + centre * centre * sums[0]
    return sums


def _window_sums(axis: int, values: NDArray[Any], radius: int) -> NDArray[Any]:
    """Sums over the 2 radius + 1 values around each; `values` become their cumulative sums."""
    size = 2 * radius + 1
    if axis == 1:
        np.cumsum(values, axis=1, dtype=values.dtype, out=values)
        sums = values[:, size - 1 :].copy()
        sums[:, 1:] -= values[:, :-size]
        return sums
    for row in range(1, len(values)):  # several times faster than cumsum along this axis
        values[row] += values[row - 1]
    sums = values[size - 1 :].copy()
    sums[1:] -= values[:-size]
    return sums


def _floats(*values: NDArray[Any]) -> list[Floats]:
    return [value.astype(np.float64) for value in values]


def _gravity(inverse: Floats, valid: Bools, camera: Camera) -> Floats:
    """The direction most parallel to floors' normals and most orthogonal to walls'."""
    strips = [_products(normal) for normal in _strips(inverse, valid, camera, GRAVITY_RADIUS)]
    down = np.array([0.0, 1.0, 0.0])
    for degrees, iterations in GRAVITY_STEPS:
        floor, wall = np.cos(np.radians(degrees)) ** 2, np.sin(np.radians(degrees)) ** 2
        for _ in range(iterations):
            x, y, z = down
            squares = np.array([x * x, 2 * x * y, 2 * x * z, y * y, 2 * y * z, z * z], np.float32)
            sums = np.zeros(6)
            for products in strips:
                cosine = squares @ products  # squared, [h, W]
                sign = np.subtract(cosine < wall, cosine > floor, dtype=np.float32)
                # Single precision within a row only: the equal terms of a plane round alike.
                sums += (products @ sign[..., None]).sum(axis=(0, 2), dtype=np.float64)
            before, down = down, _smallest_eigenvector(sums, down)
            if np.linalg.norm(down - before) < CONVERGED:
                break
    return down


def _products(normal: Floats) -> NDArray[np.float32]:
    """Normals [3, h, W] as products xx, xy, xz, yy, yz, zz [h, 6, W]; 0 where there is none."""
    x, y, z = np.nan_to_num(normal.astype(np.float32))
    return np.stack([x * x, x * y, x * z, y * y, y * z, z * z], axis=1)


def _smallest_eigenvector(products: Floats, down: Floats) -> Floats:
    """The unit eigenvector of the smallest eigenvalue, on the side of `down`."""
    xx, xy, xz, yy, yz, zz = products
    values, vectors = np.linalg.eigh(np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]))
    # If several are smallest, as for a single wall, their vector nearest to `down`.
    smallest = vectors[:, values <= values[0] + EIGENVALUE_TOLERANCE * np.abs(values).max()]
    projection: Floats = smallest @ (smallest.T @ down)
    length = float(np.linalg.norm(projection))
    return projection / length if length > 0 else down


def _height(depth: Floats, camera: Camera, down: Floats) -> Floats:
    """Height [H, W] above the lowest point, in cm."""
    if np.degrees(np.arccos(np.clip(down[1], -1, 1))) <= LEVEL_DEG:
        down = np.array([0.0, 1.0, 0.0])
    row, column = np.ogrid[1 : depth.shape[0] + 1, 1 : depth.shape[1] + 1]
    x, y = (column - camera.cx) / camera.fx, (row - camera.cy) / camera.fy
    height: Floats = -depth * (down[0] * x + down[1] * y + down[2])
    lowest = float(height.min())
    height -= lowest if lowest <= GROUND_CM else -CAMERA_CM
    return height


def _angle(normal: Floats, down: Floats) -> Floats:
    """Degrees between normals and gravity [h, W]; 180 where there is no normal."""
    cosine = np.einsum("c,chw->hw", down, normal)
    return np.where(np.isnan(cosine), 180.0, np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))
