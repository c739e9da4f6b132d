"""The scorecard of the paper's claims, as plain values for the page's template."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from fcnlib.config.columns import COLUMNS, NAMES, Column
from fcnlib.config.predicates import parse
from fcnlib.core.errors import InputError
from fcnlib.report.chance import ClaimChance, PartChance, Samples, claim_chance
from fcnlib.report.claims import Verdict, read_verdicts
from fcnlib.report.results import ResultRow

# A word and a symbol, as not everybody sees colours.
SYMBOLS = {
    "true": "\N{CHECK MARK}",
    "false": "\N{MULTIPLICATION X}",
    "untested": "\N{EN DASH}",
}

MANY = 100  # seeds: beyond it, a number says no more
NO_SAMPLES: Mapping[str, Samples] = {}


class ClaimNumber(NamedTuple):
    """A number that a claim rests on; `name` is what its predicate calls it."""

    name: str
    row: str
    link: str  # the id of that row on the page; empty of what no table has
    label: str
    measured: str
    spread: str
    paper: str


class Evidence(NamedTuple):
    """A comparison with its numbers put in: 56.7 > 63.8 + 1, 7.1 short."""

    text: str
    margin: str
    holds: bool
    paper: str  # the same of the published numbers, where all of them are


class ClaimView(NamedTuple):
    """A claim as the page shows it."""

    id: str
    word: str
    symbol: str
    statement: str
    source: str
    predicate: str
    tolerance: str
    evidence: list[Evidence]  # what decides it
    further: str  # on the comparisons that do not
    chance: list[str]  # how far it is from turning over, in sentences
    within_noise: bool
    why: str
    tests: tuple[str, ...]
    numbers: list[ClaimNumber]


class SectionClaims(NamedTuple):
    """The claims of one section of the paper, and how many of them are what."""

    title: str
    counts: dict[str, int]
    claims: list[ClaimView]


def scorecard(
    path: Path | str,
    *,
    of_own: bool = False,
    samples: Mapping[str, Samples] = NO_SAMPLES,
) -> list[SectionClaims]:
    """The verdicts of claims.json by section, in the order of the file.

    Args:
        path: claims.json.
        of_own: Whether only those on numbers of own images: the paper claims nothing of these.
        samples: Scores of resampled test images by experiment, of those with counts.
    """
    verdicts = read_verdicts(path)
    if of_own:
        verdicts = [x for x in verdicts if any(row.images == "own" for row in x.values.values())]
    sections = dict.fromkeys(verdict.section for verdict in verdicts)
    views = {verdict.id: _checked_view(path, verdict, samples) for verdict in verdicts}
    return [
        _section(title, [views[verdict.id] for verdict in verdicts if verdict.section == title])
        for title in sections
    ]


def totals(sections: Sequence[SectionClaims]) -> dict[str, int]:
    """How many claims of all sections are true, false and untested."""
    return {word: sum(section.counts[word] for section in sections) for word in SYMBOLS}


def first_claims(sections: Iterable[SectionClaims]) -> dict[str, str]:
    """By verdict, the ID of the first claim that has it; empty of one that none has."""
    claims = [claim for section in sections for claim in section.claims]
    return {word: next((x.id for x in claims if x.word == word), "") for word in SYMBOLS}


def _section(title: str, claims: list[ClaimView]) -> SectionClaims:
    words = [claim.word for claim in claims]
    return SectionClaims(title, {word: words.count(word) for word in SYMBOLS}, claims)


def _checked_view(path: Path | str, verdict: Verdict, samples: Mapping[str, Samples]) -> ClaimView:
    try:
        return _view(verdict, claim_chance(verdict, samples))
    except (ArithmeticError, KeyError, ValueError) as error:  # of a file that was edited
        raise InputError(
            f"{path}: {verdict.id}: predicate: {verdict.predicate}; expected one of its values: "
            f"{error}"
        ) from None


def _view(verdict: Verdict, found: ClaimChance | None) -> ClaimView:
    word = {True: "true", False: "false", None: "untested"}[verdict.holds]
    evidence = [] if found is None else _evidence(verdict, found.parts)
    shown = _deciding(evidence, found.parts) if found else []
    return ClaimView(
        id=verdict.id,
        word=word,
        symbol=SYMBOLS[word],
        statement=verdict.statement,
        source=verdict.source,
        predicate=verdict.predicate,
        tolerance=verdict.tolerance,
        evidence=shown,
        further=_further(evidence, shown),
        chance=[*_of_images(found), *_of_training(verdict, found)],
        within_noise=verdict.within_noise,
        why=verdict.why,
        tests=verdict.tests,
        numbers=[_number(name, value) for name, value in verdict.values.items()],
    )


def _evidence(verdict: Verdict, parts: Sequence[PartChance]) -> list[Evidence]:
    columns = {name: COLUMNS[NAMES[row.task, row.metric]] for name, row in verdict.values.items()}
    own = {name: _text(columns[name], row) for name, row in verdict.values.items()}
    paper = {name: columns[name].text(row.paper) for name, row in verdict.values.items()}
    return [
        Evidence(
            comparison.with_numbers(own),
            _margin(part, [columns[name] for name in comparison.names()]),
            part.holds,
            comparison.with_numbers(paper) if _is_published(verdict, comparison.names()) else "",
        )
        for comparison, part in zip(parse(verdict.predicate), parts, strict=True)
    ]


def _text(column: Column, row: ResultRow) -> str:
    """What a comparison read: others' published number, or none of what was not reached."""
    known = row.paper if row.measured is None else row.measured
    return "never" if known is None else column.text(known)


