"""A user's own photographs, and the depth or HHA that a net sees beside them."""

import glob
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fcnlib.core.errors import InputError
from fcnlib.datasets.converters.folder import IMAGE_SUFFIXES
from fcnlib.datasets.hha.encode import depth_unit_warning
from fcnlib.datasets.images import read_depth, read_image, to_upright_rgb
from fcnlib.datasets.reader import check_sizes

SUFFIXES = (*IMAGE_SUFFIXES, ".webp", ".gif")  # what is taken from a folder
HELD = 4  # batches that may be waiting for photographs of their size


class DepthWarning(NamedTuple):
    """What is odd about a depth file that can be read."""

    kind: str
    file: Path
    said: str


@dataclass(frozen=True)
class InputImage:
    """A decoded photograph, upright, and all that a net sees of it."""

    path: Path
    pixels: NDArray[np.uint8]  # [H, W, 3]
    seen: NDArray[Any]  # [H, W, C]: bytes, or int32 where millimetres are among them
    doubts: Sequence[DepthWarning] = ()


@dataclass(frozen=True)
class Reader:
    """What a net sees, first the photographs themselves, and the files of all else by name."""

    inputs: Sequence[str]
    files: Mapping[str, Mapping[str, Path]]  # by input, then by the name without its suffix
    folders: Mapping[str, Path]

    @classmethod
    def of(cls, inputs: Sequence[str], folders: Mapping[str, Path], model: Path) -> "Reader":
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
        return cls(inputs, {name: _by_stem(folders[name]) for name in others}, folders)

    def beside(self, path: Path) -> dict[str, Path]:
        """The files of an image's other inputs, as far as there are any."""
        return {name: f[path.stem] for name, f in self.files.items() if path.stem in f}

    def read(self, path: Path) -> InputImage | InputError:
        """The photograph with all that the net sees of it; what is wrong with it, if so."""
        try:
            beside = self.beside(path)
            first = self.inputs[0]
            parts = [_pixels(path, first)]
            doubts = _doubts(path, parts[0]) if first == "depth" else []
            for name in self.inputs[1:]:
                if name not in beside:
                    folder = self.folders[name]
                    raise InputError(f"{path}: no {name} of it; expected {folder / path.stem}.png")
                parts.append(_pixels(beside[name], name))
                check_sizes(parts[0].shape, path, parts[-1].shape, beside[name])
                doubts += _doubts(beside[name], parts[-1]) if name == "depth" else []
            kind = np.int32 if "depth" in self.inputs else np.uint8
            seen = np.concatenate(parts, axis=2, dtype=kind) if len(parts) > 1 else parts[0]
            return InputImage(path, _shown(parts[0]), seen, doubts)
        except InputError as error:
            return error


def _by_stem(folder: Path) -> dict[str, Path]:
    """The pictures of a folder; of several under one name, the PNG."""
    found = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES]
    return {
        path.stem: path for path in sorted(found, key=lambda path: path.suffix.lower() == ".png")
    }


def _pixels(path: Path, name: str) -> NDArray[Any]:
    if name == "depth":
        return read_depth(path)[..., None].astype(np.int32)
    image = read_image(path)
    if name == "hha" and (image.mode != "RGB" or "RGB;16" in str(image.info["raw"])):
        bits = "16 bits a colour" if image.mode == "RGB" else image.mode
        raise InputError(f"{path}: is {bits}, expected HHA: RGB of 8 bits, as `fcn hha` writes it")
    return to_upright_rgb(image, path)


def _doubts(file: Path, millimetres: NDArray[Any]) -> list[DepthWarning]:
    """What is odd about depth that a net is to see: another unit, or holes."""
    zeros = int((millimetres == 0).sum())
    holes = f"depth 0 at {zeros} of {millimetres.size} pixels, expected filled depth"
    found = [
        DepthWarning("unit", file, depth_unit_warning(millimetres[..., 0] / 1000)),
        DepthWarning("holes", file, holes if zeros else ""),
    ]
    return [each for each in found if each.said]


def _shown(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """What labels are laid over: the picture itself, or depth in grey, near is dark."""
    if pixels.dtype == np.uint8:
        return pixels
    grey = np.rint(255 * (pixels / max(1, int(pixels.max())))).astype(np.uint8)
    return np.repeat(grey, 3, axis=2)


def find(images: Sequence[str]) -> list[Path]:
    """The image files that files, folders and patterns name, each once."""
    found: dict[Path, None] = {}
    for name in images:
        path = Path(name)
        if path.is_dir():
            seen = (p for p in path.iterdir() if not p.name.startswith("."))
            inside = sorted(p for p in seen if p.suffix.lower() in SUFFIXES and not p.is_dir())
        else:
            # A shell that expands nothing (or a quoted pattern) leaves the stars to us.
            matches = map(Path, sorted(glob.glob(name, recursive=True)))
            inside = [path] if path.exists() else [p for p in matches if not p.is_dir()]
        if not inside:
            kinds = ", ".join(SUFFIXES)
            raise InputError(
                f"{name}: no image found; expected a file, a folder with {kinds} or a pattern"
            )
        found |= dict.fromkeys(inside)
    return list(found)


def batches(
    photographs: Iterator[InputImage | InputError], size: int
) -> Iterator[list[InputImage] | InputError]:
    """Up to `size` photographs of one height and width; few wait for others like them."""
    waiting: dict[tuple[int, ...], list[InputImage]] = {}
    for photograph in photographs:
        if isinstance(photograph, InputError):
            yield photograph
            continue
        shape = photograph.pixels.shape
        waiting.setdefault(shape, []).append(photograph)
        if len(waiting[shape]) == size:
            yield waiting.pop(shape)
        elif sum(map(len, waiting.values())) >= HELD * size:
            yield waiting.pop(next(iter(waiting)))  # who waited longest
    yield from waiting.values()
