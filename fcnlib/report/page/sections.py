"""The parts of the page: by the paper's section, with what belongs to each."""

import re
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from fcnlib.report.page.claims import SectionClaims, first_claims, totals
from fcnlib.report.page.pictures import Picture
from fcnlib.report.page.table_view import TableView

T = TypeVar("T")


class PageSection(NamedTuple):
    """What belongs to a section of the paper; what belongs to none has no number."""

    number: str
    title: str
    views: list[TableView]
    figures: list[Picture]
    claims: list[SectionClaims]

    @property
    def name(self) -> str:
        """What the navigation calls it: Net, of "3: net (Table 2)"."""
        name = re.sub(r" \([^)]*\)$", "", self.title.partition(": ")[2] or self.title)
        return name[:1].upper() + name[1:]

    @property
    def has_result(self) -> bool:
        """Whether anything of it was run: a table, a figure, or what decides a claim."""
        decided = self.counts["true"] + self.counts["false"]
        return bool(self.views or self.figures or decided)

    @property
    def counts(self) -> dict[str, int]:
        return totals(self.claims)

    @property
    def first_claims(self) -> dict[str, str]:
        return first_claims(self.claims)


def by_section(
    views: Sequence[TableView], figures: Sequence[Picture], verdicts: Sequence[SectionClaims]
) -> list[PageSection]:
    """Tables, figures and claims by the paper's section, in its order; those of none come last."""
    of_tables = [view.scores.section for view in views]
    of_figures = [item.info.section for item in figures]
    of_claims = [claims.title.partition(":")[0] for claims in verdicts]
    numbers = {*of_tables, *of_figures, *of_claims}

    def of(number: str, items: Sequence[T], places: Sequence[str]) -> list[T]:
        return [item for item, place in zip(items, places, strict=True) if place == number]

    sections = []
    for number in sorted(numbers, key=_place):
        claims = of(number, verdicts, of_claims)
        title = f"Section {number}" if number else "Other tables" if len(numbers) > 1 else "Results"
        sections.append(
            PageSection(
                number,
                claims[0].title if claims else title,
                of(number, views, of_tables),
                of(number, figures, of_figures),
                claims,
            )
        )
    return sections


def _place(number: str) -> tuple[bool, list[int], str]:
    """4.10 comes after 4.9, and what is no number after all that are."""
    numbered = bool(re.fullmatch(r"\d+(\.\d+)*", number))
    return not numbered, [int(digits) for digits in number.split(".")] if numbered else [], number
