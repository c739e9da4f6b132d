"""The page of results: one HTML file that needs no network and no script."""

import html
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from fcnlib.core.files import atomic_write
from fcnlib.datasets.colours import VOID_COLOUR, as_hex
from fcnlib.datasets.reader import read_info
from fcnlib.evaluation.record import by_experiment
from fcnlib.report.aggregate import Runs
from fcnlib.report.claims import read_verdicts
from fcnlib.report.estimated import compare, read_estimate
from fcnlib.report.figures.info import FigureInfo, read_figure_info
from fcnlib.report.job_times import Files, Job, duration, read_jobs
from fcnlib.report.page.archives import archives_by_status
from fcnlib.report.page.browser import image_browsers
from fcnlib.report.page.chance import chance_table
from fcnlib.report.page.charts import chart_library, packed_specification
from fcnlib.report.page.claims import SYMBOLS, SectionClaims, scorecard, totals
from fcnlib.report.page.confusion import LARGEST, confusion_table
from fcnlib.report.page.embed import picture_uri
from fcnlib.report.page.net_counts import counts_of_nets
from fcnlib.report.page.net_data import net_data
from fcnlib.report.page.parts import (
    Picture,
    costs,
    provenance_rows,
    relative,
    run_metadata,
    score_table,
)
from fcnlib.report.rehearsal import read_rehearsal
from fcnlib.report.rehearsal_text import conclusions
from fcnlib.report.rehearsal_text import tables as rehearsal_tables
from fcnlib.report.results import read_results
from fcnlib.report.specs import TableSpec
from fcnlib.report.tables import measured_label

T = TypeVar("T")
TITLE = "Fully Convolutional Networks for Semantic Segmentation"
# The figures of a table that few readers need, by their kind: the others stand below the table.
MORE = {"curves": "Learning curves", "class_iu": "IU by class", "examples": "Images, worst first"}


class PageSection(NamedTuple):
    """What belongs to a section of the paper; what belongs to none has no number."""

    number: str
    title: str
    views: list[dict[str, Any]]  # tables
    figures: list[Picture]
    claims: list[SectionClaims]

    @property
    def name(self) -> str:
        """What the navigation calls it: Net, of "3: net (Table 2)"."""
        name = re.sub(r" \([^)]*\)$", "", self.title.partition(": ")[2] or self.title)
        return name[:1].upper() + name[1:]

    @property
    def counts(self) -> dict[str, int]:
        return totals(self.claims)


