"""What a rehearsal is: which scale, which rows, what disk it needs, and what it is held against."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from fcnlib.config.load import load_config
from fcnlib.config.schema import OF_EACH_KIND
from fcnlib.config.schema_experiments import Trained
from fcnlib.config.yaml_files import ConfigSource
from fcnlib.core.errors import InputError
from fcnlib.core.folder_size import bytes_of
from fcnlib.core.units import GB
from fcnlib.plan.disk import SAVED_STATE, Disk, disk
from fcnlib.plan.targets import Targets
from fcnlib.plan.work import Work
from fcnlib.report.specs import (
    JobsSpec,
    RehearsalSpec,
    StoredSpec,
    TrainingSpec,
    WholeTraining,
)
from fcnlib.training.workload import NetKind

# Of a stride-32 net of full width with 21 classes: more classes and skips add a hundredth at most,
# and a net without fc6 and fc7 has far fewer.
PARAMETERS = {
    "alexnet": 57_037_617,
    "vgg16": 134_432_604,
    "vgg19": 139_742_300,
    "googlenet": 6_078_433,
}


def rehearsal_values(raw: Mapping[str, Any]) -> dict[str, str]:
    """The values that `snakemake rehearsal` is short for.

    A scale that is a rehearsal stays; any other gives way to the one that rehearses it. One of the
    demo's values and synthetic archives needs no rehearsal: it gives way to the first there is. One
    that is not declared stays, to be refused, and so do rows.

    Raises:
        InputError: Nothing rehearses the scale, or there is no rehearsal at all.
    """
    scales, scale = raw.get("scales"), raw.get("scale")
    known = scales if isinstance(scales, Mapping) else {}
    rehearsals = {
        name: entry["rehearses"]
        for name, entry in known.items()
        if isinstance(entry, Mapping) and entry.get("rehearses")
    }
    if not rehearsals:
        raise InputError("scales: none of them rehearses another; expected one that does")
    if scale in known and scale not in rehearsals:
        of_scale = [name for name, other in rehearsals.items() if other == scale]
        if not of_scale and _needs_rehearsal(known[scale]):
            raise InputError(
                f"scales: none of them rehearses {scale!r}; expected one with `rehearses: {scale}`"
            )
        scale = [*of_scale, *rehearsals][0]
    return {"scale": str(scale)} | ({} if raw.get("rows") else {"rows": OF_EACH_KIND})


def _needs_rehearsal(scale: object) -> bool:
    """Whether a declared scale computes for days, or of published archives."""
    values = scale if isinstance(scale, Mapping) else {}
    return values.get("preset") == "paper" or values.get("archives") == "published"


def weight_bytes(kind: NetKind) -> int:
    """About the bytes of a net's weights; `fcn estimate` knows them exactly, by PyTorch.

    That would make each dry run of a rehearsal seconds longer.
    """
    net = kind.net
    return round(4 * PARAMETERS[net.backbone] * net.width**2 * max(1, len(net.streams)))


def require_disk(targets: Targets, folder: Path) -> None:
    """Raise unless the disks of `folder` have room for what a run will add to what is there.

    Args:
        targets: The run.
        folder: Where its data and results are, each maybe a link to another disk.
    """
    parts = _disk(Work.of(targets)).parts
    of_results = sum(parts[name] for name in ("checkpoints", "saved states"))
    needs = {
        targets.paths.data: sum(parts.values()) - of_results,
        targets.paths.results: of_results,
    }
    missing: dict[int, float] = {}
    for name, needed in needs.items():
        place = _existing(folder / name)
        of_disk = missing.get(place.stat().st_dev, 0.0) + max(0.0, needed - bytes_of(folder / name))
        missing[place.stat().st_dev] = of_disk
        if of_disk > (free := shutil.disk_usage(place).free):
            raise InputError(
                f"{folder / name}: {free / GB:.1f} GB free; expected {of_disk / GB:.1f} GB, which "
                "this run will take"
            )


def _disk(work: Work) -> Disk:
    """What a run takes of the disk, with one training at a time, and classifiers of random weights.

    Those lie among the archives, as large as the starting weights that are made of them.
    """
    used = disk(work, 1, weight_bytes)
    if not work.targets.stand_ins:
        return used
    archives = used.parts["archives"] + used.parts["starting weights"]
    return replace(used, parts={**used.parts, "archives": archives})


def _existing(path: Path) -> Path:
    """The path, or the nearest folder above it that is there."""
    return next(place for place in (path, *path.absolute().parents) if place.exists())


def rehearsed_run(raw: Mapping[str, Any], source: ConfigSource | str = "config.yaml") -> Targets:
    """The run that a configuration's scale rehearses, with all its rows."""
    rehearses = raw["scales"][raw["scale"]]["rehearses"]
    return Targets(load_config({**raw, "scale": rehearses, "rows": None}, source))


