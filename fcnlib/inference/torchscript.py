"""TorchScript: nets made fast for a device, and files that need PyTorch alone."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from fcnlib.core.errors import InputError
from fcnlib.core.files import atomic_write
from fcnlib.core.precision import Precision
from fcnlib.core.scripting import without_notice
from fcnlib.inference.exported import (
    BUILD_ARGS,
    METADATA,
    MODEL,
    TENSORS,
    read_exported,
    read_exported_info,
    stored_tensors,
)
from fcnlib.inference.model_info import ModelInfo, build_net
from fcnlib.models.fast.inference import has_own_threads, optimize_for_inference
from fcnlib.models.fcn import FCN, labels_of
from fcnlib.models.weights.checkpoint import Checkpoint, is_exported, read_checkpoint
from fcnlib.models.weights.matching import load_matching
from fcnlib.models.weights.records import open_records

NARROW = 1 / 64  # of a net of which no weight is used


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
    training = net.training
    try:
        with without_notice(), _on_cpu(net):
            scripted = torch.jit.script(_labeller(net))
            extra = {
                METADATA: (info or ModelInfo.from_net(net)).model_dump_json(),
                BUILD_ARGS: json.dumps(net.arguments),
                TENSORS: json.dumps([each.model_dump() for each in stored_tensors(net)]),
            }
            save: Any = scripted.save_to_buffer
            content: bytes = save(_extra_files=extra)
    finally:
        net.train(training)
    # Through a buffer, so that a full disk is an OSError as everywhere else.
    with atomic_write(Path(path)) as temporary:
        temporary.write_bytes(content)
        del content
        _check_written(temporary, net)


@contextmanager
def _on_cpu(net: FCN) -> Iterator[None]:
    """Moves each tensor to the CPU for a while, into a storage that it fills, as records must."""
    tensors = [*net.parameters(), *net.buffers()]
    before = [tensor.data for tensor in tensors]
    try:
        for tensor, data in zip(tensors, before, strict=True):
            whole = data.is_contiguous() and data.untyped_storage().nbytes() == data.nbytes
            cpu = data.cpu()
            tensor.data = cpu if whole else cpu.clone(memory_format=torch.contiguous_format)
        yield
    finally:
        for tensor, data in zip(tensors, before, strict=True):
            tensor.data = data


def _check_written(path: Path, net: FCN) -> None:
    """Raise unless the net is read back: PyTorch put each tensor where `stored_tensors` says."""
    written = read_exported(path).net
    assert written is not None
    own = net.state_dict()
    for name, tensor in written.state_dict().items():
        if not torch.equal(tensor, own[name].cpu()):
            raise RuntimeError(f"{path}: {name} is not in the record that was expected")


def export_checkpoint(path: Path, out: Path) -> None:
    """Write the net of a checkpoint file as TorchScript, with all that is known of it."""
    export_trained(read_checkpoint(path), out, origin=path)


def export_trained(checkpoint: Checkpoint, path: Path, *, origin: Path) -> None:
    """Write a checkpoint's net as TorchScript; `origin` is the file that errors name."""
    net = restore_net(checkpoint, origin)
    export_torchscript(net, path, info=ModelInfo.from_checkpoint(checkpoint, net))


def restore_net(checkpoint: Checkpoint, origin: Path) -> FCN:
    """The net of a checkpoint with its weights; `origin` is the file that errors name."""
    with torch.device("meta"):  # no weight is made only to be replaced
        net = _unfilled_net(checkpoint, origin)
    matching = load_matching(checkpoint.state, net, origin=str(origin))
    for odd, what in ((matching.missing, "lacks"), (matching.unused, "holds")):
        # An earlier version wrote no order of the channels.
        if names := [name for name in odd if not name.startswith("input_")]:
            expected = "expected the weights of the net that it tells of"
            raise InputError(f"{origin}: {what} {names[0]}; {expected}")
    # What is no weight is the same whatever the width: frozen kernels, the order of the channels.
    state = _unfilled_net(checkpoint, origin, width=NARROW).state_dict()
    for name, tensor in net.state_dict().items():
        if name in (*matching.copied, *matching.reshaped):
            found = checkpoint.state[name].reshape(tensor.shape)
            state[name] = found.to(tensor.dtype).contiguous()
    net.load_state_dict(state, assign=True)
    return net


def _unfilled_net(checkpoint: Checkpoint, origin: Path, *, width: float | None = None) -> FCN:
    """The net of a checkpoint without its weights, or one of another width."""
    if checkpoint.net is None:
        raise InputError(f"{origin}: lacks net, classes, palette; expected a trained net")
    classes = {task: len(names) for task, names in checkpoint.classes.items()}
    values = checkpoint.net.model_copy(update={"width": width} if width else {})
    return build_net(values, classes, origin)


def read_metadata(path: Path) -> ModelInfo:
    """The metadata of a checkpoint or an exported model; of the latter, no weight is read."""
    if is_exported(path):
        return read_exported_info(path)
    checkpoint = read_checkpoint(path, MODEL)
    with torch.device("meta"):  # to count its weights, none of which is made
        net = _unfilled_net(checkpoint, path)
    return ModelInfo.from_checkpoint(checkpoint, net)


def load_trusted(path: Path) -> Any:
    """The module in a TorchScript file of another origin, whose code is run from here on."""
    with open_records(path, MODEL) as records:
        records.check_all()
    try:
        with without_notice():
            load: Any = torch.jit.load
            return load(str(path), map_location="cpu").eval()
    # torch's message is left out: it names lines of torch's own source.
    except (RuntimeError, TypeError, ValueError):
        raise InputError(f"{path}: cannot be loaded as TorchScript; expected {MODEL}") from None


def compile_for_device(net: FCN, device: str, precision: Precision) -> Any:
    """The net as a module that is fast there: raw bytes [N, C, H, W] to labels.

    Labels are the exported file's, but for near-ties. It is a frozen script module, unless layers
    share their work among threads of their own.
    """
    fast = labeller_for_device(net, device, precision)
    if has_own_threads(fast):
        return fast
    with torch.inference_mode(False), without_notice():
        kept = ["normalise", "blank", "scores", "probabilities"]
        return torch.jit.freeze(torch.jit.script(fast), preserved_attrs=kept)


def labeller_for_device(net: FCN, device: str, precision: Precision) -> nn.Module:
    """The same, not compiled: a compiled module's weights stay in memory until the process ends."""
    with torch.inference_mode(False):
        return _labeller(optimize_for_inference(net.eval(), device, precision))


def _labeller(net: FCN) -> nn.Module:
    return (Labeller(net) if len(net.heads) == 1 else TaskLabeller(net)).eval()
