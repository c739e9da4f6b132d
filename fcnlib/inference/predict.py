"""Labels of a user's own images: reading, computing and writing side by side."""

import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from fcnlib.core.errors import InputError, attempt, raise_all
from fcnlib.core.files import atomic_write
from fcnlib.core.parallel import in_threads
from fcnlib.core.precision import Precision
from fcnlib.core.progress import progress
from fcnlib.datasets.colours import Palette, overlay
from fcnlib.datasets.images import full_palette, label_png, voc_palette
from fcnlib.datasets.reader import first_and_more
from fcnlib.inference.inputs import (
    DepthWarning,
    InputImage,
    InputReader,
    batches_by_size,
    find_images,
)
from fcnlib.inference.model import Model, load_model
from fcnlib.inference.model_info import warn_of_training_images
from fcnlib.inference.outputs import check_tasks, unnamed_if_single
from fcnlib.inference.tiles import Tiling, label_in_tiles

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prediction:
    """The labels of an image by task, and its probabilities if wanted."""

    image: InputImage
    labels: dict[str, NDArray[np.uint8]]  # [H, W]
    probabilities: dict[str, NDArray[np.float16]]  # [classes, H, W]


@dataclass(frozen=True)
class OutputFiles:
    """Which files are written for an image, and where; tasks are "" where the net has one head."""

    folder: Path
    palettes: Mapping[str, Palette]  # by task, as are the names
    classes: Mapping[str, Sequence[str]]
    overlays: bool
    probabilities: bool

    def path(self, image: Path, task: str, end: str) -> Path:
        """ID.png, or ID.TASK.png where the net has several heads."""
        name = f"{image.stem}.{task}" if task else image.stem
        return self.folder / f"{name}{end}"

    def paths(self, image: Path) -> list[Path]:
        """All files of an image."""
        ends = [".png"]
        if self.overlays:
            ends.append(".overlay.png")
        if self.probabilities:
            ends.append(".npz")
        return [self.path(image, task, end) for task in self.palettes for end in ends]

    def write(self, prediction: Prediction | InputError) -> list[Path] | InputError:
        """Write an image's files; its label files, or what was wrong with it before."""
        if isinstance(prediction, InputError):
            return prediction
        labels_by_task = unnamed_if_single(prediction.labels)
        check_tasks(labels_by_task, self.palettes)
        return attempt(self._write, prediction)

    def _write(self, prediction: Prediction) -> list[Path]:
        path, pixels = prediction.image.path, prediction.image.pixels
        labels_by_task = unnamed_if_single(prediction.labels)
        for task, probabilities in unnamed_if_single(prediction.probabilities).items():
            names = self.classes.get(task) or [f"class {i}" for i in range(len(probabilities))]
            with atomic_write(self.path(path, task, ".npz"), durable=False) as temporary:
                np.savez_compressed(temporary, probabilities=probabilities, classes=np.array(names))
        for task, labels in labels_by_task.items():
            if self.overlays:
                with atomic_write(
                    self.path(path, task, ".overlay.png"), durable=False
                ) as temporary:
                    Image.fromarray(overlay(pixels, labels, self.palettes[task])).save(temporary)
            colours = full_palette(tuple((r, g, b) for r, g, b in self.palettes[task]))
            with atomic_write(self.path(path, task, ".png"), durable=False) as temporary:
                temporary.write_bytes(label_png(labels, colours))
        return [self.path(path, task, ".png") for task in labels_by_task]


def predict(  # noqa: PLR0913
    images: Sequence[str],
    *,
    model: Path,
    out: Path,
    overlays: bool = False,
    probabilities: bool = False,
    batch: int = 1,
    workers: int = 2,
    device: str = "cpu",
    precision: Precision = "fp32",
    folders: Mapping[str, Path] | None = None,
    trust: bool = False,
    tile: int | None = None,
) -> Iterator[Path]:
    """Write the labels of each image as a palette PNG; yields the label files.

    What cannot be labelled is left out, and named in an InputError at the end.

    Args:
        images: Files, folders and patterns, of what the net sees first.
        model: A checkpoint (.pt), an exported model (.ts) or a .caffemodel.
        out: Folder for ID.png, or ID.TASK.png where the net has several heads.
        overlays: Also write ID.overlay.png.
        probabilities: Also write ID.npz: float16 [classes, H, W].
        batch: Images of equal size computed at once.
        workers: Threads that read, and as many that write, beside computing; 1: in turn.
        device: Where to compute: cpu, cuda, cuda:1, ...
        precision: Of computing.
        folders: Where the net's other inputs lie, by input, under the images' names.
        trust: Whether a TorchScript file of another origin may be loaded, which runs its code.
        tile: Side in pixels of the squares that images are computed in, one at a time; they may be
            of up to 500 megapixels then. Labels alone are written.
    """
    if tile is not None and (overlays or probabilities or batch > 1):
        given = "overlays" if overlays else "probabilities" if probabilities else f"batch {batch}"
        raise InputError(f"tiles with {given}; expected labels alone, one image at a time")
    paths = find_images(images)
    net = load_model(model, device=device, precision=precision, trust=trust)
    warn_of_training_images(model, net.info.provenance)
    reader = InputReader.for_model(net.inputs, folders or {}, model)
    outputs = OutputFiles(
        out,
        unnamed_if_single(net.info.palette) or {"": voc_palette()},
        unnamed_if_single(net.info.classes),
        overlays,
        probabilities,
    )
    _check_targets(paths, outputs, reader)
    if probabilities and not net.gives_probabilities:
        raise InputError(f"{model}: gives labels alone; expected a model that is exported anew")
    tiling = Tiling.of(net, tile) if tile else None
    _check_folder(out)
    warnings: list[DepthWarning] = []
    written: Iterator[list[Path] | InputError]
    if tiling:
        label = partial(_label_in_tiles, net, reader, outputs, tiling, warnings)
        written = map(partial(attempt, label), paths)
    else:
        decoded = _collecting(warnings, in_threads(reader.read, paths, workers))
        predictions = (
            prediction
            for together in batches_by_size(decoded, batch)
            for prediction in _predictions(net, together, probabilities)
        )
        written = in_threads(outputs.write, predictions, workers)
    failed: list[InputError] = []
    for result in progress(written, desc="predicting", total=len(paths), unit="img"):
        if isinstance(result, InputError):
            failed.append(result)
        else:
            yield from result
    _report_problems(failed, warnings, len(paths), out)


