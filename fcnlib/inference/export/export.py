"""A net of ours in the formats of other runtimes, each checked on the spot, with its model card."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from fcnlib.core.errors import InputError
from fcnlib.core.files import atomic_write
from fcnlib.inference.convert import check_out, check_writable, write_as_caffemodel
from fcnlib.inference.export.card import check_card, model_card
from fcnlib.inference.export.check import Agreement, check_agreement
from fcnlib.inference.export.portable import named_outputs
from fcnlib.inference.export.programs import (
    Run,
    require_onnx,
    run_onnx,
    run_pt2,
    write_onnx,
    write_pt2,
)
from fcnlib.inference.model import read_net
from fcnlib.inference.model_info import ModelInfo
from fcnlib.inference.torchscript import export_torchscript, load_trusted
from fcnlib.models.fcn import FCN
from fcnlib.models.weights.checkpoint import is_exported, read_tensors


@dataclass(frozen=True)
class Format:
    """How a net is written in a format, and what such a file computes of raw channels."""

    write: Callable[[FCN, ModelInfo, Path], None]
    run: Callable[[Path, FCN], Run]


@dataclass(frozen=True)
class Export:
    """An exported file, how it agrees with its net, and the model card beside it."""

    path: Path
    agreement: Agreement
    card: Path


def is_trained(source: Path) -> bool:
    """Whether a file holds a net of ours with all that builds it, and is no published weights."""
    if source.suffix == ".caffemodel":
        return False
    return is_exported(source) or read_tensors(source).get("net") is not None


def export(source: Path, out: Path) -> Export:
    """Write the net of a model file in the format of `out`'s suffix, and its model card.

    The file appears only if it computes what the net computes.

    Args:
        source: A checkpoint (.pt), an exported model (.ts) of ours, or a .caffemodel.
        out: The file to write: .onnx, .pt2, .ts or .caffemodel.
    """
    if out.suffix not in FORMATS:
        known = ", ".join(FORMATS)
        raise InputError(f"{out}: {out.suffix or 'no suffix'}; expected one of: {known}")
    check_out(out, source)
    card = out.with_suffix(".md")
    check_card(card)
    if out.suffix == ".onnx":
        require_onnx(out)
    net, info = read_net(source)
    assert isinstance(net, FCN)  # as without trust no other is read
    net.eval()
    if out.suffix == ".caffemodel":
        check_writable(info, source)
    with atomic_write(out) as temporary:
        form = FORMATS[out.suffix]
        form.write(net, info, temporary)
        try:
            agreement = check_agreement(net, form.run(temporary, net))
        except InputError as error:
            raise InputError(f"{out}: not written: {error}") from None
    with atomic_write(card) as temporary:
        temporary.write_text(model_card(net, info, out.stem), "utf-8")
    return Export(out, agreement, card)


def _write_torchscript(net: FCN, info: ModelInfo, path: Path) -> None:
    export_torchscript(net, path, info=info)


def _run_torchscript(path: Path, net: FCN) -> Run:
    """What the code in a TorchScript file computes, which was written just now."""
    module = load_trusted(path)

    def run(image: Tensor) -> dict[str, Tensor]:
        labels = module(image)
        by_task = labels if isinstance(labels, dict) else dict.fromkeys(net.heads, labels)
        return named_outputs(net.split(module.scores(module.normalise(image))), by_task)

    return run


def _run_caffemodel(path: Path, net: FCN) -> Run:
    """What the net computes that is read back from a .caffemodel."""
    back, _ = read_net(path)
    assert isinstance(back, FCN)
    back.eval()
    return lambda image: named_outputs(back.split(back(back.normalise(image))))


FORMATS = {
    ".onnx": Format(write_onnx, run_onnx),
    ".pt2": Format(write_pt2, run_pt2),
    ".ts": Format(_write_torchscript, _run_torchscript),
    ".caffemodel": Format(write_as_caffemodel, _run_caffemodel),
}
