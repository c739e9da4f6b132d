"""Where a file differs from what it should hold."""

import csv
import io
import json
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from fcnlib.core.files import json_text
from fcnlib.report.differences import LONGEST, shown, value_differences


class Problem(NamedTuple):
    """What does not fit: a place in a file, what is there, and what should be."""

    file: Path
    place: str
    found: str
    expected: str

    def __str__(self) -> str:
        parts = filter(None, [str(self.file), self.place, self.found])
        return f"{': '.join(parts)}; expected {self.expected}"


def unreadable(file: Path, error: Exception, expected: str) -> Problem:
    """Why a file cannot be read, without its name twice."""
    reason = " ".join(str(error).split())
    found = reason.removeprefix(f"{file}: ") if file.exists() else "missing"
    return Problem(file, "", found, expected)


def value_problems(file: Path, found: Any, expected: Any, place: str = "") -> Iterator[Problem]:
    """The differences of nested values that a file has."""
    for each in value_differences(found, expected, place):
        yield Problem(file, each.place, shown(each.found), shown(each.expected))


def json_problems(file: Path, expected: Any, *, by: str = "") -> Iterator[Problem]:
    """Where a JSON file differs from what `write_json` would have written.

    Args:
        file: The file.
        expected: Its content.
        by: The key by which places name the mappings of a list.
    """
    text, problem = _read(file)
    if problem:
        yield problem
        return
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        yield Problem(file, "", f"no JSON: {' '.join(str(error).split())}", "JSON")
        return
    # As JSON has it: lists, and text as keys.
    right = json.loads(json_text(expected))
    problems = list(value_problems(file, _by_key(found, by), _by_key(right, by)))
    yield from problems
    if not problems and text != json_text(expected):
        yield Problem(file, "", "other spaces, order or digits", "the bytes of a run")


def _by_key(content: Any, key: str) -> Any:
    """A list of mappings by a key's values, if they all have it."""
    if not isinstance(content, list) or not all(isinstance(x, dict) and key in x for x in content):
        return content
    return {str(each[key]): each for each in content}


def csv_problems(file: Path, expected: str) -> Iterator[Problem]:
    """Where a CSV file differs from what it should hold, by line and column."""
    text, problem = _read(file)
    if problem or text == expected:
        yield from filter(None, [problem])
        return
    (header, *lines), (wanted, *others) = _cells(text) or [[]], _cells(expected)
    if header != wanted:
        yield Problem(file, "line 1", ",".join(header), ",".join(wanted))
        return
    before = 0
    for number, (cells, right) in enumerate(zip_longest(lines, others), 2):
        if cells is None or right is None or len(cells) != len(right):
            there = "missing" if cells is None else ",".join(cells)
            yield Problem(file, f"line {number}", there, ",".join(right or ["its end"]))
            before += 1
            continue
        for column, cell, value in zip(header, cells, right, strict=True):
            if cell != value:
                before += 1
                yield Problem(file, f"line {number}: {column}", repr(cell), repr(value))
    if not before:
        yield Problem(file, "", "other quotes or line ends", "the bytes of a run")


def _cells(text: str) -> list[list[str]]:
    """The cells of all lines; a broken last line has what could be read of it."""
    return list(csv.reader(io.StringIO(text, newline="")))


def text_problems(file: Path, expected: str) -> Iterator[Problem]:
    """The first line at which a text differs from what it should be."""
    text, problem = _read(file)
    if problem:
        yield problem
        return
    for number, (line, right) in enumerate(zip_longest(text.split("\n"), expected.split("\n")), 1):
        if line != right:
            yield Problem(file, f"line {number}", *_around(line, right))
            return


def _around(line: str | None, right: str | None) -> tuple[str, str]:
    """Both lines from shortly before their first difference on."""
    if line is None or right is None:
        return ("missing" if line is None else repr(line[:LONGEST])), repr(right or "its end")
    same = next(i for i, pair in enumerate(zip_longest(line, right)) if len(set(pair)) > 1)
    start = max(0, same - LONGEST // 4)
    return repr(line[start : start + LONGEST]), repr(right[start : start + LONGEST])


def _read(file: Path) -> tuple[str, Problem | None]:
    """The text of a file, or why there is none."""
    try:
        with open(file, encoding="utf-8", newline="") as opened:
            return opened.read(), None
    except FileNotFoundError:
        return "", Problem(file, "", "missing", "a file of this run")
    except UnicodeDecodeError as error:
        return "", Problem(file, "", str(error), "text in UTF-8")
    except OSError as error:
        return "", Problem(file, "", error.strerror or str(error), "a file of this run")
