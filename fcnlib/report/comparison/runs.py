"""A run as it is compared with another one: its rows, verdicts, configuration and origin."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from fcnlib.config.studies import read_raw_config
from fcnlib.core.errors import InputError
from fcnlib.core.progress import progress
from fcnlib.evaluation.record import Record, parse_record
from fcnlib.report.chance import Samples, counts_of_runs, net_samples
from fcnlib.report.claims import Verdict, read_verdicts
from fcnlib.report.results import ResultRow, read_results, result_rows
from fcnlib.report.tables import device_text

T = TypeVar("T")


@dataclass(frozen=True)
class ComparedRun:
    """What is compared of a run; of a results.csv alone, only its rows."""

    name: str  # as the user gave it
    rows: list[ResultRow]
    verdicts: Mapping[str, Verdict] | None  # by claim; None: it has none to compare
    configuration: Mapping[str, Any] | None
    records: Mapping[str, list[tuple[Path, Record]]]  # by experiment
    lacks: tuple[str, ...]  # what it has not, in lines
    _samples: dict[str, Samples] = field(default_factory=dict)

    @property
    def scale(self) -> str:
        """The name of its scale; of a results.csv of several, all names."""
        return ", ".join(dict.fromkeys(row.scale for row in self.rows)) or "unknown"

    def samples(self, experiment: str) -> Samples:
        """Its resampled scores by task, resampled when they are first asked for."""
        if experiment not in self._samples:
            try:
                found = net_samples(counts_of_runs(self.records.get(experiment, [])))
            except InputError:  # counts that cannot be read, or of different images
                found = {}
            self._samples[experiment] = found
        return self._samples[experiment]

    @cached_property
    def origin(self) -> dict[str, str]:
        """Commits, versions and machines of all its metrics files, each by what it is."""
        records = [record for runs in self.records.values() for _, record in runs]
        if not records:
            return {"commits": _each(x for row in self.rows for x in row.commit.split())}
        origins = [record.provenance for record in records]
        packages = dict.fromkeys(name for each in origins for name in each.versions)
        trained = [record.trained_on for record in records if record.trained_on]
        return {
            "commits": _each(each.commit for each in origins),
            "uncommitted changes": "yes" if any(each.dirty for each in origins) else "no",
            **{
                name: _each(each.versions.get(name, "none") for each in origins)
                for name in sorted(packages)
            },
            "precision": _each(each.precision or "unknown" for each in origins),
            "scored on": _each(map(device_text, origins)),
            "trained on": _each(map(device_text, trained)),
        }


def _each(texts: Iterable[str]) -> str:
    return ", ".join(sorted({*texts})) or "unknown"


def read_run(path: Path) -> ComparedRun:
    """The run in a results folder, or the rows of a results.csv."""
    if path.is_file():
        only = "only rows are compared: a results.csv alone has no claims, counts or configuration"
        return ComparedRun(str(path), _rows(path), None, None, {}, (only,))
    if not path.is_dir():
        raise InputError(f"{path}: no such folder; expected results such as results/demo")
    results = path / "results.csv"
    if not results.is_file():
        raise InputError(f"{path}: no results.csv in it; expected the results of a finished run")
    lacks: list[str] = []
    return ComparedRun(
        name=str(path),
        rows=_rows(results),
        verdicts=_if_there(path / "claims.json", _verdicts, lacks),
        configuration=_if_there(path / "config.json", _configuration, lacks),
        records=_records(path, lacks),
        lacks=tuple(lacks),
    )


def _rows(path: Path) -> list[ResultRow]:
    return result_rows(read_results(path))


def _if_there(path: Path, read: Callable[[Path], T], lacks: list[str]) -> T | None:
    if path.is_file():
        return read(path)
    lacks.append(f"{path}: missing, so not compared")
    return None


def _verdicts(path: Path) -> dict[str, Verdict]:
    return {verdict.id: verdict for verdict in read_verdicts(path)}


def _configuration(path: Path) -> Mapping[str, Any]:
    return read_raw_config([path])[0]  # JSON is YAML


def _records(folder: Path, lacks: list[str]) -> dict[str, list[tuple[Path, Record]]]:
    """The metrics files that can be read; one of another version is named, and left out."""
    found: dict[str, list[tuple[Path, Record]]] = {}
    refused: set[str] = set()
    files = sorted(folder.glob("metrics/*/*.json"))
    for path in progress(files, desc=str(folder), unit="file"):
        try:
            record = parse_record(path)
        except InputError as error:
            lacks.append(str(error))
            refused.add(path.parent.name)
            continue
        found.setdefault(record.experiment, []).append((path, record))
    if not files:
        lacks.append(f"{folder}: no metrics files: neither counts nor origin are compared")
    return {name: runs for name, runs in found.items() if name not in refused}
