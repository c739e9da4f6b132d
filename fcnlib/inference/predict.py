"""Labels for a user's own photographs: reading, computing and writing side by side."""

import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from fcnlib.core.errors import InputError, raise_all
from fcnlib.core.files import atomic_write
from fcnlib.core.parallel import in_threads
from fcnlib.core.progress import progress
from fcnlib.datasets.colours import Palette, overlay
from fcnlib.datasets.images import full_palette, label_png, voc_palette
from fcnlib.datasets.reader import first_and_more
from fcnlib.inference.inputs import (
    DepthWarning,
    InputImage,
    Reader,
    batches,
    find,
)
from fcnlib.inference.torchscript import Precision, about
from fcnlib.inference.torchscript import load as load_model

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prediction:
    """What the net says of a photograph, by task ("" where it has one head)."""

    photograph: InputImage
    labels: dict[str, NDArray[np.uint8]]  # [H, W]
    probabilities: dict[str, NDArray[np.float16]]  # [classes, H, W], if wanted


@dataclass(frozen=True)
class Outputs:
    """Which files are written for a photograph, and where."""

    folder: Path
    palettes: Mapping[str, Palette]  # by task, as are the names
    classes: Mapping[str, Sequence[str]]
    overlays: bool
    probabilities: bool

    def path(self, photograph: Path, task: str, end: str) -> Path:
        """ID.png, or ID.TASK.png where the net has several heads."""
        return self.folder / f"{photograph.stem}{'.' if task else ''}{task}{end}"

    def paths(self, photograph: Path) -> list[Path]:
        """All files of a photograph."""
        ends = [".png"] + [".overlay.png"] * self.overlays + [".npz"] * self.probabilities
        return [self.path(photograph, task, end) for task in self.palettes for end in ends]

    def write(self, prediction: Prediction | InputError) -> list[Path] | InputError:
        """Write a photograph's files; the label images, or what was wrong with it before."""
        if isinstance(prediction, InputError):
            return prediction
        if prediction.labels.keys() != self.palettes.keys():
            gives, knows = (", ".join(each) for each in (prediction.labels, self.palettes))
            raise InputError(f"the model labels {gives!r}, but its file has colours of {knows!r}")
        path, pixels = prediction.photograph.path, prediction.photograph.pixels
        for task, probabilities in prediction.probabilities.items():
            names = self.classes.get(task) or [f"class {i}" for i in range(len(probabilities))]
            with atomic_write(self.path(path, task, ".npz")) as temporary:
                np.savez_compressed(temporary, probabilities=probabilities, classes=np.array(names))
        for task, labels in prediction.labels.items():
            if self.overlays:
                with atomic_write(self.path(path, task, ".overlay.png")) as temporary:
                    Image.fromarray(overlay(pixels, labels, self.palettes[task])).save(temporary)
            colours = full_palette(tuple((r, g, b) for r, g, b in self.palettes[task]))
            with atomic_write(self.path(path, task, ".png")) as temporary:
                temporary.write_bytes(label_png(labels, colours))
        return [self.path(path, task, ".png") for task in prediction.labels]


