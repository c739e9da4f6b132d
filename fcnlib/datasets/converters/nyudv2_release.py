"""NYUDv2 as FCN's authors released it: cropped, with HHA, and other labels along borders."""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from fcnlib.archives.members import members
from fcnlib.config.nyudv2_images import NYUD_CROP
from fcnlib.config.schema_data import ArchiveDataset
from fcnlib.core.errors import InputError
from fcnlib.core.parallel import in_threads
from fcnlib.core.progress import progress
from fcnlib.datasets import images
from fcnlib.datasets.converters.mat import mat_label
from fcnlib.datasets.converters.nyudv2_classes import (
    CLASSES,
    PALETTE,
    SPLITS,
    released_splits,
)
from fcnlib.datasets.hha.encode import NYUD_CAMERA
from fcnlib.datasets.writer import DatasetWriter, check_counts, dataset_writer, expect_archives

# The archive's top folder is not known.
_LIST = re.compile(r"(?:.*/)?(train|val|test)\.txt")
_FILE = re.compile(
    r"(?:.*/)?(?:data/(images|depth|hha)/img_(\d+)\.png|(segmentation)/img_(\d+)\.mat)"
)
FOLDERS = ("images", "depth", "hha", "segmentation")


def convert_nyudv2_release(
    dataset: ArchiveDataset, archives: Sequence[Path], out: Path, *, workers: int = 1
) -> None:
    """Prepare train, val, trainval and test with depth and HHA.

    The release does not have which pixels were missing in the measured depth.
    """
    (archive,) = expect_archives(dataset, archives, ["the release"])
    check_counts(out, dataset.counts, SPLITS)
    splits = _splits(archive)
    with dataset_writer(
        out,
        tasks={"semantic": CLASSES},
        palette=PALETTE,
        archives=archives,
        counts=dataset.counts,
        camera=NYUD_CAMERA.cropped(NYUD_CROP[0], NYUD_CROP[2]),
    ) as writer:
        for name, listed in splits.items():
            writer.add_split(name, listed, released_splits()[name])
        ids = {*splits["trainval"], *splits["test"]}
        found = (item for item in members(archive, _FILE) if (item[0][2] or item[0][4]) in ids)
        stored = in_threads(partial(_store, writer, archive), found, workers)
        total = len(FOLDERS) * len(ids)
        for _ in progress(stored, desc=f"reading {archive.name}", total=total, unit="file"):
            pass


def _splits(archive: Path) -> dict[str, list[str]]:
    """The lists, whose IDs are numbers; `trainval` is those of train and val together."""
    found: dict[str, list[str]] = {}
    for match, data in members(archive, _LIST):
        found[match[1]] = data.decode("ascii", "replace").split()
        if len(found) == 3:
            break
    for name in ("train", "val", "test"):
        if name not in found:
            raise InputError(f"{archive}: no {name}.txt in it, expected NYUDv2's release")
    if both := {*found["train"], *found["val"]} & set(found["test"]):
        raise InputError(f"{archive}: {min(both)} is in test.txt and in a training list")
    train, val, test = (found[name] for name in ("train", "val", "test"))
    return {"train": train, "val": val, "trainval": train + val, "test": test}


def _store(writer: DatasetWriter, archive: Path, member: tuple[re.Match[str], bytes]) -> None:
    match, data = member
    kind, id = match[1] or match[3], match[2] or match[4]
    origin = f"{archive}: {PurePosixPath(match[0]).parent.name}/{PurePosixPath(match[0]).name}"
    if writer.has({"images": "image", "segmentation": "labels/semantic"}.get(kind, kind), id):
        return
    if kind == "images":
        writer.add_image(id, data, origin)
    elif kind == "depth":
        writer.add_depth(id, images.read_depth(data, origin), None, origin)
    elif kind == "hha":
        writer.add_hha(id, data, origin)
    else:
        writer.add_label(id, mat_label(data, origin, kind, classes=len(CLASSES)), origin)
