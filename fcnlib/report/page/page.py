"""The page of results: one HTML file that needs no network and no script."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from fcnlib.core.files import atomic_write
from fcnlib.datasets.colours import VOID_COLOUR, as_hex
from fcnlib.datasets.reader import DatasetInfo, read_info
from fcnlib.evaluation.record import by_experiment, parse_record
from fcnlib.report.aggregate import Runs
from fcnlib.report.claims import read_verdicts
from fcnlib.report.estimated import compare, read_estimate
from fcnlib.report.job_times import Files, Job, read_jobs
from fcnlib.report.page.archives import archives_by_status
from fcnlib.report.page.browser import Browser, image_browsers
from fcnlib.report.page.chance import chance_table
from fcnlib.report.page.charts import chart_library
from fcnlib.report.page.claims import SYMBOLS, first_claims, scorecard, totals
from fcnlib.report.page.confusion import LARGEST, confusion_table
from fcnlib.report.page.environment import template_environment
from fcnlib.report.page.links import relative
from fcnlib.report.page.net_counts import NetCounts, counts_of_nets
from fcnlib.report.page.net_data import net_data
from fcnlib.report.page.pictures import Picture, read_pictures
from fcnlib.report.page.provenance import provenance_rows, run_metadata, sample_sentence
from fcnlib.report.page.score_table import costs, score_table
from fcnlib.report.page.sections import by_section
from fcnlib.report.page.table_view import TableView, below, table_files, to_open
from fcnlib.report.rehearsal import read_rehearsal
from fcnlib.report.rehearsal_text import conclusions
from fcnlib.report.rehearsal_text import tables as rehearsal_tables
from fcnlib.report.results import read_results
from fcnlib.report.specs import Part, TableSpec
from fcnlib.report.tables import measured_label

TITLE = "Fully Convolutional Networks for Semantic Segmentation"


@dataclass(frozen=True, kw_only=True)
class PageInputs:
    """The files and values of a finished run."""

    output: Path | str  # the page
    scale: str  # its name
    tables: Sequence[Mapping[str, Any]]  # the values of a `TableSpec` each, in the page's order
    csvs: Sequence[Path | str]  # theirs, in the same order; Markdown and LaTeX lie beside them
    results: Path | str  # results.csv
    metrics: Sequence[Path | str]  # of all runs; the counts of those with scores lie beside them
    datasets: Sequence[Path | str]  # `dataset.json` of every data set that was scored on
    curves: Files  # learning curves, by experiment
    training: Files  # Snakemake's benchmark files of the training jobs, by experiment
    training_logs: Files  # the logs of the same jobs
    benchmarks: Files  # those of all other jobs, by kind of job
    logs: Files  # the logs of the same jobs
    figures: Sequence[Path | str]  # the `FigureInfo` beside each picture
    images: Sequence[Path | str]  # the `ImageSet` of each table that has one
    claims: Path | str  # claims.json
    configuration: Path | str  # the full one of the run
    commands: Sequence[str]  # what to type to get the same from it
    part: Mapping[str, int] | None = None  # the values of a `Part`; None: all of the list was run
    archives: Sequence[Path | str] = ()  # what was found of each; none of synthetic ones
    rehearsal: Sequence[Path | str] = ()  # what a rehearsal found; nothing of any other run
    estimate: Path | str | None = None  # where `fcn estimate --save` may have written one before
    report: str = "report.html"  # the address of Snakemake's own


class _Run(NamedTuple):
    """What several parts of the page read of a run."""

    runs: Runs
    counted: Mapping[str, NetCounts]  # by experiment, of those with counts
    datasets: Mapping[str, DatasetInfo]
    results: pd.DataFrame
    training: Mapping[str, Sequence[Job]]  # by experiment
    others: Mapping[str, Sequence[Job]]  # by kind of job
    pictures: Sequence[Picture]
    browsers: Mapping[str, Browser]  # by table
    photographs: Sequence[str]  # of all browsers

    @property
    def scored(self) -> dict[str, str]:
        """By experiment with scores, the data set that it was scored on."""
        records = {name: own[0][1] for name, own in self.runs.items()}
        return {name: record.dataset for name, record in records.items() if record.tasks}


def write_page(inputs: PageInputs) -> None:
    """Write index.html."""
    page = Path(inputs.output)
    expected = read_estimate(Path(inputs.estimate)) if inputs.estimate else None
    run = _read(inputs)
    jobs = {"train": [job for found in run.training.values() for job in found], **run.others}
    tables = [TableSpec.model_validate(table) for table in inputs.tables]
    origins = {table.images for table in tables}
    own = "own" in origins and origins <= {"own", "none"}
    samples = {name: net.samples for name, net in run.counted.items()}
    verdicts = scorecard(inputs.claims, of_own=own, samples=samples)
    views = [
        _table_view(table, csv, run, inputs) for table, csv in zip(tables, inputs.csvs, strict=True)
    ]
    every = by_section(views, [x for x in run.pictures if not x.info.table], verdicts)
    not_run = [section for section in every if inputs.part and not section.has_result]
    sections = [section for section in every if section not in not_run]
    content = template_environment().get_template("index.html.j2").render(
        scale=inputs.scale,
        title=_title(tables) if own else TITLE,
        own=own,
        images=origins,
        label=measured_label(inputs.scale),
        metadata=run_metadata(run.runs, jobs),
        sample=sample_sentence(run.runs, run.datasets) if own else "",
        published=any(head.published for view in views for head in view.scores.columns),
        sections=sections,
        not_run=not_run,
        views=views,
        most_classes=LARGEST,
        nets=net_data(
            run.runs, run.counted, run.datasets, inputs.curves, read_verdicts(inputs.claims)
        ),
        shared=_said_often(view.scores.notes for view in views),
        overview=[item for section in sections if not section.number for item in section.figures],
        claim_totals=totals(verdicts),
        first_claims=first_claims(
            claims for section in [*sections, *not_run] for claims in section.claims
        ),
        symbols=SYMBOLS,
        legends=list(dict.fromkeys(entry for item in run.pictures for entry in item.info.legend)),
        photographs=run.photographs,
        chart_library=chart_library() if any(item.explored for item in run.pictures) else "",
        void=as_hex(VOID_COLOUR),
        configuration=relative(Path(inputs.configuration), page),
        commands=inputs.commands,
        part=Part.model_validate(inputs.part) if inputs.part else None,
        archives=archives_by_status(inputs.archives),
        rehearsals=[_rehearsal_view(path) for path in inputs.rehearsal],
        estimate=expected,
        estimated=compare(expected, jobs) if expected else [],
        provenance=provenance_rows(tables, run.runs, page, inputs.configuration),
        results=relative(Path(inputs.results), page),
        report=inputs.report,
    )  # fmt: skip
    with atomic_write(page) as temporary:
        temporary.write_text(content, encoding="utf-8")


def _read(inputs: PageInputs) -> _Run:
    runs = by_experiment(inputs.metrics, read=parse_record)  # checked with the counts below
    return _Run(
        runs,
        counts_of_nets(runs),
        {info.name: info for info in map(read_info, map(Path, inputs.datasets))},
        read_results(inputs.results),
        read_jobs(inputs.training, inputs.training_logs),
        read_jobs(inputs.benchmarks, inputs.logs),
        read_pictures(inputs.figures, Path(inputs.output)),
        *image_browsers(inputs.images, runs),
    )


def _table_view(table: TableSpec, csv: Path | str, run: _Run, inputs: PageInputs) -> TableView:
    results = run.results[run.results["table"] == table.name]
    pictures = [item for item in run.pictures if item.info.table == table.name]
    return TableView(
        score_table(table, results, run.runs, scale=inputs.scale),
        costs(table, run.runs, run.training),
        table_files(csv, Path(inputs.output)),
        below(pictures),
        to_open(pictures),
        run.browsers.get(table.name),
        confusion_table(table, run.scored, run.counted, run.datasets),
        chance_table(table, results, run.runs, run.counted, run.datasets),
    )


def _title(tables: Sequence[TableSpec]) -> str:
    """What a page of own images is called."""
    return tables[0].title if len(tables) == 1 else "Results on own images"


def _said_often(notes: Iterable[Sequence[str]]) -> list[str]:
    """The sentences below more than one table: the page says them once."""
    counts = Counter(sentence for each in notes for sentence in dict.fromkeys(each))
    return [sentence for sentence, count in counts.items() if count > 1]


def _rehearsal_view(path: Path | str) -> dict[str, Any]:
    """What a rehearsal found, for the template."""
    found = read_rehearsal(path)
    return {
        "scale": found.scale,
        "passed": found.passed,
        "conclusions": conclusions(found)[1:],
        "tables": rehearsal_tables(found),
    }
