"""The page that people look at: one HTML file that needs no network and no script."""

import html
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from fcnlib.core.files import atomic_write
from fcnlib.datasets.colours import VOID_COLOUR, as_hex
from fcnlib.evaluation.record import by_experiment
from fcnlib.report.figures.info import read_figure_info
from fcnlib.report.job_times import Job, read_benchmark
from fcnlib.report.page.claims import (
    SYMBOLS,
    Section,
    scorecard,
    totals,
)
from fcnlib.report.page.parts import (
    Shown,
    costs,
    machine_facts,
    provenance_rows,
    relative,
    score_table,
)
from fcnlib.report.results import Line, read_lines
from fcnlib.report.specs import TableSpec
from fcnlib.report.tables import Runs, measured_label

T = TypeVar("T")


class Part(NamedTuple):
    """What belongs to a section of the paper; what belongs to none has no number."""

    number: str
    title: str
    views: list[dict[str, Any]]  # tables
    figures: list[Shown]
    claims: list[Section]

    @property
    def counts(self) -> dict[str, int]:
        return totals(self.claims)


def write_page(
    *,
    output: Path | str,
    scale: str,
    tables: Sequence[Mapping[str, Any]],
    csvs: Sequence[Path | str],
    results: Path | str,
    metrics: Sequence[Path | str],
    training: Sequence[Path | str],
    benchmarks: Sequence[Path | str],
    figures: Sequence[Path | str],
    claims: Path | str,
    sections: Mapping[str, Mapping[str, str]],
    configuration: Path | str,
    commands: Sequence[str],
    report: str = "report.html",
) -> None:
    """Write index.html.

    `csvs` are the tables' own files in the order of `tables`; `training` the benchmark files of
    the training jobs (<experiment>/<seed>.tsv), `benchmarks` those of all other jobs; `figures`
    the cards beside the pictures; `claims` is claims.json; `sections` tells of `tables` and of
    `figures` which section of the paper they belong to, if any; `commands` what a reader types to
    get the same from `configuration`.
    """
    output, runs = Path(output), by_experiment(metrics)
    verdicts = scorecard(claims)
    shown = [TableSpec.model_validate(table) for table in tables]
    jobs = {Path(path): read_benchmark(path) for path in [*training, *benchmarks]}
    cards = [(path, read_figure_info(path)) for path in figures]
    pictures = [Shown(card, relative(Path(p).with_name(card.image), output)) for p, card in cards]
    lines = read_lines(results)
    trained = {path: jobs[path] for path in map(Path, training)}
    views = [
        table_view(table, lines, runs, trained, scale=scale)
        | {"csv": relative(Path(csv), output)}
        | {"markdown": relative(Path(csv).with_suffix(".md"), output)}
        | {"figures": [item for item in pictures if item.card.table == table.name]}
        for table, csv in zip(shown, csvs, strict=True)
    ]
    own = [item for item in pictures if not item.card.table]
    parts = by_section(views, own, verdicts, sections)
    content = render(
        scale=scale,
        images={table.images for table in shown},
        label=measured_label(scale),
        facts=machine_facts(runs, jobs),
        published=any(head.published for view in views for head in view["scores"].columns),
        parts=parts,
        overview=[item for part in parts if not part.number for item in part.figures],
        claim_totals=totals(verdicts),
        symbols=SYMBOLS,
        legends=list(dict.fromkeys(entry for item in pictures for entry in item.card.legend)),
        void=as_hex(VOID_COLOUR),
        configuration=relative(Path(configuration), output),
        commands=commands,
        provenance=provenance_rows(shown, runs, output),
        results=relative(Path(results), output),
        report=report,
    )
    with atomic_write(output) as temporary:
        temporary.write_text(content, encoding="utf-8")


def table_view(
    table: TableSpec,
    lines: Sequence[Line],
    runs: Runs,
    training: Mapping[Path, Job],
    *,
    scale: str,
) -> dict[str, Any]:
    """A table's scores and costs for the template."""
    mine = [line for line in lines if line.table == table.name]
    return {
        "scores": score_table(table, mine, runs, scale=scale),
        "costs": costs(table, runs, training),
    }


def by_section(
    views: Sequence[dict[str, Any]],
    figures: Sequence[Shown],
    verdicts: Sequence[Section],
    sections: Mapping[str, Mapping[str, str]],
) -> list[Part]:
    """Tables, figures and claims by the paper's section, in its order; those of none come last."""
    of_tables = [sections["tables"].get(view["scores"].name, "") for view in views]
    of_figures = [sections["figures"].get(item.name, "") for item in figures]
    of_claims = [section.title.partition(":")[0] for section in verdicts]
    numbers = {*of_tables, *of_figures, *of_claims}

    def of(number: str, items: Sequence[T], places: Sequence[str]) -> list[T]:
        return [item for item, place in zip(items, places, strict=True) if place == number]

    parts = []
    for number in sorted(numbers, key=_place):
        claims = of(number, verdicts, of_claims)
        title = f"Section {number}" if number else "Other tables" if len(numbers) > 1 else "Tables"
        parts.append(
            Part(
                number,
                claims[0].title if claims else title,
                of(number, views, of_tables),
                of(number, figures, of_figures),
                claims,
            )
        )
    return parts


def _place(number: str) -> tuple[bool, list[int], str]:
    """4.10 comes after 4.9, and what is no number after all that are."""
    whole = bool(re.fullmatch(r"\d+(\.\d+)*", number))
    return not whole, [int(digits) for digits in number.split(".")] if whole else [], number


def as_code(text: str) -> str:
    """The text as HTML, with what stands in `backticks` set as code, as Markdown does."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))


def render(**context: Any) -> str:
    """The template with every value escaped; a name that the template lacks is an error."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["code"] = as_code
    return environment.get_template("index.html.j2").render(**context)
