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
from fcnlib.datasets.converters.archive_images import IMAGE, LABEL, store_archive_images
from fcnlib.datasets.converters.mat import mat_codes
from fcnlib.datasets.converters.voc_lists import VOC_OBJECTS, list_ids, voc_lists
from fcnlib.datasets.reader import read_list
from fcnlib.datasets.writer import check_counts, dataset_writer, expect_archives

CLASSES = ("background", *VOC_OBJECTS)
SEG11VALID = Path(__file__).parent / "lists/voc2011-seg11valid.txt"  # as FCN's authors released it

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
    with dataset_writer(out, tasks=tasks, archives=archives, counts=dataset.counts) as writer:
        for name, ids in splits.items():
            writer.add_split(name, ids)
        listed = {id for ids in splits.values() for id in ids}
        store_archive_images(writer, archive, _VOC_FILE, _VOC_KINDS, listed, workers)


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
    with dataset_writer(out, tasks=tasks, archives=archives, counts=dataset.counts) as writer:
        writer.add_split("train", train)
        released = read_list(SEG11VALID) if valid_name == "seg11valid" else ()
        writer.add_split(valid_name, valid, released)
        store_archive_images(writer, sbd, _SBD_FILE, _SBD_KINDS, set(train), workers, sbd_label)
        store_archive_images(writer, voc, _VOC_FILE, _VOC_KINDS, set(valid), workers)


def without(ids: Sequence[str], others: Sequence[str]) -> list[str]:
    """The IDs that are not among the others, in their order."""
    excluded = set(others)
    return [id for id in ids if id not in excluded]


def _sbd_train(archive: Path) -> list[str]:
    for _, data in members(archive, _SBD_LIST):
        return list_ids(data)
    raise InputError(f"{archive}: no dataset/train.txt in it, expected the SBD archive")


def sbd_label(data: bytes, origin: str) -> NDArray[np.uint8]:
    """The class indices [H, W] of an SBD .mat file: struct GTcls, field Segmentation."""

    def pick(variables: dict[str, Any]) -> Any:
        return variables["GTcls"][0]["Segmentation"][0]

    codes = mat_codes(data, origin, "GTcls.Segmentation", range(256), pick)
    return np.ascontiguousarray(codes, dtype=np.uint8)
