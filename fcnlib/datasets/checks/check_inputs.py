"""A look at what a prepared data set holds besides photographs and labels: depth and HHA."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from fcnlib.core.errors import InputError
from fcnlib.core.parallel import in_threads
from fcnlib.core.progress import progress
from fcnlib.datasets import images
from fcnlib.datasets.checks.findings import Finding, found_wrong
from fcnlib.datasets.converters.folder import MASK_SUFFIXES, pictures
from fcnlib.datasets.hha.encode import SENSOR_M
from fcnlib.datasets.reader import (
    HHA_INFO,
    DatasetInfo,
    inputs_of,
    read_hha_info,
    read_list,
)

Files = Mapping[str, Path]  # by ID


def check_inputs(
    root: Path, info: DatasetInfo, photographs: Files, *, workers: int = 1
) -> list[Finding]:
    """What is wrong with depth, masks of missing depth, and HHA."""
    kinds: list[str] = [name for name in inputs_of(root, info) if name != "rgb"]
    if (root / "missing").is_dir():
        kinds.append("missing")
    if not kinds:
        return []
    found: list[Finding] = []
    files: dict[str, Files] = {}
    for kind in kinds:
        try:
            files[kind] = pictures(root / kind, MASK_SUFFIXES)
        except InputError as error:
            found.append(found_wrong(error, root / kind))
    splits = {path: _listed(path) for path in (root / f"splits/{name}.txt" for name in info.splits)}
    for path, listed in splits.items():
        for kind, own in files.items():
            lacking = [id for id in listed if id not in own]
            found += [Finding("error", str(path), "", f"no {kind} for {id}") for id in lacking]
    ids = sorted({id for listed in splits.values() for id in listed})
    if (root / HHA_INFO).exists():
        found += _told(root / HHA_INFO, len(ids))
    look = partial(_look, files, photographs)
    bar = progress(in_threads(look, ids, workers), desc="checking", total=len(ids), unit="image")
    return found + [each for findings in bar for each in findings]


def _listed(path: Path) -> list[str]:
    try:
        return read_list(path)
    except InputError:  # told where the labels are looked at
        return []


def _told(path: Path, images: int) -> Iterator[Finding]:
    try:
        told = read_hha_info(path).images
    except InputError as error:
        yield found_wrong(error, path)
        return
    if told != images:
        yield Finding("error", str(path), f"{told} images", f"expected the {images} of all splits")


def _look(files: Mapping[str, Files], photographs: Files, id: str) -> list[Finding]:
    """What is wrong with an image's own files."""
    looks = {"depth": _depth, "hha": _hha, "missing": _missing}
    size = _size(photographs.get(id))
    found = []
    for kind, own in files.items():
        if id not in own:
            continue
        try:
            shape, wrong = looks[kind](own[id])
        except InputError as error:
            found.append(found_wrong(error, own[id]))
            continue
        if size is not None and shape != size:
            value = f"{shape[1]} x {shape[0]}, its image is {size[1]} x {size[0]}"
            found.append(Finding("error", str(own[id]), value, f"{kind} of another size"))
        if wrong:
            found.append(Finding("error", str(own[id]), *wrong))
    return found


Looked = tuple[tuple[int, int], tuple[str, str] | None]  # height and width; value and message


def _size(path: Path | None) -> tuple[int, int] | None:
    """Height and width; none where that was told already."""
    try:
        if path is not None:
            with Image.open(path) as image:
                return image.height, image.width
    except (OSError, SyntaxError, ValueError):
        pass
    return None


def _depth(path: Path) -> Looked:
    depth = images.millimetres(path)
    low, high = SENSOR_M
    median = float(np.median(depth)) / 1000
    shape = (depth.shape[0], depth.shape[1])
    if low <= median <= high:
        return shape, None
    return shape, (f"median {median:g} m", f"expected filled depth of {low:g} to {high:g} m")


def _hha(path: Path) -> Looked:
    image = images.load(path)
    wrong = (image.mode, "expected HHA as 8-bit RGB") if image.mode != "RGB" else None
    return (image.height, image.width), wrong


def _missing(path: Path) -> Looked:
    image = images.load(path)
    wrong = (image.mode, "expected a 1-bit mask of missing depth") if image.mode != "1" else None
    return (image.height, image.width), wrong
