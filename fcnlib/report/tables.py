"""A table's numbers, measured beside published: as tidy lines and as Markdown."""

import math
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from fcnlib.config.columns import (
    COLUMNS,
    KEYS,
    Column,
    ColumnName,
    Learning,
)
from fcnlib.core.errors import InputError
from fcnlib.core.files import atomic_write
from fcnlib.evaluation.record import (
    Machine,
    Record,
    by_experiment,
    number,
)
from fcnlib.report.results import NOISE, Line, write_lines
from fcnlib.report.specs import Images, RowSpec, TableSpec

Runs = Mapping[str, Sequence[tuple[Path, Record]]]
LEARNING: frozenset[ColumnName | None] = frozenset(get_args(Learning))


def build_table(
    table: Mapping[str, Any],
    *,
    scale: str,
    metrics: Sequence[Path | str],
    csv: Path | str,
    markdown: Path | str,
) -> None:
    """Write one table as tidy CSV lines and as Markdown to paste."""
    shown = TableSpec.model_validate(table)
    runs = by_experiment(metrics)
    lines = table_lines(shown, runs)
    write_lines(Path(csv), lines)
    with atomic_write(Path(markdown)) as temporary:
        temporary.write_text(as_markdown(shown, lines, scale, runs))


def table_lines(table: TableSpec, runs: Runs) -> list[Line]:
    """One line per row and column, in the table's order; several seeds become mean and spread."""
    experiments = [row.experiment for row in table.rows]
    for name, found in runs.items():
        if name not in experiments:
            known = ", ".join(experiments)
            raise InputError(f"{found[0][0]}: {name!r} is no row of {table.name}; rows: {known}")
    return [_line(table, row, column, runs) for row in table.rows for column in table.columns]


def _line(table: TableSpec, row: RowSpec, column: ColumnName, runs: Runs) -> Line:
    about = COLUMNS[column]
    found = [number(path, run, column) for path, run in runs.get(row.experiment, ())]
    # A number that one of the runs lacks has no honest mean.
    values = [value for value in found if value is not None]
    complete = len(values) == len(found) and values
    spread = complete and len(values) > 1 and about.known == "measured"
    task, metric = KEYS[column]
    return Line(
        table=table.name,
        row=row.row,
        experiment=row.experiment,
        task=task,
        metric=metric,
        measured=_tidy(statistics.fmean(values)) if complete else None,
        std=_tidy(statistics.stdev(values)) if spread else None,
        seeds=len(values) if complete else None,
        paper=row.paper.get(column),
        unit=about.unit,
    )


def _tidy(value: float) -> float:
    return round(value, 10)  # 100 * 0.57 is 56.99999999999999


def measured_label(scale: str) -> str:
    """The heading of measured columns: only a run at paper scale may stand without its scale."""
    return "measured" if scale == "paper" else scale


def label_of(column: ColumnName, scale: str) -> str:
    """The heading of our own numbers in a column: measured, derived from the layers, or set."""
    known = COLUMNS[column].known
    return measured_label(scale) if known == "measured" else known


SERVER = "server only"
DIVERGED = "\N{DAGGER}"


def own_text(line: Line, column: Column, runs: Runs) -> str:
    """Our own number as people read it, or who alone could measure it; nothing for others' rows.

    What a run left that diverged is marked.
    """
    mine = runs.get(line.experiment, ())
    if column.server and mine:
        return SERVER
    text = column.text(line.measured)
    learned = column.unit == "%" or line.column in LEARNING
    return f"{text}{DIVERGED}" if text and learned and _diverged(mine) else text


def _diverged(runs: Sequence[tuple[Path, Record]]) -> list[Record]:
    return [run for _, run in runs if run.diverged_at is not None]


def best_lines(lines: Sequence[Line], runs: Runs) -> set[Line]:
    """The lines of the best score of each column, and those that chance may keep below it.

    Scores count as people see them; a run that diverged has none of the best.
    """
    best: set[Line] = set()
    for name, column in COLUMNS.items():
        shown = {
            line: column.shown(line.measured)
            for line in lines
            if line.column == name and line.measured is not None
        }
        ranked = {x: y for x, y in shown.items() if not _diverged(runs.get(x.experiment, ()))}
        # Times are measured beside other jobs, and of sizes none is best.
        if len(shown) > 1 and ranked and column.unit == "%":
            top = max(ranked, key=lambda line: ranked[line])
            best |= {
                line
                for line, value in ranked.items()
                if ranked[top] - value <= NOISE * math.hypot(top.error, line.error)
            }
    return best


