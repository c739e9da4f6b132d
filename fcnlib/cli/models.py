"""The commands of `fcn` for model files."""

from pathlib import Path
from typing import Annotated, Any

import typer

from fcnlib.cli.options import echo
from fcnlib.core.errors import InputError
from fcnlib.core.files import json_text
from fcnlib.datasets.reader import INFO, read_info
from fcnlib.inference.convert import NET_SUFFIXES
from fcnlib.inference.convert import convert as convert_weights
from fcnlib.inference.export.export import FORMATS, export, is_trained
from fcnlib.inference.model import read_net
from fcnlib.inference.model_info import warn_of_training_images
from fcnlib.inference.torchscript import read_metadata
from fcnlib.models.fcn import FCN
from fcnlib.models.weights.caffemodel import layer_shapes, read_layers
from fcnlib.models.weights.checkpoint import json_value, read_tensors
from fcnlib.models.weights.sources import read_labels
from fcnlib.report.described import dataset_text, model_text, weights_text
from fcnlib.report.maps import maps_markdown


def convert(
    source: Annotated[Path, typer.Argument(help=".caffemodel, .pth, .pt or .ts file.")],
    out: Annotated[Path, typer.Option(help="File to write: .pt; .ts, .onnx, .pt2 or .caffemodel.")],
    to: Annotated[
        str,
        typer.Option(
            help="Of published weights, to .pt or .ts: fcn8s-vgg16, ...; vgg16, ...: a classifier. "
            "Default: inferred from the file's layers."
        ),
    ] = "",
    classes: Annotated[Path | None, typer.Option(help="Class names, one a line.")] = None,
    input: Annotated[
        str | None, typer.Option(help="What the net was trained on, if not as published.")
    ] = None,
    skip_scale: Annotated[
        list[float] | None, typer.Option(help="Of a .pth file: its scale of pool4, of pool3.")
    ] = None,
) -> None:
    """Convert published weights to a checkpoint or a model, or export a net for other runtimes.

    An export takes images and batches of any size. It is compared with the net before it appears;
    how they agree is printed. A model card is written beside it. ONNX needs fcnlib[export].

    Example: fcn convert fcn8s-heavy-pascal.caffemodel --out fcn8s.pt

    Example: fcn convert results/demo/checkpoints/voc-fcn8s/0.pt --out fcn8s.onnx

    Example: fcn convert results/demo/checkpoints/voc-fcn8s/0.pt --out fcn8s.caffemodel
    """
    options = {"--to": to, "--classes": classes, "--input": input, "--skip-scale": skip_scale}
    given = [name for name, value in options.items() if value]
    is_export = out.suffix in FORMATS and out.suffix not in NET_SUFFIXES
    if is_export and given:
        raise InputError(f"{out}: {given[0]} given; expected none for a {out.suffix}")
    if is_export or (out.suffix in FORMATS and not given and is_trained(source)):
        done = export(source, out)
        echo(f"{done.path}: {done.agreement}")
        echo(f"{done.card}: its model card")
        return
    made = convert_weights(source, to, out, classes=classes, input=input, skip_scales=skip_scale)
    echo(made.table())
    echo(out)


def info(
    file: Annotated[
        Path, typer.Argument(help="A model (.ts), checkpoint (.pt), .caffemodel or data set.")
    ],
    maps: Annotated[
        int | None,
        typer.Option(
            help="Of a net instead: every map's size, stride, receptive field and offset, for "
            "an image of this side.",
            min=1,
            max=100_000,
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="All that the file tells, as JSON, instead.")
    ] = False,
) -> None:
    """Describe a model, a file of weights or a prepared data set.

    Example: fcn info results/demo/checkpoints/voc-fcn8s/0.pt

    Example: fcn info results/demo/checkpoints/voc-fcn8s/0.pt --json

    Example: fcn info results/demo/checkpoints/voc-fcn8s/0.pt --maps 500
    """
    if maps:
        net, _ = read_net(file)
        assert isinstance(net, FCN)  # as without trust no other is read
        echo(maps_markdown(file.name, net, maps).rstrip())
        return
    if json:
        content, provenance = _all_of(file)
        echo(json_text(content).rstrip())
    else:
        text, provenance = _summary_of(file)
        echo(text)
    warn_of_training_images(file, provenance)


def _all_of(file: Path) -> tuple[dict[str, Any], object]:
    """All that a file tells, but for weights, and the provenance in it."""
    if file.is_dir():
        return read_info(file / INFO).model_dump(mode="json"), None
    if file.suffix == ".caffemodel":
        layers = read_layers(file)
        return {**layer_shapes(layers)}, read_labels(layers, file).get("provenance")
    if file.suffix == ".ts":
        content = read_metadata(file).model_dump(mode="json")
    else:
        content = {k: json_value(v) for k, v in read_tensors(file).items() if k != "state"}
    return content, content.get("provenance")


def _summary_of(file: Path) -> tuple[str, object]:
    """What a file tells in a screen, and the provenance in it."""
    if file.is_dir():
        return dataset_text(read_info(file / INFO)), None
    if file.suffix == ".caffemodel":
        layers = read_layers(file)
        labels = read_labels(layers, file)
        return weights_text(file, layer_shapes(layers), labels), labels.get("provenance")
    if file.suffix != ".ts":
        content = read_tensors(file)
        if content.get("net") is None:
            shapes = {name: json_value(value) for name, value in content.items()}
            return weights_text(file, shapes, {}), content.get("provenance")
    info = read_metadata(file)
    return model_text(file, info), info.provenance
