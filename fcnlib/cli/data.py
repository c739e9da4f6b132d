"""The commands of `fcn` that make and check data."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from fcnlib.archives.catalogue import ARCHIVES
from fcnlib.archives.fetch import check_known, check_source
from fcnlib.archives.fetch import fetch as fetch_archive
from fcnlib.archives.probe import host_of
from fcnlib.archives.probe import probe as probe_addresses
from fcnlib.archives.unavailable import remove_marks
from fcnlib.archives.verified import status_of
from fcnlib.cli.options import DEFAULT_CONFIG, ConfigFiles, ImagesPlace, MasksPlace, echo
from fcnlib.config.load import read_config
from fcnlib.config.schema_data import CLASS_LIST, FolderDataset
from fcnlib.core.errors import InputError, attempt, raise_all
from fcnlib.datasets.checks.check import check as check_data
from fcnlib.datasets.checks.check import report
from fcnlib.datasets.converters.registry import prepare as prepare_data
from fcnlib.datasets.folder_layout import own_lists, own_root
from fcnlib.datasets.hha.frames import DepthFormat, Unit, encode_frames, frames_of, parse_camera
from fcnlib.datasets.reader import INFO, is_prepared
from fcnlib.plan.paths import RunPaths
from fcnlib.plan.targets import find_entry


def fetch(
    archives: Annotated[
        list[str] | None, typer.Argument(help="File names, such as benchmark.tgz.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write to.")] = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="Folder that may hold them already.")
    ] = None,
    probe: Annotated[
        bool,
        typer.Option(
            "--probe",
            help="Only ask every address, 10 seconds each, and list what can be had from where; "
            "of all known files if none is named. Exit code 1 if one cannot be had.",
        ),
    ] = False,
    retry: Annotated[
        bool,
        typer.Option(
            "--retry",
            help="Only remove the marks in OUT that files are not available, so that the next run "
            "downloads them again; all marks if no file is named.",
        ),
    ] = False,
) -> None:
    """Download published archives or weight files, resuming, and check them.

    Example: fcn fetch benchmark.tgz --out data/paper/archives --from ~/Downloads

    Example: fcn fetch --probe

    Example: fcn fetch --retry --out data/paper/archives
    """
    names = archives or []
    check_known(names)
    if probe:
        if out or source or retry:
            raise InputError("--probe only asks; expected neither --out nor --from nor --retry")
        raise typer.Exit(int(not _print_probes(names)))
    if out is None:
        raise InputError("no folder to write to; expected --out DIR")
    if retry and source:
        raise InputError("--retry only removes marks; expected no --from")
    if retry:
        removed = remove_marks(out, names)
        echo("\n".join(removed) or f"{out}: no such file is marked as not available")
        return
    if not names:
        raise InputError("no file is named; expected such as benchmark.tgz, or --probe")
    if source is not None:
        check_source(source)
    _fetch_all(names, out, source)


def _fetch_all(names: Sequence[str], out: Path, source: Path | None) -> None:
    """Fetch each file; one that cannot be had keeps no other from being fetched."""
    errors = []
    for name in names:
        found = attempt(partial(fetch_archive, folder=out, source=source), name)
        if isinstance(found, InputError):
            errors.append(found)
        else:
            echo(found)
    raise_all(errors, f"of {len(names)} files could not be had")


def _print_probes(names: Sequence[str]) -> bool:
    """Print what each address of these files, or of all, answers; whether all can be had."""
    asked = {name: ARCHIVES[name] for name in names or ARCHIVES}
    hosts = [host_of(url) for archive in asked.values() for url in archive.urls]
    widths = max(map(len, asked)), max(map(len, hosts), default=0)
    had = dict.fromkeys(asked, False)
    for name in (name for name, archive in asked.items() if not archive.urls):
        echo(f"{name:{widths[0]}}  no address of it is known")
    try:
        for found in probe_addresses([*asked]):
            had[found.file] |= found.serves
            echo(f"{found.file:{widths[0]}}  {found.host:{widths[1]}}  {found.answer}")
    except KeyboardInterrupt:
        raise InputError("stopped before all addresses had answered") from None
    echo(f"{sum(had.values())} of {len(had)} files can be had from at least one address")
    return all(had.values())


def prepare(
    dataset: Annotated[str, typer.Argument(help="A name in the configuration.")],
    config: ConfigFiles = DEFAULT_CONFIG,
    out: Annotated[Path | None, typer.Option(help="Default: data/<scale>/<dataset>.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Files converted in parallel.")] = 2,
) -> None:
    """Convert archives, or a folder of your own, to a prepared data set.

    Example: fcn prepare street -c config.yaml -c street.yaml
    """
    settings = read_config(config)
    find_entry(settings.datasets, dataset, "data set")
    entry, paths = settings.dataset(dataset), RunPaths(settings.scale)
    archives = () if isinstance(entry, FolderDataset) else entry.archives
    files = [Path(paths.archive(name)) for name in archives]
    synthetic = settings.archives == "synthetic"
    if synthetic and (missing := [path for path in files if not path.exists()]):
        raise InputError(f"{missing[0]}: no such file; make it with: snakemake {missing[0]}")
    for path in files if not synthetic else ():
        if path.exists():
            status_of(path)
    target = out or Path(paths.dataset_folder(dataset))
    prepare_data(entry, files, target, workers=workers)
    echo(target)


def check(  # noqa: PLR0913
    dataset: Annotated[str, typer.Argument(help="A name in the configuration, or a folder.")],
    config: ConfigFiles = DEFAULT_CONFIG,
    images: ImagesPlace = "images",
    masks: MasksPlace = "masks",
    classes: Annotated[
        str | None, typer.Option(help="In a folder: its class names; default: classes.txt.")
    ] = None,
    void: Annotated[
        list[int] | None, typer.Option(help="In a folder: a mask value that is void.")
    ] = None,
    palette: Annotated[
        str | None, typer.Option(help="In a folder: the label map of masks in colours, or voc.")
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="PNG to write: images beside their labels, with a legend.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Images read in parallel.")] = 2,
) -> None:
    """Check images and labels before training; exit code 1 if something is wrong.

    A published data set is checked as it was prepared: `fcn prepare` it first. A folder of your own
    is checked as it is.

    A folder's own lists (train.txt, val.txt, ...) are its splits.

    Example: fcn check photos/ --masks labels --void 11 --sheet sheet.png

    Example: fcn check mine -c config.yaml -c mine.yaml
    """
    folder = own_root(Path(dataset), images)
    entry: FolderDataset | Path = folder
    if not folder.is_dir():
        settings = read_config(config)
        known = find_entry(settings.datasets, dataset, "data set")
        prepared = Path(RunPaths(settings.scale).dataset_folder(dataset))
        entry = known if isinstance(known, FolderDataset) else prepared
    elif _is_own(folder, classes, palette):
        entry = FolderDataset(
            converter="folder",
            path=folder,
            images=images,
            masks=masks,
            classes=classes,
            void=tuple(void or ()),
            palette=palette,
            splits=own_lists(folder),
        )
    result = check_data(entry, workers=workers)
    echo(report(result))
    if sheet is not None:
        from fcnlib.report.figures.label_sheet import save_label_sheet  # and matplotlib

        save_label_sheet(result, sheet)
        typer.echo(f"wrote {sheet}", err=True)
    raise typer.Exit(int(result.failed))


def _is_own(folder: Path, *lists: str | None) -> bool:
    """Whether a folder is a user's own, not a prepared data set."""
    if any((folder / name).exists() for name in (*filter(None, lists), CLASS_LIST)):
        return True
    return not ((folder / INFO).exists() or is_prepared(folder))


