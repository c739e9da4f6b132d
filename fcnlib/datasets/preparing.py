"""Writing the prepared layout: whole or not at all, checked while it is written."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fcnlib.datasets import images
from fcnlib.datasets.images import Colour
from fcnlib.datasets.prepared import (
    INFO,
    PARTS,
    DatasetInfo,
    Source,
    check_sizes,
    check_values,
    first_and_more,
    is_ours,
)
from fcnlib.errors import InputError
from fcnlib.files import replacing_folder, sha256

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class _Stored:
    """What is remembered of a written file."""

    origin: str
    shape: tuple[int, ...]
    digest: str
    rgb_sum: tuple[int, ...] = ()


class Draft:
    """A prepared data set that is being written; its methods may be called from several threads."""

    def __init__(
        self, folder: Path, tasks: Mapping[str, Sequence[str]], palette: Sequence[Colour] | None
    ) -> None:
        self.folder = folder
        self.tasks = {task: tuple(classes) for task, classes in tasks.items()}
        self.palette = {
            task: tuple(palette or images.voc_palette(len(classes)))
            for task, classes in self.tasks.items()
        }
        self.splits: dict[str, list[str]] = {}
        self.images: dict[str, _Stored] = {}
        self.labels: dict[str, dict[str, _Stored]] = {task: {} for task in tasks}
        for name in ("images", "splits", *(f"labels/{task}" for task in tasks)):
            (folder / name).mkdir(parents=True)

    def add_split(self, name: str, ids: Iterable[str]) -> None:
        """Write a split's list."""
        ids = list(ids)
        if not ids:
            raise InputError(f"split {name}: empty, expected at least one ID")
        if len(set(ids)) != len(ids):
            twice = sorted({id for id in ids if ids.count(id) > 1})
            raise InputError(f"split {name}: lists {first_and_more(twice)} twice")
        self.splits[name] = ids
        (self.folder / "splits" / f"{name}.txt").write_text("\n".join(ids) + "\n")

    def add_image(
        self, id: str, data: bytes, origin: str, *, orient: bool = False
    ) -> tuple[int, int]:
        """Store a photograph from its file's content, named by `origin`; returns height, width.

        `orient` applies the camera's orientation tag; published labels ignore it.
        """
        data, suffix, pixels = images.storable(data, origin, orient=orient)
        (self.folder / "images" / f"{id}{suffix}").write_bytes(data)
        rgb_sum = tuple(int(total) for total in pixels.sum(axis=(0, 1), dtype=np.int64))
        digest = hashlib.sha256(data).hexdigest() if suffix == ".jpg" else _pixel_digest(pixels)
        self.images[id] = _Stored(origin, pixels.shape, digest, rgb_sum)
        return pixels.shape[0], pixels.shape[1]

    def add_label(
        self, id: str, label: NDArray[np.uint8], origin: str, task: str = "semantic"
    ) -> None:
        """Store a label [H, W] of class indices and 255."""
        check_values(label, len(self.tasks[task]), origin)
        content = images.label_png(label, images.full_palette(self.palette[task]))
        (self.folder / "labels" / task / f"{id}.png").write_bytes(content)
        self.labels[task][id] = _Stored(origin, label.shape, _pixel_digest(label))

    def finish(self, name: str, sources: Sequence[Source], depth_unit: str | None = None) -> None:
        """Check that the parts fit each other and write `dataset.json`."""
        self._check()
        info = DatasetInfo(
            name=name,
            tasks=self.tasks,
            palette=self.palette,
            mean_rgb=self._mean_rgb(),
            depth_unit=depth_unit,
            sources=tuple(sources),
            splits={split: len(ids) for split, ids in self.splits.items()},
            digest=self._digest(),
        )
        (self.folder / INFO).write_text(info.model_dump_json(indent=1) + "\n")

    def _check(self) -> None:
        if not self.splits:
            raise InputError("no split, expected at least one list of IDs")
        for split, ids in self.splits.items():
            for kind, stored in {"image": self.images, **self.labels}.items():
                missing = [id for id in ids if id not in stored]
                if missing:
                    what = kind if kind == "image" else f"{kind} label"
                    raise InputError(f"split {split}: no {what} for {first_and_more(missing)}")
        for labels in self.labels.values():
            for id, label in sorted(labels.items()):
                image = self.images[id]
                check_sizes(image.shape, image.origin, label.shape, label.origin)

    def _mean_rgb(self) -> tuple[float, float, float]:
        """The mean colour of split `train`, or of the first one where there is no `train`."""
        split = "train" if "train" in self.splits else next(iter(self.splits))
        stored = [self.images[id] for id in self.splits[split]]
        pixels = sum(image.shape[0] * image.shape[1] for image in stored)
        red, green, blue = (sum(image.rgb_sum[c] for image in stored) / pixels for c in range(3))
        return red, green, blue

    def _digest(self) -> str:
        """A hash of the lists, images and labels in name order.

        PNGs count by their pixels, so that another zlib does not change it; JPEGs by their bytes.
        """
        parts = [f"splits/{name} {','.join(ids)}" for name, ids in self.splits.items()]
        parts += [f"images/{id} {image.digest}" for id, image in self.images.items()]
        for task, labels in self.labels.items():
            parts += [f"labels/{task}/{id} {label.digest}" for id, label in labels.items()]
        return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()


def _pixel_digest(pixels: NDArray[np.uint8]) -> str:
    return hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()


@contextmanager
def preparing(
    out: Path,
    *,
    tasks: Mapping[str, Sequence[str]],
    palette: Sequence[Colour] | None = None,
    archives: Sequence[Path] = (),
    depth_unit: str | None = None,
) -> Iterator[Draft]:
    """A draft that becomes the folder `out` when the block ends, and nothing if it fails."""
    out = Path(out)
    try:
        _check_replaceable(out)
        sources = [Source(file=path.name, sha256=sha256(path)) for path in archives]
        with replacing_folder(out) as folder:
            draft = Draft(folder, tasks, palette)
            yield draft
            draft.finish(out.name, sources, depth_unit)
    except OSError as error:
        raise InputError(f"{out}: not prepared: {error}") from error


def _check_replaceable(out: Path) -> None:
    """Raise where the draft would take the place of something else than an earlier one."""
    names = sorted(path.name for path in out.iterdir()) if out.exists() else []
    if names and not is_ours(out):
        others = [name for name in names if name not in PARTS] or names
        raise InputError(
            f"{out}: holds {first_and_more(others)}, which would be deleted; "
            "expected a new or empty folder, or a prepared data set"
        )


def in_threads(function: Callable[[T], R], items: Iterable[T], workers: int) -> Iterator[R]:
    """Results of `function` in the order of `items`, of which only a few are held at a time.

    The threads go on while the caller makes the next item or is at work on a result. Threads are
    enough: decoding, compressing and hashing leave the interpreter free.
    """
    if workers <= 1:
        yield from map(function, items)
        return
    pending: deque[Future[R]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                pending.append(pool.submit(function, item))
                if pending[0].done() or len(pending) >= 2 * workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
