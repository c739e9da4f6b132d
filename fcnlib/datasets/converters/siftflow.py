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
from fcnlib.datasets.reader import first_and_more, read_list
from fcnlib.datasets.writer import DatasetWriter, check_counts, dataset_writer, expect_archives

log = logging.getLogger(__name__)

TASKS = {"semantic": SEMANTIC_CLASSES, "geometric": GEOMETRIC_CLASSES}  # colours by class by task
# As FCN's authors released it: two images fewer than the paper counts, as these have no labels.
TRAINVAL = Path(__file__).parent / "lists/siftflow-trainval.txt"
UNLABELLED = {"semantic": (0,), "geometric": (-1, 0)}
_FOLDERS = {"SemanticLabels": "semantic", "GeoLabels": "geometric"}
# macOS adds files whose names begin with a dot to zip archives.
_IMAGE = re.compile(rf"(?:.*/)?Images/{FOLDER}/([^/.][^/]*)\.jpg")
_LABEL = re.compile(rf"(?:.*/)?({'|'.join(_FOLDERS)})/{FOLDER}/([^/.][^/]*)\.mat")


class _LabelPair(NamedTuple):
    """The label files of an image, undecoded, by task."""

    id: str
    contents: dict[str, bytes]
    origins: dict[str, str]


def convert_siftflow(
    dataset: ArchiveDataset, archives: Sequence[Path], out: Path, *, workers: int = 1
) -> None:
    """Prepare the released test list's images as `test` and all others as `trainval`.

    Images without a labelled pixel are left out; the published archive has two. Where `counts` has
    as many, `trainval` is the released list, and images of neither list are left out.
    """
    (archive,) = expect_archives(dataset, archives, ["the zip"])
    check_counts(out, dataset.counts, ("trainval", "test"))
    palette = {task: tuple(classes.values()) for task, classes in TASKS.items()}
    tasks = {task: tuple(classes) for task, classes in TASKS.items()}
    with dataset_writer(
        out, tasks=tasks, palette=palette, archives=archives, counts=dataset.counts
    ) as writer:
        released = read_list(TRAINVAL)
        is_published = writer.holds_to("trainval", released)
        wanted = {*released, *released_test()} if is_published else None
        labelled = _store_labels(writer, archive, wanted, workers)
        test = [id for id in released_test() if id in labelled]
        writer.add_split("trainval", sorted(labelled.difference(test)), released)
        writer.add_split("test", test, released_test())
        why = "without labels or unlisted" if is_published else "without labels"
        _store_images(writer, archive, labelled, why, workers)


def _store_labels(
    writer: DatasetWriter, archive: Path, wanted: set[str] | None, workers: int
) -> set[str]:
    """Store the labels of wanted images with a labelled pixel, None: all; returns their IDs."""
    results = in_threads(partial(_store_pair, writer), _pairs(archive, wanted), workers)
    stored = [pair for pair in progress(results, desc="reading labels", unit="image") if pair]
    for folder, task in _FOLDERS.items():
        lacking = sorted(id for id, tasks in stored if task not in tasks)
        if len(lacking) == len(stored):
            raise InputError(f"{archive}: no labels in it, expected {folder}/{FOLDER}/*.mat")
        if lacking:
            names = first_and_more(lacking)
            log.warning("%s: no %s labels, so that all is void: %s", archive, task, names)
    return {id for id, _ in stored}


def _pairs(archive: Path, wanted: set[str] | None) -> Iterator[_LabelPair]:
    """Both label files of each image, once the second is found; of those with one, that."""
    waiting: dict[str, _LabelPair] = {}
    for match, content in members(archive, _LABEL):
        task, id = _FOLDERS[match[1]], match[2]
        if wanted is not None and id not in wanted:
            continue
        pair = waiting.pop(id, _LabelPair(id, {}, {}))
        pair.contents[task], pair.origins[task] = content, f"{archive}: {match[1]}/{id}.mat"
        if len(pair.contents) == len(TASKS):
            yield pair
        else:
            waiting[id] = pair
    yield from waiting.values()


def _store_pair(writer: DatasetWriter, pair: _LabelPair) -> tuple[str, set[str]] | None:
    """Store both labels, all void where there is no file, unless no pixel is labelled.

    Returns the ID and the tasks that have a file, if they are stored.
    """
    stored = pair.id, set(pair.contents)
    if all(writer.has(f"labels/{task}", pair.id) for task in TASKS):
        return stored
    labels = {
        task: read_label(data, task, pair.origins[task]) for task, data in pair.contents.items()
    }
    if all((label == VOID).all() for label in labels.values()):
        return None
    first = next(iter(labels))
    void = np.full_like(labels[first], VOID)
    for task in TASKS:
        origin = pair.origins.get(task, pair.origins[first])
        writer.add_label(pair.id, labels.get(task, void), origin, task)
    return stored


def _store_images(
    writer: DatasetWriter, archive: Path, labelled: set[str], why: str, workers: int
) -> None:
    """Store the images whose labels are stored, and log the others, and why."""
    left_out: list[str] = []

    def missing() -> Iterator[tuple[str, bytes]]:
        for match, content in members(archive, _IMAGE):
            if match[1] not in labelled:
                left_out.append(match[1])
            elif not writer.has("image", match[1]):
                yield match[1], content

    def store(image: tuple[str, bytes]) -> None:
        id, content = image
        writer.add_image(id, content, f"{archive}: {id}.jpg")

    stored = in_threads(store, missing(), workers)
    for _ in progress(stored, desc="reading images", total=len(labelled), unit="image"):
        pass
    if left_out:
        log.info("%s: left out %s: %s", archive, why, first_and_more(left_out))


def read_label(content: bytes, task: str, origin: str) -> NDArray[np.uint8]:
    """The class indices [H, W] of a label file, whose codes count from 1; void is 255."""
    return mat_label(content, origin, "S", classes=len(TASKS[task]), void=UNLABELLED[task])
