"""The models of a study's claims."""

from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, model_validator

from fcnlib.config.columns import ColumnName
from fcnlib.config.predicates import Comparison, parse
from fcnlib.config.schema_base import Float, Frozen


class Place(NamedTuple):
    """Where results.csv has a number."""

    table: str
    experiment: str
    column: ColumnName


class Reached(Frozen):
    """What a net's training took until a validation came near the mean IU of a net."""

    experiment: str = Field(description="The net that is trained.")
    score: str = Field(description="The mean IU to come near to: a name of `numbers`.")
    within: Annotated[Float, Field(ge=0)] = Field(0.0, description="Points below it that are near.")
    cost: Literal["seconds", "images"] = Field(description="What is counted until then.")


class Claim(Frozen):
    """A claim of the paper, and what has to hold for it to be true.

    Instead of `holds`: the tests that show it, or why no number of a run can.
    """

    section: str = Field(description="The section of the paper that claims it.")
    statement: str = Field(description="The claim in words.")
    source: str = Field("", description="Where it stands: a section, a table, or another work.")
    numbers: Mapping[str, Place] = Field(
        {}, description="Measured numbers by name: [table, experiment, column]."
    )
    published: Mapping[str, Place] = Field(
        {}, description="Others' published numbers, of the published images."
    )
    reached: Mapping[str, Reached] = Field(
        {}, description="What trainings took to come near a score, by name."
    )
    holds: str | None = Field(
        None,
        description="Comparisons of these names, joined by `and`, of + - * / **, abs, min and max.",
    )
    tolerance: str = Field("", description="Why its bounds are what they are: fixed before a run.")
    tests: tuple[str, ...] = Field((), description="The tests that show it, instead.")
    untested: str | None = Field(None, description="Why no number of a run can show it, instead.")

    @model_validator(mode="after")
    def _fits_together(self) -> "Claim":
        if (self.holds is not None) + bool(self.tests) + (self.untested is not None) != 1:
            raise ValueError("expected one of holds, tests and untested")
        scores = {each.score for each in self.reached.values()}
        if lost := sorted(scores - self.numbers.keys()):
            raise ValueError(f"reached: score {lost[0]!r}; expected a name of numbers")
        read = scores.union(*(part.names() for part in self.comparisons))
        given = [*self.numbers, *self.published, *self.reached]
        if len(set(given)) < len(given):
            raise ValueError("a name is in two of numbers, published and reached")
        if unmatched := read.symmetric_difference(given):
            name = min(unmatched)
            what = "reads {!r}, which is not given" if name in read else "does not read {!r}"
            raise ValueError(f"holds: {what.format(name)}")
        if self.holds is not None and not {*self.numbers, *self.reached} & read:
            raise ValueError("holds: reads no measured number; expected tests, or untested")
        return self

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        try:
            return parse(self.holds) if self.holds is not None else ()
        except ValueError as error:
            raise ValueError(f"holds: {error}") from None