def write_page(  # noqa: PLR0913
    *,
    output: Path | str,
    scale: str,
    tables: Sequence[Mapping[str, Any]],
    csvs: Sequence[Path | str],
    results: Path | str,
    metrics: Sequence[Path | str],
    datasets: Sequence[Path | str],
    curves: Files,
    training: Files,
    training_logs: Files,
    benchmarks: Files,
    logs: Files,
    figures: Sequence[Path | str],
    images: Sequence[Path | str],
    claims: Path | str,
    configuration: Path | str,
    commands: Sequence[str],
    archives: Sequence[Path | str] = (),
    rehearsal: Sequence[Path | str] = (),
    estimate: Path | str | None = None,
    report: str = "report.html",
) -> None:
    """Write index.html.

    Args:
        output: the page.
        scale: the name of the run's scale.
        tables: the values of a `TableSpec` each, in the order of the page.
        csvs: the tables' own files, in the same order; Markdown and LaTeX lie beside them.
        results: results.csv.
        metrics: the metrics files of all runs, with the counts of those with scores beside them.
        datasets: the `dataset.json` of every data set that was scored on.
        curves: the learning curves, by experiment.
        training: Snakemake's benchmark files of the training jobs, by experiment.
        training_logs: the logs of the same jobs.
        benchmarks: those of all other jobs, by kind of job.
        logs: the logs of the same jobs.
        figures: the `FigureInfo` beside each picture.
        images: the `ImageSet` of each table that has one.
        claims: claims.json.
        configuration: the full configuration of the run.
        commands: what to type to get the same from it.
        archives: what was found of each downloaded archive; none of synthetic ones.
        rehearsal: what a rehearsal found; nothing of any other run.
        estimate: what `fcn estimate --save` wrote before the run, if there is such a file.
        report: the address of Snakemake's own report.
    """
    expected = read_estimate(Path(estimate)) if estimate else None
    output, runs = Path(output), by_experiment(metrics)
    counted = counts_of_nets(runs)
    datasets_by_net = {name: own[0][1].dataset for name, own in runs.items() if own[0][1].tasks}
    dataset_infos = {info.name: info for info in map(read_info, map(Path, datasets))}
    specs = [TableSpec.model_validate(table) for table in tables]
    trained, others = read_jobs(training, training_logs), read_jobs(benchmarks, logs)
    every_job = {"train": [job for jobs in trained.values() for job in jobs], **others}
    infos = [(Path(path), read_figure_info(path)) for path in figures]
    pictures = [_picture(info, path.with_name(info.image), output) for path, info in infos]
    browsers, photographs = image_browsers(images)
    origins = {table.images for table in specs}
    is_own = "own" in origins and origins <= {"own", "none"}
    verdicts = scorecard(
        claims, of_own=is_own, samples={name: net.samples for name, net in counted.items()}
    )
    all_results = read_results(results)
    views = [
        table_view(table, all_results[all_results["table"] == table.name], runs, trained, scale)
        | {"confusion": confusion_table(table, datasets_by_net, counted, dataset_infos)}
        | {"csv": relative(Path(csv), output)}
        | {"markdown": relative(Path(csv).with_suffix(".md"), output)}
        | {"latex": relative(Path(csv).with_suffix(".tex"), output)}
        | _figures([item for item in pictures if item.info.table == table.name])
        | {"browser": browsers.get(table.name)}
        | {"chance": chance_table(table, all_results, runs, counted, dataset_infos)}
        for table, csv in zip(specs, csvs, strict=True)
    ]
    sections = by_section(views, [item for item in pictures if not item.info.table], verdicts)
    overview = [item for section in sections if not section.number for item in section.figures]
    legends = list(dict.fromkeys(entry for item in pictures for entry in item.info.legend))
    content = render(
        scale=scale,
        title=_title(specs) if is_own else TITLE,
        own=is_own,
        images=origins,
        label=measured_label(scale),
        metadata=run_metadata(runs, every_job),
        published=any(head.published for view in views for head in view["scores"].columns),
        sections=sections,
        views=views,
        most_classes=LARGEST,
        nets=net_data(runs, counted, dataset_infos, curves, read_verdicts(claims)),
        shared=_said_often(view["scores"].notes for view in views),
        overview=overview,
        claim_totals=totals(verdicts),
        symbols=SYMBOLS,
        legends=legends,
        photographs=photographs,
        chart_library=chart_library() if any(item.explored for item in pictures) else "",
        void=as_hex(VOID_COLOUR),
        configuration=relative(Path(configuration), output),
        commands=commands,
        archives=archives_by_status(archives),
        rehearsals=[rehearsal_view(path) for path in rehearsal],
        estimate=expected,
        estimated=compare(expected, every_job) if expected else [],
        provenance=provenance_rows(specs, runs, output, configuration),
        results=relative(Path(results), output),
        report=report,
    )
    with atomic_write(output) as temporary:
        temporary.write_text(content, encoding="utf-8")


def _picture(info: FigureInfo, path: Path, page: Path) -> Picture:
    explored = packed_specification(path.with_name(info.chart)) if info.chart else ""
    return Picture(info, picture_uri(path), relative(path, page), explored)


def _figures(pictures: Sequence[Picture]) -> dict[str, Any]:
    """The figures of a table: those below it, and those to be opened, with their titles."""
    more = [
        (kind, MORE[kind], item) for kind in MORE for item in pictures if item.info.kind == kind
    ]
    return {"figures": [item for item in pictures if item.info.kind not in MORE], "more": more}


def _title(tables: Sequence[TableSpec]) -> str:
    """What a page of own images is called."""
    return tables[0].title if len(tables) == 1 else "Results on own images"


def _said_often(notes: Iterable[Sequence[str]]) -> list[str]:
    """The sentences below more than one table: the page says them once."""
    counts = Counter(sentence for each in notes for sentence in dict.fromkeys(each))
    return [sentence for sentence, count in counts.items() if count > 1]


def rehearsal_view(path: Path | str) -> dict[str, Any]:
    """What a rehearsal found, for the template."""
    found = read_rehearsal(path)
    return {
        "scale": found.scale,
        "passed": found.passed,
        "conclusions": conclusions(found)[1:],
        "tables": rehearsal_tables(found),
    }


def table_view(
    table: TableSpec,
    results: pd.DataFrame,
    runs: Runs,
    training: Mapping[str, Sequence[Job]],
    scale: str,
) -> dict[str, Any]:
    """A table's scores and costs for the template.

    Args:
        table: what it shows.
        results: its rows of results.csv.
        runs: the metrics of all experiments.
        training: their training jobs, by experiment.
        scale: the name of the run's scale.
    """
    return {
        "scores": score_table(table, results, runs, scale=scale),
        "costs": costs(table, runs, training),
    }


def by_section(
    views: Sequence[dict[str, Any]], figures: Sequence[Picture], verdicts: Sequence[SectionClaims]
) -> list[PageSection]:
    """Tables, figures and claims by the paper's section, in its order; those of none come last."""
    of_tables = [view["scores"].section for view in views]
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


def as_code(text: str) -> str:
    """The text as HTML, with `backticks` set as code, as Markdown does."""
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
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}
    environment.filters["code"] = as_code
    environment.filters["duration"] = duration
    return environment.get_template("index.html.j2").render(**context)
