"""The paper's claims against a run's numbers: true, false or untested."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError, field_serializer, model_validator

from fcnlib.config.columns import COLUMNS, ColumnName
from fcnlib.config.schema_data import Frozen, Name
from fcnlib.config.yaml_files import first_problem, merged
from fcnlib.core.errors import InputError
from fcnlib.core.files import write_json
from fcnlib.report.predicates import Comparison, parse, standard_errors
from fcnlib.report.results import NOISE, Line, read_lines


class Place(NamedTuple):
    """Where results.csv has a number."""

    table: str
    experiment: str
    column: ColumnName


class Claim(Frozen):
    """What the paper says, and what has to hold for it to be so.

    Instead of `holds`: the tests that show it, or why no number of a run tells.
    """

    section: str
    statement: str
    numbers: Mapping[str, Place] = {}  # measured
    published: Mapping[str, Place] = {}  # others' numbers, on the published images
    holds: str | None = None
    tests: tuple[str, ...] = ()
    untested: str | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> "Claim":
        if (self.holds is not None) + bool(self.tests) + (self.untested is not None) != 1:
            raise ValueError("expected one of holds, tests and untested")
        read = {name for part in self.comparisons for name in part.names()}
        given = [*self.numbers, *self.published]
        if len(set(given)) < len(given):
            raise ValueError("a name stands in numbers and in published")
        if odd := read.symmetric_difference(given):
            name = min(odd)
            what = "reads {!r}, which is not given" if name in read else "does not read {!r}"
            raise ValueError(f"holds: {what.format(name)}")
        return self

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        try:
            return parse(self.holds) if self.holds is not None else ()
        except ValueError as error:
            raise ValueError(f"holds: {error}") from None


class Claims(Frozen):
    """claims.yaml."""

    claims: dict[Name, Claim]


class Verdict(Frozen):
    """A claim and what this run says of it."""

    id: str
    statement: str
    section: str
    holds: bool | None
    why: str  # it is untested
    predicate: str
    tests: tuple[str, ...]
    standard_errors: float | None  # from turning over; None: one run each, or no chance in it
    within_noise: bool
    values: dict[str, Line]  # nothing measured where others published it

    @field_serializer("values")
    def _by_name(self, values: dict[str, Line]) -> dict[str, dict[str, Any]]:
        return {name: line._asdict() for name, line in values.items()}


def read_claims(path: Path | str) -> Claims:
    """The claims of a YAML file; a predicate that does not parse is an error."""
    try:
        return Claims.model_validate(merged([path]))
    except ValidationError as error:
        raise InputError(first_problem(error, str(path))) from None


def check_claims(claims: Claims, content: Mapping[str, Any], source: Path | str) -> None:
    """An error for a claim that names a table, row or column that is not there.

    `content` is the whole configuration, also what the scale does not show.
    """
    tables, experiments = content["tables"], content["experiments"]
    for name, claim in claims.claims.items():
        for table, experiment, column in [*claim.numbers.values(), *claim.published.values()]:
            place = f"{source}: claims.{name}"
            if table not in tables:
                raise InputError(f"{place}: {table!r} is no table; known: {', '.join(tables)}")
            if table not in experiments.get(experiment, {}).get("tables", ()):
                raise InputError(f"{place}: {experiment!r} is no row of table {table}")
            if column not in tables[table]["columns"]:
                raise InputError(f"{place}: {column!r} is no column of table {table}")


def write_claims(
    output: Path | str, *, claims: Path | str, results: Path | str, images: Mapping[str, str]
) -> None:
    """Write claims.json; `images` tells by table whose images its numbers are of."""
    lines = {(line.table, line.experiment, line.column): line for line in read_lines(results)}
    verdicts = [
        verdict(name, claim, lines, images) for name, claim in read_claims(claims).claims.items()
    ]
    write_json(Path(output), [found.model_dump(mode="json") for found in verdicts])


def read_verdicts(path: Path | str) -> list[Verdict]:
    """What `write_claims` wrote."""
    try:
        return TypeAdapter(list[Verdict]).validate_json(Path(path).read_bytes())
    except (OSError, ValidationError) as error:
        raise InputError(f"{path}: expected claims.json: {' '.join(str(error).split())}") from None


Lines = Mapping[tuple[str, str, ColumnName | None], Line]


def verdict(name: str, claim: Claim, lines: Lines, images: Mapping[str, str]) -> Verdict:
    """What these numbers say of one claim."""
    measured = {key: lines[place] for key, place in claim.numbers.items() if place in lines}
    others = {key: lines[place] for key, place in claim.published.items() if place in lines}
    why = _why_untested(claim, lines, images)
    holds, apart = None, None
    if not why and claim.holds is not None:
        values = {key: float(line.measured or 0) for key, line in measured.items()}
        values |= {key: float(line.paper or 0) for key, line in others.items()}
        try:
            holds, apart = judged(claim.comparisons, values, _errors(measured))
        except (ArithmeticError, ValueError) as error:
            why = f"The comparison cannot be computed: {error}."
    return Verdict(
        id=name,
        statement=claim.statement,
        section=claim.section,
        holds=holds,
        why=why,
        predicate=claim.holds or "",
        tests=claim.tests,
        standard_errors=None if apart is None else round(apart, 2),
        within_noise=apart is not None and apart < NOISE,
        values=measured | {key: line._replace(measured=None) for key, line in others.items()},
    )


def judged(
    comparisons: tuple[Comparison, ...], values: Mapping[str, float], errors: Mapping[str, float]
) -> tuple[bool, float | None]:
    """Whether all of them hold, and how many standard errors the verdict is from turning over.

    One that turns over makes a true claim false; a false one needs all that fail to turn over.
    """
    failed = [part for part in comparisons if not part.holds(values)]
    apart = [standard_errors(part, values, errors) for part in failed or comparisons]
    known = [number for number in apart if number is not None]
    if failed:
        # One that fails whatever the chance leaves nothing to noise.
        return False, max(known) if len(known) == len(failed) else None
    return True, min(known, default=None)


def _errors(lines: Mapping[str, Line]) -> dict[str, float]:
    """The standard errors of the means of several runs."""
    return {key: line.error for key, line in lines.items() if line.std is not None}


def _why_untested(claim: Claim, lines: Lines, images: Mapping[str, str]) -> str:
    """Why no verdict can be given; empty where one can."""
    if claim.untested:
        return claim.untested
    if claim.tests:
        return "The project's tests show it; no run does."
    for place in [*claim.numbers.values(), *claim.published.values()]:
        if place not in lines:
            return f"This run has no row {place.experiment} in its table {place.table}."
    for place in claim.numbers.values():
        if COLUMNS[place.column].server:
            return "Only PASCAL's evaluation server has these labels."
        if lines[place].measured is None:
            return f"{lines[place].row} has no measured {COLUMNS[place.column].label}."
    if claim.published and any(
        images.get(place.table) != "published" for place in claim.numbers.values()
    ):
        return "It compares with others' numbers, and those are of the published images."
    for place in claim.published.values():
        if lines[place].paper is None:
            return f"{lines[place].row} has no published {COLUMNS[place.column].label}."
    return ""
