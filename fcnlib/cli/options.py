"""Options that several commands of `fcn` share, and the device that one names."""

from pathlib import Path
from typing import Annotated

import typer

from fcnlib.core.errors import InputError
from fcnlib.core.printing import printable, printable_lines

ConfigFiles = Annotated[
    list[Path],
    typer.Option("--config", "-c", help="Configuration file; later ones override earlier ones."),
]
ImagesPlace = Annotated[
    str, typer.Option(help="In a folder: its images, as a folder or a pattern such as '*.jpg'.")
]
MasksPlace = Annotated[str, typer.Option(help="In a folder: its masks, such as '*_mask.png'.")]
DEFAULT_CONFIG = [Path("config.yaml")]
Device = Annotated[str, typer.Option(help="cpu, cuda, cuda:1, ...; auto: a GPU if there is one.")]
Threads = Annotated[int, typer.Option(min=1, max=256, help="CPU threads to compute with.")]
Trust = Annotated[
    bool,
    typer.Option(
        "--trust", help="Also run a TorchScript file of another origin; its code may do anything."
    ),
]


def echo(result: object) -> None:
    """Print a result, whatever the names of files in it hold; the lines of a text stay lines."""
    typer.echo(printable_lines(result) if isinstance(result, str) else printable(result))


def find_device(name: str) -> str:
    """The device of this name; InputError if this machine has none."""
    import torch  # which takes two seconds, and not every command needs it

    gpus = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    available = ["cpu", "cuda", *gpus] if gpus else ["cpu"]
    if name == "auto":
        return "cuda" if gpus else "cpu"
    if name not in available:
        known = ", ".join(available)
        raise InputError(f"device {name!r}: not available here; available: {known}")
    return name
