"""The paper's claims against a run's numbers: true, false or untested."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError, field_serializer

from fcnlib.config.columns import COLUMNS, ColumnName
from fcnlib.config.predicates import Comparison, standard_errors
from fcnlib.config.schema_base import Frozen
from fcnlib.config.schema_claims import Claim
from fcnlib.core.errors import InputError
from fcnlib.core.files import write_json
from fcnlib.evaluation.record import Record, TimeUnit, by_experiment
from fcnlib.report.collapsed import collapse_reason
from fcnlib.report.reached import Curves, first_near, reached_row, validations
from fcnlib.report.results import NOISE, ResultRow, read_results, result_rows

BUSY = 0.1  # of a machine's processors that other work uses: times are then no ground for a verdict
NO_CURVES: Curves = {}
# Why experiments have no number that decides anything, or none of a unit: the key's second part.
Reasons = Mapping[tuple[str, str], str]
NO_REASONS: Reasons = {}


class Verdict(Frozen):
    """A claim and its verdict in this run."""

    id: str
    statement: str
    section: str
    source: str = ""
    tolerance: str = ""
    holds: bool | None
    why: str  # it is untested, or that a training never came near a score
    predicate: str
    tests: tuple[str, ...]
    standard_errors: float | None  # from turning over; None: one run each, or nothing random in it
    within_noise: bool
    values: dict[str, ResultRow]  # nothing measured where others published it

    @field_serializer("values")
    def _by_name(self, values: dict[str, ResultRow]) -> dict[str, dict[str, Any]]:
        return {name: row._asdict() for name, row in values.items()}


def write_claims(
    output: Path | str,
    *,
    claims: Mapping[str, Any],
    results: Path | str,
    curves: Curves = NO_CURVES,
    metrics: Iterable[Path | str] = (),
) -> None:
    """Write claims.json.

    Args:
        output: the file to write.
        claims: the configuration's, by name.
        results: results.csv.
        curves: the learning curves that claims read, by experiment, one for each seed.
        metrics: the metrics files of the nets that they read: one may have no scores, or a
            training may have collapsed.
    """
    records = [run for found in by_experiment(metrics).values() for _, run in found]
    rows = result_rows(read_results(results))
    verdicts = all_verdicts(claims, rows, curves, undeciding(records, rows))
    write_json(Path(output), [found.model_dump(mode="json") for found in verdicts])


def all_verdicts(
    claims: Mapping[str, Any],
    rows: Iterable[ResultRow],
    curves: Curves = NO_CURVES,
    reasons: Reasons = NO_REASONS,
) -> list[Verdict]:
    """The verdicts of these numbers on the configuration's claims, given by name."""
    places = by_place(rows)
    return [
        verdict(name, Claim.model_validate(claim), places, curves, reasons)
        for name, claim in claims.items()
    ]


def undeciding(records: Iterable[Record], rows: Iterable[ResultRow]) -> Reasons:
    """Why numbers of experiments decide no claim.

    Of those that were not available or collapsed none does, and no times that were measured beside
    other work.

    Args:
        records: the metrics of their runs.
        rows: of results.csv, for the names of the experiments in tables.
    """
    runs: dict[str, list[Record]] = {}
    for record in records:
        runs.setdefault(record.experiment, []).append(record)
    places = by_place(rows)
    reasons: dict[tuple[str, str], str] = {}
    for name, found in runs.items():
        row = _name(name, places)
        reasons[name, ""] = _no_ground(row, found)
        reasons |= {(name, unit): _timed_beside(row, found, unit) for unit in get_args(TimeUnit)}
    return {key: why for key, why in reasons.items() if why}


def _no_ground(row: str, runs: Sequence[Record]) -> str:
    missing = next((f"{run.unavailable}." for run in runs if run.unavailable), "")
    return missing or collapse_reason(row, runs)


def _timed_beside(row: str, runs: Sequence[Record], unit: TimeUnit) -> str:
    share = max((run.beside.get(unit, 0.0) for run in runs), default=0.0)
    if share < BUSY:
        return ""
    what = "trained" if unit == "s" else "timed"
    return (
        f"{row}: {what} while other work used {100 * share:.0f} % of the machine's processors; "
        f"a verdict on times needs less than {100 * BUSY:.0f} %."
    )


def read_verdicts(path: Path | str) -> list[Verdict]:
    """What `write_claims` wrote."""
    try:
        return TypeAdapter(list[Verdict]).validate_json(Path(path).read_bytes())
    except (OSError, ValidationError) as error:
        raise InputError(f"{path}: expected claims.json: {' '.join(str(error).split())}") from None


Rows = Mapping[tuple[str, str, ColumnName | None], ResultRow]


def by_place(rows: Iterable[ResultRow]) -> Rows:
    """The rows by table, experiment and column, as claims name them."""
    return {(row.table, row.experiment, row.column): row for row in rows}


