"""The image browser of a table: what the page embeds, and what it says of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fcnlib.report.image_set import ImageSet, read_image_set


class Browser(NamedTuple):
    """A table's images for the script, and what a reader must know of them, in sentences."""

    title: str
    notes: list[str]
    data: dict[str, Any]  # an ImageSet, its photographs by their places in the page's list


def image_browsers(files: Sequence[Path | str]) -> tuple[dict[str, Browser], list[str]]:
    """By table what it has of images, and the photographs of all: tables of a data set share them.

    Args:
        files: an `ImageSet` each.
    """
    places: dict[str, int] = {}
    browsers = {}
    for images in map(read_image_set, files):
        data = images.model_dump(mode="json", include={"tested", "images", "tasks"})
        data["tasks"] = [{"name": task, **each} for task, each in data["tasks"].items()]  # in order
        for image in data["images"]:
            image["photograph"] = places.setdefault(image["photograph"], len(places))
        browsers[images.table] = Browser(_title(images), _notes(images), data)
    return browsers, list(places)


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
        notes.append(
            f"{_share(images).capitalize()}, at even steps of rank from the worst to the best, by "
            f"{_leading_task(images)}mean IU averaged over the nets."
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
