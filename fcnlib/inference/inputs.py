"""A user's own images, and the depth or HHA that a net sees beside them."""

import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fcnlib.config.schema_data import CHANNELS, IMAGES
from fcnlib.core.errors import InputError, attempt
from fcnlib.core.listing import file_id, files_having, matching_files
from fcnlib.datasets.formats import IMAGE_SUFFIXES
from fcnlib.datasets.hha.encode import ANGLE_OFFSET, SAMPLING, sample_unit_warning
from fcnlib.datasets.images import (
    LARGE_PIXELS,
    Box,
    TooManyPixels,
    check_depth,
    check_rgb,
    orientation,
    read_image,
    stored_box,
    to_depth,
    to_rgb,
    upright,
)
from fcnlib.datasets.reader import check_sizes

MAX_WAITING = 4  # batches that may be waiting for images of their size
STRIP_PIXELS = 1 << 20  # that are looked at at a time for what is unusual in them

log = logging.getLogger(__name__)


class DepthWarning(NamedTuple):
    """What is unusual in a file of depth or HHA that can be read."""

    kind: str
    file: Path
    message: str


@dataclass(frozen=True)
class InputImage:
    """A decoded image, upright, and all that a net sees of it."""

    path: Path
    pixels: NDArray[np.uint8]  # [H, W, 3], as people see it
    channels: NDArray[Any]  # [H, W, C]: bytes, or int32 where millimetres are among them
    warnings: Sequence[DepthWarning] = ()


@dataclass(frozen=True)
class InputReader:
    """What a net sees, first the images themselves, and the files of all else by name."""

    inputs: Sequence[str]
    files: Mapping[str, Mapping[str, Path]]  # by input, then by the name without its suffix
    folders: Mapping[str, Path]

    @classmethod
    def for_model(
        cls, inputs: Sequence[str], folders: Mapping[str, Path], model: Path
    ) -> "InputReader":
        """The reader of a model's inputs; InputError unless the folders are those it needs."""
        others = inputs[1:]
        for name in folders.keys() - set(others):
            raise InputError(
                f"{model}: sees {', '.join(inputs)}, the first as images; expected no folder "
                f"of {name}"
            )
        for name in others:
            if name not in folders:
                raise InputError(
                    f"{model}: sees {', '.join(inputs)}; expected a folder of {name} too"
                )
            if not folders[name].is_dir():
                raise InputError(f"{folders[name]}: no such folder; expected {name} of the images")
        return cls(inputs, {name: _by_id(folders[name]) for name in others}, folders)

    def other_files(self, path: Path) -> dict[str, Path]:
        """The files of an image's other inputs, as far as there are any."""
        id = file_id(path)
        return {name: files[id] for name, files in self.files.items() if id in files}

    def read(self, path: Path) -> InputImage | InputError:
        """The image with all that the net sees of it, or what is wrong with it."""
        return attempt(self._read, path)

    def _read(self, path: Path) -> InputImage:
        try:
            decoded = self.decode(path)
        except TooManyPixels as error:
            most = f"{LARGE_PIXELS / 1e6:.0f} megapixels"
            raise InputError(f"{error}; --tile reads up to {most}") from None
        parts = decoded.parts()
        warnings: list[DepthWarning] = []
        for (name, file), part in zip(decoded.files.items(), parts, strict=True):
            warnings += _warnings(name, file, [part])
        return InputImage(path, _displayed(parts[0]), stacked(parts), warnings)

    def decode(self, path: Path, *, large: bool = False) -> "DecodedImage":
        """The image with all that the net sees of it, checked but not converted."""
        files = self._files_of(path)
        images = {}
        for name, file in files.items():
            images[name] = read_image(file, large=large)
            check_image(images[name], name, file)
        found = DecodedImage(path, files, images)
        for name, file in files.items():
            check_sizes(found.size, path, upright_size(images[name]), file)
        return found

    def _files_of(self, path: Path) -> dict[str, Path]:
        """The file of each input of an image; InputError if one has none."""
        others = self.other_files(path)
        for name in self.inputs[1:]:
            if name not in others:
                folder = self.folders[name]
                raise InputError(f"{path}: no {name} of it; expected {folder / path.stem}.png")
        return {self.inputs[0]: path, **{name: others[name] for name in self.inputs[1:]}}