def verdict(
    name: str,
    claim: Claim,
    rows: Rows,
    curves: Curves = NO_CURVES,
    reasons: Reasons = NO_REASONS,
) -> Verdict:
    """The verdict of these numbers on one claim; `curves` are those of its `reached`.

    `reasons` tell of experiments why they have no numbers, or none that decide anything.
    """
    measured = {key: rows[place] for key, place in claim.numbers.items() if place in rows}
    others = {key: rows[place] for key, place in claim.published.items() if place in rows}
    why = _why_untested(claim, rows, curves, reasons)
    holds, apart = None, None
    if not why and claim.holds is not None:
        measured |= _reached(claim, measured, rows, curves)
        values = {key: _value(row) for key, row in measured.items()}
        values |= {key: float(row.paper or 0) for key, row in others.items()}
        try:
            holds, apart = judged(claim.comparisons, values, _errors(measured))
            why = _never_reached(claim, measured)
        except (ArithmeticError, ValueError) as error:
            why = f"The comparison cannot be computed: {error}."
    return Verdict(
        id=name,
        statement=claim.statement,
        section=claim.section,
        source=claim.source,
        tolerance=claim.tolerance,
        holds=holds,
        why=why,
        predicate=claim.holds or "",
        tests=claim.tests,
        standard_errors=None if apart is None else round(apart, 2),
        within_noise=apart is not None and apart < NOISE,
        values=measured | {key: row._replace(measured=None) for key, row in others.items()},
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
        # One that fails without any randomness leaves nothing to noise.
        return False, max(known) if len(known) == len(failed) else None
    return True, min(known, default=None)


def _reached(
    claim: Claim, measured: Mapping[str, ResultRow], rows: Rows, curves: Curves
) -> dict[str, ResultRow]:
    """What trainings took to come near the scores that the claim names."""
    return {
        key: reached_row(each, _value(measured[each.score]), _name(each.experiment, rows), curves)
        for key, each in claim.reached.items()
    }


def _name(experiment: str, rows: Rows) -> str:
    """The experiment as the first table that has it names it."""
    return next((row.row for row in rows.values() if row.experiment == experiment), experiment)


def _value(row: ResultRow) -> float:
    """A measured number; infinite what a training would have taken that never came near."""
    return math.inf if row.measured is None else row.measured


def _never_reached(claim: Claim, measured: Mapping[str, ResultRow]) -> str:
    """Which trainings never came near the score that they had to."""
    rows = (measured[key].row for key in claim.reached if measured[key].measured is None)
    return " ".join(f"{row} never came near that score." for row in rows)


def _errors(rows: Mapping[str, ResultRow]) -> dict[str, float]:
    """The standard errors of the means of several runs."""
    return {key: row.error for key, row in rows.items() if row.std is not None}


def _why_untested(claim: Claim, rows: Rows, curves: Curves, reasons: Reasons) -> str:
    """Why no verdict can be given; empty where one can."""
    if claim.untested:
        return claim.untested
    if claim.tests:
        return "The project's tests show it; no run does."
    return (
        _missing_row(claim, rows)
        or _missing_number(claim, rows, reasons)
        or _missing_validations(claim, rows, curves)
    )


def _missing_row(claim: Claim, rows: Rows) -> str:
    for place in [*claim.numbers.values(), *claim.published.values()]:
        if place not in rows:
            return f"This run has no row {place.experiment} in its table {place.table}."
    return ""


def _missing_number(claim: Claim, rows: Rows, reasons: Reasons) -> str:
    if found := " ".join(reasons[key] for key in _grounds(claim) if key in reasons):
        return found
    for place in claim.numbers.values():
        if COLUMNS[place.column].server:
            return "Only PASCAL's evaluation server has these labels."
        if rows[place].measured is None:
            return f"{rows[place].row} has no measured {COLUMNS[place.column].label}."
    if claim.published and any(rows[x].images != "published" for x in claim.numbers.values()):
        return "It compares with others' numbers, and those are of the published images."
    for place in claim.published.values():
        if rows[place].paper is None:
            return f"{rows[place].row} has no published {COLUMNS[place.column].label}."
    return ""


def _grounds(claim: Claim) -> Iterable[tuple[str, str]]:
    """What there may be reasons of: experiments, and the units of their numbers, each once."""
    places = claim.numbers.values()
    found = [(place.experiment, "") for place in places]
    found += [(place.experiment, COLUMNS[place.column].unit) for place in places]
    found += [(each.experiment, "s") for each in claim.reached.values() if each.cost == "seconds"]
    return dict.fromkeys(found)


def _missing_validations(claim: Claim, rows: Rows, curves: Curves) -> str:
    for each in claim.reached.values():
        trainings = [validations(path, each.cost) for path in curves.get(each.experiment, ())]
        if not trainings:
            return f"This run does not train {each.experiment}."
        score = _value(rows[claim.numbers[each.score]]) - each.within
        if any(len(found) == 1 and first_near(found, score) < math.inf for found in trainings):
            return (
                f"{each.experiment} was validated at its end alone: it may have come near sooner."
            )
    return ""
