"""What differs between two runs as lines of text, the most important first."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from fcnlib.config.columns import COLUMNS
from fcnlib.report.comparison.compare import ClaimChange, Comparison, NumberChange
from fcnlib.report.comparison.noise import Kind
from fcnlib.report.differences import shown
from fcnlib.report.results import ResultRow

FEW = 15  # lines of a part, from which on they are counted only


class OnlyOne(NamedTuple):
    """A row of a table that one run alone has, or the numbers of it that it alone measured."""

    table: str
    row: str
    labels: list[str]


def summary(found: Comparison) -> list[str]:
    """The lines of `fcn compare`: of each part the first few, and how many there are."""
    lines = [f"A: {found.a.name}", f"B: {found.b.name}", *found.remarks]
    if found.nothing_differs:
        return [*lines, f"nothing differs: {found.compared} numbers are equal"]
    origin = [f"{each.place}: {each.found} -> {each.expected}" for each in found.origin]
    configuration = [
        f"{each.place}: {shown(each.found)} -> {shown(each.expected)}"
        for each in found.configuration
    ]
    return [
        *lines,
        *_part("claims changed", map(_claim, found.claims)),
        *_part("numbers differ beyond noise", map(_number, found.numbers)),
        *_part("rows only in A", map(_row, by_row(found.only_a))),
        *_part("rows only in B", map(_row, by_row(found.only_b))),
        *_part("values of the configuration differ", configuration),
        *_part("versions and machines differ", origin),
        "",
        f"{found.compared} numbers compared: {len(found.numbers)} differ beyond noise, "
        f"{len(found.within)} within it",
    ]


def by_row(rows: Iterable[ResultRow]) -> list[OnlyOne]:
    """Numbers by table and row, with the columns' labels."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        label = COLUMNS[row.column].label if row.column else row.metric
        found.setdefault((row.table, row.row), []).append(label)
    return [OnlyOne(*place, labels) for place, labels in found.items()]


def _part(title: str, lines: Iterable[str]) -> list[str]:
    every = list(lines)
    if not every:
        return []
    more = [f"  ... and {len(every) - FEW} more"] if len(every) > FEW else []
    return ["", f"{title}: {len(every)}", *(f"  {line}" for line in every[:FEW]), *more]


def _claim(change: ClaimChange) -> str:
    before, after = change.words
    return f"{before} -> {after}  {change.id}: {change.statement}"


def _number(change: NumberChange) -> str:
    before, after, difference = change.texts
    row = change.before
    return (
        f"{row.table}: {row.row}: {change.label}: {before} -> {after} "
        f"({difference}; {change.noise.text})"
    )


def _row(only: OnlyOne) -> str:
    return f"{only.table}: {only.row}: {', '.join(only.labels)}"


def kinds(changes: Sequence[NumberChange]) -> list[Kind]:
    """How noise was judged in these changes, each way once."""
    return list(dict.fromkeys(change.noise.kind for change in changes))
