"""HHA of single depth images, outside of a data set."""

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fcnlib.config.nyudv2_images import NYUD_CROP, NYUD_SIZE
from fcnlib.core.errors import InputError, attempt, first_line, raise_all
from fcnlib.core.listing import files_having, same_form, visible_files
from fcnlib.core.parallel import in_processes
from fcnlib.core.progress import progress
from fcnlib.core.reading import open_regular
from fcnlib.datasets import images
from fcnlib.datasets.hha.encode import (
    NYUD_CAMERA,
    Camera,
    depth_unit_warning,
    hha_channels,
    to_bytes,
)
from fcnlib.datasets.hha.prepare import write_hha
from fcnlib.datasets.reader import first_and_more

Unit = Literal["mm", "0.1mm", "m"]
PER_METRE: dict[Unit, float] = {"mm": 1000.0, "0.1mm": 10000.0, "m": 1.0}
DEPTH_SUFFIXES = (".png", ".npy")
TOP, BOTTOM, LEFT, RIGHT = NYUD_CROP
CROPPED_SIZE = (BOTTOM - TOP, RIGHT - LEFT)
NPY = b"\x93NUMPY"
PIXELS = 1 << 27  # of a depth image
LARGEST = 1e5  # pixels, of a focal length or principal point: beyond, numbers overflow

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Frame:
    """The files of a depth image: what to read, and where to write its HHA."""

    depth: Path  # filled
    raw: Path | None  # as measured: 0 where nothing was
    out: Path


@dataclass(frozen=True)
class DepthFormat:
    """Unit, camera and crop of depth images."""

    unit: Unit = "mm"
    camera: Camera | None = None  # None: NYUDv2's
    crop: bool = False  # to NYUDv2's published part, unless they are cropped already


def encode_frames(frames: Sequence[Frame], depth_format: DepthFormat, *, workers: int = 1) -> None:
    """Write the HHA of each frame.

    A warning that depth seems to be in another unit is logged once, at the end. Frames that cannot
    be encoded are left out, and named at the end.
    """
    results: Iterable[str | InputError]
    results = in_processes(
        partial(attempt, partial(_encode, depth_format)), frames, min(workers, len(frames))
    )
    if len(frames) > 1:
        results = progress(results, desc="Encoding HHA", total=len(frames), unit="image")
    warnings: list[tuple[str, str]] = []  # file, warning
    failed: list[InputError] = []
    for frame, result in zip(frames, results, strict=True):
        if isinstance(result, InputError):
            failed.append(result)
        elif result:
            warnings.append((str(frame.depth), result))
    if warnings:
        log.warning("%s: %s", first_and_more([name for name, _ in warnings]), warnings[0][1])
    raise_all(failed, f"of {len(frames)} depth images have no HHA in {frames[0].out.parent}")


def frames_of(depths: Sequence[Path], raw: Path | None, out: Path) -> list[Frame]:
    """The frames of depth files, and of those in folders.

    For a single file, `raw` is its raw file and `out` the file to write. For several, both are
    folders, and raw files have the names of the depth files.
    """
    if missing := [path for path in depths if not os.path.lexists(path)]:
        raise InputError(f"{missing[0]}: no such file")
    files = [file for path in depths for file in _files(path)]
    raws = _raw_files(raw)
    if len(depths) == 1 and not depths[0].is_dir():
        if out.suffix != ".png":
            raise InputError(f"{out}: expected a file name that ends in .png")
        frames = [Frame(files[0], raws(files[0]), out)]
    else:
        if raw and not raw.is_dir():
            raise InputError(f"{raw}: expected a folder of raw depth images, as there are several")
        if out.suffix == ".png" or out.is_file():
            raise InputError(f"{out}: expected a folder, as there are several depth images")
        frames = [Frame(file, raws(file), out / f"{file.stem}.png") for file in files]
    _check_targets(frames)
    return frames


def _raw_files(raw: Path | None) -> Callable[[Path], Path | None]:
    """The raw file of a depth file: in a folder, that of the same name."""
    if raw is None or not raw.is_dir():
        return lambda depth: raw
    found = {same_form(path.name): path for path in visible_files(raw)}
    return lambda depth: found.get(same_form(depth.name), raw / depth.name)


def _check_targets(frames: Sequence[Frame]) -> None:
    """Raise if a file would be written twice, or is read too."""
    targets = Counter(os.path.realpath(frame.out) for frame in frames)
    if twice := sorted(path for path, times in targets.items() if times > 1):
        raise InputError(f"{first_and_more(twice)}: would be written twice, from files of one name")
    read = (path for frame in frames for path in (frame.depth, frame.raw) if path)
    if both := sorted({os.path.realpath(path) for path in read}.intersection(targets)):
        raise InputError(f"{both[0]}: is read, expected another place to write to")


