"""A table's numbers, measured beside published: tidy lines, CSV and Markdown."""

import csv
import statistics
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from fcnlib.config import Frozen
from fcnlib.errors import InputError
from fcnlib.files import replacing, write_json
from fcnlib.measurements import METRICS, SCORES, Measured, Metric, by_experiment, number

Runs = Mapping[str, Sequence[tuple[Path, Measured]]]


class ShownRow(Frozen):
    """One experiment in a table; `paper` holds published values in the unit shown."""

    experiment: str
    row: str
    paper: Mapping[str, float] = {}
    factor: int | None = None


class ShownTable(Frozen):
    """What a table shows. A column is a metric, or `task.metric` where a net has several tasks."""

    name: str
    title: str
    columns: tuple[str, ...]
    note: str = ""
    rows: tuple[ShownRow, ...]


class Line(NamedTuple):
    """One number of results.csv, in the unit shown; None where there is none."""

    table: str
    row: str
    experiment: str
    task: str
    metric: str
    measured: float | None
    std: float | None
    seeds: int | None
    paper: float | None
    unit: str


def build_table(
    table: Mapping[str, Any],
    *,
    scale: str,
    metrics: Sequence[Path | str],
    csv: Path | str,
    markdown: Path | str,
) -> None:
    """Write one table as tidy CSV lines and as Markdown to paste."""
    shown = ShownTable.model_validate(table)
    lines = table_lines(shown, metrics)
    write_lines(Path(csv), lines)
    with replacing(Path(markdown)) as temporary:
        temporary.write_text(as_markdown(shown, lines, scale))


def join_tables(tables: Sequence[Path | str], output: Path | str) -> None:
    """Write results.csv: the lines of all tables in the order given."""
    write_lines(Path(output), chain.from_iterable(map(read_lines, tables)))


def write_scores(results: Path | str, output: Path | str) -> None:
    """Write what was measured by experiment, in the form that `dvc metrics` compares."""
    scores: dict[str, dict[str, float]] = {}
    for line in read_lines(results):
        if line.measured is not None:
            name = ".".join(filter(None, (line.task, line.metric)))
            scores.setdefault(line.experiment, {})[name] = line.measured
    write_json(Path(output), scores)


def table_lines(table: ShownTable, metrics: Sequence[Path | str]) -> list[Line]:
    """One line per row and column, in the table's order; several seeds become mean and spread."""
    runs = by_experiment(metrics)
    experiments = [row.experiment for row in table.rows]
    for name, found in runs.items():
        if name not in experiments:
            known = ", ".join(experiments)
            raise InputError(f"{found[0][0]}: {name!r} is no row of {table.name}; rows: {known}")
    return [_line(table, row, column, runs) for row in table.rows for column in table.columns]


def _line(table: ShownTable, row: ShownRow, column: str, runs: Runs) -> Line:
    task, name, metric = split_column(column, table.name)
    found = [number(path, run, task, name) for path, run in runs.get(row.experiment, ())]
    # A number that one of the runs lacks (no timing on that machine) has no honest mean.
    values = [value for value in found if value is not None]
    complete = len(values) == len(found) and values
    return Line(
        table=table.name,
        row=row.row,
        experiment=row.experiment,
        task=task,
        metric=name,
        measured=_tidy(statistics.fmean(values), metric) if complete else None,
        std=_tidy(statistics.stdev(values), metric) if complete and len(values) > 1 else None,
        seeds=len(values) if complete else None,
        paper=row.paper.get(column),
        unit=metric.unit,
    )


def split_column(column: str, table: str) -> tuple[str, str, Metric]:
    """A column's task (empty for costs, `semantic` unless named), metric and its description."""
    task, _, name = column.rpartition(".")
    if name not in METRICS or (task and name not in SCORES):
        raise InputError(f"table {table}: {column!r} is no metric; known: {', '.join(METRICS)}")
    return (task or "semantic") if name in SCORES else "", name, METRICS[name]


