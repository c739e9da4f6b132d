"""TorchScript: one file that maps raw images to labels, without this package."""

import json
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from fcnlib.config import Net
from fcnlib.errors import InputError
from fcnlib.files import replacing
from fcnlib.models.fcn import FCN, build_fcn
from fcnlib.models.transplant import read_checkpoint, transplant

ABOUT = "about.json"
TOLD = ("classes", "palette", "net", "best_iteration", "provenance")


class Labeller(nn.Module):
    """An FCN from raw RGB bytes [N, 3, H, W] to labels [N, H, W]; `scores` takes its own input."""

    def __init__(self, net: FCN) -> None:
        super().__init__()
        self.net = net

    def forward(self, rgb: Tensor) -> Tensor:
        labels: Tensor = self.net(self.net.normalise(rgb)).argmax(1).to(torch.uint8)
        return labels

    @torch.jit.export
    def scores(self, image: Tensor) -> Tensor:
        scores: Tensor = self.net(image)
        return scores


def export(net: FCN, path: Path, about: dict[str, Any] | None = None) -> None:
    """Write the net as TorchScript by scripting, so that it keeps to any image size."""
    with _quiet():
        scripted = torch.jit.freeze(
            torch.jit.script(Labeller(net.cpu()).eval()), preserved_attrs=["scores"]
        )
        extra = {ABOUT: json.dumps(about or {})}
        content = scripted.save_to_buffer(_extra_files=extra)
    # Through a buffer, so that a full disk is an OSError as everywhere else.
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def export_checkpoint(checkpoint: Path, path: Path) -> None:
    """Write a trained experiment as TorchScript, its classes and colours in the file."""
    content: dict[str, Any] = read_checkpoint(checkpoint)
    if missing := {"net", "state", *TOLD} - content.keys():
        raise InputError(
            f"{checkpoint}: lacks {', '.join(sorted(missing))}; expected a trained net"
        )
    values = Net.model_validate(content["net"])
    net = build_fcn(**values.model_dump(exclude={"start_from"}), classes=len(content["classes"]))
    transplant(content["state"], net, origin=str(checkpoint))
    about = {key: content[key] for key in TOLD}
    learned = (name for name in net.state_dict() if not name.startswith(("upscore", "input_")))
    about["parameters"] = sum(net.state_dict()[name].numel() for name in learned)
    export(net, path, about)


def load(path: Path, *, device: str = "cpu") -> Any:
    """The exported net: call it with RGB bytes [N, 3, H, W] for labels [N, H, W]."""
    with _reading(path), _quiet():
        read: Any = torch.jit.load
        return read(str(path), map_location=device).eval()


def about(path: Path) -> dict[str, Any]:
    """What the exported file says of itself: classes, palette, net, provenance."""
    # The file is a ZIP archive; this leaves the weights in it unread.
    with _reading(path), zipfile.ZipFile(path) as archive:
        found = [name for name in archive.namelist() if name.endswith(f"/extra/{ABOUT}")]
        content: dict[str, Any] = json.loads(archive.read(found[0])) if found else {}
    return content


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turns what a missing or foreign file raises into one line."""
    if not Path(path).is_file():
        raise InputError(f"{path}: no such file; expected an exported model (.ts)")
    try:
        yield
    except (RuntimeError, ValueError, zipfile.BadZipFile) as error:
        reason = str(error).strip().splitlines()[0][:80]
        raise InputError(f"{path}: {reason}; expected an exported model (.ts)") from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the notice that TorchScript is deprecated: it is used on purpose, and only here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*torch.jit", category=Warning)
        yield
