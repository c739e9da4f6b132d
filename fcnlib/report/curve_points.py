"""Numbers of learning curves."""

from pathlib import Path

from fcnlib.core.errors import InputError
from fcnlib.report.csv_rows import read_csv

Points = list[tuple[float, float]]


def points(path: Path, column: str, against: str = "iteration") -> Points:
    """(iteration, value) wherever a training log has a value in `column`; or against another."""
    header, rows = read_csv(path, "a learning curve as CSV")
    if missing := {against, column} - set(header):
        raise InputError(f"{path}: no column {', '.join(sorted(missing))}")
    found: Points = []
    for place, row in rows:
        if row[column]:
            try:
                found.append((float(row[against]), float(row[column])))
            except ValueError as error:
                raise InputError(f"{place}: {column}: {error}") from None
    return found
