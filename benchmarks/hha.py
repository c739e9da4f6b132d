"""HHA side by side with its plain formulation: CPU time, bytes, memory, images per second.

python benchmarks/hha.py [--size 480 640] [--runs 7] [--frames 24] [--workers 2] [--json FILE]

The plain one is what people write first: sums over windows by `scipy.signal.convolve2d`, the rest
in NumPy, step by step. It is close to the public Python port, which sums in the same way.
"""

import argparse
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

# Before NumPy is loaded: one thread each, which is what is compared.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import uniform_filter
from scipy.signal import convolve2d

from fcnlib.core.files import write_json
from fcnlib.core.provenance import provenance
from fcnlib.datasets.hha.encode import ANGLE_RADIUS, GRAVITY_RADIUS, NYUD_CAMERA, Camera, encode_hha
from fcnlib.datasets.hha.frames import DepthFormat, encode_frames, frames_of

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
NYUDV2 = 1449  # images


def scene(height: int, width: int) -> tuple[Camera, Floats, Bools]:
    """A camera, the depth in metres of a room's corner with noise, and what was not measured."""
    scale = width / 640
    camera = Camera(
        NYUD_CAMERA.fx * scale,
        NYUD_CAMERA.fy * scale,
        NYUD_CAMERA.cx * scale,
        NYUD_CAMERA.cy * scale,
    )
    x, y = rays(height, width, camera)
    planes = [((0.0, 0.97, 0.25), 1.2), ((0.5, -0.2, 0.84), 3.2), ((-0.85, -0.13, 0.5), 2.6)]
    towards = [a * x + b * y + c for (a, b, c), _ in planes]
    distances = [np.where(t > 0, d / t, np.inf) for t, (_, d) in zip(towards, planes, strict=True)]
    depth = np.minimum.reduce(distances)
    rng = np.random.default_rng(0)
    depth += 0.002 * depth**2 * rng.standard_normal(depth.shape)  # as a Kinect's
    missing = uniform_filter(rng.standard_normal(depth.shape), 15) > 0.065  # a sixth, in patches
    return camera, np.round(1000 * depth) / 1000, missing


def rays(height: int, width: int, camera: Camera) -> tuple[Floats, Floats]:
    """The x and y [H, W] at depth 1 of the ray of each pixel."""
    row, column = np.mgrid[1 : height + 1, 1 : width + 1]
    return (column - camera.cx) / camera.fx, (row - camera.cy) / camera.fy


def plain(depth_m: Floats, missing: Bools | None, camera: Camera) -> NDArray[np.uint8]:
    """HHA as one writes it first."""
    z = 100 * depth_m
    x, y = rays(z.shape[0], z.shape[1], camera)
    valid = np.ones(z.shape) if missing is None else (~missing).astype(float)
    down = plain_gravity(plain_normals(x, y, z, valid, GRAVITY_RADIUS))
    normal = plain_normals(x, y, z, valid, ANGLE_RADIUS)
    angle = np.degrees(np.arccos(np.clip(normal @ down, -1, 1)))
    angle[np.isnan(angle)] = 180
    points = np.stack([x * z, y * z, z], axis=-1)
    level = np.degrees(np.arccos(np.clip(down[1], -1, 1))) <= 0.1
    height = -points[..., 1] if level else -(points @ down)
    lowest = height.min() if height.min() <= -90 else -130
    channels = [31000 / np.maximum(z, 100), height - lowest, angle + 38]
    return np.clip(np.floor(np.stack(channels, axis=-1) + 0.5), 0, 255).astype(np.uint8)


def plain_normals(x: Floats, y: Floats, z: Floats, valid: Floats, radius: int) -> Floats:
    """Unit normals [H, W, 3] of the planes that fit the windows."""
    box = np.ones((2 * radius + 1, 2 * radius + 1))
    terms = (x * x, x * y, x, y * y, y, np.ones_like(x), x / z, y / z, 1 / z)
    a, b, c, d, e, f, p, q, r = (convolve2d(valid * term, box, mode="same") for term in terms)
    normal = np.stack(
        [
            (d * f - e * e) * p + (c * e - b * f) * q + (b * e - c * d) * r,
            (c * e - b * f) * p + (a * f - c * c) * q + (b * c - a * e) * r,
            (b * e - c * d) * p + (b * c - a * e) * q + (a * d - b * b) * r,
        ],
        axis=-1,
    )
    with np.errstate(invalid="ignore"):
        normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    facing = normal[..., 0] * x + normal[..., 1] * y + normal[..., 2]
    return np.where((facing < 0)[..., None], -normal, normal)


def plain_gravity(normal: Floats) -> Floats:
    """The direction of down."""
    normals = normal.reshape(-1, 3)
    normals = normals[~np.isnan(normals[:, 0])]
    down = np.array([0.0, 1.0, 0.0])
    for degrees in [45] * 5 + [15] * 5:
        cosine = np.abs(normals @ down)
        floor = normals[cosine > np.cos(np.radians(degrees))]
        wall = normals[cosine < np.sin(np.radians(degrees))]
        smallest = np.linalg.eigh(wall.T @ wall - floor.T @ floor)[1][:, 0]
        down = smallest * (np.sign(smallest @ down) or 1.0)
    return down


