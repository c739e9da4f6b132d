"""Numbers of learning curves."""

import csv
from pathlib import Path

from fcnlib.core.errors import InputError

Points = list[tuple[float, float]]


def points(path: Path, column: str, against: str = "iteration") -> Points:
    """(iteration, value) wherever a training log has a value in `column`; or against another."""
    with open(path, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if missing := {against, column} - set(reader.fieldnames or ()):
            raise InputError(f"{path}: no column {', '.join(sorted(missing))}")
        try:
            return [(float(x[against]), float(x[column])) for x in reader if x[column]]
        except ValueError as error:
            raise InputError(f"{path}: line {reader.line_num}: {column}: {error}") from None
