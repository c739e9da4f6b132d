"""HHA of one's own depth images, outside of a data set."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fcnlib.core.errors import InputError, first_line, raise_all
from fcnlib.core.parallel import in_processes
from fcnlib.core.progress import progress
from fcnlib.datasets import images
from fcnlib.datasets.hha.encode import (
    COLOUR,
    CROP,
    FRAME,
    Camera,
    channels,
    doubt,
    rounded,
)
from fcnlib.datasets.hha.prepare import save
from fcnlib.datasets.reader import first_and_more

Unit = Literal["mm", "0.1mm", "m"]
PER_METRE: dict[Unit, float] = {"mm": 1000.0, "0.1mm": 10000.0, "m": 1.0}
SUFFIXES = (".png", ".npy")
TOP, BOTTOM, LEFT, RIGHT = CROP
CROPPED = (BOTTOM - TOP, RIGHT - LEFT)
FARTHEST = 1e5  # pixels, of a principal point and of a focal length: beyond, numbers overflow

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Frame:
    """A depth image, the one that shows by zeros what was not measured, and where to write HHA."""

    depth: Path
    raw: Path | None
    out: Path


@dataclass(frozen=True)
class View:
    """How depth images are to be read."""

    unit: Unit = "mm"
    camera: Camera | None = None  # None: NYUDv2's
    crop: bool = False  # to NYUDv2's published part, where they are not yet


def encode_frames(frames: Sequence[Frame], view: View, *, workers: int = 1) -> None:
    """Write the HHA of each frame; what looks like another unit is said once, at the end.

    Frames that cannot be encoded are left out, and named at the end.
    """
    come: Iterable[str | InputError]
    come = in_processes(partial(_tried, view), frames, min(workers, len(frames)))
    if len(frames) > 1:
        come = progress(come, desc="Encoding HHA", total=len(frames), unit="image")
    said = list(zip(frames, come, strict=True))
    odd = [(str(frame.depth), doubt) for frame, doubt in said if isinstance(doubt, str) and doubt]
    if odd:
        log.warning("%s: %s", first_and_more([name for name, _ in odd]), odd[0][1])
    failed = [error for _, error in said if isinstance(error, InputError)]
    raise_all(failed, f"of {len(frames)} depth images have no HHA in {frames[0].out.parent}")


def frames_of(depths: Sequence[Path], raw: Path | None, out: Path) -> list[Frame]:
    """The frames of depth files, or of those in folders.

    One file has one raw file, and `out` is the file to write. Of several, the raw ones have the
    same names in a folder `raw`, and `out` is a folder.
    """
    if missing := [path for path in depths if not path.exists()]:
        raise InputError(f"{missing[0]}: no such file")
    files = [file for path in depths for file in _files(path)]
    if len(depths) == 1 and depths[0].is_file():
        if out.suffix != ".png":
            raise InputError(f"{out}: expected a file name that ends in .png")
        frames = [Frame(files[0], raw / files[0].name if raw and raw.is_dir() else raw, out)]
    else:
        if raw and not raw.is_dir():
            raise InputError(f"{raw}: expected a folder of raw depth images, as there are several")
        if out.suffix == ".png" or out.is_file():
            raise InputError(f"{out}: expected a folder, as there are several depth images")
        frames = [
            Frame(file, raw / file.name if raw else None, out / f"{file.stem}.png")
            for file in files
        ]
    targets = [frame.out.resolve() for frame in frames]
    if twice := sorted({str(path) for path in targets if targets.count(path) > 1}):
        raise InputError(f"{first_and_more(twice)}: would be written twice, from files of one name")
    read = {path.resolve() for frame in frames for path in (frame.depth, frame.raw) if path}
    if over := sorted(str(path) for path in read.intersection(targets)):
        raise InputError(f"{over[0]}: is read, expected another place to write to")
    return frames


def camera_from(text: str) -> Camera:
    """The camera that `fx,fy,cx,cy` says."""
    try:
        fx, fy, cx, cy = (float(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"camera {text!r}: expected four numbers, fx,fy,cx,cy in pixels") from None
    largest = np.abs([fx, fy, cx, cy]).max()  # NaN if one is
    if not (fx >= 1 and fy >= 1 and largest <= FARTHEST):
        raise InputError(
            f"camera {text!r}: expected pixels: fx and fy from 1 to {FARTHEST:.0f}, "
            f"cx and cy from -{FARTHEST:.0f} to {FARTHEST:.0f}"
        )
    return Camera(fx, fy, cx, cy)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
    if not found:
        raise InputError(f"{path}: no depth image in it, expected {' or '.join(SUFFIXES)}")
    return found


def _tried(view: View, frame: Frame) -> str | InputError:
    """What `_encode` returns, or what was wrong with the frame."""
    try:
        return _encode(view, frame)
    except InputError as error:
        return error


def _encode(view: View, frame: Frame) -> str:
    """Write a frame's HHA; returns what is odd about its unit."""
    depth = _metres(frame.depth, view.unit)
    missing = None
    if frame.raw:
        missing = ~(_values(frame.raw) > 0)  # NaN too
        if missing.shape != depth.shape:
            size, expected = _size(missing.shape), _size(depth.shape)
            raise InputError(f"{frame.raw}: {size} pixels, but {frame.depth} has {expected}")
    rows, columns, camera = _seen(frame.depth, depth.shape, view)
    depth, missing = depth[rows, columns], None if missing is None else missing[rows, columns]
    try:
        save(rounded(*channels(depth, missing, camera)), frame.out)
    except InputError as error:
        raise InputError(f"{frame.depth}: {error}") from None
    return doubt(depth)


def _seen(name: Path, size: tuple[int, ...], view: View) -> tuple[slice, slice, Camera]:
    """The rows and columns to encode, and their camera."""
    camera = view.camera or COLOUR
    if view.crop:
        if size == FRAME:
            return slice(TOP, BOTTOM), slice(LEFT, RIGHT), camera.cropped(TOP, LEFT)
        if size != CROPPED:
            raise InputError(
                f"{name}: {_size(size)} pixels, expected {_size(FRAME)} to crop, "
                f"or {_size(CROPPED)} that are cropped already"
            )
        camera = camera.cropped(TOP, LEFT)
    elif view.camera is None and size != FRAME:
        raise InputError(
            f"{name}: {_size(size)} pixels, but the Kinect's camera has {_size(FRAME)}; "
            f"give --camera, or --crop for NYUDv2's {_size(CROPPED)}"
        )
    return slice(None), slice(None), camera


def _metres(path: Path, unit: Unit) -> NDArray[np.floating]:
    values = _values(path)
    if values.dtype.kind == "f":  # an array of metres
        return values
    return values / PER_METRE[unit]


def _values(path: Path) -> NDArray[Any]:
    """What a depth file holds [H, W], in its own unit."""
    if path.suffix.lower() != ".npy":
        try:
            return images.millimetres(path)
        except InputError as error:
            if path.suffix.lower() in SUFFIXES or not path.exists():
                raise
            raise InputError(f"{error}; expected {' or '.join(SUFFIXES)}") from None
    try:
        values: NDArray[Any] = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path}: not an array ({first_line(error)})") from None
    if not isinstance(values, np.ndarray) or values.ndim != 2 or values.dtype.kind not in "fiu":
        raise InputError(f"{path}: expected numbers of height x width")
    return values


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} x {shape[0]}"