def predict(
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
    beside: Mapping[str, Path] | None = None,
) -> Iterator[Path]:
    """Write the labels of each photograph as a palette PNG in `out`; yields the label files.

    `images` are files, folders and patterns: of what the net sees first. What it sees besides
    lies in the folders `beside`, by input and under the same names. `overlays` adds
    ID.overlay.png, `probabilities` ID.npz. Up to `batch` photographs of equal size are computed
    at once. What cannot be labelled is left out, and told at the end.
    """
    paths = find(images)
    told = about(model)
    reader = Reader.of(told.get("inputs", ["rgb"]), beside or {}, model)
    palettes = _by_task(told.get("palette") or voc_palette())
    outputs = Outputs(out, palettes, _by_task(told.get("classes", ())), overlays, probabilities)
    _check_targets(paths, outputs, reader)
    segment = load_model(model, device=device, precision=precision)
    if probabilities and not hasattr(segment, "probabilities"):
        raise InputError(f"{model}: gives labels alone; expected a model that is exported anew")
    _check_folder(out)
    doubts: dict[str, list[DepthWarning]] = {}
    photographs = _noting(doubts, in_threads(reader.read, paths, workers))
    predictions = (
        prediction
        for together in batches(photographs, batch)
        for prediction in _predictions(segment, together, probabilities, device)
    )
    written = in_threads(outputs.write, predictions, workers)
    failed: list[InputError] = []
    for result in progress(written, desc="predicting", total=len(paths), unit="img"):
        if isinstance(result, InputError):
            failed.append(result)
        else:
            yield from result
    _tell(failed, doubts, len(paths), out)


def _noting(
    doubts: dict[str, list[DepthWarning]], photographs: Iterator[InputImage | InputError]
) -> Iterator[InputImage | InputError]:
    """The photographs; what is odd about their depth goes to `doubts`, by kind."""
    for photograph in photographs:
        if isinstance(photograph, InputImage):
            for doubt in photograph.doubts:
                doubts.setdefault(doubt.kind, []).append(doubt)
        yield photograph


def _by_task(told: Any) -> dict[str, Any]:
    """A value per task; that of a net with one head stands under ""."""
    if not isinstance(told, Mapping):
        return {"": told}
    return {"": next(iter(told.values()))} if len(told) == 1 else dict(told)


def _check_targets(paths: Sequence[Path], outputs: Outputs, reader: Reader) -> None:
    """Raise if something would be written over what is read, or over another one's labels."""
    read = (file for path in paths for file in (path, *reader.beside(path).values()))
    photographs = {_identity(path): path for path in read if path.exists()}
    written: dict[Path, Path] = {}
    for path in paths:
        for target in outputs.paths(path):
            if target.exists() and _identity(target) in photographs:
                place = photographs[_identity(target)]
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
    segment: Any, together: list[InputImage] | InputError, probabilities: bool, device: str
) -> list[Prediction | InputError]:
    if isinstance(together, InputError):
        return [together]
    seen = torch.from_numpy(np.stack([photograph.seen for photograph in together]))
    try:
        labels, shares = _computed(segment, seen.permute(0, 3, 1, 2).to(device), probabilities)
    except (RuntimeError, torch.jit.Error) as error:
        return [InputError(f"{photograph.path}: {reason(error)}") for photograph in together]
    return [
        Prediction(
            photograph,
            {task: values[i].numpy() for task, values in labels.items()},
            {task: values[i].numpy() for task, values in shares.items()},
        )
        for i, photograph in enumerate(together)
    ]


def reason(error: Exception) -> str:
    """Why a net could not compute: the last line of what torch says."""
    return str(error).strip().splitlines()[-1].split("Error: ")[-1]


def _computed(
    segment: Any, seen: Tensor, probabilities: bool
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """By task: labels [N, H, W] and, if wanted, probabilities [N, classes, H, W] in 16 bits."""
    with torch.inference_mode():
        if not probabilities:
            return {task: labels.cpu() for task, labels in _by_task(segment(seen)).items()}, {}
        shares: dict[str, Tensor] = _by_task(segment.probabilities(seen))
        labels = {task: each.argmax(1).to(torch.uint8).cpu() for task, each in shares.items()}
        return labels, {task: each.half().cpu() for task, each in shares.items()}


def _tell(
    failed: Sequence[InputError], doubts: Mapping[str, list[DepthWarning]], count: int, out: Path
) -> None:
    """Warn of odd depth; raise if photographs were left out."""
    for odd in doubts.values():
        log.warning("%s: %s", first_and_more([str(each.file) for each in odd]), odd[0].said)
    raise_all(failed, f"of {count} photographs have no labels in {out}")
