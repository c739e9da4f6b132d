"""The command of `fcn` that looks at a run."""

import json
import shutil
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from fcnlib.cli.options import DEFAULT_CONFIG, echo
from fcnlib.config.load import load_config, read_config
from fcnlib.config.schema import Config
from fcnlib.config.studies import read_raw_config
from fcnlib.core.errors import InputError
from fcnlib.core.files import json_text
from fcnlib.core.printing import printable
from fcnlib.core.reading import read_bytes
from fcnlib.plan.paths import CONFIGURATION, RunPaths
from fcnlib.plan.status import Failure, RunStatus, TrainingStatus, run_status
from fcnlib.report.estimate_text import aligned
from fcnlib.report.job_times import duration

HEAD = ("training", "seed", "state", "iteration", "loss/px", "mean IU", "images/s", "left")


def status(
    folder: Annotated[
        Path | None, typer.Argument(help="results/<scale>. Default: that of the configuration.")
    ] = None,
    config: Annotated[
        list[Path] | None,
        typer.Option("--config", "-c", help="That of the run, if it has kept none yet."),
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only what has failed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Print how far a run is: each training, and what has failed and where its log is.

    It reads files alone, so that any machine on the same disk can tell. `watch` repeats it.

    The time left is at the recent pace. A job of another machine that has written nothing for 15
    minutes has "no news".

    Example: fcn status results/paper
    """
    root, settings = _run_of(folder, config)
    found = run_status(root, settings, now=time.time())
    if as_json:
        echo(json_text(asdict(found)).rstrip())
        return
    width = shutil.get_terminal_size((1000, 24)).columns  # a file or a pipe has all it needs
    table = aligned(HEAD, [_cells(each) for each in found.trainings], left=(0, 2))
    lines = [] if failed else [_summary(found), "", *table.splitlines(), ""]
    echo("\n".join([*(_cut(line, width) for line in lines), *_failures(found.failures, width)]))


def _run_of(folder: Path | None, files: list[Path] | None) -> tuple[Path, Config]:
    """The folder of the clone that a run is in, and the run's configuration."""
    if folder is None:
        settings = read_config(files or DEFAULT_CONFIG)
        folder = Path(RunPaths(settings.scale).results)
        if files or not (folder / CONFIGURATION).is_file():
            return Path(), settings
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; expected results/<scale> of a run")
    results = Path(folder.absolute())  # `results` may be a link to another disk
    root, scale, kept = results.parent.parent, results.name, results / CONFIGURATION
    if files:
        settings = read_config(files)
    elif kept.is_file():
        settings = load_config(_read_json(kept), str(kept))
    elif (root / DEFAULT_CONFIG[0]).is_file():
        settings = load_config(*read_raw_config([root / DEFAULT_CONFIG[0]], {"scale": scale}))
    else:
        raise InputError(f"{folder}: no {CONFIGURATION} in it; expected results/<scale> of a run")
    if results != root / RunPaths(settings.scale).results:
        raise InputError(f"{folder}: expected the folder {RunPaths(settings.scale).results}")
    return root, settings


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(read_bytes(path))
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected a configuration as JSON")
    return content


def _summary(found: RunStatus) -> str:
    states = Counter(each.state for each in found.trainings)
    counts = ", ".join(f"{count} {state}" for state, count in states.most_common())
    return f"trainings: {counts or 'none'}"


def _cells(each: TrainingStatus) -> tuple[str, ...]:
    quiet = "" if each.quiet_seconds is None else f" for {duration(each.quiet_seconds)}"
    return (
        each.experiment,
        str(each.seed),
        each.state + quiet * (each.state == "no news") + f", try {each.tries}" * (each.tries > 1),
        f"{each.iteration}/{each.iterations}",
        "" if each.loss_per_pixel is None else f"{each.loss_per_pixel:.3g}",
        "" if each.mean_iu is None else f"{100 * each.mean_iu:.1f}",
        "" if each.images_per_second is None else f"{each.images_per_second:.3g}",
        "" if each.seconds_left is None else duration(each.seconds_left),
    )


def _failures(failures: list[Failure], width: int) -> list[str]:
    """The log of each job that has failed, whole so that it can be copied, and its last line."""
    if not failures:
        return ["nothing has failed"]
    lines = ["failed:"]
    for each in failures:
        when = f"{each.state}, try {each.tries}, {duration(each.quiet_seconds)} ago"
        lines += [f"  {each.log}", _cut(f"    {when}: {printable(each.last_line)}", width)]
    return lines


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: width - 1]}…"
