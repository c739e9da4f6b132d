"""The command of `fcn` that writes a configuration for a user's own images."""

import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from fcnlib.cli.estimate import probed, targets_of
from fcnlib.cli.options import DEFAULT_CONFIG, ConfigFiles, echo, find_device
from fcnlib.cli.own_config import own_config
from fcnlib.config.schema_base import suggestion
from fcnlib.config.studies import read_raw_config
from fcnlib.core.errors import InputError
from fcnlib.core.files import atomic_write
from fcnlib.core.printing import wrapped
from fcnlib.core.provenance import device_name
from fcnlib.core.units import HOUR
from fcnlib.datasets.checks.check import CheckResult
from fcnlib.datasets.checks.check import check as check_data
from fcnlib.datasets.folder_layout import find_layout
from fcnlib.datasets.reader import first_and_more
from fcnlib.datasets.survey import Survey, survey
from fcnlib.plan.costs import UnitCosts
from fcnlib.plan.estimate import estimate
from fcnlib.plan.work import Work
from fcnlib.training.probe import stored_bytes
from fcnlib.training.stopwatch import require_idle

SCHEMA = "config.schema.json"
FEW_IMAGES = 10  # scores of fewer say little
STEPS = 20  # of the probe


def init(
    folder: Annotated[Path, typer.Argument(help="Your folder of images and masks.")],
    out: Annotated[Path, typer.Option(help="YAML file to write; its name is the run's.")],
    images: Annotated[
        str | None, typer.Option(help="Where in it the images are: a folder, or such as '*.jpg'.")
    ] = None,
    masks: Annotated[
        str | None, typer.Option(help="Where the masks are: a folder, or such as '*_mask.png'.")
    ] = None,
    config: ConfigFiles = DEFAULT_CONFIG,
    estimated: Annotated[
        bool, typer.Option("--estimate/--no-estimate", help="Measure what training takes here.")
    ] = True,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Masks read in parallel.")] = 2,
) -> None:
    """Write a short configuration for your own images, and say what it assumes.

    Looks at images, masks, lists, class names and label maps; what cannot be labels is refused. The
    file holds the commands that follow, with the minutes that they take on this machine.

    Example: fcn init photos/ --out mine.yaml
    """
    name = _name(out, config)
    found = survey(folder, find_layout(folder, images, masks), workers=workers)
    result = check_data(found.dataset(), workers=workers)
    errors = [str(finding) for finding in result.findings if finding.level == "error"]
    if errors:
        raise InputError(f"{first_and_more(errors)}; {out} is not written")
    entry = {key: value for key, value in found.entry.items() if key != "converter" and value}
    size = min(height for height, _ in result.sizes), min(width for _, width in result.sizes)
    text = own_config(name, entry, heading=[], size=size)
    minutes = _minutes(text, config) if estimated else ""
    heading = _heading(name, out, folder, found, result, minutes)
    schema = _schema(config, out)
    with atomic_write(out) as temporary:
        temporary.write_text(
            own_config(name, entry, heading=[*schema, *heading], size=size), "utf-8"
        )
    echo("\n".join(line for line in heading))
    typer.echo(f"wrote {out}", err=True)


def _name(out: Path, config: list[Path]) -> str:
    """The run's name: that of the file."""
    if out.exists():
        raise InputError(f"{out}: is there already; expected another name")
    raw, _ = read_raw_config(config)
    parts = ("scales", "datasets", "tables", "figures")
    taken = {name for part in parts for name in raw.get(part, {})}
    if out.stem in taken:
        raise InputError(f"{out}: config.yaml has a {out.stem!r}; expected another name")
    if not out.stem.isascii() or not out.stem.replace("-", "").replace("_", "").isalnum():
        raise InputError(f"{out}: expected a name of letters, digits, - and _, as the run is named")
    if out.suffix not in (".yaml", ".yml"):
        raise InputError(f"{out}: {suggestion(out.suffix, ['.yaml'])}; expected a YAML file")
    return out.stem


def _schema(config: list[Path], out: Path) -> list[str]:
    """The line by which editors find the schema that lies beside the configuration, if one does."""
    path = config[0].parent / SCHEMA
    place = os.path.relpath(path.parent, out.parent)
    return (
        [f"yaml-language-server: $schema={Path(place, SCHEMA).as_posix()}"] if path.exists() else []
    )


def _minutes(text: str, config: list[Path]) -> str:
    """How long the run takes on this machine, in words, by a probe."""
    device = find_device("auto")
    try:
        require_idle(device)
        busy = ""
    except InputError:
        busy = ", measured while it was busy"
    with tempfile.TemporaryDirectory(prefix="fcn-init-") as folder:
        overlay = Path(folder, "own.yaml")
        overlay.write_text(text, "utf-8")
        files = [*config, overlay]
        work = Work.of(targets_of(files, None, None))
        costs = UnitCosts.of(probed(work, device, STEPS, True, files))
    cores = len(os.sched_getaffinity(0)) if device == "cpu" else 1
    found = estimate(work, costs, at_once=[cores], bytes_of=stored_bytes)
    minutes = max(1, round(found.wall_hours[cores] * HOUR / 60))
    return f"about {minutes} minutes on this machine ({device_name(device)}){busy}"


def _heading(
    name: str, out: Path, folder: Path, found: Survey, result: CheckResult, minutes: str
) -> list[str]:
    """What was found, what was assumed, and the commands that follow."""
    splits = ", ".join(f"{split} {len(ids)}" for split, ids in result.splits.items())
    assumed = [*found.assumed, *_remarks(result)]
    model = f"results/{name}/checkpoints/{name}-4s/0.pt"
    return [
        f"{folder}: {len(result.counts)} images ({splits}) of {_sizes(result.sizes)},",
        f"{len(result.classes)} classes, void on {result.void_share:.1%} of all pixels.",
        *(["Assumed; change below what is not so:"] if assumed else []),
        *(line for text in assumed for line in wrapped(f"- {text}", 2).split("\n")),
        "Next: look at the labels; prepare, train and score; predict.",
        f"  fcn check {name} -c config.yaml -c {out} --sheet sheet.png",
        f"  snakemake all --configfile {out}",
        *([f"    {minutes}"] if minutes else []),
        f"  fcn predict IMAGE --model {model} --out out --overlay",
    ]


def _remarks(result: CheckResult) -> list[str]:
    """What the check warns of, and how little a few images say."""
    warnings = [finding for finding in result.findings if finding.level == "warning"]
    told = [f"{each.value or Path(each.file).name}: {each.message}." for each in warnings[:5]]
    if len(warnings) > len(told):
        told.append(f"{len(warnings) - len(told)} more warnings: see `fcn check`.")
    tested = min(len(ids) for ids in result.splits.values())
    if tested < FEW_IMAGES:
        told.append(f"Scores of {tested} images say little of others.")
    return told


def _sizes(sizes: Counter[tuple[int, int]]) -> str:
    """The two most frequent sizes in words, and how many more there are."""
    told = ", ".join(f"{width} x {height}" for (height, width), _ in sizes.most_common(2))
    return f"{told} pixels" + (f" and {len(sizes) - 2} more" if len(sizes) > 2 else "")
