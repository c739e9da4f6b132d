"""TorchScript: nets made fast for a device, and files that need PyTorch alone."""

import json
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from fcnlib.core.errors import InputError
from fcnlib.core.files import atomic_write
from fcnlib.inference.model_info import ModelInfo
from fcnlib.models.fast.inference import optimize_for_inference
from fcnlib.models.fcn import FCN, build_fcn, labels_of
from fcnlib.models.weights.checkpoint import Checkpoint, is_checkpoint, read_checkpoint
from fcnlib.models.weights.matching import load_matching

METADATA = "metadata.json"  # a ModelInfo
BUILD_ARGS = "net.json"  # the arguments of build_fcn
MODEL = "a checkpoint (.pt) or an exported model (.ts)"
Precision = Literal["fp32", "tf32", "bf16"]


class Scorer(nn.Module):
    """An FCN, its own input of raw bytes, and its scores of that."""

    def __init__(self, net: FCN) -> None:
        super().__init__()
        self.net = net

    @torch.jit.export
    def normalise(self, image: Tensor) -> Tensor:
        """The net's own float input of raw bytes; where it sees depth, of integers."""
        return self.net.normalise(image)

    @torch.jit.export
    def blank(self) -> Tensor:
        """The raw channels [C] that are 0 to the net."""
        values: Tensor = self.net.blank()
        return values

    @torch.jit.export
    def scores(self, normalised: Tensor) -> Tensor:
        """Float scores [N, classes, H, W]; those of several tasks concatenated."""
        # The layout in which convolutions are fastest, on CPUs and on GPUs.
        scores: Tensor = self.net(normalised.contiguous(memory_format=torch.channels_last))
        return scores


class Labeller(Scorer):
    """From raw bytes [N, C, H, W], RGB first, to labels [N, H, W]."""

    def forward(self, image: Tensor) -> Tensor:
        return labels_of(self.scores(self.net.normalise(image)))

    @torch.jit.export
    def probabilities(self, image: Tensor) -> Tensor:
        """Softmax probabilities [N, classes, H, W] of raw bytes."""
        return self.scores(self.net.normalise(image)).softmax(1)


class TaskLabeller(Scorer):
    """The same of a net with several heads: labels and probabilities by task."""

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        parts = self.net.split(self.scores(self.net.normalise(image)))
        return {task: labels_of(part) for task, part in parts.items()}

    @torch.jit.export
    def probabilities(self, image: Tensor) -> dict[str, Tensor]:
        """Softmax probabilities of each task, [N, classes, H, W], of raw bytes."""
        parts = self.net.split(self.scores(self.net.normalise(image)))
        return {task: part.softmax(1) for task, part in parts.items()}


@dataclass(frozen=True)
class Exported:
    """A TorchScript file's module, and the net in it where the file is one of ours."""

    module: Any
    net: FCN | None
    info: ModelInfo


def export_torchscript(net: FCN, path: Path | str, *, info: ModelInfo | None = None) -> None:
    """Write a net as one TorchScript file, which needs PyTorch alone to run.

    The loaded file maps raw uint8 [N, C, H, W], RGB first, to uint8 labels [N, H, W], or those by
    task where the net has several heads; its `probabilities` maps the same to the softmax. Its
    `normalise` maps it to the net's own input, and `scores` that to float [N, classes, H, W]. The
    layers have the published names in the file too: `net.conv1_1.weight`.

    Args:
        net: The net; where it is and whether it is in training mode stays as it is.
        path: The file to write, usually .ts.
        info: What the file tells of the net, as `Model.info` does: class names, inputs, ... None:
            the inputs that a net of so many channels has; one of HHA alone is taken to see RGB.
    """
    training, device = net.training, net.input_mean.device
    try:
        with _quiet():
            scripted = torch.jit.script(_labeller(net.cpu()))
            extra = {
                METADATA: (info or ModelInfo.from_net(net)).model_dump_json(),
                BUILD_ARGS: json.dumps(net.arguments),
            }
            save: Any = scripted.save_to_buffer
            content: bytes = save(_extra_files=extra)
    finally:
        net.to(device).train(training)
    # Through a buffer, so that a full disk is an OSError as everywhere else.
    with atomic_write(Path(path)) as temporary:
        temporary.write_bytes(content)


def export_checkpoint(path: Path, out: Path) -> None:
    """Write the net of a checkpoint file as TorchScript, with all that is known of it."""
    export_trained(read_checkpoint(path), out, origin=path)


