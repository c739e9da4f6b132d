"""A sheet of a data set's images under their labels, as they were read, with a legend."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL.Image import Resampling

from fcnlib.core.errors import InputError, attempt
from fcnlib.core.files import atomic_write
from fcnlib.datasets import images
from fcnlib.datasets.checks.check import CheckResult
from fcnlib.datasets.colours import VOID_COLOUR, Image, as_hex, overlay
from fcnlib.datasets.converters.folder import Folder
from fcnlib.datasets.images import VOID
from fcnlib.datasets.mask_values import MaskCode, checked_label
from fcnlib.report.figures.grid import DPI, Legend, PictureRow, plot_grid
from fcnlib.report.figures.sheets import SIDE, at_most
from fcnlib.report.figures.style import new_figure

MOST = 12  # images of a sheet
ACROSS = 3  # of a line, each beside its labels
WIDTH = 10.0  # inches
SEEN = 0.001  # of an image: the least of a class that can be seen in it

Counts = Mapping[str, NDArray[np.int64]]  # ID -> pixels by label [256]


def save_label_sheet(result: CheckResult, path: Path) -> None:
    """Write a picture of some images of a checked data set beside their labels.

    The images are chosen so that each class is seen, as far as they suffice; those that cannot be
    read are left out.
    """
    folder, sound = result.folder, []
    for id in sheet_ids(result.counts, len(result.classes)):
        pair = attempt(lambda id: _pair(folder, id), id)
        if not isinstance(pair, InputError):
            sound.append((id, *pair))
    if not sound or not folder:
        raise InputError(f"{path}: not written, as no image and mask of {result.name} can be read")
    splits = {id: split for split, ids in result.splits.items() for id in ids}
    parts = ", ".join(f"{split} {len(ids)}" for split, ids in result.splits.items())
    heading = f"{len(sound)} of {len(result.counts)} images ({parts}), each beside its labels"
    rows = []
    for first in range(0, len(sound), ACROSS):
        line = sound[first : first + ACROSS]
        blank = [np.full_like(line[0][1], 255)] * 2 * (ACROSS - len(line))
        frame = line[0][1].shape[:2]
        pictures = [_framed(each, frame) for _, image, labels in line for each in (image, labels)]
        titles = [text for id, *_ in line for text in (id, splits[id])]
        titles += [""] * len(blank)
        rows.append(PictureRow([*pictures, *blank], titles, "" if first else heading))
    with new_figure(WIDTH, 1.0) as canvas:
        plot_grid(canvas, rows, {"": _legend(folder.code, folder.palette)})
        with atomic_write(path) as temporary:
            canvas.savefig(temporary, dpi=DPI, format="png", metadata={"Software": None})


def sheet_ids(counts: Counts, classes: int, most: int = MOST) -> list[str]:
    """The images to show: for each class, the rarest first, the one with most of it; then others.

    Args:
        counts: Pixels by label of each image.
        classes: How many there are.
        most: How many images.
    """
    chosen: list[str] = []
    total = sum(counts.values(), np.zeros(256, np.int64))
    for label in sorted(np.flatnonzero(total[:classes]).tolist(), key=lambda x: total[x]):
        if all(counts[id][label] < SEEN * counts[id].sum() for id in chosen):
            chosen.append(max(counts, key=lambda id: counts[id][label]))
    others, free = [id for id in counts if id not in chosen], max(0, most - len(chosen))
    step = max(1, len(others) // max(1, free))
    return sorted([*chosen[:most], *others[::step][:free]])


def _pair(folder: Folder | None, id: str) -> tuple[Image, Image]:
    """An image, and the same under its labels."""
    assert folder is not None
    path, mask_path = folder.images[id], folder.masks[id]
    image = images.to_rgb(images.upright(images.read_image(path)), path)
    label = checked_label(folder.code.read(mask_path), folder.code, mask_path)
    if image.shape[:2] != label.shape:
        raise InputError(f"{mask_path}: of another size than {path}")
    small = at_most(SIDE, image, Resampling.LANCZOS)
    return small, overlay(small, at_most(SIDE, label), folder.palette)


def _framed(picture: Image, frame: tuple[int, int]) -> Image:
    """The picture in the middle of a white frame [H, W] of the line's first one."""
    height, width = frame
    share = min(height / picture.shape[0], width / picture.shape[1])
    size = max(1, round(picture.shape[1] * share)), max(1, round(picture.shape[0] * share))
    canvas = Pillow.new("RGB", (width, height), "white")
    scaled = Pillow.fromarray(picture).resize(size, Resampling.LANCZOS)
    canvas.paste(scaled, ((width - size[0]) // 2, (height - size[1]) // 2))
    return np.asarray(canvas)


def _legend(code: MaskCode, palette: Sequence[tuple[int, int, int]]) -> Legend:
    """Each class with the mask values that it is of, and void."""
    names: dict[int, list[str]] = {}
    for value, label in sorted(code.values.items()):
        names.setdefault(label, []).append(str(value))
    colours = [*map(as_hex, palette), as_hex(VOID_COLOUR)]
    labels = [*range(len(code.classes)), VOID]
    told = []
    for name, label in zip([*code.classes, "void"], labels, strict=True):
        values = "" if code.colours else ", ".join(names.get(label, []))
        told.append(f"{values} {name}".strip())
    return tuple(zip(told, colours, strict=True))