def rehearsal_spec(targets: Targets, whole: Targets) -> RehearsalSpec:
    """What a rehearsal is held against.

    Args:
        targets: Of the rehearsal.
        whole: Of the run that it rehearses, with all its rows.
    """
    work = Work.of(whole)
    likes = {name: _like(entry, targets) for name, entry in whole.trained.items()}
    used = _disk(work)
    largest = max((weight_bytes(work.net_kind(name)) for name in whole.trained), default=0)
    return RehearsalSpec(
        scale=whole.config.scale,
        jobs=_jobs(targets, whole),
        trainings=tuple(
            TrainingSpec(
                row=_label(entry),
                curve=targets.first_runs(targets.paths.curve, [name])[0],
                metrics=targets.first_runs(targets.paths.metrics, [name])[0],
                whole=tuple(_whole(work, x) for x, like in likes.items() if like == name),
            )
            for name, entry in targets.trained.items()
        ),
        not_rehearsed=tuple(
            _label(whole.trained[name]) for name, like in likes.items() if like is None
        ),
        stored=_stored(targets, used.parts),
        saved_state=SAVED_STATE * float(largest),
        unknown_archives=used.unknown,
    )


def _label(entry: Trained) -> str:
    """A row's name and its data set, as two tables may have rows of one name."""
    return f"{entry.row} ({entry.data.dataset})"


def _like(entry: Trained, targets: Targets) -> str | None:
    """The rehearsed net that is most like this one: at least of its backbone and streams."""

    def common(other: Trained) -> list[bool]:
        return [
            other.data.dataset == entry.data.dataset,
            other.data.inputs == entry.data.inputs,
            other.net.predict_from == entry.net.predict_from,
            other.data.train_mask == entry.data.train_mask,
            other.recipe == entry.recipe,
        ]

    alike = {
        name: common(other)
        for name, other in targets.trained.items()
        if other.net.backbone == entry.net.backbone
        and len(other.net.streams) == len(entry.net.streams)
    }
    return max(alike, key=lambda name: alike[name]) if alike else None


def _whole(work: Work, experiment: str) -> WholeTraining:
    seeds = work.targets.seeds_of(experiment)
    job = work.jobs[f"train/{experiment}/{seeds[0]}"]
    return WholeTraining(
        row=_label(work.targets.trained[experiment]),
        learnt=round(job.images("train")),
        validated=round(job.images("validate")),
        seeds=len(seeds),
    )


def _jobs(targets: Targets, whole: Targets) -> tuple[JobsSpec, ...]:
    """By rule, in the order of a run."""
    every = {**whole.benchmarks, **whole.optional_benchmarks}
    counts = {rule: len(files) for rule, files in every.items()}
    found = []
    for rule, files in targets.rehearsal_benchmarks.items():
        asked = whole.config.resources(rule)
        if files:
            found.append(
                JobsSpec(
                    rule=rule,
                    benchmarks=tuple(files),
                    mem_mb=asked.mem_mb if asked else None,
                    minutes=asked.runtime if asked else None,
                    whole=counts.get(rule, 0),
                )
            )
    return tuple(found)


def _stored(targets: Targets, whole: Mapping[str, float]) -> tuple[StoredSpec, ...]:
    paths = targets.paths
    here = _disk(Work.of(targets)).parts
    places = {
        "archives": (paths.archive(""),),
        "prepared data": tuple(map(paths.dataset_folder, targets.config.datasets)),
        "starting weights": tuple(map(paths.starting_weights, targets.backbones)),
        "checkpoints": (paths.checkpoints,),
    }
    return tuple(
        StoredSpec(what=what, places=own, here=here[what], whole=whole[what])
        for what, own in places.items()
    )
