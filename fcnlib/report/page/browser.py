"""The image browser of a table: what the page embeds, and what it says of it."""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from fcnlib.report.aggregate import Runs
from fcnlib.report.image_set import ImageSet, read_image_set


class Browser(NamedTuple):
    """A table's images for the script, and what a reader must know of them, in sentences."""

    title: str
    notes: list[str]
    data: dict[str, Any]  # an ImageSet, its photographs by their places in the page's list


def image_browsers(files: Sequence[Path | str], runs: Runs) -> tuple[dict[str, Browser], list[str]]:
    """By table what it has of images, and the photographs of all: tables of a data set share them.

    Args:
        files: an `ImageSet` each.
        runs: the metrics of all experiments.
    """
    places: dict[str, int] = {}
    browsers = {}
    for images in map(read_image_set, files):
        data = images.model_dump(mode="json", include={"tested", "images", "tasks"})
        data["tasks"] = [  # in order
            {
                "name": task,
                **each,
                "mean_iu": [_mean_iu(x, task, runs) for x in each["experiments"]],
            }
            for task, each in data["tasks"].items()
        ]
        for image in data["images"]:
            image["photograph"] = places.setdefault(image["photograph"], len(places))
        browsers[images.table] = Browser(_title(images), _notes(images), data)
    return browsers, list(places)


def _mean_iu(experiment: str, task: str, runs: Runs) -> float | None:
    """That of all test images, the mean over the runs, as in the table."""
    scores = [record.tasks.get(task, {}).get("mean_iu") for _, record in runs.get(experiment, ())]
    known = [score for score in scores if isinstance(score, float)]
    return fmean(known) if known else None


def _title(images: ImageSet) -> str:
    if not images.images:
        return "Image browser"
    return f"Image browser: {_share(images)}"


def _share(images: ImageSet) -> str:
    """How many of the test images there are."""
    some = f"{len(images.images):,}"
    if len(images.images) == images.tested:
        return "the only test image" if images.tested == 1 else f"all {some} test images"
    return f"{some} of {images.tested:,} test images"


def _leading_task(images: ImageSet) -> str:
    """The task that images are ranked by, where there are several."""
    return f"{next(iter(images.tasks))} " if len(images.tasks) > 1 else ""


def _notes(images: ImageSet) -> list[str]:
    notes = []
    if 0 < len(images.images) < images.tested:
        nets = max(len(task.nets) for task in images.tasks.values())
        worst = f"{'each' if nets > 1 else 'the'} net's {images.worst} worst, and others "
        notes.append(
            f"{_share(images).capitalize()}: {worst if images.worst else ''}at even steps of rank "
            f"from the worst to the best, by {_leading_task(images)}mean IU"
            f"{' averaged over the nets' if nets > 1 else ''}."
        )
    if images.reduced:
        notes.append(
            f"Shown with at most {images.side} pixels a side; scores are of the full size."
        )
    if images.images:
        notes.append(f"Labels of the run with seed {images.seed}.")
    if images.elsewhere:
        notes.append(f"Tested on other images, so not shown: {', '.join(images.elsewhere)}.")
    if images.missing:
        notes.append(f"Not available, so not shown: {', '.join(images.missing)}.")
    return notes
