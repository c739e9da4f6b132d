"""The writer of prepared data sets: checked while written, and complete or not there at all."""

import hashlib
import logging
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fcnlib.config.schema_base import Colour
from fcnlib.config.schema_data import ArchiveDataset, Input
from fcnlib.core.errors import InputError
from fcnlib.core.files import atomic_folder, name_os_errors, resumable_folder, sha256
from fcnlib.core.fingerprint import fingerprint
from fcnlib.core.listing import as_file_name, same_form
from fcnlib.core.printing import printable
from fcnlib.datasets import images
from fcnlib.datasets.digests import changed_files, digest_lines, foreign_files
from fcnlib.datasets.hha.encode import Camera, depth_unit_warning
from fcnlib.datasets.images import StoredImage
from fcnlib.datasets.journal import (
    JOURNAL,
    StoredFile,
    channel_means,
    channel_sums,
    common_depth_warning,
    pixel_digest,
    read_journal,
)
from fcnlib.datasets.reader import (
    DIGESTS,
    INFO,
    DatasetInfo,
    Means,
    Source,
    check_sizes,
    check_values,
    first_and_more,
)

Palettes = Sequence[Colour] | Mapping[str, Sequence[Colour]] | None
log = logging.getLogger(__name__)

CONVERTERS_CODE = Path(__file__).parent / "converters/registry.py"  # imports all converters


