"""Numbers of learning curves."""

import csv
from pathlib import Path

from fcnlib.core.errors import InputError

Points = list[tuple[float, float]]


def points(path: Path, column: str, against: str = "iteration") -> Points:
    """(iteration, value) wherever a training log has a value in `column`; or against another."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            header, *lines = list(csv.reader(file, strict=True)) or [[]]
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{path}: expected a learning curve as CSV: {error}") from None
    if missing := {against, column} - set(header):
        raise InputError(f"{path}: no column {', '.join(sorted(missing))}")
    found: Points = []
    for number, cells in enumerate(lines, 2):
        if cells and len(cells) != len(header):
            raise InputError(f"{path}: line {number}: {len(cells)} cells; expected {len(header)}")
        row = dict(zip(header, cells, strict=False))
        if row.get(column):
            try:
                found.append((float(row[against]), float(row[column])))
            except ValueError as error:
                raise InputError(f"{path}: line {number}: {column}: {error}") from None
    return found
