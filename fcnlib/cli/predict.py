"""The commands of `fcn` that label images."""

from pathlib import Path
from typing import Annotated

import torch
import typer

from fcnlib.cli.options import Device, Threads, Trust, echo, find_device
from fcnlib.core.precision import Precision
from fcnlib.inference.predict import predict as predict_images
from fcnlib.inference.voc_server import submit as pack_labels

ComputingPrecision = Annotated[
    Precision, typer.Option(help="tf32 and bf16 are faster on a GPU, with some labels changed.")
]


def predict(  # noqa: PLR0913
    images: Annotated[list[str], typer.Argument(help="Image files, folders, quoted patterns.")],
    model: Annotated[
        Path, typer.Option(help="A checkpoint (.pt), exported model (.ts) or .caffemodel.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for ID.png, palette PNGs of class indices.")],
    overlay: Annotated[
        bool, typer.Option(help="Also write ID.overlay.png: the labels over the image.")
    ] = False,
    probabilities: Annotated[
        bool,
        typer.Option(
            help="Also write ID.npz for numpy.load: 'probabilities', float16 of classes x height x "
            "width, and the names of the 'classes'."
        ),
    ] = False,
    depth: Annotated[
        Path | None,
        typer.Option(help="For a model of depth too: folder of ID.png, 16 bits of mm, filled."),
    ] = None,
    hha: Annotated[
        Path | None,
        typer.Option(help="For a model of RGB and HHA: folder of ID.png, as `fcn hha` writes."),
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Images of equal size computed at once.")] = 1,
    tile: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="For images that do not fit in memory, up to 500 megapixels: compute squares of "
            "this side, which overlap so that labels are those of the whole image. Such as 2048.",
        ),
    ] = None,
    workers: Annotated[
        int,
        typer.Option(min=1, max=64, help="Files read, and written, beside computing; 1: in turn."),
    ] = 2,
    device: Device = "auto",
    precision: ComputingPrecision = "fp32",
    threads: Annotated[
        int | None,
        typer.Option(min=1, max=256, help="CPU threads to compute with; default: all cores."),
    ] = None,
    trust: Trust = False,
) -> None:
    """Segment images with a trained net.

    Images are read as a viewer displays them: upright, transparent ones on white, page one.

    Those that cannot be read are named at the end (exit code 1); the others are written.

    With --tile, 4 bytes a pixel and one tile are in memory.

    A model with several heads writes ID.TASK.png. One of HHA alone takes HHA as images.

    Example: fcn predict photos/ --out labels --model results/demo/checkpoints/voc-fcn8s/0.pt
    """
    if threads is not None:
        torch.set_num_threads(threads)
    folders = {"depth": depth, "hha": hha}
    written = predict_images(
        images,
        folders={name: folder for name, folder in folders.items() if folder},
        model=model,
        out=out,
        overlays=overlay,
        probabilities=probabilities,
        batch=batch,
        tile=tile,
        workers=workers,
        device=find_device(device),
        precision=precision,
        trust=trust,
    )
    echo(f"{sum(1 for _ in written)} label images in {out}")


def submit(  # noqa: PLR0913
    images: Annotated[Path, typer.Argument(help="VOC2012test.tar, or its unpacked folder.")],
    model: Annotated[Path, typer.Option(help="A checkpoint or exported model of VOC's classes.")],
    out: Annotated[Path, typer.Option(help="Archive to write, such as results.tgz.")],
    year: Annotated[int, typer.Option(help="Of the challenge: names the folder inside.")] = 2012,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Files read beside computing.")] = 2,
    device: Device = "auto",
    precision: ComputingPrecision = "fp32",
    threads: Threads = 1,
    trust: Trust = False,
) -> None:
    """Segment VOC's test images and pack the labels for PASCAL's evaluation server.

    As comp6: these nets are trained on SBD's labels, which are not the challenge's own.

    Example: fcn submit VOC2012test.tar --model fcn8s.pt --out results.tgz --device cuda
    """
    torch.set_num_threads(threads)
    packed = pack_labels(
        images,
        model=model,
        out=out,
        year=year,
        device=find_device(device),
        precision=precision,
        workers=workers,
        trust=trust,
    )
    echo(f"{packed} label images in {out}")
