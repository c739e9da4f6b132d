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
from fcnlib.datasets.images import full_palette, label_png, load, upright
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
    segment, palette = load_model(model, device=device), about(model)["palette"]
    colours = full_palette(tuple((r, g, b) for r, g, b in palette))
    for path in progress(paths, desc="predicting", unit="img"):
        pixels = upright(load(path))
        labels = _labels(segment, pixels, device)
        with replacing(out / f"{path.stem}.png") as temporary:
            temporary.write_bytes(label_png(labels, colours))
        if overlays:
            with replacing(out / f"{path.stem}.overlay.png") as temporary:
                Image.fromarray(overlay(pixels, labels, palette)).save(temporary)
        yield out / f"{path.stem}.png"


def find(images: Sequence[str]) -> list[Path]:
    """The image files that files, folders and patterns name, each once."""
    found: dict[Path, None] = {}
    for name in images:
        path = Path(name)
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES)
        else:
            # A shell that expands nothing (or a quoted pattern) leaves the stars to us.
            inside = [path] if path.exists() else sorted(map(Path, glob.glob(name, recursive=True)))
        if not inside:
            raise InputError(f"{name}: no image found; expected a file, a folder or a pattern")
        found |= dict.fromkeys(inside)
    stems: dict[str, Path] = {}
    for path in found:
        if path.stem in stems:
            raise InputError(f"{path}: would be written over {stems[path.stem]}'s labels")
        stems[path.stem] = path
    return list(found)


def _labels(
    segment: torch.jit.ScriptModule, pixels: NDArray[np.uint8], device: str
) -> NDArray[np.uint8]:
    image = torch.from_numpy(pixels).permute(2, 0, 1)[None].to(device)
    with torch.inference_mode():
        labels: NDArray[np.uint8] = segment(image)[0].cpu().numpy()
    return labels