def hha(
    depth: Annotated[
        list[Path], typer.Argument(help="Filled depth: 16-bit PNGs, .npy of metres, or folders.")
    ],
    out: Annotated[Path, typer.Option(help="PNG to write; for several images: a folder.")],
    raw: Annotated[
        Path | None,
        typer.Option(
            help="Measured depth, 0 where it is missing; for several images: a folder of files "
            "with the same names. Default: depth is missing where DEPTH is 0."
        ),
    ] = None,
    unit: Annotated[Unit, typer.Option(help="Unit of PNGs, and of integers in .npy.")] = "mm",
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
            help="Crop as NYUDv2's published part: 560 x 425 of 640 x 480 pixels. Frames of "
            "560 x 425 are taken as cropped already."
        ),
    ] = False,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Images encoded in parallel.")] = 2,
) -> None:
    """Encode depth as HHA: disparity (red), height above ground in cm (green), angle (blue).

    A net trained on HHA reads these PNGs like RGB images.

    Floors are 38 in blue, walls 128, ceilings 218.

    Files that cannot be encoded are named at the end (exit code 1); the others are written.

    Example: fcn hha depth.png --raw rawdepth.png --out hha.png

    Example: fcn hha depth/ --raw rawdepth/ --out hha/ --crop

    Example: fcn hha frame.npy --out hha.png --camera 365.4,365.4,256.8,208.2
    """
    frames = frames_of(depth, raw, out)
    depth_format = DepthFormat(unit, parse_camera(camera) if camera else None, crop)
    encode_frames(frames, depth_format, workers=workers)
    echo(out if len(frames) == 1 else f"{len(frames)} HHA images in {out}")
