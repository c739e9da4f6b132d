"""The command of `fcn` that estimates what a run takes."""

import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from fcnlib.cli.options import DEFAULT_CONFIG, ConfigFiles, Device, echo, find_device
from fcnlib.config.load import load_config
from fcnlib.config.studies import read_raw_config
from fcnlib.core.errors import InputError
from fcnlib.core.files import atomic_write, json_text, write_json
from fcnlib.core.printing import wrapped
from fcnlib.core.progress import progress
from fcnlib.core.provenance import device_name
from fcnlib.core.units import HOUR
from fcnlib.plan.budget import SelectedClaim, claimed_rows, select_claims
from fcnlib.plan.costs import Probe, UnitCosts, parse_seconds, read_probe, write_probe
from fcnlib.plan.estimate import charged
from fcnlib.plan.estimate import estimate as estimate_run
from fcnlib.plan.targets import Targets
from fcnlib.plan.work import Work
from fcnlib.report.estimate_text import estimate_text
from fcnlib.training.probe import probe, stored_bytes
from fcnlib.training.stopwatch import cost_of_command, require_idle
from fcnlib.training.workload import NOTHING, Cost, Probed, SceneKind

HOURS = {"m": 1 / 60, "h": 1.0, "d": 24.0}


def estimate(  # noqa: PLR0913
    config: ConfigFiles = DEFAULT_CONFIG,
    scale: Annotated[str | None, typer.Option(help="Default: that of the configuration.")] = None,
    seeds: Annotated[
        str | None, typer.Option(help="Such as 0,1,2; default: those of the configuration.")
    ] = None,
    gpus: Annotated[
        str, typer.Option(help="Wall time with so many GPUs; without a GPU, so many jobs at once.")
    ] = "1,4,24",
    seconds_per_image: Annotated[
        list[str] | None,
        typer.Option(help="Instead of a probe: train=0.1,validate=0.04,evaluate=0.04."),
    ] = None,
    probe_file: Annotated[
        Path | None, typer.Option("--probe", help="Instead of a probe: the file of an earlier one.")
    ] = None,
    save_probe: Annotated[
        Path | None, typer.Option(help="File to write what the probe measured to.")
    ] = None,
    steps: Annotated[int, typer.Option(min=1, max=1000, help="Of a probe, per kind of net.")] = 20,
    busy: Annotated[bool, typer.Option("--busy", help="Probe a device that others use.")] = False,
    budget: Annotated[
        str | None,
        typer.Option(help="Such as 24h: which rows decide the most claims in so many hours."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="With --budget: the overlay to write, which runs those.")
    ] = None,
    save: Annotated[
        bool, typer.Option("--save", help="Keep it beside the results, whose page compares.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    device: Device = "auto",
) -> None:
    """Estimate time, memory and disk of a run before it starts, by a probe of this device.

    Example: fcn estimate --scale paper

    Example: fcn estimate --scale paper --seconds-per-image train=0.1,validate=0.04,evaluate=0.04

    Example: fcn estimate --scale paper --probe probe.json --budget 24h --out overlay.yaml
    """
    if out is not None and budget is None:
        raise InputError("--out: expected --budget beside it")
    at_once, hours = _counts(gpus), _budget(budget)
    work = Work.of(targets_of(config, scale, seeds))
    by_hand = parse_seconds(x for text in seconds_per_image or () for x in text.split(","))
    if by_hand:
        if probe_file or save_probe:
            raise InputError(
                "--seconds-per-image: expected no --probe and no --save-probe beside it"
            )
        unit_costs = UnitCosts("cpu" if device == "cpu" else "cuda", by_hand=by_hand)
    else:
        found = (
            _read_probe(probe_file, work)
            if probe_file
            else probed(work, find_device(device), steps, busy, config)
        )
        if save_probe:
            write_probe(save_probe, found)
        unit_costs = UnitCosts.of(found)
    result = estimate_run(work, unit_costs, at_once=at_once, bytes_of=stored_bytes)
    selected = _selected(work, unit_costs, hours * HOUR) if hours else []
    kept = Path(work.targets.paths.estimate)
    if save:
        write_json(kept, result.model_dump(mode="json"))
    if out is not None:
        _write_overlay(out, work.targets, selected)
    if as_json:
        echo(json_text(result.model_dump(mode="json")).rstrip())
    else:
        echo(estimate_text(result))
        if selected:
            echo("\n" + _selection_text(selected, budget or "", bool(result.not_counted)))
    for written in filter(None, (save_probe, out, kept if save else None)):
        typer.echo(f"wrote {written}", err=True)


def targets_of(config: Iterable[Path], scale: str | None, seeds: str | None) -> Targets:
    """The run, as the configuration and the options have it."""
    top: dict[str, Any] = {"scale": scale} if scale is not None else {}
    if seeds is not None:
        top["seeds"] = seeds.split(",")
    return Targets(load_config(*read_raw_config(list(config), top)))


def _counts(text: str) -> list[int]:
    """Numbers of GPUs."""
    if not re.fullmatch(r"[1-9]\d{0,3}(,[1-9]\d{0,3})*", text):
        raise InputError(f"--gpus: {text!r}; expected numbers from 1 on, such as 1,4,24")
    return [int(number) for number in text.split(",")]


def _budget(text: str | None) -> float:
    """Hours; 0 where no budget is given."""
    if text is None:
        return 0.0
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([mhd])", text)
    if not match or not float(match[1]):
        raise InputError(f"--budget: {text!r}; expected minutes, hours or days, such as 24h")
    return float(match[1]) * HOURS[match[2]]


def _kinds(work: Work) -> list[Probed]:
    """The fewest probes that tell the cost of a run."""
    return [kind for kind in work.kinds if not isinstance(kind, SceneKind)]


def _read_probe(path: Path, work: Work) -> Probe:
    """An earlier probe of the same kinds of work."""
    found, kinds = read_probe(path), _kinds(work)
    known = {each.of for each in found.measured}
    if lacking := sum(kind not in known for kind in kinds):
        raise InputError(
            f"{path}: lacks {lacking} of this run's {len(kinds)} kinds of work; expected a probe "
            "of the same scale and configuration"
        )
    return found


def probed(work: Work, device: str, steps: int, busy: bool, config: Iterable[Path]) -> Probe:
    """What each kind of work costs on this device."""
    if not busy:
        require_idle(device)
    bar = progress(_kinds(work), desc=f"probing {device}", unit="kind")
    measured = tuple(probe(kind, steps=steps, device=device) for kind in bar)
    return Probe(
        device=device,
        machine=device_name(device),
        date=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        steps=steps,
        run=_planning(work.targets, config),
        measured=measured,
    )


def _planning(targets: Targets, config: Iterable[Path]) -> Cost:
    """What Snakemake takes to read the rules and plan all jobs; nothing where it is not here."""
    snakemake = Path(sys.executable).with_name("snakemake")
    if not snakemake.exists() or not Path("Snakefile").exists():
        return NOTHING
    _, *overlays = config
    files = ["--configfile", *map(str, overlays)] if overlays else []
    values = [
        f"scale={targets.config.scale}",
        f"seeds={list(targets.config.seeds)}".replace(" ", ""),
    ]
    command = [str(snakemake), "all", "--dry-run", "--forceall", "--quiet"]
    return cost_of_command([*command, *files, "--config", *values])


def _selected(work: Work, unit_costs: UnitCosts, seconds: float) -> list[SelectedClaim]:
    claims = claimed_rows(work.targets.config.claims, work.targets.config.experiments)
    rows = {row for each in claims.values() for row in each}
    return select_claims(
        claims,
        {row: work.closure([row]) for row in rows},
        {job.id: charged(job, unit_costs.of_job(job), unit_costs) for job in work.jobs.values()},
        seconds,
    )


def _selection_text(selected: Iterable[SelectedClaim], budget: str, lacking: bool) -> str:
    without = ", without what is not counted" if lacking else ""
    lines = [f"In {budget}, the claims that are decided, and the rows that each adds{without}:"]
    unit, seconds, spent = ("min", 60, 0.0) if budget.endswith("m") else ("h", HOUR, 0.0)
    for each in selected:
        spent += each.seconds / seconds
        claims = ", ".join((each.claim, *each.also))
        lines += [
            f"{each.seconds / seconds:8.2f} {unit}, {spent:.2f} in all: {claims}",
            f"           by {', '.join(each.rows) or 'rows above'}",
        ]
    return "\n".join(wrapped(line, 14) for line in lines)


def _write_overlay(path: Path, targets: Targets, selected: Iterable[SelectedClaim]) -> None:
    """An overlay that runs these rows, and what they start from."""
    rows = [row for each in selected for row in each.rows]
    content = {"scale": targets.config.scale, "seeds": list(targets.config.seeds), "rows": rows}
    text = f"# snakemake all --configfile {path}\n" + yaml.safe_dump(content, sort_keys=False)
    with atomic_write(path) as temporary:
        temporary.write_text(text, "utf-8")