def _label_in_tiles(
    net: Model,
    reader: InputReader,
    outputs: OutputFiles,
    tiling: Tiling,
    warnings: list[DepthWarning],
    path: Path,
) -> list[Path]:
    """Label an image in tiles; its label files. Unusual depth and HHA go to `warnings`."""
    files = {task: outputs.path(path, task, ".png") for task in outputs.palettes}
    image = reader.decode(path, large=True)
    warnings += image.warnings()
    label_in_tiles(net, image, files, outputs.palettes, tiling)
    return [*files.values()]


def _collecting(
    warnings: list[DepthWarning], images: Iterator[InputImage | InputError]
) -> Iterator[InputImage | InputError]:
    """The images; warnings of unusual depth and HHA go to `warnings`."""
    for image in images:
        if isinstance(image, InputImage):
            warnings += image.warnings
        yield image


def _check_targets(paths: Sequence[Path], outputs: OutputFiles, reader: InputReader) -> None:
    """Raise if something would be written over what is read, or over another one's labels."""
    read = (file for path in paths for file in (path, *reader.other_files(path).values()))
    images = {_identity(path): path for path in read if path.exists()}
    written: dict[Path, Path] = {}
    for path in paths:
        for target in outputs.paths(path):
            if target.exists() and _identity(target) in images:
                place = images[_identity(target)]
                raise InputError(f"{place}: would be written over; expected another --out folder")
            if target in written:
                raise InputError(f"{path}: would be written over {written[target]}'s labels")
            written[target] = path


def _identity(path: Path) -> tuple[int, int]:
    """What two names of one file share: links, or capitals on a disk that ignores them."""
    status = path.stat()
    return status.st_dev, status.st_ino


def _check_folder(out: Path) -> None:
    """Make the folder; raise, before hours of work, if no file can be written there."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise InputError(
            f"{out}: cannot be written ({error.strerror}); expected a folder"
        ) from None


def _predictions(
    net: Model, images: list[InputImage] | InputError, probabilities: bool
) -> list[Prediction | InputError]:
    """The prediction of each image of a batch, or why there is none."""
    if isinstance(images, InputError):
        return [images]
    batch = torch.from_numpy(np.stack([image.channels for image in images])).permute(0, 3, 1, 2)
    try:
        labels, shares = _computed(net, batch, probabilities)
    except InputError as error:
        return [InputError(f"{image.path}: {error}") for image in images]
    return [
        Prediction(
            image,
            {task: values[i].numpy() for task, values in labels.items()},
            {task: values[i].numpy() for task, values in shares.items()},
        )
        for i, image in enumerate(images)
    ]


def _computed(
    net: Model, batch: Tensor, probabilities: bool
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """By task: labels [N, H, W] and, if wanted, probabilities [N, classes, H, W] in 16 bits."""
    if not probabilities:
        return {task: labels.cpu() for task, labels in net.labels(batch).items()}, {}
    shares = net.label_probabilities(batch)
    labels = {task: each.argmax(1).to(torch.uint8).cpu() for task, each in shares.items()}
    return labels, {task: each.half().cpu() for task, each in shares.items()}


def _report_problems(
    failed: Sequence[InputError], warnings: Sequence[DepthWarning], count: int, out: Path
) -> None:
    """Warn of unusual depth and HHA; raise if images were left out."""
    for kind in dict.fromkeys(warning.kind for warning in warnings):
        same = [warning for warning in warnings if warning.kind == kind]
        files = first_and_more([str(warning.file) for warning in same])
        log.warning("%s: %s", files, same[0].message)
    raise_all(failed, f"of {count} images have no labels in {out}")
