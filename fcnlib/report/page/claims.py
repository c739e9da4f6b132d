"""The scorecard of the paper's claims, as plain values for the page's template."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from fcnlib.config.columns import COLUMNS, NAMES
from fcnlib.report.claims import Verdict, read_verdicts
from fcnlib.report.results import ResultRow

# A word and a symbol, as not everybody sees colours.
SYMBOLS = {
    "true": "\N{CHECK MARK}",
    "false": "\N{MULTIPLICATION X}",
    "untested": "\N{EN DASH}",
}


class ClaimNumber(NamedTuple):
    """A number that a claim rests on; `name` is what its predicate calls it."""

    name: str
    row: str
    label: str
    measured: str
    spread: str
    paper: str


class ClaimView(NamedTuple):
    """A claim as the page shows it."""

    id: str
    word: str
    symbol: str
    statement: str
    source: str
    predicate: str
    tolerance: str
    noise: str
    within_noise: bool
    why: str
    tests: tuple[str, ...]
    numbers: list[ClaimNumber]


class SectionClaims(NamedTuple):
    """The claims of one section of the paper, and how many of them are what."""

    title: str
    counts: dict[str, int]
    claims: list[ClaimView]


def scorecard(path: Path | str, *, of_own: bool = False) -> list[SectionClaims]:
    """The verdicts of claims.json by section, in the order of the file.

    With `of_own`, only those on numbers of own images: the paper claims nothing of these.
    """
    verdicts = read_verdicts(path)
    if of_own:
        verdicts = [x for x in verdicts if any(row.images == "own" for row in x.values.values())]
    sections = dict.fromkeys(verdict.section for verdict in verdicts)
    return [_section(title, [v for v in verdicts if v.section == title]) for title in sections]


def totals(sections: Sequence[SectionClaims]) -> dict[str, int]:
    """How many claims of all sections are true, false and untested."""
    return {word: sum(section.counts[word] for section in sections) for word in SYMBOLS}


def _section(title: str, verdicts: Sequence[Verdict]) -> SectionClaims:
    claims = [_view(verdict) for verdict in verdicts]
    words = [claim.word for claim in claims]
    return SectionClaims(title, {word: words.count(word) for word in SYMBOLS}, claims)


def _view(verdict: Verdict) -> ClaimView:
    word = {True: "true", False: "false", None: "untested"}[verdict.holds]
    return ClaimView(
        id=verdict.id,
        word=word,
        symbol=SYMBOLS[word],
        statement=verdict.statement,
        source=verdict.source,
        predicate=verdict.predicate,
        tolerance=verdict.tolerance,
        noise=_noise(verdict),
        within_noise=verdict.within_noise,
        why=verdict.why,
        tests=verdict.tests,
        numbers=[_number(name, value) for name, value in verdict.values.items()],
    )


def _noise(verdict: Verdict) -> str:
    """How far the verdict is from turning over by noise, where several runs show it."""
    if verdict.standard_errors is not None:
        apart = f"{verdict.standard_errors:.1f} standard errors from turning over"
        return f"Only {apart}: it may be noise." if verdict.within_noise else f"{apart}."
    scored = any(value.task for value in verdict.values.values())
    judged = verdict.holds is not None and scored
    return "One run each: no spread to estimate noise from." if judged else ""


def _number(name: str, row: ResultRow) -> ClaimNumber:
    column = COLUMNS[NAMES[row.task, row.metric]]
    return ClaimNumber(
        name=name,
        row=row.row,
        label=column.label if column.unit == "%" else column.heading,
        measured=column.text(row.measured),
        spread=column.text(row.std),
        paper=column.text(row.paper),
    )