def as_markdown(table: TableSpec, lines: Sequence[Line], scale: str, runs: Runs) -> str:
    """The table as Markdown: each column measured and, where the paper has it, published."""
    best = best_lines(lines, runs) if table.compete else set()
    published = {line.column for line in lines if line.paper is not None}
    head, rows = [""], {row.experiment: [row.row] for row in table.rows}
    for name in table.columns:
        column, has_paper = COLUMNS[name], name in published
        label = column.label if column.unit == "%" else column.heading
        head += [f"{label}, {label_of(name, scale)}", *["paper"] * has_paper]
        for line in lines:
            if line.column == name:
                spread = "" if line.std is None else f" ± {column.text(line.std)}"
                text = own_text(line, column, runs) + spread
                rows[line.experiment].append(f"**{text}**" if line in best else text)
                rows[line.experiment] += [column.text(line.paper)] * has_paper
    body = [_markdown_row(head), _markdown_row([":--", *["--:"] * (len(head) - 1)])]
    body += [_markdown_row(cells) for cells in rows.values()]
    percent = "Scores in percent. " if any(line.task for line in lines) else ""
    return "\n".join([f"**{table.title}**", "", *body, "", f"{percent}{note(table, runs)}", ""])


WORLDS: Mapping[Images, str] = {
    "published": "",
    "drawn": "Here drawn scenes take the place of the published images, so no number can be "
    "compared with the paper's.",
    "own": "The paper's numbers are of other images.",
    "none": "",
}


def note(table: TableSpec, runs: Runs) -> str:
    """What a reader must know beside the numbers, in sentences."""
    picked = {row.row: row.picked_on for row in table.rows if row.picked_on}
    published = any(row.paper for row in table.rows)
    sentences = [table.note, WORLDS[table.images] if published else "", *_times(table, runs)]
    if table.compete and any(len(runs.get(row.experiment, ())) > 1 for row in table.rows):
        sentences.append(f"Scores within {NOISE:g} standard errors of the best are bold, too.")
    for row in table.rows:
        if lost := _diverged(runs.get(row.experiment, ())):
            when = ", ".join(f"{run.diverged_at} (seed {run.seed})" for run in lost)
            told = f"{row.row}: diverged at iteration {when}, scored at its best snapshot before."
            sentences.append(f"{DIVERGED} {told}")
    for images in dict.fromkeys(picked.values()):
        rows = ", ".join(row for row in picked if picked[row] == images)
        nets = f"{rows}:" if len(set(picked.values())) > 1 else "Every net is"
        why = ", as in the released code" if images == "test" else ""
        sentences.append(
            f"{nets} scored at its snapshot with the best mean IU on the {images} images{why}."
        )
    return " ".join(filter(None, sentences))


def _times(table: TableSpec, runs: Runs) -> list[str]:
    """On what the times of a table were measured."""
    units = {COLUMNS[column].unit for column in table.columns}
    mine = [run for row in table.rows for _, run in runs.get(row.experiment, ())]
    said: list[str] = []
    machines: list[Machine] = []
    if "ms" in units:
        sizes = {"{1} x {0}".format(*run.forward_size): "" for run in mine if run.forward_size}
        said += [f"Times in ms are of one image of {' or '.join(sizes)} pixels."] * bool(sizes)
        machines += [run.provenance for run in mine]
    if "s" in units:
        said += ["The time of learning is without validation, and of the row's own stage alone."]
        machines += [run.trained_on for run in mine if run.trained_on]
    devices = dict.fromkeys(map(_device, machines))
    return [*said, *(f"Timed on {x}, while other jobs may have run beside." for x in devices)]


def _device(machine: Machine) -> str:
    count = machine.threads
    return machine.device + (f" ({count} thread{'s' * (count > 1)})" if count else "")


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
