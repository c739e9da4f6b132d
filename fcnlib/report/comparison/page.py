"""What differs between two runs as one HTML file that needs no network and no script."""

from collections.abc import Iterable
from pathlib import Path

from fcnlib.config.columns import COLUMNS
from fcnlib.core.files import atomic_write, json_text
from fcnlib.report.comparison.compare import ClaimChange, Comparison, NumberChange
from fcnlib.report.comparison.noise import EXPLAINED
from fcnlib.report.comparison.summary import by_row, kinds
from fcnlib.report.differences import MISSING
from fcnlib.report.page.environment import template_environment
from fcnlib.report.results import ResultRow


def write_comparison(output: Path, found: Comparison) -> None:
    """Write the page of a comparison."""
    changes = [*found.numbers, *found.within]
    environment = template_environment(Path(__file__).parent / "templates")
    environment.filters["value"] = _value
    environment.filters["numbers"] = _numbers
    environment.filters["by_table"] = _by_table
    content = environment.get_template("compare.html.j2").render(
        found=found,
        a=found.a,
        b=found.b,
        explained=[EXPLAINED[kind] for kind in kinds(changes)],
        only=[("A", by_row(found.only_a)), ("B", by_row(found.only_b))],
    )
    with atomic_write(output) as temporary:
        temporary.write_text(content, encoding="utf-8")


def _by_table(changes: Iterable[NumberChange]) -> list[tuple[str, list[NumberChange]]]:
    """The changes of each table, in the order of results.csv."""
    tables: dict[str, list[NumberChange]] = {}
    for change in changes:
        tables.setdefault(change.before.table, []).append(change)
    return list(tables.items())


def _value(value: object) -> str:
    """A configuration's value as a reader sees it."""
    if value is MISSING:
        return "not there"
    return value if isinstance(value, str) else json_text(value)


def _numbers(change: ClaimChange) -> list[tuple[str, str, str]]:
    """The numbers that a claim rests on in both runs, by the names of its predicate."""
    before, after = (each.values if each else {} for each in (change.before, change.after))
    names = dict.fromkeys([*before, *after])
    return [(name, _text(before.get(name)), _text(after.get(name))) for name in names]


def _text(row: ResultRow | None) -> str:
    if row is None:
        return "\N{EN DASH}"
    number = row.paper if row.measured is None else row.measured
    if number is None:
        return "not reached"
    return COLUMNS[row.column].text(number) if row.column else f"{number:g}"