def compare(runs: int, camera: Camera, depth: Floats, missing: Bools | None) -> dict[str, Any]:
    """CPU milliseconds of both, measured in turns, and how their bytes differ."""
    ways: dict[str, Callable[..., NDArray[np.uint8]]] = {"plain": plain, "fcnlib": encode_hha}
    found = {name: way(depth, missing, camera).astype(int) for name, way in ways.items()}
    valid = np.ones(depth.shape) if missing is None else (~missing).astype(float)
    size = 2 * ANGLE_RADIUS + 1
    full = uniform_filter(valid, size, mode="constant") > 0.3  # so many never lie on a line
    difference = np.abs(found["plain"] - found["fcnlib"])
    assert difference[..., :2].max() <= 1 and difference[full].max() <= 1, "the two do not agree"
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, way in ways.items():
            start = time.process_time()
            way(depth, missing, camera)
            times[name].append(1000 * (time.process_time() - start))
    ratios = [slow / fast for slow, fast in zip(times["plain"], times["fcnlib"], strict=True)]
    return {
        **{f"{name}_ms": median(values) for name, values in times.items()},
        **{f"{name}_least_ms": min(values) for name, values in times.items()},
        "times_faster": median(ratios),
        "same_bytes": float((difference[full] == 0).mean()),
        "full_rank": float(full.mean()),
    }


def peak_memory(height: int, width: int) -> float:
    """MB that a fresh process held at most which makes an image and encodes it."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_memory, (height, width))


def _memory(height: int, width: int) -> float:
    camera, depth, missing = scene(height, width)
    encode_hha(depth, missing, camera)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def throughput(count: int, workers: int, height: int, width: int) -> dict[str, float]:
    """Seconds to start processes; images a second then, PNG to PNG; the CPU time of each."""
    camera, depth, missing = scene(height, width)
    millimetres = np.round(1000 * depth).astype(np.uint16)
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name) / kind for kind in ("depth", "raw", "hha")]
        for folder in folders:
            folder.mkdir()
        for index in range(count):
            Image.fromarray(millimetres + index).save(folders[0] / f"{index}.png")
            Image.fromarray(np.where(missing, 0, millimetres)).save(folders[1] / f"{index}.png")
        frames = frames_of([folders[0]], folders[1], folders[2])
        took = []  # [runs, (seconds, CPU seconds)]
        for some in (frames[:workers], frames):
            start = time.perf_counter(), cpu()
            encode_frames(some, DepthFormat(camera=camera), workers=workers)
            took.append((time.perf_counter() - start[0], cpu() - start[1]))
    each, busy = ((b - a) / (count - workers) for a, b in zip(*took, strict=True))
    return {"start": took[0][0] - workers * each, "per_second": 1 / each, "cpu_ms": 1000 * busy}


def cpu() -> float:
    """CPU seconds of this process and of those that it started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def main() -> None:
    """Print the table, and write it as JSON if asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", type=int, nargs=2, default=[480, 640], metavar=("H", "W"))
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--frames", type=int, default=24, help="images for images per second")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    height, width = options.size
    where = provenance(seed=0, device="cpu", threads=1, values={})
    camera, depth, missing = scene(height, width)
    masks = {"complete": None, f"{missing.mean():.0%} missing": missing}
    lines = {name: compare(options.runs, camera, depth, mask) for name, mask in masks.items()}
    memory = peak_memory(height, width)
    rate = throughput(options.frames, options.workers, height, width)
    total = rate["start"] + NYUDV2 / rate["per_second"]
    print(f"{where['date'][:10]}, {where['device']}, one thread, {height} x {width} pixels")
    heads = ("plain", "fcnlib", "faster", "same bytes")
    print(
        f"\n{'CPU time, median of runs':26}{heads[0]:>10}{heads[1]:>10}{heads[2]:>9}{heads[3]:>13}"
    )
    for name, line in lines.items():
        print(
            f"{name:26}{line['plain_ms']:7.0f} ms{line['fcnlib_ms']:7.0f} ms"
            f"{line['times_faster']:8.1f}x{line['same_bytes']:13.4%}"
        )
    print(f"\nMB of a process at most: {memory:.0f}")
    print(
        f"PNG to PNG, {options.workers} processes: {rate['per_second']:.1f} images/s, "
        f"{rate['cpu_ms']:.0f} ms of CPU each"
    )
    print(f"NYUDv2's {NYUDV2} images: {total / 60:.1f} minutes")
    if options.json:
        values = {name: str(value) for name, value in vars(options).items()}
        content = {"values": values, "rows": lines, "memory_mb": memory, "images": rate}
        write_json(options.json, {**where, **content})


if __name__ == "__main__":
    main()