def _tidy(value: float, metric: Metric) -> float:
    if metric.unit == "count" and value.is_integer():
        return int(value)
    return round(value, 10)  # 100 * 0.57 is 56.99999999999999


def write_lines(path: Path, lines: Iterable[Line]) -> None:
    """Write tidy CSV: equal lines give equal bytes, and every number reads back exactly."""
    with replacing(path) as temporary, open(temporary, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Line._fields)
        writer.writerows(lines)


def read_lines(path: Path | str) -> list[Line]:
    """The lines of a CSV that `write_lines` wrote."""
    with open(path, newline="") as file:
        reader = csv.reader(file)
        if next(reader, None) != list(Line._fields):
            raise InputError(f"{path}: expected the columns {','.join(Line._fields)}")
        try:
            return [_parsed(*cells) for cells in reader]
        except (TypeError, ValueError) as error:
            raise InputError(f"{path}: line {reader.line_num}: {error}") from None


def _parsed(table: str, row: str, experiment: str, task: str, metric: str, *rest: str) -> Line:
    measured, std, seeds, paper, unit = rest
    return Line(
        table, row, experiment, task, metric,
        float(measured) if measured else None,
        float(std) if std else None,
        int(seeds) if seeds else None,
        float(paper) if paper else None,
        unit,
    )  # fmt: skip


def measured_label(scale: str) -> str:
    """The heading of measured columns: only a run at paper scale may stand without its scale."""
    return "measured" if scale == "paper" else scale


def display(value: float | None, unit: str) -> str:
    """A number as people read it in a table."""
    if value is None:
        return ""
    if unit == "count":
        return f"{value:,.0f}"
    return f"{value:.1f}"


def display_measured(line: Line) -> str:
    """Mean, and with several seeds their spread."""
    spread = "" if line.std is None else f" ± {display(line.std, line.unit)}"
    return display(line.measured, line.unit) + spread


def best_lines(lines: Sequence[Line]) -> set[Line]:
    """The lines whose measured value, as displayed, no other row of the same column beats."""
    best: set[Line] = set()
    for column in dict.fromkeys((line.task, line.metric) for line in lines):
        better = METRICS[column[1]].better
        same = [x for x in lines if (x.task, x.metric) == column and x.measured is not None]
        if better == "neither" or len(same) < 2:
            continue
        choose = max if better == "higher" else min
        top = display(choose(x.measured for x in same if x.measured is not None), same[0].unit)
        best |= {line for line in same if display(line.measured, line.unit) == top}
    return best


def as_markdown(table: ShownTable, lines: Sequence[Line], scale: str) -> str:
    """The table as Markdown: each metric measured and, where the paper has it, published."""
    best = best_lines(lines)
    published = {(line.task, line.metric) for line in lines if line.paper is not None}
    head, rows = [""], {row.experiment: [row.row] for row in table.rows}
    for column in table.columns:
        task, name, metric = split_column(column, table.name)
        prefix = "" if task in ("", "semantic") else f"{task} "
        unit = f" ({metric.unit})" if metric.unit == "ms" else ""
        has_paper = (task, name) in published
        head.append(f"{prefix}{metric.label}{unit}, {measured_label(scale)}")
        head += ["paper"] * has_paper
        for line in lines:
            if (line.task, line.metric) == (task, name):
                text = display_measured(line)
                rows[line.experiment].append(f"**{text}**" if line in best else text)
                rows[line.experiment] += [display(line.paper, line.unit)] * has_paper
    body = [_markdown_row(head), _markdown_row([":--", *["--:"] * (len(head) - 1)])]
    body += [_markdown_row(cells) for cells in rows.values()]
    note = " ".join(part for part in (_meaning(scale), table.note) if part)
    return "\n".join([f"**{table.title}**", "", *body, "", note, ""])


def _meaning(scale: str) -> str:
    if scale != "demo":
        return "Scores in percent."
    return "Scores in percent; demo: measured on drawn scenes, not comparable with the paper."


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
