"""`fcn`: the library from the command line."""

import logging
import sys
from pathlib import Path
from typing import Annotated, Any

import torch
import typer

from fcnlib.cli.data import (
    DEFAULT,
    Configs,
    check,
    fetch,
    find_entry,
    hha,
    prepare,
)
from fcnlib.config.load import read
from fcnlib.core.errors import InputError
from fcnlib.core.files import json_text
from fcnlib.core.provenance import provenance
from fcnlib.datasets.reader import INFO, read_info
from fcnlib.inference.convert import convert as convert_weights
from fcnlib.inference.convert import to_caffemodel
from fcnlib.inference.predict import predict as label
from fcnlib.inference.torchscript import Precision, about
from fcnlib.inference.voc_server import submit as pack_labels
from fcnlib.models.weights.caffemodel import layer_shapes
from fcnlib.models.weights.checkpoint import read_checkpoint, shown
from fcnlib.training.trainer import train as train_net

Device = Annotated[str, typer.Option(help="cpu, cuda, cuda:1, ...; auto: a GPU if there is one.")]
Threads = Annotated[int, typer.Option(min=1, max=256, help="CPU threads to compute with.")]
ComputedIn = Annotated[
    Precision, typer.Option(help="tf32 and bf16 are faster on a GPU, with some labels changed.")
]
Probabilities = Annotated[
    bool,
    typer.Option(
        help="Also write ID.npz for numpy.load: 'probabilities', float16 of classes x height x "
        "width, and the names of the 'classes'."
    ),
]


def predict(
    images: Annotated[list[str], typer.Argument(help="Image files, folders, quoted patterns.")],
    model: Annotated[Path, typer.Option(help="A checkpoint (.pt) or exported model (.ts).")],
    out: Annotated[Path, typer.Option(help="Folder for ID.png, palette PNGs of class indices.")],
    overlay: Annotated[bool, typer.Option(help="Also write ID.overlay.png, to look at.")] = False,
    probabilities: Probabilities = False,
    depth: Annotated[
        Path | None,
        typer.Option(help="Of a model that sees depth: folder of ID.png, 16 bits of mm, filled."),
    ] = None,
    hha: Annotated[
        Path | None,
        typer.Option(help="Of a model that sees colours and HHA: folder of ID.png, by `fcn hha`."),
    ] = None,
    batch: Annotated[
        int, typer.Option(min=1, help="Photographs of equal size computed at once.")
    ] = 1,
    workers: Annotated[
        int,
        typer.Option(min=1, max=64, help="Files read, and written, beside computing; 1: in turn."),
    ] = 2,
    device: Device = "auto",
    precision: ComputedIn = "fp32",
    threads: Annotated[
        int | None,
        typer.Option(min=1, max=256, help="CPU threads to compute with; default: all cores."),
    ] = None,
) -> None:
    """Label photographs with a trained net.

    Photographs are taken as a viewer shows them: upright, transparent ones on white, page one.

    Those that cannot be read are named at the end (exit code 1); the others are written.

    A model with several heads writes ID.TASK.png. One of HHA alone takes HHA pictures as images.

    Example: fcn predict photos/ --out labels --model results/demo/checkpoints/voc-fcn8s/0.pt
    """
    if threads is not None:
        torch.set_num_threads(threads)
    folders = {"depth": depth, "hha": hha}
    written = label(
        images,
        beside={name: folder for name, folder in folders.items() if folder},
        model=model,
        out=out,
        overlays=overlay,
        probabilities=probabilities,
        batch=batch,
        workers=workers,
        device=_device(device),
        precision=precision,
    )
    typer.echo(f"{sum(1 for _ in written)} label images in {out}")


def convert(
    source: Annotated[Path, typer.Argument(help=".caffemodel, .pth or .pt file.")],
    out: Annotated[Path, typer.Option(help="What to write: .pt, .ts, or of ours .caffemodel.")],
    to: Annotated[str, typer.Option(help="fcn8s-vgg16, ...; vgg16, ...: a classifier.")] = "",
    classes: Annotated[Path | None, typer.Option(help="Class names, one a line.")] = None,
    input: Annotated[
        str | None, typer.Option(help="What the net was trained on, if not as published.")
    ] = None,
    skip_scale: Annotated[
        list[float] | None, typer.Option(help="Of a .pth file: its scale of pool4, of pool3.")
    ] = None,
) -> None:
    """Turn published weights into a checkpoint or a model, or a net of ours into a .caffemodel.

    Example: fcn convert fcn8s-heavy-pascal.caffemodel --to fcn8s-vgg16 --out fcn8s.ts

    Example: fcn convert results/demo/checkpoints/voc-fcn8s/0.pt --out fcn8s.caffemodel
    """
    if out.suffix == ".caffemodel":
        options = {"--to": to, "--classes": classes, "--input": input, "--skip-scale": skip_scale}
        if given := [name for name, value in options.items() if value]:
            raise InputError(f"{out}: {given[0]} given; expected none for a .caffemodel")
        to_caffemodel(source, out)
        typer.echo(out)
        return
    done = convert_weights(source, to, out, classes=classes, input=input, skip_scales=skip_scale)
    typer.echo(done.table())
    typer.echo(out)