def _is_published(verdict: Verdict, names: Iterable[str]) -> bool:
    """Whether the paper has all of these numbers, and not these alone."""
    rows = [verdict.values[name] for name in names]
    return all(row.paper is not None for row in rows) and any(
        row.measured is not None for row in rows
    )


def _margin(part: PartChance, columns: Sequence[Column]) -> str:
    """By how much a comparison holds or fails, as precise as its numbers are displayed."""
    margin = part.margin
    if not math.isfinite(margin):
        return ""
    exact = all(column.form == "f" and column.per == 1 for column in columns)
    digits = max((column.digits for column in columns), default=0)
    text = f"{abs(margin):,.{digits}f}" if exact else f"{abs(margin):.2g}"
    if margin and not float(text.replace(",", "")):
        text = f"{abs(margin):.1g}"
    fails = "too much" if "<" in part.text else "short"
    return f"{text} {'to spare' if part.holds else fails}"


def _deciding(evidence: list[Evidence], parts: Sequence[PartChance]) -> list[Evidence]:
    """The comparisons that fail; of a claim that holds, the one that came closest to it."""
    failed = [each for each in evidence if not each.holds]
    closest = min(range(len(parts)), key=lambda place: parts[place].margin)
    return failed or [evidence[closest]]


def _further(evidence: Sequence[Evidence], shown: Sequence[Evidence]) -> str:
    """What the comparisons do that are not shown."""
    rest = len(evidence) - len(shown)
    if not rest:
        return ""
    if all(each.holds for each in evidence):
        return f"The claim makes {len(evidence)} comparisons, which all hold: this is the closest."
    more = (
        "one more comparison, which holds" if rest == 1 else f"{rest} more comparisons, which hold"
    )
    return f"The claim makes {more}."


def _of_images(found: ClaimChance | None) -> list[str]:
    """How many resamples of the test images turn a verdict over."""
    if found is None or found.turned is None:
        return []
    share = f"{100 * found.turned:.0f} %" if found.turned >= 0.01 else "Under 1 %"
    share = share if found.turned else "None"
    verb = "turns" if found.turned == 0 else "turn"
    return [f"{share} of 1,000 resamples of the test images {verb} it over."]


def _of_training(verdict: Verdict, found: ClaimChance | None) -> list[str]:
    """How far a verdict is from turning over by other seeds, and how many would decide it."""
    sentences = [_noise(verdict)]
    if verdict.within_noise and found is not None and found.seeds_needed is not None:
        needed = found.seeds_needed
        many = f"More than {MANY}" if needed > MANY else f"About {needed}"
        sentences.append(f"{many} seeds of each net would decide it.")
    return [sentence for sentence in sentences if sentence]


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
        link=f"row-{row.table}-{row.experiment}" if row.table else "",
        label=column.label if column.unit == "%" else column.heading,
        measured=column.text(row.measured),
        spread=column.text(row.std),
        paper=column.text(row.paper),
    )
