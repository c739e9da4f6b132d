"""A table's numbers, measured beside published: tidy lines, CSV and Markdown."""

import csv
import statistics
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Literal, NamedTuple

from fcnlib.columns import COLUMNS, KEYS, NAMES, Column, ColumnName
from fcnlib.config import Oracle
from fcnlib.config_data import Frozen, Mask
from fcnlib.errors import InputError
from fcnlib.files import replacing, write_json
from fcnlib.measurements import Measured, by_experiment, number

Runs = Mapping[str, Sequence[tuple[Path, Measured]]]
Images = Literal["published", "drawn", "own", "none"]


class ShownNet(Frozen):
    """An experiment and its name in the table."""

    experiment: str
    row: str
    # The images that the scored snapshot was picked on; a bound has no snapshots.
    picked_on: Literal["test", "validation"] | None = None
    tasks: tuple[str, ...] = ()  # of a net, the first of them leading
    mask: Mask = "none"  # what is hidden from it


class ShownNets(Frozen):
    """A table's nets, without any number."""

    name: str
    nets: tuple[ShownNet, ...]


class ShownRow(ShownNet):
    """One row of a table; `paper` holds published values in the columns' units."""

    paper: Mapping[ColumnName, float] = {}
    oracle: Oracle | None = None
    stride: int | None = None  # of a net


class ShownChart(Frozen):
    """A chart of some rows, with their published values."""

    title: str
    rows: tuple[ShownRow, ...]


class ShownTable(Frozen):
    """What a table shows, and of which images."""

    name: str
    title: str
    columns: tuple[ColumnName, ...]
    note: str = ""
    compete: bool = True
    images: Images
    rows: tuple[ShownRow, ...]


class Line(NamedTuple):
    """One number of results.csv, in its unit; None where there is none.

    `task` is empty for what is no score.
    """

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

    @property
    def column(self) -> ColumnName | None:
        """The column of a table that the number is of."""
        return NAMES.get((self.task, self.metric))


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
    runs = by_experiment(metrics)
    lines = table_lines(shown, runs)
    write_lines(Path(csv), lines)
    with replacing(Path(markdown)) as temporary:
        temporary.write_text(as_markdown(shown, lines, scale, runs))


def join_tables(tables: Sequence[Path | str], output: Path | str) -> None:
    """Write results.csv: the lines of all tables in the order given."""
    write_lines(Path(output), chain.from_iterable(map(read_lines, tables)))


def write_scores(results: Path | str, output: Path | str) -> None:
    """Write the measured scores by experiment, in the form that `dvc metrics` compares."""
    scores: dict[str, dict[str, float]] = {}
    for line in read_lines(results):
        if line.measured is not None and line.task:
            scores.setdefault(line.experiment, {})[f"{line.task}.{line.metric}"] = line.measured
    write_json(Path(output), scores)


def table_lines(table: ShownTable, runs: Runs) -> list[Line]:
    """One line per row and column, in the table's order; several seeds become mean and spread."""
    experiments = [row.experiment for row in table.rows]
    for name, found in runs.items():
        if name not in experiments:
            known = ", ".join(experiments)
            raise InputError(f"{found[0][0]}: {name!r} is no row of {table.name}; rows: {known}")
    return [_line(table, row, column, runs) for row in table.rows for column in table.columns]


def _line(table: ShownTable, row: ShownRow, column: ColumnName, runs: Runs) -> Line:
    about = COLUMNS[column]
    found = [number(path, run, column) for path, run in runs.get(row.experiment, ())]
    # A number that one of the runs lacks has no honest mean.
    values = [value for value in found if value is not None]
    complete = len(values) == len(found) and values
    spread = complete and len(values) > 1 and not about.derived
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


def label_of(column: ColumnName, scale: str) -> str:
    """The heading of our own numbers in a column: measured, or derived from the layers."""
    return "derived" if COLUMNS[column].derived else measured_label(scale)


SERVER = "server only"


def own_text(line: Line, column: Column, runs: Runs) -> str:
    """Our own number as people read it, or who alone could measure it; nothing for others' rows."""
    return SERVER if column.server and line.experiment in runs else column.text(line.measured)


def best_lines(lines: Sequence[Line]) -> set[Line]:
    """The lines whose score, as shown, no other row of the same column beats."""
    best: set[Line] = set()
    for name, column in COLUMNS.items():
        shown = {
            line: column.shown(line.measured)
            for line in lines
            if line.column == name and line.measured is not None
        }
        # Times are measured beside other jobs, and of sizes none is best.
        if len(shown) > 1 and column.unit == "%":
            best |= {line for line, value in shown.items() if value == max(shown.values())}
    return best


def as_markdown(table: ShownTable, lines: Sequence[Line], scale: str, runs: Runs) -> str:
    """The table as Markdown: each column measured and, where the paper has it, published."""
    best = best_lines(lines) if table.compete else set()
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


def note(table: ShownTable, runs: Runs) -> str:
    """What a reader must know beside the numbers, in sentences."""
    picked = {row.row: row.picked_on for row in table.rows if row.picked_on}
    published = any(row.paper for row in table.rows)
    sentences = [table.note, WORLDS[table.images] if published else "", *_times(table, runs)]
    for images in dict.fromkeys(picked.values()):
        rows = ", ".join(row for row in picked if picked[row] == images)
        nets = f"{rows}:" if len(set(picked.values())) > 1 else "Every net is"
        why = ", as in the released code" if images == "test" else ""
        sentences.append(
            f"{nets} scored at its snapshot with the best mean IU on the {images} images{why}."
        )
    return " ".join(filter(None, sentences))


def _times(table: ShownTable, runs: Runs) -> list[str]:
    """On what the times of a table were measured."""
    if not any(COLUMNS[column].unit == "ms" for column in table.columns):
        return []
    mine = [run for row in table.rows for _, run in runs.get(row.experiment, ())]
    sizes = dict.fromkeys("{1} x {0}".format(*run.forward_size) for run in mine if run.forward_size)
    of = [f"Times are of one image of {' or '.join(sizes)} pixels."] if sizes else []
    devices = dict.fromkeys(f"{run.provenance.device}{_threads(run)}" for run in mine)
    return [
        *of,
        *(f"Timed on {name}, while other jobs may have run beside." for name in devices),
    ]


def _threads(run: Measured) -> str:
    count = run.provenance.threads
    return f" ({count} thread{'s' * (count > 1)})" if count else ""


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
