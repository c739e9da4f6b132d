"""The commands of `fcn` that make and check data."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from fcnlib.archives.fetch import fetch as get
from fcnlib.config.load import read
from fcnlib.config.schema_data import FolderDataset
from fcnlib.core.errors import InputError
from fcnlib.datasets.checks.check import check as look_at
from fcnlib.datasets.checks.check import report
from fcnlib.datasets.converters.registry import prepare as prepare_data
from fcnlib.datasets.hha.frames import (
    DepthFormat,
    Unit,
    encode_frames,
    frames_of,
    parse_camera,
)
from fcnlib.datasets.reader import INFO, is_prepared

T = TypeVar("T")

Configs = Annotated[
    list[Path], typer.Option("--config", "-c", help="Experiment list; later ones are laid over.")
]
DEFAULT = [Path("config.yaml")]


def fetch(
    archive: Annotated[str, typer.Argument(help="File name, such as benchmark.tgz.")],
    out: Annotated[Path, typer.Option(help="Folder to put it in.")],
    source: Annotated[
        Path | None, typer.Option("--from", help="Folder that may hold it already.")
    ] = None,
) -> None:
    """Download a published archive or weight file, resuming, and check it.

    Example: fcn fetch benchmark.tgz --out data/paper/archives --from ~/Downloads
    """
    typer.echo(get(archive, out, source=source))


def prepare(
    dataset: Annotated[str, typer.Argument(help="A name in the config.")],
    config: Configs = DEFAULT,
    out: Annotated[Path | None, typer.Option(help="Default: data/<scale>/<dataset>.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Files converted side by side.")] = 2,
) -> None:
    """Turn archives, or a folder of your own, into the prepared layout.

    Example: fcn prepare street -c config.yaml -c street.yaml
    """
    settings = read(config)
    entry = find_entry(settings.datasets, dataset, "data set")
    data = Path("data") / settings.scale
    files = (
        [] if isinstance(entry, FolderDataset) else [data / "archives" / a for a in entry.archives]
    )
    drawn = settings.scales[settings.scale].like == "demo"
    if drawn and (missing := [path for path in files if not path.exists()]):
        raise InputError(f"{missing[0]}: no such file; draw it with: snakemake {missing[0]}")
    target = out or data / dataset
    prepare_data(entry, files, target, workers=workers)
    typer.echo(target)


def check(
    dataset: Annotated[str, typer.Argument(help="A name in the config, or a folder.")],
    config: Configs = DEFAULT,
    images: Annotated[str, typer.Option(help="In a folder: its images.")] = "images",
    masks: Annotated[str, typer.Option(help="In a folder: its masks.")] = "masks",
    classes: Annotated[str, typer.Option(help="In a folder: its class names.")] = "classes.txt",
    void: Annotated[
        list[int] | None, typer.Option(help="In a folder: a mask value to leave out.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Images read side by side.")] = 2,
) -> None:
    """Look at images and labels before training; exit code 1 if something is wrong.

    Example: fcn check photos/ --masks labels --void 11

    Example: fcn check mine -c config.yaml -c mine.yaml
    """
    folder = Path(dataset)
    entry: FolderDataset | Path = folder
    if not folder.is_dir():
        settings = read(config)
        known = find_entry(settings.datasets, dataset, "data set")
        prepared = Path("data") / settings.scale / dataset
        entry = known if isinstance(known, FolderDataset) else prepared
    elif not (folder / INFO).exists() and not is_prepared(folder):
        entry = FolderDataset(
            converter="folder",
            path=folder,
            images=images,
            masks=masks,
            classes=classes,
            void=tuple(void or ()),
        )
    result = look_at(entry, workers=workers)
    typer.echo(report(result))
    raise typer.Exit(int(result.failed))


def hha(
    depth: Annotated[
        list[Path], typer.Argument(help="Filled depth: 16-bit PNGs, .npy of metres, or folders.")
    ],
    out: Annotated[Path, typer.Option(help="PNG to write; of several images: a folder.")],
    raw: Annotated[
        Path | None,
        typer.Option(
            help="Depth as measured, 0 where it is missing; of several images: a folder of files "
            "with the same names. Without it, zeros of the depth are missing."
        ),
    ] = None,
    unit: Annotated[
        Unit, typer.Option(help="Of a PNG's numbers, and of whole ones in .npy.")
    ] = "mm",
    camera: Annotated[
        str | None,
        typer.Option(
            help="fx,fy,cx,cy in pixels, the first pixel being 1,1; default: the RGB camera of "
            "NYUDv2's Kinect, for 640 x 480 pixels."
        ),
    ] = None,
    crop: Annotated[
        bool,
        typer.Option(
            help="NYUDv2's published part: 560 x 425 of 640 x 480 pixels. Frames of 560 x 425 "
            "are taken as cut out already: whole, by the same camera."
        ),
    ] = False,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Images encoded side by side.")] = 2,
) -> None:
    """Encode depth as HHA: disparity (red), height above ground in cm (green), angle (blue).

    A net trained on HHA reads these PNGs like photographs.

    Floors are 38 in blue, walls 128, ceilings 218.

    Files that cannot be encoded are named at the end (exit code 1); the others are written.

    Example: fcn hha depth.png --raw rawdepth.png --out hha.png

    Example: fcn hha depth/ --raw rawdepth/ --out hha/ --crop

    Example: fcn hha frame.npy --out hha.png --camera 365.4,365.4,256.8,208.2
    """
    frames = frames_of(depth, raw, out)
    depth_format = DepthFormat(unit, parse_camera(camera) if camera else None, crop)
    encode_frames(frames, depth_format, workers=workers)
    typer.echo(out if len(frames) == 1 else f"{len(frames)} HHA images in {out}")


def find_entry(known: Mapping[str, T], name: str, what: str) -> T:
    """What the config holds under a name."""
    if name not in known:
        raise InputError(f"{name!r} is no {what}; known: {', '.join(known)}")
    return known[name]
