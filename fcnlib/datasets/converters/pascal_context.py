"""PASCAL-Context: classes of all pixels of VOC2010's images, from the published archives."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fcnlib.archives.members import members
from fcnlib.config.schema_data import ArchiveDataset
from fcnlib.core.errors import InputError
from fcnlib.datasets.converters.archive_images import IMAGE, LABEL, store_archive_images
from fcnlib.datasets.converters.mat import mat_codes
from fcnlib.datasets.converters.pascal_context_names import CODES, TASK_NAMES, code
from fcnlib.datasets.converters.voc_lists import voc_lists
from fcnlib.datasets.writer import check_counts, dataset_writer, expect_archives

CLASSES = ("background", *TASK_NAMES)  # class 0 are all other names; there is no void
SPLITS = ("train", "val")

_IMAGES = re.compile(r"(?:.*/)?VOC\d{4}/(JPEGImages)/([^/]+)\.jpg")
_LABEL_MAPS = re.compile(r"(?:.*/)?(trainval)/([^/]+)\.mat")
_CONTENTS = re.compile(rf"{_LABEL_MAPS.pattern}|(?:.*/)?labels\.txt")
_CODES = range(2**16)
_CLASS_OF = np.zeros(len(_CODES), np.uint8)  # by code; 0 and codes of no name are background too
_CLASS_OF[[code(name) for name in TASK_NAMES]] = range(1, len(CLASSES))


def convert_context(
    dataset: ArchiveDataset, archives: Sequence[Path], out: Path, *, workers: int = 1
) -> None:
    """Prepare the annotated images of VOC2010's Main splits train and val."""
    voc, annotations = expect_archives(dataset, archives, ["VOC", "PASCAL-Context"])
    check_counts(out, dataset.counts, SPLITS)
    annotated = _annotated(annotations)
    _, lists = voc_lists(voc, "Main")
    tasks = {"semantic": CLASSES}
    with dataset_writer(out, tasks=tasks, archives=archives, counts=dataset.counts) as writer:
        for name in SPLITS:
            writer.add_split(name, [id for id in lists[name] if id in annotated])
        ids = {id for ids in writer.splits.values() for id in ids}
        store_archive_images(
            writer, annotations, _LABEL_MAPS, {"trainval": LABEL}, ids, workers, context_label
        )
        store_archive_images(writer, voc, _IMAGES, {"JPEGImages": IMAGE}, ids, workers)


def context_label(data: bytes, origin: str) -> NDArray[np.uint8]:
    """The class indices [H, W], 0 to 59, of the codes in a .mat file's LabelMap.

    As in the released code, every code that is none of the 59 is background.
    """
    codes = mat_codes(data, origin, "LabelMap", _CODES)
    label: NDArray[np.uint8] = _CLASS_OF[codes.astype(np.intp)]
    return label


def _annotated(archive: Path) -> set[str]:
    """The annotated IDs; an error if the archive lists other names of codes than ours."""
    found = set()
    for match, data in members(archive, _CONTENTS):
        if match[1]:
            found.add(match[2])
        else:
            _check_names(data, f"{archive}: {match[0]}")
    if not found:
        raise InputError(f"{archive}: no trainval/ID.mat in it, expected PASCAL-Context's labels")
    return found


def _check_names(data: bytes, origin: str) -> None:
    """Raise unless labels.txt, lines of `code: name`, has the 459 names in order."""
    found: dict[str, tuple[str, str]] = {}  # code -> its name, and where
    for line, text in enumerate(data.decode("utf-8-sig", "replace").splitlines(), start=1):
        key, _, name = text.partition(":")
        found[key.strip()] = " ".join(name.split()), f" (line {line})"
    for expected, number in CODES.items():
        listed, where = found.get(str(number), (None, ""))
        if listed != expected:
            raise InputError(f"{origin}: code {number} is {listed!r}, expected {expected!r}{where}")
