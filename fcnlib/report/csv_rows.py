"""CSV files of a run, read so that a line that is wrong can be named."""

import csv
from collections.abc import Iterator
from pathlib import Path

from fcnlib.core.errors import InputError

Rows = Iterator[tuple[str, dict[str, str]]]  # place, for messages, and cells by column


def read_csv(path: Path | str, expected: str) -> tuple[list[str], Rows]:
    """The header, and the other lines, which are checked as they are taken.

    Args:
        path: The file; a spreadsheet may have saved it, with a byte-order mark.
        expected: What a message says that it should be.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            header, *lines = list(csv.reader(file, strict=True)) or [[]]
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{path}: expected {expected}: {error}") from None
    return header, _rows(path, header, lines)


def _rows(path: Path | str, header: list[str], lines: list[list[str]]) -> Rows:
    for number, cells in enumerate(lines, 2):
        place = f"{path}: line {number}"
        if cells and len(cells) != len(header):
            raise InputError(f"{place}: {len(cells)} cells; expected {len(header)}")
        if cells:
            yield place, dict(zip(header, cells, strict=True))
