"""SIFT Flow: outdoor images with a semantic and a geometric class for each pixel."""

import logging
import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fcnlib.archives.members import members
from fcnlib.config.schema_data import ArchiveDataset
from fcnlib.core.errors import InputError
from fcnlib.core.parallel import in_threads
from fcnlib.core.progress import progress
from fcnlib.datasets.converters.mat import mat_label
from fcnlib.datasets.converters.siftflow_names import (
    FOLDER,
    GEOMETRIC_CLASSES,
    SEMANTIC_CLASSES,
    released_test,
)
from fcnlib.datasets.images import VOID
from fcnlib.datasets.reader import first_and_more
from fcnlib.datasets.writer import DatasetWriter, check_counts, dataset_writer, expect_archives

log = logging.getLogger(__name__)

TASKS = {"semantic": SEMANTIC_CLASSES, "geometric": GEOMETRIC_CLASSES}  # colours by class by task
UNLABELLED = {"semantic": (0,), "geometric": (-1, 0)}
_FOLDERS = {"SemanticLabels": "semantic", "GeoLabels": "geometric"}
# macOS adds files whose names begin with a dot to zip archives.
_IMAGE = re.compile(rf"(?:.*/)?Images/{FOLDER}/([^/.][^/]*)\.jpg")
_LABEL = re.compile(rf"(?:.*/)?({'|'.join(_FOLDERS)})/{FOLDER}/([^/.][^/]*)\.mat")


class _LabelPair(NamedTuple):
    """Both label files of an image, undecoded, by task."""

    id: str
    contents: dict[str, bytes]
    origins: dict[str, str]


def convert_siftflow(
    dataset: ArchiveDataset, archives: Sequence[Path], out: Path, *, workers: int = 1
) -> None:
    """Prepare the released test list's images as `test` and all others as `trainval`.

    Images without a labelled pixel are left out; the published archive has two.
    """
    (archive,) = expect_archives(dataset, archives, ["the zip"])
    check_counts(out, dataset.counts, ("trainval", "test"))
    palette = {task: tuple(classes.values()) for task, classes in TASKS.items()}
    tasks = {task: tuple(classes) for task, classes in TASKS.items()}
    with dataset_writer(
        out, tasks=tasks, palette=palette, archives=archives, counts=dataset.counts
    ) as writer:
        labelled = _store_labels(writer, archive, workers)
        test = [id for id in released_test() if id in labelled]
        writer.add_split("trainval", sorted(labelled.difference(test)))
        writer.add_split("test", test)
        _store_images(writer, archive, labelled, workers)


def _store_labels(writer: DatasetWriter, archive: Path, workers: int) -> set[str]:
    """Store the labels of images with a labelled pixel; returns their IDs."""
    stored = in_threads(partial(_store_pair, writer), _pairs(archive), workers)
    labelled = {id for id in progress(stored, desc="reading labels", unit="image") if id}
    if not labelled:
        raise InputError(f"{archive}: no labels in it, expected SemanticLabels/{FOLDER}/*.mat")
    return labelled


def _pairs(archive: Path) -> Iterator[_LabelPair]:
    """Both label files of each image, once the second of them is found."""
    waiting: dict[str, _LabelPair] = {}
    for match, content in members(archive, _LABEL):
        task, id = _FOLDERS[match[1]], match[2]
        pair = waiting.pop(id, _LabelPair(id, {}, {}))
        pair.contents[task], pair.origins[task] = content, f"{archive}: {match[1]}/{id}.mat"
        if len(pair.contents) == len(TASKS):
            yield pair
        else:
            waiting[id] = pair
    if waiting:
        id, pair = min(waiting.items())
        ((task, origin),) = pair.origins.items()
        others = ", ".join(other for other in TASKS if other != task)
        raise InputError(f"{origin}: {others} labels of this image are missing, expected both")


def _store_pair(writer: DatasetWriter, pair: _LabelPair) -> str | None:
    """Store both labels, unless no pixel is labelled; returns the ID if they are stored."""
    if all(writer.has(f"labels/{task}", pair.id) for task in TASKS):
        return pair.id
    labels = {task: read_label(pair.contents[task], task, pair.origins[task]) for task in TASKS}
    if all((label == VOID).all() for label in labels.values()):
        return None
    for task, label in labels.items():
        writer.add_label(pair.id, label, pair.origins[task], task)
    return pair.id


def _store_images(writer: DatasetWriter, archive: Path, labelled: set[str], workers: int) -> None:
    """Store the images that have labels, and log those that have none."""
    unlabelled: list[str] = []

    def missing() -> Iterator[tuple[str, bytes]]:
        for match, content in members(archive, _IMAGE):
            if match[1] not in labelled:
                unlabelled.append(match[1])
            elif not writer.has("image", match[1]):
                yield match[1], content

    def store(image: tuple[str, bytes]) -> None:
        id, content = image
        writer.add_image(id, content, f"{archive}: {id}.jpg")

    stored = in_threads(store, missing(), workers)
    for _ in progress(stored, desc="reading images", total=len(labelled), unit="image"):
        pass
    if unlabelled:
        log.info("%s: left out without labels: %s", archive, first_and_more(unlabelled))


def read_label(content: bytes, task: str, origin: str) -> NDArray[np.uint8]:
    """The class indices [H, W] of a label file, whose codes count from 1; void is 255."""
    return mat_label(content, origin, "S", classes=len(TASKS[task]), void=UNLABELLED[task])
