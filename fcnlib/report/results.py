"""The tidy lines of results.csv, one number each: written, read, and joined."""

import csv
import math
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from fcnlib.config.columns import NAMES, ColumnName
from fcnlib.core.errors import InputError
from fcnlib.core.files import atomic_write, write_json

NOISE = 2.0  # standard errors; what is less apart may be chance


class Line(NamedTuple):
    """One number of results.csv, in its unit; None where there is none.

    `task` is empty for what is no score.
    """

    table: str
    row: str
    experiment: str
    task: str
    metric: str
    measured: float | None
    std: float | None
    seeds: int | None
    paper: float | None
    unit: str

    @property
    def column(self) -> ColumnName | None:
        """The column of a table that the number is of."""
        return NAMES.get((self.task, self.metric))

    @property
    def error(self) -> float:
        """The standard error of the mean; 0 of one run, as it is not known."""
        return self.std / math.sqrt(self.seeds) if self.std and self.seeds else 0.0


def write_lines(path: Path, lines: Iterable[Line]) -> None:
    """Write tidy CSV: equal lines give equal bytes, and every number reads back exactly."""
    with atomic_write(path) as temporary, open(temporary, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Line._fields)
        writer.writerows(lines)


def read_lines(path: Path | str) -> list[Line]:
    """The lines of a CSV that `write_lines` wrote."""
    with open(path, newline="") as file:
        reader = csv.reader(file)
        if next(reader, None) != list(Line._fields):
            raise InputError(f"{path}: expected the columns {','.join(Line._fields)}")
        try:
            return [_parsed(*cells) for cells in reader]
        except (TypeError, ValueError) as error:
            raise InputError(f"{path}: line {reader.line_num}: {error}") from None


def _parsed(table: str, row: str, experiment: str, task: str, metric: str, *rest: str) -> Line:
    measured, std, seeds, paper, unit = rest
    return Line(
        table, row, experiment, task, metric,
        float(measured) if measured else None,
        float(std) if std else None,
        int(seeds) if seeds else None,
        float(paper) if paper else None,
        unit,
    )  # fmt: skip


def join_tables(tables: Sequence[Path | str], output: Path | str) -> None:
    """Write results.csv: the lines of all tables in the order given."""
    write_lines(Path(output), chain.from_iterable(map(read_lines, tables)))


def write_scores(results: Path | str, outputs: Sequence[Path | str]) -> None:
    """Write the measured scores of each experiment to its file, as `dvc metrics` compares them.

    `outputs` are EXPERIMENT.json in one folder; those of other experiments are removed from it.
    """
    scores: dict[str, dict[str, float]] = {Path(output).stem: {} for output in outputs}
    for line in read_lines(results):
        if line.measured is not None and line.column and line.task and line.experiment in scores:
            scores[line.experiment][line.column] = line.measured
    for path in map(Path, outputs):
        write_json(path, scores[path.stem])
    wanted = set(map(Path, outputs))
    for other in {path for folder in {path.parent for path in wanted} for path in folder.iterdir()}:
        if other not in wanted:
            other.unlink()
