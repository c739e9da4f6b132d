"""TorchScript: nets made fast for a device, and files that need PyTorch alone."""

import json
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from fcnlib.config.schema import Net
from fcnlib.core.errors import InputError
from fcnlib.core.files import atomic_write
from fcnlib.models.fast.inference import optimize_for_inference
from fcnlib.models.fcn import FCN, build_fcn, labels_of
from fcnlib.models.summary import architecture
from fcnlib.models.weights.checkpoint import is_checkpoint, read_tensors
from fcnlib.models.weights.matching import load_matching

METADATA = "about.json"
BUILD_ARGS = "net.json"  # the arguments of build_fcn
METADATA_KEYS = ("classes", "palette", "net", "inputs", "best_iteration", "provenance")
TRAINING_KEYS = ("seconds", "loss", "diverged_at")  # weights that are read have no such things
MODEL = "a checkpoint (.pt) or an exported model (.ts)"
Precision = Literal["fp32", "tf32", "bf16"]


class Scorer(nn.Module):
    """An FCN, its own input of raw bytes, and its scores of that."""

    def __init__(self, net: FCN) -> None:
        super().__init__()
        self.net = net

    @torch.jit.export
    def normalise(self, image: Tensor) -> Tensor:
        """The net's own float input of raw bytes; where it sees depth, of whole numbers."""
        return self.net.normalise(image)

    @torch.jit.export
    def blank(self) -> Tensor:
        """The raw channels [C] that are 0 to the net."""
        values: Tensor = self.net.blank()
        return values

    @torch.jit.export
    def scores(self, normalised: Tensor) -> Tensor:
        """Float scores [N, classes, H, W]; those of several tasks one after the other."""
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


def export(net: FCN, path: Path, about: dict[str, Any] | None = None) -> None:
    """Write the net as TorchScript by scripting, so that it keeps to any image size.

    Its parameters have the published layers' names in the file too: `net.conv1_1.weight`.
    """
    with _quiet():
        scripted = torch.jit.script(_labeller(net.cpu()))
        extra = {METADATA: json.dumps(about or {}), BUILD_ARGS: json.dumps(net.arguments)}
        save: Any = scripted.save_to_buffer
        content: bytes = save(_extra_files=extra)
    # Through a buffer, so that a full disk is an OSError as everywhere else.
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)


def export_checkpoint(checkpoint: Path, path: Path) -> None:
    """Write a trained experiment as TorchScript, its classes and colours in the file."""
    export_trained(read_tensors(checkpoint), path, origin=checkpoint)


def export_trained(content: Mapping[str, Any], path: Path, *, origin: Path) -> None:
    """Write a checkpoint's content as TorchScript; `origin` is the file that errors name."""
    _, net = trained_net(content, origin, needed=METADATA_KEYS)
    export(net, path, _told(content, net))


def _told(content: Mapping[str, Any], net: FCN) -> dict[str, Any]:
    """What a model says of itself."""
    told = {key: content[key] for key in METADATA_KEYS}
    told["parameters"] = architecture(net).parameters
    return told | {key: content.get(key) for key in TRAINING_KEYS}


def trained_net(
    content: Mapping[str, Any], origin: Path, *, needed: Sequence[str] = ("classes",)
) -> tuple[Net, FCN]:
    """The values and the net of a checkpoint's content; InputError if it lacks some of it."""
    values, net = _net_of(content, origin, needed)
    load_matching(content["state"], net, origin=str(origin))
    return values, net


def _net_of(content: Mapping[str, Any], origin: Path, needed: Sequence[str]) -> tuple[Net, FCN]:
    """The values and the net of a checkpoint's content, without its weights."""
    if missing := {"net", "state", *needed} - content.keys():
        raise InputError(f"{origin}: lacks {', '.join(sorted(missing))}; expected a trained net")
    values, names = Net.model_validate(content["net"]), content["classes"]
    if not isinstance(names, Mapping):
        raise InputError(f"{origin}: classes without their task; expected a net trained anew")
    classes = {task: len(each) for task, each in names.items()}
    return values, build_fcn(**values.model_dump(exclude={"start_from"}), classes=classes)


def load(path: Path, *, device: str = "cpu", precision: Precision = "fp32") -> Any:
    """A checkpoint or an exported net, scripted for a device: raw bytes [N, C, H, W] to labels.

    Labels are [N, H, W]; a net with several heads gives them by task, and one that sees depth takes
    whole numbers, the millimetres last. `scores` takes the net's own input, which `normalise` makes
    of raw bytes, as `probabilities` takes them. Labels are the exported file's, but for near-ties.
    """
    if is_checkpoint(path):
        _, net = trained_net(read_tensors(path), path)
    else:
        with _reading(path), _quiet():
            read: Any = torch.jit.load
            scripted = read(str(path), map_location="cpu").eval()
            values = _extra(path, BUILD_ARGS)
            if not values:  # of another origin: used as it is
                return scripted.to(device)
            with torch.device("meta"):
                net = build_fcn(**values)
            net.load_state_dict(scripted.net.state_dict(), assign=True)
            del scripted
    with torch.inference_mode(False), _quiet():
        made = _labeller(optimize_for_inference(net.eval(), device, precision))
        kept = ["normalise", "blank", "scores", "probabilities"]
        return torch.jit.freeze(torch.jit.script(made), preserved_attrs=kept)


def about(path: Path) -> dict[str, Any]:
    """What the file says of its net: classes and palette by task, inputs, values, origin."""
    if is_checkpoint(path):
        content = read_tensors(path)
        with torch.device("meta"):  # to count its weights, none of which is made
            _, net = _net_of(content, path, METADATA_KEYS)
        return _told(content, net)
    with _reading(path):
        return _extra(path, METADATA)


def _labeller(net: FCN) -> nn.Module:
    return (Labeller(net) if len(net.heads) == 1 else TaskLabeller(net)).eval()


def _extra(path: Path, name: str) -> dict[str, Any]:
    # The file is a ZIP archive; this leaves the weights in it unread.
    with zipfile.ZipFile(path) as archive:
        found = [each for each in archive.namelist() if each.endswith(f"/extra/{name}")]
        content: dict[str, Any] = json.loads(archive.read(found[0])) if found else {}
    return content


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turns what a missing or foreign file raises into one line."""
    if not Path(path).is_file():
        raise InputError(f"{path}: no such file; expected {MODEL}")
    try:
        yield
    # Of what torch says of it, nothing helps: its reasons are of its source.
    except (RuntimeError, TypeError, ValueError, zipfile.BadZipFile):
        what = "damaged, or of another kind"
        raise InputError(f"{path}: {what}; expected {MODEL}") from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the notice that TorchScript is deprecated: it is used on purpose, and only here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*torch.jit", category=Warning)
        yield
