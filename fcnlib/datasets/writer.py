"""Writing the prepared layout: whole or not at all, checked while it is written."""

import hashlib
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fcnlib.config.schema_data import ArchiveDataset, Input
from fcnlib.core.errors import InputError
from fcnlib.core.files import (
    atomic_folder,
    name_os_errors,
    resumable_folder,
    sha256,
)
from fcnlib.core.fingerprint import fingerprint
from fcnlib.datasets import images
from fcnlib.datasets.hha.encode import Camera, doubt
from fcnlib.datasets.images import Colour
from fcnlib.datasets.journal import (
    JOURNAL,
    Stored,
    mean,
    mostly_odd,
    pixel_digest,
    read_journal,
    totals,
)
from fcnlib.datasets.reader import (
    INFO,
    PARTS,
    DatasetInfo,
    Means,
    Source,
    check_sizes,
    check_values,
    contents,
    first_and_more,
    is_prepared,
)

Palettes = Sequence[Colour] | Mapping[str, Sequence[Colour]] | None
logger = logging.getLogger(__name__)

CODE = Path(__file__).parent / "converters/registry.py"  # which imports all converters


class DatasetWriter:
    """A prepared data set that is being written; its methods may be called from several threads.

    Every file is noted once it is whole, so that an interrupted conversion goes on behind it.
    """

    def __init__(
        self,
        folder: Path,
        tasks: Mapping[str, Sequence[str]],
        palette: Palettes = None,
        counts: Mapping[str, int] | None = None,
        camera: Camera | None = None,
        where: str = "",
    ) -> None:
        self.folder, self.counts, self.camera = folder, dict(counts or {}), camera
        self.where = where or str(folder)
        self.tasks = {task: tuple(classes) for task, classes in tasks.items()}
        given = palette if isinstance(palette, Mapping) else dict.fromkeys(tasks, palette)
        self.palette = {
            task: tuple(given.get(task) or images.voc_palette(len(classes)))
            for task, classes in self.tasks.items()
        }
        self.splits: dict[str, list[str]] = {}
        for name in ("images", "splits", *(f"labels/{task}" for task in tasks)):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self._lock = Lock()
        self._stored = {(each.kind, each.id): each for each in read_journal(folder / JOURNAL)}

    def add_split(self, name: str, ids: Iterable[str]) -> None:
        """Write a split's list; one with another number of images than published is an error."""
        ids, split = list(ids), f"{self.where}: split {name}"
        if not ids:
            raise InputError(f"{split}: empty, expected at least one ID")
        if twice := sorted(id for id, times in Counter(ids).items() if times > 1):
            raise InputError(f"{split}: lists {first_and_more(twice)} twice")
        if len(ids) != self.counts.get(name, len(ids)):
            expected = self.counts[name]
            raise InputError(f"{split}: {len(ids)} images, expected the published {expected}")
        self.splits[name] = ids
        self._put(f"splits/{name}.txt", ("\n".join(ids) + "\n").encode())

    def has(self, kind: str, id: str) -> bool:
        """Whether an earlier run stored it: an image, depth, hha, or labels/<task>."""
        return (kind, id) in self._stored

    def add_image(
        self, id: str, data: bytes, origin: str, *, orient: bool = False
    ) -> tuple[int, int]:
        """Store a photograph from its file's content, named by `origin`; returns height, width.

        `orient` applies the camera's orientation tag; published labels ignore it.
        """
        data, suffix, pixels = images.storable(data, origin, orient=orient)
        self._put(f"images/{id}{suffix}", data)
        digest = hashlib.sha256(data).hexdigest() if suffix == ".jpg" else pixel_digest(pixels)
        self._note(Stored("image", id, origin, pixels.shape, digest, totals(pixels)))
        return pixels.shape[0], pixels.shape[1]

    def add_depth(
        self,
        id: str,
        millimetres: NDArray[np.uint16],
        missing: NDArray[np.bool_] | None,
        origin: str,
    ) -> None:
        """Store filled depth [H, W], and where the camera had seen none, if that is known."""
        if not millimetres.any():
            raise InputError(f"{origin}: ID {id}: depth is 0 everywhere, expected metres")
        if missing is not None and missing.all():
            raise InputError(f"{origin}: ID {id}: raw depth is 0 everywhere, expected metres")
        self._write("depth", id, Image.fromarray(millimetres))
        digest = pixel_digest(millimetres)
        if missing is not None:
            self._write("missing", id, Image.fromarray(missing))
            digest += pixel_digest(missing)
        logarithms = np.log(np.maximum(millimetres, 1, dtype=np.float64))[..., None]
        shape, odd = millimetres.shape, doubt(millimetres / 1000)
        self._note(Stored("depth", id, origin, shape, digest, totals(logarithms), odd))

    def add_hha(self, id: str, data: bytes, origin: str) -> None:
        """Store an HHA picture that comes with the data, from its file's content."""
        pixels = images.rgb(images.load(data, origin), origin)
        self._write("hha", id, Image.fromarray(pixels))
        self._note(Stored("hha", id, origin, pixels.shape, pixel_digest(pixels)))

    def add_label(
        self, id: str, label: NDArray[np.uint8], origin: str, task: str = "semantic"
    ) -> None:
        """Store a label [H, W] of class indices and 255."""
        check_values(label, len(self.tasks[task]), origin)
        content = images.label_png(label, images.full_palette(self.palette[task]))
        self._put(f"labels/{task}/{id}.png", content)
        self._note(Stored(f"labels/{task}", id, origin, label.shape, pixel_digest(label)))

    def _write(self, kind: str, id: str, picture: Image.Image) -> None:
        (self.folder / kind).mkdir(exist_ok=True)
        # Harder packing of noise takes seven times as long and saves a twentieth.
        self._put(f"{kind}/{id}.png", images.encoded(picture, level=1))

    def _put(self, name: str, content: bytes) -> None:
        with name_os_errors(name):
            (self.folder / name).write_bytes(content)

    def _note(self, stored: Stored) -> None:
        with self._lock, name_os_errors(JOURNAL), open(self.folder / JOURNAL, "a") as journal:
            journal.write(stored.line())
            self._stored[stored.kind, stored.id] = stored

    def finish(self, name: str, sources: Sequence[Source]) -> None:
        """Check that the parts fit each other and write `dataset.json`."""
        inputs: list[Input] = ["rgb"]
        inputs += [each for each in ("depth", "hha") if any(k == each for k, _ in self._stored)]
        self._check([*("image", *inputs[1:]), *(f"labels/{task}" for task in self.tasks)])
        self._warn()
        info = DatasetInfo(
            name=name,
            tasks=self.tasks,
            palette=self.palette,
            inputs=tuple(inputs),
            means={split: self._means(ids) for split, ids in self.splits.items()},
            depth_unit="mm" if "depth" in inputs else None,
            camera=self.camera and astuple(self.camera),
            sources=tuple(sources),
            splits={split: len(ids) for split, ids in self.splits.items()},
            digest=self._digest(),
        )
        (self.folder / JOURNAL).unlink(missing_ok=True)
        self._put(INFO, (info.model_dump_json(indent=1) + "\n").encode())

    def _check(self, kinds: Sequence[str]) -> None:
        if not self.splits:
            raise InputError(f"{self.where}: no split, expected at least one list of IDs")
        check_counts(self.where, self.counts, self.splits)
        for split, ids in self.splits.items():
            for kind in kinds:
                missing = [id for id in ids if (kind, id) not in self._stored]
                if missing:
                    label = kind.partition("/")[2]
                    what = f"{label} label" if label else kind
                    lacks = f"no {what} for {first_and_more(missing)}"
                    raise InputError(f"{self.where}: split {split}: {lacks}")
        for (_, id), part in sorted(self._stored.items()):
            image = self._stored["image", id]
            check_sizes(image.shape, image.origin, part.shape, part.origin)

    def _warn(self) -> None:
        depths = [part for (kind, _), part in sorted(self._stored.items()) if kind == "depth"]
        if odd := mostly_odd(depths):
            logger.warning("%s: %s", self.where, odd)

    def _means(self, ids: Sequence[str]) -> Means:
        """Of the colours, and of the logarithm of depth."""
        means: Means = {}
        for name, kind in {"rgb": "image", "depth": "depth"}.items():
            parts = [self._stored[kind, id] for id in ids if (kind, id) in self._stored]
            if parts:
                means[name] = mean(parts)
        return means

    def _digest(self) -> str:
        """A hash of the lists, images and labels in name order.

        PNGs count by their pixels, so that another zlib does not change it; JPEGs by their bytes.
        """
        parts = [f"splits/{name} {','.join(ids)}" for name, ids in self.splits.items()]
        parts += [f"{kind}/{id} {part.digest}" for (kind, id), part in self._stored.items()]
        return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()


