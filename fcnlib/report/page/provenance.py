"""Where the page's numbers come from, as plain values for the template."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fcnlib.config.schema_data import images_of_share
from fcnlib.core.errors import InputError
from fcnlib.datasets.reader import DatasetInfo
from fcnlib.evaluation.record import Record
from fcnlib.report.aggregate import Runs
from fcnlib.report.job_times import Job, duration
from fcnlib.report.page.links import relative
from fcnlib.report.specs import TableSpec


def run_metadata(runs: Runs, jobs: Mapping[str, Sequence[Job]]) -> dict[str, Any]:
    """What the whole run was: commit, machine, date, time, versions; `jobs` are by their kind."""
    everything = [run for found in runs.values() for _, run in found]
    if not everything:
        raise InputError("the page needs at least one metrics file")
    provenances = [run.provenance for run in everything]
    every_job = [job for found in jobs.values() for job in found]
    peaks = [job.peak_mb for job in every_job if job.peak_mb is not None]
    versions: dict[str, list[str]] = {}
    for provenance in provenances:
        for name, version in provenance.versions.items():
            if version not in versions.setdefault(name, []):
                versions[name].append(version)
    return {
        "commits": _unique(p.commit for p in provenances),
        "dirty": any(p.dirty for p in provenances),
        "date": max(p.date for p in provenances)[:16].replace("T", " ") + " UTC",
        "devices": _unique(p.device for p in provenances),
        "tests": _unique(
            f"{run.images} of {run.dataset}, {run.split}" for run in everything if run.images
        ),
        "jobs": len(every_job),
        "kinds": ", ".join(f"{len(found)} {kind}" for kind, found in jobs.items() if found),
        "time": duration(sum(job.seconds for job in every_job)),
        "peak": f"{max(peaks):,.0f} MB" if peaks else "",
        "versions": {name: ", ".join(found) for name, found in versions.items()},
    }


def sample_sentence(runs: Runs, datasets: Mapping[str, DatasetInfo]) -> str:
    """How little own images, trainings and seeds are behind the numbers, as far as it is known."""
    records = [run for found in runs.values() for _, run in found]
    values = [run.provenance.values for run in records]
    trained = [_training_images(each.get("data", {}), datasets) for each in values]
    tested = [run.images for run in records]
    iterations = [each.get("recipe", {}).get("iterations", 0) for each in values]
    seeds = len({run.seed for run in records})
    counts = [
        f"{_range(numbers)} {what}"
        for numbers, what in (
            (trained, "images trained on"), (tested, "tested"), (iterations, "iterations")
        )
        if any(numbers)
    ]  # fmt: skip
    counts.append("one seed" if seeds == 1 else f"{seeds} seeds")
    return f"{', '.join(counts)}: expect other numbers from other images."


def _training_images(data: Mapping[str, Any], datasets: Mapping[str, DatasetInfo]) -> int:
    """How many images a net was trained on; 0 where that is not known."""
    info = datasets.get(data.get("dataset", ""))
    images = info.splits.get(data.get("train", ""), 0) if info else 0
    return images_of_share(images, data.get("train_share", 1))


def _range(numbers: Iterable[int]) -> str:
    """The number, or the smallest and the largest of several; 0 is one that is not known."""
    known = sorted(filter(None, numbers))
    return " to ".join(f"{number:,}" for number in dict.fromkeys([known[0], known[-1]]))


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def provenance_rows(
    tables: Sequence[TableSpec], runs: Runs, page: Path, configuration: Path | str
) -> dict[str, dict[str, Any]]:
    """By experiment: its runs, the values that they used, and how to make them again.

    Args:
        tables: the page's tables.
        runs: the metrics of all experiments.
        page: the page's file.
        configuration: the full configuration of the run.
    """
    rows = {row.experiment: row for table in tables for row in table.rows}
    settings = {
        name: {key: value for key, value in _flat(own[0][1]) if value} for name, own in runs.items()
    }
    return {
        name: {
            "row": rows[name].row if name in rows else "",
            "runs": [(run, relative(path, page)) for path, run in runs[name]],
            "settings": list(settings[name].items()),
            "base": (base := rows[name].base if name in rows else ""),
            "changes": _changes(settings[name], settings[base]) if base in settings else [],
            "command": _command([path for path, _ in runs[name]], configuration),
        }
        for name in dict.fromkeys([*rows, *runs])
        if name in runs
    }


def _changes(own: Mapping[str, str], base: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """The values in which an experiment differs from its base: key, the base's, its own.

    Of an experiment of another kind, only of the parts that both have.
    """
    parts = {key.partition(".")[0] for key in own} & {key.partition(".")[0] for key in base}
    return [
        (key, base.get(key) or "none", own.get(key) or "none")
        for key in dict.fromkeys([*base, *own])
        if key.partition(".")[0] in parts and base.get(key) != own.get(key)
    ]


def _command(files: Iterable[Path], configuration: Path | str) -> str:
    """What to type to get these files again; it is exact whatever was laid over config.yaml."""
    return f"snakemake {' '.join(map(str, files))} --configfile {configuration}"


def _flat(run: Record) -> list[tuple[str, str]]:
    def walk(values: Mapping[str, Any], prefix: str) -> Any:
        for key, value in values.items():
            if isinstance(value, Mapping):
                yield from walk(value, f"{prefix}{key}.")
            else:
                text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
                yield prefix + key, text

    return list(walk(run.provenance.values, ""))
