"""The models of a study's claims."""

from collections.abc import Mapping
from typing import NamedTuple

from pydantic import Field, model_validator

from fcnlib.config.columns import ColumnName
from fcnlib.config.predicates import Comparison, parse
from fcnlib.config.schema_base import Frozen


class Place(NamedTuple):
    """Where results.csv has a number."""

    table: str
    experiment: str
    column: ColumnName


class Claim(Frozen):
    """A claim of the paper, and what has to hold for it to be true.

    Instead of `holds`: the tests that show it, or why no number of a run can.
    """

    section: str = Field(description="The section of the paper that claims it.")
    statement: str = Field(description="The claim in words.")
    numbers: Mapping[str, Place] = Field(
        {}, description="Measured numbers by name: [table, experiment, column]."
    )
    published: Mapping[str, Place] = Field(
        {}, description="Others' published numbers, of the published images."
    )
    holds: str | None = Field(
        None,
        description="Comparisons of these names, joined by `and`, of + - * / **, abs, min and max.",
    )
    tests: tuple[str, ...] = Field((), description="The tests that show it, instead.")
    untested: str | None = Field(None, description="Why no number of a run can show it, instead.")

    @model_validator(mode="after")
    def _fits_together(self) -> "Claim":
        if (self.holds is not None) + bool(self.tests) + (self.untested is not None) != 1:
            raise ValueError("expected one of holds, tests and untested")
        read = {name for part in self.comparisons for name in part.names()}
        given = [*self.numbers, *self.published]
        if len(set(given)) < len(given):
            raise ValueError("a name is in both numbers and published")
        if unmatched := read.symmetric_difference(given):
            name = min(unmatched)
            what = "reads {!r}, which is not given" if name in read else "does not read {!r}"
            raise ValueError(f"holds: {what.format(name)}")
        return self

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        try:
            return parse(self.holds) if self.holds is not None else ()
        except ValueError as error:
            raise ValueError(f"holds: {error}") from None
