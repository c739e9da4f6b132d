"""Checks of the depth and HHA of a prepared data set."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from fcnlib.core.errors import InputError
from fcnlib.core.parallel import in_threads
from fcnlib.core.progress import progress
from fcnlib.datasets import images
from fcnlib.datasets.converters.folder import image_files
from fcnlib.datasets.findings import Finding, error_finding
from fcnlib.datasets.formats import MASK_SUFFIXES
from fcnlib.datasets.hha.encode import SENSOR_M
from fcnlib.datasets.reader import HHA_INFO, DatasetInfo, available_inputs, read_hha_info, read_list

Files = Mapping[str, Path]  # by ID


Size = tuple[int, int]  # height, width
Problem = tuple[str, str]  # what is there, what is wrong with it


def check_inputs(
    root: Path, info: DatasetInfo, image_paths: Files, *, workers: int = 1
) -> list[Finding]:
    """Findings of depth, masks of missing depth, and HHA.

    Args:
        root: The prepared data set.
        info: Its `dataset.json`.
        image_paths: Path of each image, with which the other files are compared.
        workers: Number of threads.
    """
    kinds: list[str] = [name for name in available_inputs(root, info) if name != "rgb"]
    if (root / "missing").is_dir():
        kinds.append("missing")
    if not kinds:
        return []
    findings: list[Finding] = []
    files: dict[str, Files] = {}
    for kind in kinds:
        try:
            files[kind] = image_files(root / kind, MASK_SUFFIXES)
        except InputError as error:
            findings.append(error_finding(error, root / kind))
    paths = [root / "splits" / f"{name}.txt" for name in info.splits]
    splits = {path: _read_split(path) for path in paths}
    findings += _absent_files(splits, files)
    ids = sorted({id for listed in splits.values() for id in listed})
    if (root / HHA_INFO).exists():
        findings += _check_hha_info(root / HHA_INFO, len(ids))
    results = in_threads(partial(_check_image, files, image_paths), ids, workers)
    for found in progress(results, desc="checking", total=len(ids), unit="image"):
        findings += found
    return findings


def _read_split(path: Path) -> list[str]:
    try:
        return read_list(path)
    except InputError:  # reported by the check of labels
        return []


def _absent_files(
    splits: Mapping[Path, Sequence[str]], files: Mapping[str, Files]
) -> Iterator[Finding]:
    for path, ids in splits.items():
        for kind, paths in files.items():
            for id in ids:
                if id not in paths:
                    yield Finding("error", str(path), id, f"no {kind} of that name")


def _check_hha_info(path: Path, expected: int) -> Iterator[Finding]:
    try:
        images = read_hha_info(path).images
    except InputError as error:
        yield error_finding(error, path)
        return
    if images != expected:
        message = f"expected the {expected} of all splits"
        yield Finding("error", str(path), f"{images} images", message)


def _check_image(files: Mapping[str, Files], image_paths: Files, id: str) -> list[Finding]:
    """Findings of the depth, HHA and missing depth of an image."""
    checks = {"depth": _check_depth, "hha": _check_hha, "missing": _check_missing}
    size = _size(image_paths.get(id))
    findings = []
    for kind, paths in files.items():
        if id not in paths:
            continue
        path = paths[id]
        try:
            found_size, problem = checks[kind](path)
        except InputError as error:
            findings.append(error_finding(error, path))
            continue
        if size is not None and found_size != size:
            value = f"{found_size[1]} x {found_size[0]}, its image is {size[1]} x {size[0]}"
            findings.append(Finding("error", str(path), value, f"{kind} of another size"))
        if problem:
            findings.append(Finding("error", str(path), *problem))
    return findings


def _size(path: Path | None) -> Size | None:
    """The size of an image; None if it cannot be read, which the check of images reports."""
    try:
        return None if path is None else images.image_size(path)
    except InputError:
        return None


def _check_depth(path: Path) -> tuple[Size, Problem | None]:
    depth = images.read_depth(path)
    low, high = SENSOR_M
    median = float(np.median(depth)) / 1000
    size = (depth.shape[0], depth.shape[1])
    if low <= median <= high:
        return size, None
    return size, (f"median {median:g} m", f"expected filled depth of {low:g} to {high:g} m")


def _check_hha(path: Path) -> tuple[Size, Problem | None]:
    image = images.read_image(path)
    problem = (image.mode, "expected HHA as 8-bit RGB") if image.mode != "RGB" else None
    return (image.height, image.width), problem


def _check_missing(path: Path) -> tuple[Size, Problem | None]:
    image = images.read_image(path)
    problem = (image.mode, "expected a 1-bit mask of missing depth") if image.mode != "1" else None
    return (image.height, image.width), problem
