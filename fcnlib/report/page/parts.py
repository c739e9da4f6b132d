"""What the page shows, as plain values for the template."""

import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fcnlib.config.columns import COLUMNS, Column
from fcnlib.core.errors import InputError
from fcnlib.evaluation.record import Record
from fcnlib.report.figures.info import FigureInfo
from fcnlib.report.job_times import Job, duration
from fcnlib.report.results import Line
from fcnlib.report.specs import TableSpec
from fcnlib.report.tables import (
    Runs,
    best_lines,
    label_of,
    note,
    own_text,
)


class Shown(NamedTuple):
    """A figure's card and the link to its picture."""

    card: FigureInfo
    link: str

    @property
    def name(self) -> str:
        """As config.yaml has it: the figure's own, or that of its table."""
        return Path(self.card.image).stem


class Head(NamedTuple):
    """What stands above a column of the page."""

    label: str
    heading: str
    measured: str
    score: bool
    published: bool
    server: bool

    @property
    def compared(self) -> bool:
        """Whether a difference means anything: times are of another machine, sizes plain to see."""
        return self.score and self.published and not self.server


class Cell(NamedTuple):
    """One measured number, the published one and their difference."""

    text: str
    spread: str
    value: float | None
    best: bool
    seeds: int | None
    paper: str
    paper_value: float | None
    difference: str
    difference_value: float | None


class Row(NamedTuple):
    """One row of the page, by its name in the table."""

    name: str
    published_only: bool  # others' numbers: nothing was run for it
    cells: list[Cell]


class ScoreTable(NamedTuple):
    name: str
    title: str
    note: str
    seeds: int  # the most runs behind one number
    compete: bool
    comparable: bool  # with the published numbers: of the same images
    columns: list[Head]
    rows: list[Row]


class CostTable(NamedTuple):
    """What each row cost, the mean of its runs; only columns that hold a number."""

    columns: list[str]
    rows: list[tuple[str, list[tuple[str, float | None]]]]
    sizes: list[str]  # of the images that forward time was measured on


COSTS = {
    "training (s)": "{:,.0f}",
    "peak memory (MB)": "{:,.0f}",
    "forward (ms)": "{:.1f}",
    "own parameters": "{:,.0f}",
}


def score_table(table: TableSpec, lines: Sequence[Line], runs: Runs, *, scale: str) -> ScoreTable:
    """The table's cells as text and value, in the table's order."""
    best = best_lines(lines, runs) if table.compete else set()
    published = {line.column for line in lines if line.paper is not None}
    seeds = max((line.seeds or 0 for line in lines), default=0)
    heads = [
        Head(
            COLUMNS[name].label,
            COLUMNS[name].heading,
            label_of(name, scale),
            COLUMNS[name].unit == "%",
            name in published,
            COLUMNS[name].server,
        )
        for name in table.columns
    ]
    rows = []
    for row in table.rows:
        mine = {line.column: line for line in lines if line.experiment == row.experiment}
        cells = [_cell(COLUMNS[x], mine[x], runs, best) for x in table.columns if x in mine]
        rows.append(Row(row.row, row.experiment not in runs, cells))
    return ScoreTable(
        name=table.name,
        title=table.title,
        note=note(table, runs),
        seeds=seeds,
        compete=table.compete,
        comparable=table.images == "published",
        columns=heads,
        rows=rows,
    )


def _cell(column: Column, line: Line, runs: Runs, best: Collection[Line]) -> Cell:
    difference = None
    if line.measured is not None and line.paper is not None:
        difference = column.shown(line.measured) - column.shown(line.paper)
        difference = round(difference, column.digits) if column.form == "f" else difference
    return Cell(
        text=own_text(line, column, runs),
        spread=column.text(line.std),
        value=line.measured,
        best=line in best,
        seeds=line.seeds,
        paper=column.text(line.paper),
        paper_value=line.paper,
        difference="" if difference is None else column.signed(difference),
        difference_value=difference,
    )