class DatasetWriter:
    """Writes a prepared data set into a folder; several threads may call its methods.

    A file is recorded in a journal once it is complete, so that a stopped conversion resumes
    after it.

    Args:
        folder: Where to write.
        tasks: Class names by task.
        palette: A colour for each class, of all tasks or by task; default: VOC's colour map.
        counts: Published number of images of each split; others are an error.
        camera: The camera of the depth.
        source: What messages name, as the archive; default: the folder.
    """

    def __init__(
        self,
        folder: Path,
        tasks: Mapping[str, Sequence[str]],
        palette: Palettes = None,
        counts: Mapping[str, int] | None = None,
        camera: Camera | None = None,
        source: str = "",
    ) -> None:
        self.folder, self.counts, self.camera = folder, dict(counts or {}), camera
        self.source = source or str(folder)
        self.tasks = {task: tuple(classes) for task, classes in tasks.items()}
        palettes = palette if isinstance(palette, Mapping) else dict.fromkeys(tasks, palette)
        self.palette = {
            task: tuple(palettes.get(task) or images.voc_palette(len(classes)))
            for task, classes in self.tasks.items()
        }
        self.splits: dict[str, list[str]] = {}
        for name in ("images", "splits", *(f"labels/{task}" for task in tasks)):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self._lock = Lock()
        self._stored = {(file.kind, file.id): file for file in read_journal(folder / JOURNAL)}

    def holds_to(self, name: str, released: Collection[str]) -> bool:
        """Whether a split is to be the released one: `counts` has as many images of it."""
        return self.counts.get(name) == len(released)

    def add_split(self, name: str, ids: Iterable[str], released: Collection[str] = ()) -> None:
        """Write a split's list; an error if its images are not the published ones.

        Args:
            name: Name of the split.
            ids: Its IDs.
            released: Those of its released list, if there is one; compared where `counts` has as
                many.
        """
        ids, split = list(ids), f"{self.source}: split {name}"
        if not ids:
            raise InputError(f"{split}: empty, expected at least one ID")
        if twice := sorted(id for id, times in Counter(ids).items() if times > 1):
            raise InputError(f"{split}: lists {first_and_more(twice)} twice")
        apart = _difference(ids, released) if self.holds_to(name, released) else ""
        if apart or len(ids) != self.counts.get(name, len(ids)):
            expected = f"expected the published {self.counts[name]}"
            raise InputError(f"{split}: {len(ids)} images, {expected}{apart}")
        if wrong := [id for id in ids if not is_line(id)]:
            raise InputError(f"{split}: ID {wrong[0]!r}, expected a file name without its ending")
        self.splits[name] = ids
        self._write(f"splits/{name}.txt", ("\n".join(ids) + "\n").encode())

    def has(self, kind: str, id: str) -> bool:
        """Whether an image, depth, hha or labels/<task> is stored, also by an earlier run."""
        return (kind, id) in self._stored

    def add_image(self, id: str, data: bytes, origin: str, *, orient: bool = False) -> StoredImage:
        """Store an image, and return it as it is stored.

        Args:
            id: ID of the image.
            data: Content of its file.
            origin: What messages call the file.
            orient: Whether to apply the orientation tag; published labels ignore it.
        """
        image = images.to_stored_image(data, origin, orient=orient)
        self._write(f"images/{id}{image.suffix}", image.content)
        pixels = image.pixels
        is_jpeg = image.suffix == ".jpg"
        digest = hashlib.sha256(image.content).hexdigest() if is_jpeg else pixel_digest(pixels)
        self._record(StoredFile("image", id, origin, pixels.shape, digest, channel_sums(pixels)))
        return image

    def add_depth(
        self,
        id: str,
        millimetres: NDArray[np.uint16],
        missing: NDArray[np.bool_] | None,
        origin: str,
    ) -> None:
        """Store depth.

        Args:
            id: ID of the image.
            millimetres: Filled depth [H, W].
            missing: Where the camera measured none [H, W]; None if that is not known.
            origin: What messages call the source.
        """
        if not millimetres.any():
            raise InputError(f"{origin}: ID {id}: depth is 0 everywhere, expected metres")
        if missing is not None and missing.all():
            raise InputError(f"{origin}: ID {id}: raw depth is 0 everywhere, expected metres")
        self._write_png("depth", id, Image.fromarray(millimetres))
        digest = pixel_digest(millimetres)
        if missing is not None:
            self._write_png("missing", id, Image.fromarray(missing))
            digest += pixel_digest(missing)
        logarithms = np.log(np.maximum(millimetres, 1, dtype=np.float64))[..., None]
        self._record(
            StoredFile(
                "depth",
                id,
                origin,
                millimetres.shape,
                digest,
                channel_sums(logarithms),
                depth_unit_warning(millimetres / 1000),
            )
        )

    def add_hha(self, id: str, data: bytes, origin: str) -> None:
        """Store an HHA image that comes with the data, given as its file's content."""
        pixels = images.to_rgb(images.read_image(data, origin), origin)
        self._write_png("hha", id, Image.fromarray(pixels))
        self._record(StoredFile("hha", id, origin, pixels.shape, pixel_digest(pixels)))

    def add_label(
        self, id: str, label: NDArray[np.uint8], origin: str, task: str = "semantic"
    ) -> None:
        """Store a label [H, W] of class indices and 255."""
        check_values(label, len(self.tasks[task]), origin)
        content = images.label_png(label, images.full_palette(self.palette[task]))
        self._write(f"labels/{task}/{id}.png", content)
        self._record(StoredFile(f"labels/{task}", id, origin, label.shape, pixel_digest(label)))

    def _write_png(self, kind: str, id: str, image: Image.Image) -> None:
        (self.folder / kind).mkdir(exist_ok=True)
        # A higher level takes seven times as long on noise and saves a twentieth.
        self._write(f"{kind}/{id}.png", images.encode_png(image, level=1))

    def _write(self, name: str, content: bytes) -> None:
        with name_os_errors(name):
            (self.folder / as_file_name(name)).write_bytes(content)

    def _record(self, file: StoredFile) -> None:
        with (
            self._lock,
            name_os_errors(JOURNAL),
            open(self.folder / JOURNAL, "a", encoding="utf-8") as journal,
        ):
            journal.write(file.to_json_line())
            self._stored[file.kind, file.id] = file

    def finish(self, name: str, sources: Sequence[Source]) -> None:
        """Check that the files fit each other and write `dataset.json`."""
        inputs: list[Input] = ["rgb"]
        kinds = {kind for kind, _ in self._stored}
        inputs += [name for name in ("depth", "hha") if name in kinds]
        self._check([*("image", *inputs[1:]), *(f"labels/{task}" for task in self.tasks)])
        self._warn_of_depth()
        digests = digest_lines(self.splits, self._stored.values())
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
            digest=hashlib.sha256(digests).hexdigest(),
        )
        (self.folder / JOURNAL).unlink(missing_ok=True)
        self._write(DIGESTS, digests)
        self._write(INFO, (info.model_dump_json(indent=1) + "\n").encode())

    def _check(self, kinds: Sequence[str]) -> None:
        if not self.splits:
            raise InputError(f"{self.source}: no split, expected at least one list of IDs")
        check_counts(self.source, self.counts, self.splits)
        for split, ids in self.splits.items():
            for kind in kinds:
                missing = [id for id in ids if (kind, id) not in self._stored]
                if missing:
                    task = kind.partition("/")[2]
                    name = f"{task} label" if task else kind
                    message = f"no {name} for {first_and_more(missing)}"
                    raise InputError(f"{self.source}: split {split}: {message}")
        for (_, id), file in sorted(self._stored.items()):
            image = self._stored["image", id]
            check_sizes(image.shape, image.origin, file.shape, file.origin)

    def _warn_of_depth(self) -> None:
        depths = [file for (kind, _), file in sorted(self._stored.items()) if kind == "depth"]
        if warning := common_depth_warning(depths):
            log.warning("%s: %s", self.source, warning)

    def _means(self, ids: Sequence[str]) -> Means:
        """Means of the colours and of the logarithm of depth over these images."""
        means: Means = {}
        for name, kind in {"rgb": "image", "depth": "depth"}.items():
            files = [self._stored[kind, id] for id in ids if (kind, id) in self._stored]
            if files:
                means[name] = channel_means(files)
        return means


