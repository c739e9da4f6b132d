"""The objects of VOC, and the split lists of its archives and similar ones."""

import re
from pathlib import Path

from fcnlib.archives.members import members
from fcnlib.core.errors import InputError

VOC_OBJECTS = (
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
_LIST = r"(?:.*/)?VOC(\d{{4}})/ImageSets/{use}/(train|val|trainval)\.txt"


def voc_lists(archive: Path, use: str = "Segmentation") -> tuple[str, dict[str, list[str]]]:
    """The year of a VOC archive, and the IDs of its splits.

    `use` is a folder of ImageSets: `Segmentation` or `Main`.
    """
    found = {}
    for match, data in members(archive, re.compile(_LIST.format(use=use))):
        found[match[2]] = list_ids(data)
        year = match[1]
        if len(found) == 3:
            break
    for name in ("train", "val"):
        if name not in found:
            raise InputError(f"{archive}: no VOC*/ImageSets/{use}/{name}.txt in it")
    return year, {name: found[name] for name in ("train", "val", "trainval") if name in found}


def list_ids(data: bytes) -> list[str]:
    """The IDs of a list's content, one a line."""
    text = data.decode("utf-8-sig", "replace")
    return [line.strip() for line in text.split("\n") if line.strip()]