def expect_archives(
    dataset: ArchiveDataset, archives: Sequence[Path], kinds: Sequence[str]
) -> Sequence[Path]:
    """The archives, one of each kind."""
    if len(archives) != len(kinds):
        raise InputError(
            f"converter {dataset.converter}: {len(archives)} archives, "
            f"expected {len(kinds)} ({', '.join(kinds)})"
        )
    return archives


def check_counts(where: object, counts: Mapping[str, int], splits: Iterable[str]) -> None:
    """Raise where numbers are published of splits that are not made."""
    made = list(splits)
    if lacking := sorted(counts.keys() - set(made)):
        known = ", ".join(made)
        raise InputError(f"{where}: counts: no split {lacking[0]!r}; expected one of: {known}")


@contextmanager
def dataset_writer(
    out: Path,
    *,
    tasks: Mapping[str, Sequence[str]],
    palette: Palettes = None,
    archives: Sequence[Path] = (),
    counts: Mapping[str, int] | None = None,
    camera: Camera | None = None,
) -> Iterator[DatasetWriter]:
    """A draft that becomes the folder `out` when the block ends, and nothing if it fails.

    Of archives, what a stopped run stored is there for the next. `counts` are the published
    numbers of images by split; `camera` is that of the depth.
    """
    out = Path(out)
    try:
        _check_replaceable(out)
        where = archives[0] if len(archives) == 1 else out
        sources = [Source(file=path.name, sha256=sha256(path)) for path in archives]
        parts = (fingerprint(CODE), sources, tasks, palette, counts, camera)
        key = hashlib.sha256(repr(parts).encode()).hexdigest()
        # A user's own files may have changed when the next run comes.
        with resumable_folder(out, key) if archives else atomic_folder(out) as folder:
            draft = DatasetWriter(folder, tasks, palette, counts, camera, str(where))
            yield draft
            draft.finish(out.name, sources)
    except OSError as error:
        what = f"{error.filename}: " if error.filename not in (None, str(out)) else ""
        raise InputError(f"{out}: not prepared: {what}{error.strerror or error}") from error


def _check_replaceable(out: Path) -> None:
    """Raise where the draft would take the place of something else than an earlier one."""
    standing = next(path for path in (out, *out.absolute().parents) if path.exists())
    if not standing.is_dir():
        raise InputError(f"{standing}: is a file, expected a folder to prepare a data set in")
    names = contents(out)
    if names and not is_prepared(out):
        others = [name for name in names if name not in PARTS] or names
        raise InputError(
            f"{out}: holds {first_and_more(others)}, which would be deleted; "
            "expected a new or empty folder, or a prepared data set"
        )