@dataclass(frozen=True)
class DecodedImage:
    """An image as its files store it, which takes 4 bytes a pixel; parts of it are converted."""

    path: Path
    files: Mapping[str, Path]  # by input
    images: Mapping[str, Image.Image]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the upright image."""
        return upright_size(next(iter(self.images.values())))

    def parts(self, box: Box | None = None) -> list[NDArray[Any]]:
        """A part of each input, or all of it, [h, w, C], upright."""
        return [self._part(name, box) for name in self.images]

    def warnings(self) -> list[DepthWarning]:
        """What is unusual in the depth or HHA of it."""
        found: list[DepthWarning] = []
        for name, file in self.files.items():
            found += _warnings(name, file, self._strips(name))
        return found

    def _strips(self, name: str) -> Iterator[NDArray[Any]]:
        """All of an input, from top to bottom; strips begin at rows that are sampled."""
        height, width = self.size
        rows = max(1, STRIP_PIXELS // width // SAMPLING) * SAMPLING
        for top in range(0, height, rows):
            yield self._part(name, (0, top, width, min(top + rows, height)))

    def _part(self, name: str, box: Box | None) -> NDArray[Any]:
        image = self.images[name]
        part = image if box is None else image.crop(stored_box(image, box))
        return pixels_of_image(part, name, self.files[name])


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Height and width of an image once it is turned upright."""
    height, width = image.height, image.width
    return (width, height) if orientation(image) >= 5 else (height, width)


