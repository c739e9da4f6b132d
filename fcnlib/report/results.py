"""The tidy frame of results.csv, one number a row: the source of tables, figures and claims."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from fcnlib.config.columns import NAMES, ColumnName
from fcnlib.core.errors import InputError
from fcnlib.core.files import atomic_write, write_json
from fcnlib.report.csv_rows import read_csv

NOISE = 2.0  # standard errors; a smaller difference may be noise


class ResultRow(NamedTuple):
    """One number of results.csv, in its unit; None where there is none.

    `task` is empty for what is no score; `images` and `section` are those of the table, `commit`
    those recorded in the metrics files that were measured for the row.
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
    scale: str = ""
    images: str = ""
    section: str = ""
    commit: str = ""

    @property
    def column(self) -> ColumnName | None:
        """The column of a table that the number is of."""
        return NAMES.get((self.task, self.metric))

    @property
    def error(self) -> float:
        """The standard error of the mean; 0 of one run, as it is not known."""
        return self.std / math.sqrt(self.seeds) if self.std and self.seeds else 0.0


RESULT_COLUMNS = list(ResultRow._fields)
NUMBERS = ("measured", "std", "paper")
TEXTS = [name for name in RESULT_COLUMNS if name not in (*NUMBERS, "seeds")]
# A text that a spreadsheet computes, or would but for the apostrophes that keep it text.
FORMULA = re.compile(r"'*(\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r])")


def as_text_cell(text: str) -> str:
    """The text as no spreadsheet takes it for a formula."""
    return f"'{text}" if FORMULA.match(text) else text


def from_text_cell(cell: str) -> str:
    """The text that `as_text_cell` was given."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


def results_frame(rows: Iterable[ResultRow]) -> pd.DataFrame:
    """The rows as a frame: text, floats with NaN where there is none, and whole seeds."""
    return typed(pd.DataFrame(list(rows), columns=RESULT_COLUMNS))


def typed(results: pd.DataFrame) -> pd.DataFrame:
    """A frame with these columns, in their order and types."""
    dtypes = {name: "str" for name in RESULT_COLUMNS}
    dtypes |= {name: "float64" for name in NUMBERS} | {"seeds": "Int64"}
    return results[RESULT_COLUMNS].astype(dtypes)


def result_rows(results: pd.DataFrame) -> list[ResultRow]:
    """The frame's rows, with None where there is no number."""
    rows = results[RESULT_COLUMNS].itertuples(index=False, name=None)
    return [ResultRow._make(None if pd.isna(cell) else cell for cell in cells) for cells in rows]


def write_results(path: Path, results: pd.DataFrame) -> None:
    """Write tidy CSV: equal rows give equal bytes, and every number and text reads back exactly."""
    with atomic_write(path) as temporary:
        temporary.write_text(as_csv(results), "utf-8", newline="")


def as_csv(results: pd.DataFrame) -> str:
    """The text of tidy CSV."""
    cells = typed(results)
    cells[TEXTS] = cells[TEXTS].map(as_text_cell)
    return cells.to_csv(index=False, lineterminator="\n")


def read_results(path: Path | str) -> pd.DataFrame:
    """The frame that `write_results` wrote."""
    header, rows = read_csv(path, "CSV")
    if header != RESULT_COLUMNS:
        raise InputError(f"{path}: expected the columns {','.join(RESULT_COLUMNS)}")
    return results_frame([_row(place, cells) for place, cells in rows])


def _row(place: str, cells: Mapping[str, str]) -> ResultRow:
    """The row of a line's cells; `place` is for messages."""
    values: dict[str, Any] = {name: from_text_cell(cells[name]) for name in TEXTS}
    values |= {name: _number(cells[name], f"{place}: {name}") for name in NUMBERS}
    values["seeds"] = _count(cells["seeds"], f"{place}: seeds")
    if (values["std"] or 0) < 0:
        raise InputError(f"{place}: std: {cells['std']}; expected 0 or more")
    return ResultRow(**values)


def _number(cell: str, place: str) -> float | None:
    """The number of a cell, read exactly; None of an empty one."""
    try:
        number = float(cell) if cell else None
    except ValueError:
        number = math.nan
    if number is not None and not math.isfinite(number):
        raise InputError(f"{place}: {cell[:40]!r}; expected a finite number, or nothing")
    return number


def _count(cell: str, place: str) -> int | None:
    """The whole number of a cell; None of an empty one."""
    if cell and not re.fullmatch("[0-9]{1,10}", cell):
        raise InputError(f"{place}: {cell[:40]!r}; expected a whole number, or nothing")
    return int(cell) if cell else None


def join_tables(tables: Sequence[Path | str], output: Path | str) -> None:
    """Write results.csv: the rows of all tables in the order given."""
    write_results(Path(output), joined([read_results(path) for path in tables]))


def joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The rows of all tables in the order given."""
    return pd.concat(tables) if tables else results_frame(())


def write_scores(
    results: Path | str, *, experiments: Sequence[str], outputs: Sequence[Path | str]
) -> None:
    """Write the measured scores of each experiment to its file, as `dvc metrics` compares them.

    `outputs` are the files of the `experiments`, in their order and in one folder; whatever else
    lies there is removed.
    """
    scores = measured_scores(read_results(results), experiments)
    for name, path in zip(experiments, outputs, strict=True):
        write_json(Path(path), scores[name])
    wanted = set(map(Path, outputs))
    for other in {path for folder in {path.parent for path in wanted} for path in folder.iterdir()}:
        if other not in wanted:
            other.unlink()


def measured_scores(
    results: pd.DataFrame, experiments: Iterable[str]
) -> dict[str, dict[ColumnName, float]]:
    """The measured scores of each of these experiments by column; nothing of one without rows."""
    scores: dict[str, dict[ColumnName, float]] = {name: {} for name in experiments}
    for row in result_rows(results):
        if row.measured is not None and row.column and row.task and row.experiment in scores:
            scores[row.experiment][row.column] = row.measured
    return scores