def train(
    experiment: Annotated[str, typer.Argument(help="A name in the config.")],
    config: Configs = DEFAULT,
    seed: Annotated[int, typer.Option(help="Of the image order and of random weights.")] = 0,
    resume: Annotated[bool, typer.Option(help="Go on where a stopped run was.")] = True,
    device: Device = "auto",
    threads: Threads = 1,
) -> None:
    """Train one experiment without Snakemake, on the files that Snakemake would use.

    Example: fcn train voc-fcn32s --threads 2
    """
    torch.set_num_threads(threads)
    settings = read(config)
    nets = {name: entry for name, entry in settings.experiments.items() if entry.net}
    find_entry(nets, experiment, "net to train")
    training = settings.training(experiment)
    data, results = Path("data") / settings.scale, Path("results") / settings.scale
    checkpoints = results / "checkpoints"
    start = training.net.start_from
    weights = [checkpoints / name / f"{seed}.pt" for name in start if start != "random"]
    if not start:
        weights = [data / "weights" / f"{training.net.backbone}.pt"]
    where, values = _device(device), training.model_dump(mode="json")
    train_net(
        training,
        dataset=data / training.data.dataset,
        initial_weights=weights,
        seed=seed,
        checkpoint=checkpoints / experiment / f"{seed}.pt",
        curve=results / "curves" / experiment / f"{seed}.csv",
        device=where,
        provenance=provenance(seed=seed, device=where, threads=threads, values=values),
        resume=resume,
    )
    typer.echo(checkpoints / experiment / f"{seed}.pt")


def submit(
    photographs: Annotated[Path, typer.Argument(help="VOC2012test.tar, or its unpacked folder.")],
    model: Annotated[Path, typer.Option(help="A checkpoint or exported model of VOC's classes.")],
    out: Annotated[Path, typer.Option(help="Archive to write, such as results.tgz.")],
    year: Annotated[int, typer.Option(help="Of the challenge: names the folder inside.")] = 2012,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Files read beside computing.")] = 2,
    device: Device = "auto",
    precision: ComputedIn = "fp32",
    threads: Threads = 1,
) -> None:
    """Label VOC's test photographs and pack them for PASCAL's evaluation server.

    As comp6: these nets learnt from SBD's labels, which are not the challenge's own.

    Example: fcn submit VOC2012test.tar --model fcn8s.pt --out results.tgz --device cuda
    """
    torch.set_num_threads(threads)
    packed = pack_labels(
        photographs,
        model=model,
        out=out,
        year=year,
        device=_device(device),
        precision=precision,
        workers=workers,
    )
    typer.echo(f"{packed} label images in {out}")


def info(
    file: Annotated[
        Path, typer.Argument(help="A model (.ts), checkpoint (.pt), .caffemodel or data set.")
    ],
) -> None:
    """Tell what a model, a file of weights or a prepared data set is.

    Example: fcn info results/demo/checkpoints/voc-fcn8s/0.pt
    """
    if file.is_dir():
        content: dict[str, Any] = read_info(file / INFO).model_dump(mode="json")
    elif file.suffix == ".ts":
        content = about(file)
    elif file.suffix == ".caffemodel":
        content = layer_shapes(file)
    else:
        content = {k: shown(v) for k, v in read_checkpoint(file).items() if k != "state"}
    typer.echo(json_text(content), nl=False)


def _device(name: str) -> str:
    gpus = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    available = ["cpu", "cuda", *gpus] if gpus else ["cpu"]
    if name == "auto":
        return "cuda" if gpus else "cpu"
    if name not in available:
        known = ", ".join(available)
        raise InputError(f"device {name!r}: not available here; available: {known}")
    return name


app = typer.Typer(
    help="Fully convolutional networks: prepare and check data, train, predict, submit.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
# In the order of work, which is that of `fcn --help`.
for command in (fetch, prepare, check, hha, train, convert, predict, submit, info):
    app.command()(command)


def main() -> None:
    """Run `fcn`; a user's mistake ends in one line."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        app()
    except (InputError, OSError) as error:
        sys.exit(f"error: {error}")