def export_trained(checkpoint: Checkpoint, path: Path, *, origin: Path) -> None:
    """Write a checkpoint's net as TorchScript; `origin` is the file that errors name."""
    net = restore_net(checkpoint, origin)
    export_torchscript(net, path, info=ModelInfo.from_checkpoint(checkpoint, net))


def restore_net(checkpoint: Checkpoint, origin: Path) -> FCN:
    """The net of a checkpoint with its weights; `origin` is the file that errors name."""
    net = _unfilled_net(checkpoint, origin)
    matching = load_matching(checkpoint.state, net, origin=str(origin))
    for odd, what in ((matching.missing, "lacks"), (matching.unused, "holds")):
        # An earlier version wrote no order of the channels.
        if names := [name for name in odd if not name.startswith("input_")]:
            expected = "expected the weights of the net that it tells of"
            raise InputError(f"{origin}: {what} {names[0]}; {expected}")
    return net


def _unfilled_net(checkpoint: Checkpoint, origin: Path) -> FCN:
    """The net of a checkpoint, without its weights."""
    if checkpoint.net is None:
        raise InputError(f"{origin}: lacks net, classes, palette; expected a trained net")
    classes = {task: len(names) for task, names in checkpoint.classes.items()}
    return build_fcn(**checkpoint.net.model_dump(exclude={"start_from"}), classes=classes)


def read_metadata(path: Path) -> ModelInfo:
    """The metadata of a checkpoint or an exported model, of which no weight is read."""
    if is_checkpoint(path):
        checkpoint = read_checkpoint(path)
        with torch.device("meta"):  # to count its weights, none of which is made
            net = _unfilled_net(checkpoint, path)
        return ModelInfo.from_checkpoint(checkpoint, net)
    with _named_errors(path), zipfile.ZipFile(path) as archive:
        extra = {name.partition("/extra/")[2]: name for name in archive.namelist()}
        content = archive.read(extra[METADATA]) if METADATA in extra else b""
        info = ModelInfo.model_validate_json(content or "{}")
    _check_version(path, ours=BUILD_ARGS in extra, metadata=content)
    return info


def read_exported(path: Path) -> Exported:
    """The content of a TorchScript file, read once."""
    with _named_errors(path), _quiet():
        extra = {METADATA: "", BUILD_ARGS: ""}
        read: Any = torch.jit.load
        scripted = read(str(path), map_location="cpu", _extra_files=extra).eval()
    _check_version(path, ours=bool(extra[BUILD_ARGS]), metadata=extra[METADATA])
    with _named_errors(path):
        info = ModelInfo.model_validate_json(extra[METADATA] or "{}")
        if not extra[BUILD_ARGS]:  # of another origin: used as it is
            return Exported(scripted, None, info)
        with torch.device("meta"):
            net = build_fcn(**json.loads(extra[BUILD_ARGS]))
        net.load_state_dict(scripted.net.state_dict(), assign=True)
        return Exported(scripted, net, info)


def _check_version(path: Path, *, ours: bool, metadata: bytes | str) -> None:
    """Raise if a file of ours does not tell its inputs, which are not always colours."""
    if ours and not metadata:
        raise InputError(f"{path}: of an earlier version; expected a model that is exported anew")


def compile_for_device(net: FCN, device: str, precision: Precision) -> Any:
    """The net as a frozen script module that is fast there: raw bytes [N, C, H, W] to labels.

    Labels are the exported file's, but for near-ties.
    """
    with torch.inference_mode(False), _quiet():
        fast = _labeller(optimize_for_inference(net.eval(), device, precision))
        kept = ["normalise", "blank", "scores", "probabilities"]
        return torch.jit.freeze(torch.jit.script(fast), preserved_attrs=kept)


def _labeller(net: FCN) -> nn.Module:
    return (Labeller(net) if len(net.heads) == 1 else TaskLabeller(net)).eval()


@contextmanager
def _named_errors(path: Path) -> Iterator[None]:
    """Turns what a missing or foreign file raises into one line."""
    if not Path(path).is_file():
        what = "is a folder" if Path(path).is_dir() else "no such file"
        raise InputError(f"{path}: {what}; expected {MODEL}")
    try:
        yield
    # torch's message is left out: it names lines of torch's own source.
    except (RuntimeError, TypeError, ValueError, zipfile.BadZipFile):
        what = "damaged, or of another kind"
        raise InputError(f"{path}: {what}; expected {MODEL}") from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the notice that TorchScript is deprecated: it is used on purpose, and only here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*torch.jit", category=Warning)
        yield
