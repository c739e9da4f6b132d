"""What a finished run should hold, by file, as its own configuration says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fcnlib.report.specs import TableSpec


@dataclass(frozen=True)
class StoredMetrics:
    """A metrics file: whose run it is of, and what that depends on."""

    path: Path
    experiment: str
    seed: int
    values: Mapping[str, Any]  # of the configuration, as its provenance has them
    counts: Path | None  # beside it; None: it has no scores
    curve: Path | None  # of the training of its net; None: it has none of its own


@dataclass(frozen=True)
class StoredTable:
    """A table's CSV, with Markdown and LaTeX beside it, and the metrics files of its rows."""

    spec: TableSpec
    csv: Path
    metrics: Sequence[Path]


@dataclass(frozen=True)
class StoredRun:
    """The files of a results folder."""

    folder: Path
    configuration: Path
    scale: str
    metrics: Sequence[StoredMetrics]
    tables: Sequence[StoredTable]
    results: Path
    scores: Mapping[str, Path]  # what `dvc metrics` compares, by experiment
    claims_file: Path
    claims: Mapping[str, Any]  # the configuration's, by name
    curves: Mapping[str, Sequence[Path]]  # those that claims read, by experiment
    figures: Sequence[Path]  # what describes each picture
