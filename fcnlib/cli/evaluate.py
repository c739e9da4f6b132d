"""The command of `fcn` that scores a model."""

import tempfile
from pathlib import Path
from typing import Annotated

import torch
import typer

from fcnlib.cli.options import (
    DEFAULT_CONFIG,
    ConfigFiles,
    Device,
    Threads,
    Trust,
    echo,
    find_device,
)
from fcnlib.config.load import read_config
from fcnlib.config.schema_data import FolderDataset
from fcnlib.core.errors import InputError
from fcnlib.datasets.converters.folder import convert_folder, image_files
from fcnlib.datasets.folder_layout import own_root
from fcnlib.datasets.formats import IMAGE_SUFFIXES
from fcnlib.datasets.reader import INFO, PreparedDataset, is_prepared
from fcnlib.evaluation.measure import BAND, Evaluation, measure
from fcnlib.inference.model import Model, load_model
from fcnlib.inference.model_info import warn_of_training_images
from fcnlib.plan.paths import RunPaths
from fcnlib.plan.targets import find_entry
from fcnlib.report.evaluated import WORST, evaluation_text, write_evaluation

ALL = "all"  # the split of a folder without a list


def evaluate(  # noqa: PLR0913
    model: Annotated[Path, typer.Argument(help="A checkpoint (.pt), .ts or .caffemodel.")],
    data: Annotated[
        str,
        typer.Argument(help="A prepared data set, a folder of images and masks, or a name."),
    ],
    split: Annotated[
        str | None, typer.Option(help="Of a prepared data set; default: the only one.")
    ] = None,
    images: Annotated[str, typer.Option(help="In a folder: its images.")] = "images",
    masks: Annotated[str, typer.Option(help="In a folder: its masks.")] = "masks",
    classes: Annotated[
        str | None,
        typer.Option(help="In a folder: its class names; default: classes.txt, or the model's."),
    ] = None,
    void: Annotated[
        list[int] | None, typer.Option(help="In a folder: a mask value that is void.")
    ] = None,
    list: Annotated[
        str | None, typer.Option(help="In a folder: a list of the IDs to score; default: all.")
    ] = None,
    band: Annotated[
        int, typer.Option(min=1, max=1000, help="Pixels inside an outline that count as boundary.")
    ] = BAND,
    worst: Annotated[int, typer.Option(min=0, help="Images of the lowest scores to name.")] = WORST,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for scores.json, classes.csv, images.csv and confusion.csv."),
    ] = None,
    config: ConfigFiles = DEFAULT_CONFIG,
    device: Device = "auto",
    threads: Threads = 1,
    trust: Trust = False,
) -> None:
    """Score a model: four scores, classes, confusion, boundaries and the worst images.

    The scores are those that the workflow computes of the same model and images.

    Example: fcn evaluate 0.pt data/demo/voc2011 --split seg11valid --out scores

    Example: fcn evaluate mine.pt photos/ --masks labels --void 11 --list val.txt
    """
    torch.set_num_threads(threads)
    net = load_model(model, device=find_device(device), trust=trust)
    warn_of_training_images(model, net.info.provenance)
    folder = own_root(Path(data), images)
    if not folder.is_dir():
        settings = read_config(config)
        find_entry(settings.datasets, data, "data set")
        folder = Path(RunPaths(settings.scale).dataset_folder(data))
    if (folder / INFO).exists() or is_prepared(folder):
        prepared = PreparedDataset(folder)
        found = measure(net, prepared, split or _only_split(prepared), band=band)
    else:
        lists = {} if list is None else {Path(list).stem: list}
        own = FolderDataset(
            converter="folder",
            path=folder,
            images=images,
            masks=masks,
            classes=classes or _class_names(folder, net),
            void=tuple(void or ()),
            splits=lists,
        )
        found = _measure_folder(net, own, band)
    echo(evaluation_text(found, worst))
    if out is not None:
        for path in write_evaluation(found, out, worst):
            echo(path)


def _only_split(data: PreparedDataset) -> str:
    """The split of a data set that has one."""
    if len(data.info.splits) > 1:
        known = ", ".join(data.info.splits)
        raise InputError(f"{data.root}: splits {known}; expected --split with one of them")
    return next(iter(data.info.splits))


def _class_names(folder: Path, net: Model) -> str | tuple[str, ...]:
    """The file of class names of a folder, or the model's names where there is none."""
    if (folder / "classes.txt").exists() or len(net.info.classes) != 1:
        return "classes.txt"
    return next(iter(net.info.classes.values()))


def _measure_folder(net: Model, own: FolderDataset, band: int) -> Evaluation:
    """The evaluation of a user's folder, prepared for a while."""
    with tempfile.TemporaryDirectory() as temporary:
        if not own.splits:
            ids = sorted(image_files(own.place(own.images), IMAGE_SUFFIXES))
            (every := Path(temporary) / "all.txt").write_text("\n".join(ids), "utf-8")
            own = own.model_copy(update={"splits": {ALL: str(every)}})
        prepared = Path(temporary) / own.place().resolve().name
        convert_folder(own, (), prepared)
        return measure(net, PreparedDataset(prepared), next(iter(own.splits)), band=band)
