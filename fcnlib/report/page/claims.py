"""The scorecard of the paper's claims, as plain values for the page's template."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from fcnlib.config.columns import COLUMNS, NAMES
from fcnlib.report.claims import Verdict, read_verdicts
from fcnlib.report.results import Line

# Told by word and symbol, as not everybody sees colours.
SYMBOLS = {
    "true": "\N{CHECK MARK}",
    "false": "\N{MULTIPLICATION X}",
    "untested": "\N{EN DASH}",
}


class Number(NamedTuple):
    """A number that a claim rests on; `name` is what its predicate calls it."""

    name: str
    row: str
    label: str
    measured: str
    spread: str
    paper: str


class Shown(NamedTuple):
    """A claim as the page shows it."""

    id: str
    word: str
    symbol: str
    statement: str
    predicate: str
    noise: str
    within_noise: bool
    why: str
    tests: tuple[str, ...]
    numbers: list[Number]


class Section(NamedTuple):
    """The claims of one section of the paper, and how many of them are what."""

    title: str
    counts: dict[str, int]
    claims: list[Shown]


def scorecard(path: Path | str) -> list[Section]:
    """The verdicts of claims.json by section, in the order of the file."""
    verdicts = read_verdicts(path)
    sections = dict.fromkeys(verdict.section for verdict in verdicts)
    return [_section(title, [v for v in verdicts if v.section == title]) for title in sections]


def totals(sections: Sequence[Section]) -> dict[str, int]:
    """How many claims of all sections are true, false and untested."""
    return {word: sum(section.counts[word] for section in sections) for word in SYMBOLS}


def _section(title: str, verdicts: Sequence[Verdict]) -> Section:
    claims = [_shown(verdict) for verdict in verdicts]
    words = [claim.word for claim in claims]
    return Section(title, {word: words.count(word) for word in SYMBOLS}, claims)


def _shown(verdict: Verdict) -> Shown:
    word = {True: "true", False: "false", None: "untested"}[verdict.holds]
    return Shown(
        id=verdict.id,
        word=word,
        symbol=SYMBOLS[word],
        statement=verdict.statement,
        predicate=verdict.predicate,
        noise=_noise(verdict),
        within_noise=verdict.within_noise,
        why=verdict.why,
        tests=verdict.tests,
        numbers=[_number(name, value) for name, value in verdict.values.items()],
    )


def _noise(verdict: Verdict) -> str:
    """How far the verdict is from chance, where the run can tell; else that it cannot."""
    if verdict.standard_errors is not None:
        apart = f"{verdict.standard_errors:.1f} standard errors from turning over"
        return f"Only {apart}: it may be chance." if verdict.within_noise else f"{apart}."
    scored = any(value.task for value in verdict.values.values())
    told = verdict.holds is not None and scored
    return "One run each: no spread to tell chance by." if told else ""


def _number(name: str, line: Line) -> Number:
    column = COLUMNS[NAMES[line.task, line.metric]]
    return Number(
        name=name,
        row=line.row,
        label=column.label if column.unit == "%" else column.heading,
        measured=column.text(line.measured),
        spread=column.text(line.std),
        paper=column.text(line.paper),
    )
