"""Labels for a user's own photographs."""

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from fcnlib.colour import overlay
from fcnlib.datasets.folder import IMAGE_SUFFIXES
from fcnlib.datasets.images import full_palette, label_png, load, upright, voc_palette
from fcnlib.errors import InputError
from fcnlib.files import replacing
from fcnlib.progress import progress
from fcnlib.torchscript import about
from fcnlib.torchscript import load as load_model


def predict(
    images: Sequence[str], *, model: Path, out: Path, overlays: bool = False, device: str = "cpu"
) -> Iterator[Path]:
    """Write the labels of each image as a palette PNG in `out`; yields the files written.

    `images` are files, folders and patterns; `overlays` adds ID.overlay.png to each ID.png.
    """
    paths = find(images)
    _check_targets(paths, out, overlays)
    segment = load_model(model, device=device)
    palette = about(model).get("palette") or voc_palette()
    colours = full_palette(tuple((r, g, b) for r, g, b in palette))
    for path in progress(paths, desc="predicting", unit="img"):
        pixels = upright(load(path))
        labels = _labels(segment, pixels, device)
        targets = _targets(path, out, overlays)
        with replacing(targets[0]) as temporary:
            temporary.write_bytes(label_png(labels, colours))
        if overlays:
            with replacing(targets[1]) as temporary:
                Image.fromarray(overlay(pixels, labels, palette)).save(temporary)
        yield targets[0]


def find(images: Sequence[str]) -> list[Path]:
    """The image files that files, folders and patterns name, each once."""
    found: dict[Path, None] = {}
    for name in images:
        path = Path(name)
        if path.is_dir():
            seen = (p for p in path.iterdir() if not p.name.startswith("."))
            inside = sorted(p for p in seen if p.suffix.lower() in IMAGE_SUFFIXES)
        else:
            # A shell that expands nothing (or a quoted pattern) leaves the stars to us.
            inside = [path] if path.exists() else sorted(map(Path, glob.glob(name, recursive=True)))
        if not inside:
            raise InputError(f"{name}: no image found; expected a file, a folder or a pattern")
        found |= dict.fromkeys(inside)
    return list(found)


def _targets(path: Path, out: Path, overlays: bool) -> list[Path]:
    """What is written for a photograph: its labels and, if wanted, the overlay."""
    return [out / f"{path.stem}{end}" for end in (".png", ".overlay.png")[: 1 + overlays]]


def _check_targets(paths: Sequence[Path], out: Path, overlays: bool) -> None:
    """Raise if something would be written over a photograph, or over another one's labels."""
    photographs = {_identity(path): path for path in paths}
    written: dict[Path, Path] = {}
    for path in paths:
        for target in _targets(path, out, overlays):
            if target.exists() and _identity(target) in photographs:
                place = photographs[_identity(target)]
                raise InputError(f"{place}: would be written over; expected another --out folder")
            if target in written:
                raise InputError(f"{path}: would be written over {written[target]}'s labels")
            written[target] = path


def _identity(path: Path) -> tuple[int, int]:
    """What two names of one file share: links, or capitals on a disk that ignores them."""
    status = path.stat()
    return status.st_dev, status.st_ino


def _labels(
    segment: torch.jit.ScriptModule, pixels: NDArray[np.uint8], device: str
) -> NDArray[np.uint8]:
    image = torch.from_numpy(pixels).permute(2, 0, 1)[None].to(device)
    with torch.inference_mode():
        labels: NDArray[np.uint8] = segment(image)[0].cpu().numpy()
    return labels