def _difference(ids: Collection[str], released: Collection[str]) -> str:
    """How IDs differ from the released ones, to follow a message; empty if they do not."""
    known, listed = set(ids), set(released)
    lacking = [id for id in released if id not in known]
    others = [id for id in ids if id not in listed]
    parts = {"lacks": lacking, "has unlisted": others}
    found = [f"{what} {first_and_more(names)}" for what, names in parts.items() if names]
    return f": {', '.join(found)}" if found else ""


def is_line(id: str) -> bool:
    """Whether an ID can be a line of a list and the name of a file."""
    text = id.encode(errors="ignore").decode()  # without bytes of another encoding
    return "/" not in id and [id] == [line.strip() for line in text.splitlines()]


def expect_archives(
    dataset: ArchiveDataset, archives: Sequence[Path], kinds: Sequence[str]
) -> Sequence[Path]:
    """The archives, if there is one of each kind."""
    if len(archives) != len(kinds):
        raise InputError(
            f"converter {dataset.converter}: {len(archives)} archives, "
            f"expected {len(kinds)} ({', '.join(kinds)})"
        )
    return archives


def check_counts(source: object, counts: Mapping[str, int], splits: Iterable[str]) -> None:
    """Raise if `counts` names a split that the converter does not produce."""
    produced = list(splits)
    if unknown := sorted(counts.keys() - set(produced)):
        known = ", ".join(produced)
        raise InputError(f"{source}: counts: no split {unknown[0]!r}; expected one of: {known}")


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
    """A writer whose data set becomes the folder `out` when the block ends; if it fails, nothing.

    What a stopped run stored of the same archives is there for the next.

    Args:
        out: The folder; it may hold an earlier data set, but nothing else.
        tasks: Class names by task.
        palette: A colour for each class, of all tasks or by task; default: VOC's colour map.
        archives: The archives that the data are from; none for a user's own files.
        counts: Published number of images of each split; others are an error.
        camera: The camera of the depth.
    """
    out = Path(out)
    try:
        _check_replaceable(out)
        source = archives[0] if len(archives) == 1 else out
        sources = [Source(file=path.name, sha256=sha256(path)) for path in archives]
        parts = (fingerprint(CONVERTERS_CODE), sources, tasks, palette, counts, camera)
        key = hashlib.sha256(repr(parts).encode()).hexdigest()
        # A user's own files may have changed when the next run comes.
        with resumable_folder(out, key) if archives else atomic_folder(out) as folder:
            writer = DatasetWriter(folder, tasks, palette, counts, camera, str(source))
            yield writer
            writer.finish(printable(same_form(out.name)), sources)
            _refuse_foreign(out)  # again: converting took a while
    except OSError as error:
        file = f"{error.filename}: " if error.filename not in (None, str(out)) else ""
        raise InputError(f"{out}: not prepared: {file}{error.strerror or error}") from error


def _check_replaceable(out: Path) -> None:
    """Raise if the data set would replace anything but an earlier one."""
    existing = next(path for path in (out, *out.absolute().parents) if path.exists())
    if not existing.is_dir():
        raise InputError(f"{existing}: is a file, expected a folder to prepare a data set in")
    _refuse_foreign(out)
    is_ours = any((out / name).exists() for name in (DIGESTS, INFO))
    if is_ours and (changed := changed_files(out, workers=2)):
        raise InputError(
            f"{out}: not replaced: {first_and_more([str(path) for path in changed])} changed since "
            "it was prepared; delete the folder if that is no work of yours"
        )


def _refuse_foreign(out: Path) -> None:
    if others := foreign_files(out):
        raise InputError(
            f"{out}: holds {first_and_more(others)}, which would be deleted; "
            "expected a new or empty folder, or a prepared data set"
        )
