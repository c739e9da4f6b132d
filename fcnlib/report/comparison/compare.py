"""What differs between two runs: claims, numbers, rows, configuration, origin."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from fcnlib.config.columns import COLUMNS
from fcnlib.report.claims import Verdict
from fcnlib.report.comparison.noise import Noise, noise_of
from fcnlib.report.comparison.runs import ComparedRun
from fcnlib.report.differences import Difference, value_differences
from fcnlib.report.results import ResultRow

WORDS = {True: "true", False: "false", None: "untested"}
Place = tuple[str, str, str, str]  # table, experiment, task, metric


class ClaimChange(NamedTuple):
    """A claim whose verdict differs, or that one run alone has."""

    id: str
    before: Verdict | None
    after: Verdict | None

    @property
    def statement(self) -> str:
        """What it claims, as the later run has it."""
        return (self.after or self.before).statement  # type: ignore[union-attr]

    @property
    def words(self) -> tuple[str, str]:
        """Both verdicts in a word."""
        before, after = (
            WORDS[verdict.holds] if verdict else "not there"
            for verdict in (self.before, self.after)
        )
        return before, after


class NumberChange(NamedTuple):
    """A measured number that differs."""

    before: ResultRow
    after: ResultRow
    noise: Noise

    @property
    def label(self) -> str:
        """What the number is."""
        column = self.before.column
        return COLUMNS[column].heading if column else self.before.metric

    @property
    def texts(self) -> tuple[str, str, str]:
        """Both numbers and their difference, as precise as tables have them, and a digit more."""
        column = self.before.column
        digits, per = (COLUMNS[column].digits + 1, COLUMNS[column].per) if column else (3, 1.0)
        numbers = [(row.measured or 0.0) / per for row in (self.before, self.after)]
        difference = numbers[1] - numbers[0]
        if column and COLUMNS[column].form != "f":
            return f"{numbers[0]:g}", f"{numbers[1]:g}", f"{difference:+g}"
        before, after = (f"{number:,.{digits}f}" for number in numbers)
        return before, after, f"{difference:+,.{digits}f}"


@dataclass(frozen=True)
class Comparison:
    """All that differs between two runs."""

    a: ComparedRun
    b: ComparedRun
    claims: list[ClaimChange]
    numbers: list[NumberChange]  # beyond noise
    within: list[NumberChange]  # noise
    compared: int  # numbers that both measured
    only_a: list[ResultRow]
    only_b: list[ResultRow]
    configuration: list[Difference]  # `found` is of A, `expected` of B
    origin: list[Difference]

    @property
    def nothing_differs(self) -> bool:
        """Whether all that was compared is equal."""
        numbers = self.numbers or self.within or self.only_a or self.only_b
        return not (self.claims or numbers or self.configuration or self.origin)

    @property
    def remarks(self) -> list[str]:
        """What a reader must know before the differences."""
        remarks = [*self.a.lacks, *self.b.lacks]
        if self.a.scale != self.b.scale:
            remarks.append(
                f"The runs are of different scales, {self.a.scale} and {self.b.scale}: their "
                "numbers are of other nets or other images."
            )
        elif (of_a := _images(self.a.rows)) != (of_b := _images(self.b.rows)):
            remarks.append(f"The runs are of different images, {of_a} and {of_b}.")
        return remarks


def _images(rows: Iterable[ResultRow]) -> str:
    return ", ".join(sorted({row.images for row in rows if row.images}))


def compare(a: ComparedRun, b: ComparedRun) -> Comparison:
    """What differs from run A to run B."""
    before, after = _measured(a.rows), _measured(b.rows)
    both = [(before[place], after[place]) for place in before if place in after]
    changes = [
        NumberChange(old, new, noise_of(old, new, a, b))
        for old, new in both
        if old.measured != new.measured
    ]
    return Comparison(
        a,
        b,
        claims=_claims(a.verdicts, b.verdicts),
        numbers=[change for change in changes if change.noise.beyond],
        within=[change for change in changes if not change.noise.beyond],
        compared=len(both),
        only_a=_only(a.rows, b.rows),
        only_b=_only(b.rows, a.rows),
        configuration=_configuration(a, b),
        origin=_origin(a, b),
    )


def _place(row: ResultRow) -> Place:
    return row.table, row.experiment, row.task, row.metric


def _measured(rows: Iterable[ResultRow]) -> dict[Place, ResultRow]:
    return {_place(row): row for row in rows if row.measured is not None}


def _only(rows: Iterable[ResultRow], others: Sequence[ResultRow]) -> list[ResultRow]:
    """The rows that the others lack, or have no measured number of."""
    there, measured = {_place(row) for row in others}, _measured(others)
    return [row for row in rows if _place(row) not in (there if row.measured is None else measured)]


# What a reader looks for first: what was true and is not, then what has become true.
ORDER = [("true", "false"), ("false", "true"), ("true", "untested"), ("false", "untested")]


def _claims(
    before: Mapping[str, Verdict] | None, after: Mapping[str, Verdict] | None
) -> list[ClaimChange]:
    if before is None or after is None:
        return []
    changes = [
        ClaimChange(name, before.get(name), after.get(name))
        for name in dict.fromkeys([*before, *after])
    ]
    changed = [change for change in changes if len(set(change.words)) > 1]
    return sorted(changed, key=lambda x: ORDER.index(x.words) if x.words in ORDER else len(ORDER))


def _configuration(a: ComparedRun, b: ComparedRun) -> list[Difference]:
    """The values that differ by key; between two scales, those of one beside the other's too."""
    if a.configuration is None or b.configuration is None:
        return []
    found = list(value_differences(a.configuration, b.configuration))
    one, other = (str(run.configuration.get("scale")) for run in (a, b) if run.configuration)
    if one != other:
        values = _scale(a.configuration, one), _scale(b.configuration, other)
        found += value_differences(*values, f"scales.{one}|{other}")
    return found


def _scale(configuration: Mapping[str, Any] | None, name: str) -> Any:
    scales = (configuration or {}).get("scales")
    return scales.get(name, {}) if isinstance(scales, Mapping) else {}


def _origin(a: ComparedRun, b: ComparedRun) -> list[Difference]:
    """Commits, versions and machines that differ; of a results.csv alone, the commits."""
    names = dict.fromkeys([*a.origin, *b.origin]) if a.records and b.records else ["commits"]
    pairs = ((name, a.origin.get(name, "none"), b.origin.get(name, "none")) for name in names)
    return [Difference(name, old, new) for name, old, new in pairs if old != new]
