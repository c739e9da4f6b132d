"""PASCAL VOC and the Semantic Boundaries Dataset, from their published archives."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcnlib.archives.members import members
from fcnlib.config.schema_data import ArchiveDataset
from fcnlib.core.errors import InputError
from fcnlib.datasets.converters.archive_images import IMAGE, LABEL, store
from fcnlib.datasets.converters.mat import mat_values
from fcnlib.datasets.writer import check_counts, dataset_writer, expect_archives

CLASSES = (
    "background",
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
)

# The 2011 tar has one more folder, TrainVal/, around the tree.
_VOC_LIST = r"(?:.*/)?VOC(\d{{4}})/ImageSets/{use}/(train|val|trainval)\.txt"
_VOC_FILE = re.compile(r"(?:.*/)?VOC\d{4}/(JPEGImages|SegmentationClass)/([^/]+)\.(?:jpg|png)")
_SBD_LIST = re.compile(r"(?:.*/)?dataset/(train)\.txt")
_SBD_FILE = re.compile(r"(?:.*/)?dataset/(img|cls)/([^/]+)\.(?:jpg|mat)")
_VOC_KINDS = {"JPEGImages": IMAGE, "SegmentationClass": LABEL}
_SBD_KINDS = {"img": IMAGE, "cls": LABEL}


def convert_voc(
    dataset: ArchiveDataset, archives: Sequence[Path], out: Path, *, workers: int = 1
) -> None:
    """Prepare VOC's own segmentation splits: train, val and, where listed, trainval."""
    (archive,) = expect_archives(dataset, archives, ["VOC"])
    _, splits = voc_lists(archive)
    check_counts(out, dataset.counts, splits)
    tasks = {"semantic": CLASSES}
    with dataset_writer(out, tasks=tasks, archives=archives, counts=dataset.counts) as draft:
        for name, ids in splits.items():
            draft.add_split(name, ids)
        wanted = {id for ids in splits.values() for id in ids}
        store(draft, archive, _VOC_FILE, _VOC_KINDS, wanted, workers)


def convert_voc_sbd(
    dataset: ArchiveDataset, archives: Sequence[Path], out: Path, *, workers: int = 1
) -> None:
    """Prepare SBD's train with SBD's labels, and VOC's val without SBD's train as `seg11valid`.

    The year in the name is the VOC archive's; SBD's own val is not used.
    """
    voc, sbd = expect_archives(dataset, archives, ["VOC", "SBD"])
    year, lists = voc_lists(voc)
    valid_name = f"seg{year[2:]}valid"
    check_counts(out, dataset.counts, ("train", valid_name))
    train = _sbd_train(sbd)
    valid = without(lists["val"], train)
    tasks = {"semantic": CLASSES}
    with dataset_writer(out, tasks=tasks, archives=archives, counts=dataset.counts) as draft:
        draft.add_split("train", train)
        draft.add_split(valid_name, valid)
        store(draft, sbd, _SBD_FILE, _SBD_KINDS, set(train), workers, sbd_label)
        store(draft, voc, _VOC_FILE, _VOC_KINDS, set(valid), workers)


def without(ids: Sequence[str], taken: Sequence[str]) -> list[str]:
    """The IDs that are not taken, in their order."""
    drop = set(taken)
    return [id for id in ids if id not in drop]


def voc_lists(archive: Path, use: str = "Segmentation") -> tuple[str, dict[str, list[str]]]:
    """Year of a VOC archive, and its splits for this use, a folder of its ImageSets."""
    found = {}
    for match, data in members(archive, re.compile(_VOC_LIST.format(use=use))):
        found[match[2]] = _ids(data)
        year = match[1]
        if len(found) == 3:
            break
    for name in ("train", "val"):
        if name not in found:
            raise InputError(f"{archive}: no VOC*/ImageSets/{use}/{name}.txt in it")
    return year, {name: found[name] for name in ("train", "val", "trainval") if name in found}


def _sbd_train(archive: Path) -> list[str]:
    for _, data in members(archive, _SBD_LIST):
        return _ids(data)
    raise InputError(f"{archive}: no dataset/train.txt in it, expected the SBD archive")


def _ids(data: bytes) -> list[str]:
    return [line.strip() for line in data.decode("ascii", "replace").split("\n") if line.strip()]


def sbd_label(data: bytes, origin: str) -> NDArray[np.uint8]:
    """The class indices [H, W] in an SBD .mat file: struct GTcls, field Segmentation."""

    def pick(variables: dict[str, Any]) -> NDArray[np.uint8]:
        return np.ascontiguousarray(variables["GTcls"][0]["Segmentation"][0], dtype=np.uint8)

    return mat_values(data, origin, "GTcls.Segmentation", pick)