def stacked(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """The channels of several inputs together, [H, W, C]: int32 if one is depth."""
    return np.concatenate(parts, axis=2) if len(parts) > 1 else parts[0]


def _by_id(folder: Path) -> dict[str, Path]:
    """The image files of a folder; of several under one name, the PNG."""
    found, _ = files_having(folder, IMAGE_SUFFIXES)
    return {
        file_id(path): path
        for path in sorted(found, key=lambda path: path.suffix.lower() == ".png")
    }


def pixels_of_image(image: Image.Image, name: str, file: object) -> NDArray[Any]:
    """An image as one input of a net, upright: uint8 [H, W, 3], or int32 [H, W, 1] of millimetres.

    `file` is for messages.
    """
    check_image(image, name, file)
    image = upright(image)
    if name == "depth":
        return to_depth(image, file)[..., None].astype(np.int32)
    return to_rgb(image, file)


def check_image(image: Image.Image, name: str, file: object) -> None:
    """Raise unless the image can be that input of a net."""
    if name == "depth":
        check_depth(image, file)
    elif name == "hha" and (image.mode != "RGB" or "RGB;16" in str(image.info.get("raw"))):
        bits = "16 bits a colour" if image.mode == "RGB" else image.mode
        raise InputError(f"{file}: is {bits}, expected HHA: RGB of 8 bits, as `fcn hha` writes it")
    else:
        check_rgb(image, file)


def pixels_of_array(image: NDArray[Any], inputs: Sequence[str]) -> NDArray[Any]:
    """An array [H, W, C] of all that a net sees, or [H, W] of depth alone, checked."""
    if image.ndim == 2 and list(inputs) == ["depth"]:
        image = image[..., None]
    channels = count_channels(inputs)
    if image.ndim != 3 or image.shape[2] != channels or not image.size:
        found = " x ".join(map(str, image.shape))
        raise InputError(f"image: an array of {found}; expected height x width x {channels}")
    if "depth" in inputs:
        if not np.issubdtype(image.dtype, np.integer):
            raise InputError(f"image: {image.dtype}; expected integers, depth in millimetres")
        return image.astype(np.int32)
    if image.dtype != np.uint8:
        raise InputError(f"image: {image.dtype}; expected uint8")
    return np.ascontiguousarray(image)


def count_channels(inputs: Sequence[str]) -> int:
    """How many channels a net with these inputs sees."""
    counts = {str(name): count for name, count in CHANNELS.items()}
    return sum(counts.get(name, 0) for name in inputs)


def _warnings(name: str, file: Path, strips: Iterable[NDArray[Any]]) -> list[DepthWarning]:
    """What is unusual in an input of strips [h, W, C] that a net is to see."""
    if name == "depth":
        return _depth_warnings(file, strips)
    if name == "hha" and is_no_hha(strips):
        message = "no HHA, but the net sees HHA; expected what `fcn hha` makes of depth images"
        return [DepthWarning("hha", file, message)]
    return []


def is_no_hha(strips: Iterable[NDArray[np.uint8]]) -> bool:
    """Whether an image of strips [h, W, 3] is certainly no HHA, by its angles: they are 38 to 218.

    A hundredth of its pixels may have others, as at edges after resizing; black and white ones,
    where nothing was measured, do not count.
    """
    outside = measured = 0
    for pixels in strips:
        disparity, height, angle = np.moveaxis(pixels, 2, 0)
        void = (disparity == height) & (height == angle) & ((angle == 0) | (angle == 255))
        is_other = (angle < ANGLE_OFFSET) | (angle > ANGLE_OFFSET + 180)
        outside += int((is_other & ~void).sum())
        measured += int((~void).sum())
    return outside > 0.01 * measured


def _depth_warnings(file: Path, strips: Iterable[NDArray[np.int32]]) -> list[DepthWarning]:
    """What is unusual in depth of strips [h, W, 1]: another unit, or holes."""
    zeros = size = 0
    samples = []
    for millimetres in strips:
        zeros += int((millimetres == 0).sum())
        size += millimetres.size
        samples.append(millimetres[::SAMPLING, ::SAMPLING, 0] / 1000)
    holes = f"depth 0 at {zeros} of {size} pixels, expected filled depth"
    found = [
        DepthWarning("unit", file, sample_unit_warning(np.concatenate(samples))),
        DepthWarning("holes", file, holes if zeros else ""),
    ]
    return [warning for warning in found if warning.message]


def _displayed(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """What labels are laid over: the image itself, or depth in grey, near is dark."""
    if pixels.dtype == np.uint8:
        return pixels
    grey = np.rint(255 * (pixels / max(1, int(pixels.max())))).astype(np.uint8)
    return np.repeat(grey, 3, axis=2)


def find_images(names: Sequence[str]) -> list[Path]:
    """The image files that files, folders and patterns name, each once."""
    found: dict[Path, None] = {}
    for name in names:
        if not name:  # as of a variable that is not set; a path of nothing is the current folder
            raise InputError("'': no image found; expected a file, a folder or a pattern")
        path, others = Path(name), ""
        if path.is_dir():
            inside, others = files_having(path, IMAGE_SUFFIXES)
            if not inside and (path / IMAGES).is_dir():  # the folder that `fcn check` takes
                inside, others = files_having(path / IMAGES, IMAGE_SUFFIXES)
        elif os.path.lexists(path):
            inside = [path]
        else:
            # A shell that expands nothing (or a quoted pattern) leaves the stars to us.
            inside = matching_files(name)
        if not inside:
            kinds, there = ", ".join(IMAGE_SUFFIXES), f"; there: {others}" if others else ""
            raise InputError(
                f"{name}: no image found; "
                f"expected a file, a folder with {kinds} or a pattern{there}"
            )
        if others:
            log.warning("%s: left out: %s", name, others)
        found |= dict.fromkeys(inside)
    return list(found)


def batches_by_size(
    images: Iterator[InputImage | InputError], size: int
) -> Iterator[list[InputImage] | InputError]:
    """Up to `size` images of one height and width at a time; few wait for others of their size."""
    waiting: dict[tuple[int, ...], list[InputImage]] = {}
    for image in images:
        if isinstance(image, InputError):
            yield image
            continue
        shape = image.pixels.shape
        waiting.setdefault(shape, []).append(image)
        if len(waiting[shape]) == size:
            yield waiting.pop(shape)
        elif sum(map(len, waiting.values())) >= MAX_WAITING * size:
            yield waiting.pop(next(iter(waiting)))  # who waited longest
    yield from waiting.values()