def parse_camera(text: str) -> Camera:
    """The camera that a text `fx,fy,cx,cy` gives in pixels."""
    try:
        fx, fy, cx, cy = (float(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"camera {text!r}: expected four numbers, fx,fy,cx,cy in pixels") from None
    largest = np.abs([fx, fy, cx, cy]).max()  # NaN if one is
    if not (fx >= 1 and fy >= 1 and largest <= LARGEST):
        raise InputError(
            f"camera {text!r}: expected pixels: fx and fy from 1 to {LARGEST:.0f}, "
            f"cx and cy from -{LARGEST:.0f} to {LARGEST:.0f}"
        )
    return Camera(fx, fy, cx, cy)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found, others = files_having(path, DEPTH_SUFFIXES)
    if not found:
        there = f" (there: {others})" if others else ""
        expected = " or ".join(DEPTH_SUFFIXES)
        raise InputError(f"{path}: no depth image in it{there}, expected {expected}")
    if others:
        log.warning("%s: left out: %s", path, others)
    return found


def _encode(depth_format: DepthFormat, frame: Frame) -> str:
    """Write a frame's HHA; returns a warning if its unit seems to be another one, else ""."""
    depth = _metres(frame.depth, depth_format.unit)
    missing = None
    if frame.raw:
        missing = ~(_values(frame.raw) > 0)  # NaN too
        if missing.shape != depth.shape:
            size, expected = _format_size(missing.shape), _format_size(depth.shape)
            raise InputError(f"{frame.raw}: {size} pixels, but {frame.depth} has {expected}")
    rows, columns, camera = _crop(frame.depth, depth.shape, depth_format)
    depth, missing = depth[rows, columns], None if missing is None else missing[rows, columns]
    try:
        write_hha(to_bytes(*hha_channels(depth, missing, camera)), frame.out)
    except InputError as error:
        raise InputError(f"{frame.depth}: {error}") from None
    return depth_unit_warning(depth)


def _crop(
    path: Path, size: tuple[int, ...], depth_format: DepthFormat
) -> tuple[slice, slice, Camera]:
    """The rows and columns to encode, and the camera of that part."""
    camera = depth_format.camera or NYUD_CAMERA
    if depth_format.crop:
        if size == NYUD_SIZE:
            return slice(TOP, BOTTOM), slice(LEFT, RIGHT), camera.cropped(TOP, LEFT)
        if size != CROPPED_SIZE:
            raise InputError(
                f"{path}: {_format_size(size)} pixels, expected {_format_size(NYUD_SIZE)} to crop, "
                f"or {_format_size(CROPPED_SIZE)} that are cropped already"
            )
        camera = camera.cropped(TOP, LEFT)
    elif depth_format.camera is None and size != NYUD_SIZE:
        raise InputError(
            f"{path}: {_format_size(size)} pixels, but the Kinect's camera has "
            f"{_format_size(NYUD_SIZE)}; give --camera, or --crop for NYUDv2's "
            f"{_format_size(CROPPED_SIZE)}"
        )
    return slice(None), slice(None), camera


def _metres(path: Path, unit: Unit) -> NDArray[np.floating]:
    values = _values(path)
    if values.dtype.kind == "f":  # an array of metres
        return values
    return values / PER_METRE[unit]


def _values(path: Path) -> NDArray[Any]:
    """The values of a depth file [H, W], in its own unit."""
    if path.suffix.lower() != ".npy":
        try:
            return images.to_depth(images.upright(images.read_image(path)), path)
        except InputError as error:
            if path.suffix.lower() in DEPTH_SUFFIXES or not path.is_file():
                raise
            raise InputError(f"{error}; expected {' or '.join(DEPTH_SUFFIXES)}") from None
    values = _mapped(path)
    if values.ndim != 2 or values.dtype.kind not in "fiu" or not 0 < values.size <= PIXELS:
        raise InputError(f"{path}: expected numbers of height x width, at most {PIXELS}")
    return np.array(values)


def _mapped(path: Path) -> NDArray[Any]:
    """An array in a file, of which nothing is read yet: a header may declare any size."""
    with open_regular(path) as file:
        start = file.read(len(NPY))
    if start != NPY:
        raise InputError(f"{path}: not an array in NumPy's format, expected one")
    try:
        mapped: NDArray[Any] = np.lib.format.open_memmap(path, mode="r")
    except Exception as error:  # NumPy's errors on damaged headers have no common class
        raise InputError(f"{path}: not an array ({first_line(error)})") from None
    return mapped


def _format_size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} x {shape[0]}"
