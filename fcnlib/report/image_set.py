"""Test images of a table with the truth and each net's labels, in a file for the page."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TypeVar

from fcnlib.config.schema_base import Frozen
from fcnlib.core.files import atomic_write
from fcnlib.report.json_files import read_json

T = TypeVar("T")

WORST = 3  # images of each net that it does worst, which are among those of the page


class ReducedImage(Frozen):
    """A photograph, no larger than the page needs, and its place among all test images."""

    name: str
    rank: int  # from 1, the worst
    width: int
    height: int
    photograph: str  # data URI


class ImageLabels(Frozen):
    """What every pixel of an image is, what each net labels it, and what that scores.

    Scores are in percent, and those of the image in its own size.
    """

    maps: str  # base64 of zlib of bytes [1 + nets, height, width]: the truth, then each net
    mean_iu: tuple[float | None, ...]  # of each net; None without a labelled pixel
    class_iu: tuple[dict[int, float], ...]  # of each net, of what occurs in truth or labels


class TaskLabels(Frozen):
    """A task: its classes, the nets that have it, and what these label each image."""

    nets: tuple[str, ...]
    experiments: tuple[str, ...]  # of the nets
    classes: tuple[tuple[str, str], ...]  # name and colour; all other labels are void
    images: tuple[ImageLabels, ...]


class ImageSet(Frozen):
    """Some of a table's test images, from the worst to the best; all tasks have the same ones."""

    table: str
    seed: int  # of the runs whose labels these are
    tested: int  # images of the test split with a score
    side: int  # pixels of an image's longer side, at most
    reduced: bool  # whether any image is smaller than it was
    worst: int = 0  # of each net, how many of those that it does worst are surely among these
    images: tuple[ReducedImage, ...]
    tasks: dict[str, TaskLabels]
    elsewhere: tuple[str, ...] = ()  # rows of nets that were tested on other images
    missing: tuple[str, ...] = ()  # those of nets that were not available

    @property
    def size(self) -> int:
        """Bytes of all pictures."""
        maps = (each.maps for task in self.tasks.values() for each in task.images)
        return sum(map(len, (*maps, *(image.photograph for image in self.images))))

    def at_most(self, budget: int, kept: Collection[str] = ()) -> "ImageSet":
        """As many of the images as fit so many bytes, at even steps; one at least.

        `kept` are the names of the worst of each net, which are left out last.
        """
        first = {place for place, image in enumerate(self.images) if image.name in kept}
        chosen = list(range(len(self.images)))
        while self._of(chosen).size > budget and len(chosen) > 1:
            share = budget / self._of(chosen).size
            fitting = max(1, min(len(chosen) - 1, int(len(chosen) * share)))
            chosen = even_steps_beside(first.intersection(chosen), chosen, fitting)
        worst = self.worst if first <= set(chosen) else 0
        return self._of(chosen).model_copy(update={"worst": worst})

    def _of(self, chosen: Sequence[int]) -> "ImageSet":
        tasks = {
            name: task.model_copy(update={"images": tuple(task.images[i] for i in chosen)})
            for name, task in self.tasks.items()
        }
        images = tuple(self.images[i] for i in chosen)
        return self.model_copy(update={"images": images, "tasks": tasks})


def even_steps(count: int, steps: int) -> list[int]:
    """So many of the numbers below `count` at even steps, the first and the last among them."""
    steps = min(steps, count)
    return [i * (count - 1) // max(steps - 1, 1) for i in range(steps)]


def even_steps_beside(kept: Collection[int], numbers: Sequence[int], count: int) -> list[int]:
    """So many of the ascending numbers: those that are kept first, and others at even steps."""
    first = sorted(kept)
    others = [number for number in numbers if number not in kept]
    found = [first[step] for step in even_steps(len(first), count)]
    return sorted(found + [others[step] for step in even_steps(len(others), count - len(found))])


def write_image_set(path: Path | str, images: ImageSet) -> None:
    """Write it as JSON."""
    with atomic_write(Path(path)) as temporary:
        temporary.write_text(images.model_dump_json(), "utf-8")


def read_image_set(path: Path | str) -> ImageSet:
    """What `write_image_set` wrote."""
    return read_json(Path(path), ImageSet, "the images of a table")