def costs(table: TableSpec, runs: Runs, training: Mapping[Path, Job]) -> CostTable:
    """What each row cost, for rows that cost anything."""
    found: dict[str, tuple[float | None, ...]] = {}
    sizes: list[str] = []
    timed = "forward_ms" not in table.columns  # or else the table itself says it
    for row in table.rows:
        measured = [run for _, run in runs.get(row.experiment, ())]
        # benchmarks/.../<experiment>/<seed>.tsv
        jobs = [job for path, job in training.items() if path.parent.name == row.experiment]
        sizes += [
            "{1} x {0}".format(*run.forward_size) for run in measured if run.forward_size and timed
        ]
        found[row.row] = (
            _mean([job.seconds for job in jobs]),
            _mean([job.peak_mb for job in jobs]),
            _mean([run.costs.get("forward_ms") for run in measured]) if timed else None,
            _mean([run.parameters for run in measured]),
        )
    kept = [i for i in range(len(COSTS)) if any(c[i] is not None for c in found.values())]
    names, forms = list(COSTS), list(COSTS.values())
    rows = [
        (row, [("" if (x := numbers[i]) is None else forms[i].format(x), x) for i in kept])
        for row, numbers in found.items()
        if any(value is not None for value in numbers)
    ]
    return CostTable([names[i] for i in kept], rows, _unique(sizes))


def _mean(values: Sequence[float | int | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def machine_facts(runs: Runs, jobs: Mapping[Path, Job]) -> dict[str, Any]:
    """What the whole run was: commit, machine, date, time, versions."""
    # .../benchmarks/<kind>/...
    kinds = Counter(path.parts[path.parts.index("benchmarks") + 1] for path in jobs)
    everything = [run for found in runs.values() for _, run in found]
    if not everything:
        raise InputError("the page needs at least one metrics file")
    provenances = [run.provenance for run in everything]
    peaks = [job.peak_mb for job in jobs.values() if job.peak_mb is not None]
    versions: dict[str, list[str]] = {}
    for provenance in provenances:
        for name, version in provenance.versions.items():
            if version not in versions.setdefault(name, []):
                versions[name].append(version)
    return {
        "commits": _unique(p.commit for p in provenances),
        "dirty": any(p.dirty for p in provenances),
        "date": max(p.date for p in provenances)[:16].replace("T", " ") + " UTC",
        "devices": _unique(p.device for p in provenances),
        "tests": _unique(
            f"{run.images} of {run.dataset}, {run.split}" for run in everything if run.images
        ),
        "runs": len(everything),
        "jobs": len(jobs),
        "kinds": ", ".join(f"{count} {kind}" for kind, count in kinds.items()),
        "time": duration(sum(job.seconds for job in jobs.values())),
        "peak": f"{max(peaks):,.0f} MB" if peaks else "",
        "versions": {name: ", ".join(found) for name, found in versions.items()},
    }


def _unique(values: Any) -> list[str]:
    return list(dict.fromkeys(values))


def provenance_rows(tables: Sequence[TableSpec], runs: Runs, page: Path) -> list[dict[str, Any]]:
    """Per experiment: its runs, and the values that they used."""
    labels = {row.experiment: row.row for table in tables for row in table.rows}
    return [
        {
            "experiment": name,
            "row": labels.get(name, ""),
            "runs": [(run, relative(path, page)) for path, run in runs[name]],
            "settings": list(_flat(runs[name][0][1])),
        }
        for name in dict.fromkeys([*labels, *runs])
        if name in runs
    ]


def relative(path: Path, page: Path) -> str:
    """A link from the page to a file."""
    return Path(os.path.relpath(path, page.parent)).as_posix()


def _flat(run: Record) -> list[tuple[str, str]]:
    def walk(values: Mapping[str, Any], prefix: str) -> Any:
        for key, value in values.items():
            if isinstance(value, Mapping):
                yield from walk(value, f"{prefix}{key}.")
            else:
                text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
                yield prefix + key, text

    return list(walk(run.provenance.values, ""))
