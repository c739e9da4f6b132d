"""A table's numbers, measured beside published: tidy, and as Markdown and LaTeX."""

import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np
import pandas as pd

from fcnlib.config.columns import COLUMNS, RESULT_KEYS, Column, ColumnName, TrainingResult
from fcnlib.core.errors import InputError
from fcnlib.core.files import atomic_write
from fcnlib.evaluation.record import Machine, Record, by_experiment
from fcnlib.report.aggregate import Runs, over_seeds, run_numbers
from fcnlib.report.collapsed import collapse_reason, collapsed
from fcnlib.report.results import NOISE, ResultRow, result_rows, results_frame, typed, write_results
from fcnlib.report.specs import Images, TableSpec
from fcnlib.report.typeset import TextTable, as_latex, as_markdown

TRAINING_RESULTS: frozenset[ColumnName | None] = frozenset(get_args(TrainingResult))


def build_table(
    table: Mapping[str, Any],
    *,
    scale: str,
    metrics: Sequence[Path | str],
    csv: Path | str,
    markdown: Path | str,
    latex: Path | str,
) -> None:
    """Write one table as tidy CSV, as Markdown to paste and as LaTeX to include.

    Args:
        table: the values of a `TableSpec`.
        scale: the name of the run's scale.
        metrics: the metrics files of the table's rows, one per experiment and seed.
        csv: the tidy file to write.
        markdown: the file to write for people to paste.
        latex: the file to write for a paper to include, with booktabs.
    """
    built = built_table(TableSpec.model_validate(table), by_experiment(metrics), scale)
    write_results(Path(csv), built.results)
    for path, content in {markdown: built.markdown, latex: built.latex}.items():
        with atomic_write(Path(path)) as temporary:
            temporary.write_text(content, encoding="utf-8")


class BuiltTable(NamedTuple):
    """A table's tidy frame, and its text for people to paste and for a paper to include."""

    results: pd.DataFrame
    markdown: str
    latex: str


def built_table(table: TableSpec, runs: Runs, scale: str) -> BuiltTable:
    """A table of these runs, by experiment, of the scale of this name."""
    results = table_results(table, runs, scale)
    text = text_table(table, results, runs, scale)
    below = note(table, runs)
    if (results["task"] != "").any():
        below = f"Scores in percent. {below}"
    return BuiltTable(
        results,
        as_markdown(table.title, text, below),
        as_latex(table.name, table.title, text, below),
    )


def table_results(table: TableSpec, runs: Runs, scale: str) -> pd.DataFrame:
    """The tidy frame of a table: a row per row and column of it, in its order."""
    experiments = [row.experiment for row in table.rows]
    for name, found in runs.items():
        if name not in experiments:
            known = ", ".join(experiments)
            raise InputError(f"{found[0][0]}: {name!r} is no row of {table.name}; rows: {known}")
    spec = results_frame(
        ResultRow(
            table=table.name,
            row=row.row,
            experiment=row.experiment,
            task=RESULT_KEYS[column][0],
            metric=RESULT_KEYS[column][1],
            measured=None,
            std=None,
            seeds=None,
            paper=row.paper.get(column),
            unit=COLUMNS[column].unit,
            scale=scale,
            images=table.images if table.images != "none" else "",
            section=table.section,
            commit=_commits(runs.get(row.experiment, ())),
        )
        for row in table.rows
        for column in table.columns
    )
    spec["column"] = [*table.columns] * len(table.rows)
    measured = over_seeds(run_numbers(runs, table.columns)).reset_index()
    empty = ["measured", "std", "seeds"]
    return typed(spec.drop(columns=empty).merge(measured, on=["experiment", "column"], how="left"))


def _commits(runs: Sequence[tuple[Path, Record]]) -> str:
    """The commits that a row's metrics files record, in order of the seeds."""
    return " ".join(dict.fromkeys(run.provenance.commit for _, run in runs))


def measured_label(scale: str) -> str:
    """The heading of measured columns: only a run at paper scale is without its scale."""
    return "measured" if scale == "paper" else scale


def label_of(column: ColumnName, scale: str) -> str:
    """The heading of our own numbers in a column: measured, derived from the layers, or set."""
    known = COLUMNS[column].known
    return measured_label(scale) if known == "measured" else known


SERVER = "server only"
NOT_AVAILABLE = "not available"
DIVERGED = "\N{DAGGER}"
COLLAPSED = "\N{DOUBLE DAGGER}"


def own_text(row: ResultRow, column: Column, runs: Runs) -> str:
    """Our own number as people read it, or why there is none; nothing for others' rows.

    What a run left that diverged is marked, and what a net scores that collapsed.
    """
    mine = runs.get(row.experiment, ())
    if any(run.unavailable for _, run in mine):
        return NOT_AVAILABLE
    if column.server and mine:
        return SERVER
    text = column.text(row.measured)
    of_training = column.unit == "%" or row.column in TRAINING_RESULTS
    if not text:
        return ""
    mark = DIVERGED if of_training and _diverged(mine) else ""
    return text + mark + (COLLAPSED if column.unit == "%" and any_collapsed(mine) else "")


def any_collapsed(runs: Sequence[tuple[Path, Record]]) -> bool:
    """Whether a net of these runs labels all pixels as one class."""
    return any(collapsed(run) for _, run in runs)


def _diverged(runs: Sequence[tuple[Path, Record]]) -> list[Record]:
    return [run for _, run in runs if run.diverged_at is not None]


def best_scores(table: TableSpec, results: pd.DataFrame, runs: Runs) -> "pd.Series[bool]":
    """Which results are the best score of their column, or within noise of it.

    Scores count as people see them; a run that diverged or collapsed has none of the best.
    """
    best = pd.Series(data=False, index=results.index)
    if not table.highlight_best:
        return best
    lost = [name for name, found in runs.items() if _diverged(found) or any_collapsed(found)]
    # Times are measured beside other jobs, and of sizes none is best.
    measured = results[results["measured"].notna() & (results["unit"] == "%")]
    for column in table.columns:
        task, metric = RESULT_KEYS[column]
        scores = measured[(measured["task"] == task) & (measured["metric"] == metric)]
        ranked = scores[~scores["experiment"].isin(lost)]
        if len(scores) > 1 and len(ranked):
            best[ranked.index] = _near_the_top(ranked, COLUMNS[column])
    return best


def _near_the_top(scores: pd.DataFrame, column: Column) -> "pd.Series[bool]":
    displayed = scores["measured"].map(column.displayed)
    errors = (scores["std"] / scores["seeds"].astype(float) ** 0.5).fillna(0.0)
    top = int(displayed.to_numpy().argmax())
    near: pd.Series[bool] = displayed.iloc[top] - displayed <= NOISE * np.hypot(
        errors.iloc[top], errors
    )
    return near


def text_table(table: TableSpec, results: pd.DataFrame, runs: Runs, scale: str) -> TextTable:
    """The table as people read it: each column measured and, where the paper has it, published."""
    best = best_scores(table, results, runs)
    names = [row.row for row in table.rows]
    headings, cells, bold = [""], [names], [[False] * len(names)]
    for name in table.columns:
        column = COLUMNS[name]
        task, metric = RESULT_KEYS[name]
        mine = results[(results["task"] == task) & (results["metric"] == metric)]
        label = column.label if column.unit == "%" else column.heading
        headings.append(f"{label}, {label_of(name, scale)}")
        cells.append([_with_spread(row, column, runs) for row in result_rows(mine)])
        bold.append(best[mine.index].tolist())
        if mine["paper"].notna().any():
            headings.append("paper")
            cells.append([column.text(row.paper) for row in result_rows(mine)])
            bold.append([False] * len(names))
    by_position = dict(enumerate(cells))
    return TextTable(headings, pd.DataFrame(by_position), pd.DataFrame(dict(enumerate(bold))))


def _with_spread(row: ResultRow, column: Column, runs: Runs) -> str:
    text = own_text(row, column, runs)
    return text if row.std is None else f"{text} ± {column.text(row.std)}"


# What a reader must know of the images beside published numbers.
OF_IMAGES: Mapping[Images, str] = {
    "published": "",
    "synthetic": "Here synthetic scenes take the place of the published images, so no number can "
    "be compared with the paper's.",
    "rehearsal": "A rehearsal of a few iterations on synthetic scenes: no number here is a result.",
    "own": "The paper's numbers are of other images.",
    "none": "",
}


def note(table: TableSpec, runs: Runs) -> str:
    """What a reader must know beside the numbers."""
    return " ".join(sentences(table, runs))


def sentences(table: TableSpec, runs: Runs) -> list[str]:
    """What a reader must know beside the numbers, one thing after the other."""
    found = [table.note]
    if table.images in ("synthetic", "rehearsal") or any(row.paper for row in table.rows):
        found.append(OF_IMAGES[table.images])
    found += _times(table, runs)
    if table.highlight_best and any(len(runs.get(row.experiment, ())) > 1 for row in table.rows):
        found.append(f"Scores within {NOISE:g} standard errors of the best are bold, too.")
    for row in table.rows:
        if lost := _diverged(runs.get(row.experiment, ())):
            when = ", ".join(f"{run.diverged_at} (seed {run.seed})" for run in lost)
            what = f"{row.row}: diverged at iteration {when}, scored at its best snapshot before."
            found.append(f"{DIVERGED} {what}")
        if why := collapse_reason(row.row, (run for _, run in runs.get(row.experiment, ()))):
            found.append(f"{COLLAPSED} {why}")
    found += _released(table, runs)
    found += _snapshots(table, runs)
    return list(filter(None, found))


def _released(table: TableSpec, runs: Runs) -> list[str]:
    """Which released files were not available, and what takes the place of one."""
    sentences = []
    for row in table.rows:
        for _, run in runs.get(row.experiment, ()):
            if run.unavailable:
                sentences.append(f"{row.row}: {run.unavailable}.")
            elif run.weights and row.released not in ("", run.weights.file):
                file = f"{run.weights.file}, in the place of {row.released}"
                sentences.append(f"{row.row}: of {file}, which was not available.")
    return sentences


def _snapshots(table: TableSpec, runs: Runs) -> list[str]:
    """On which images the scored snapshots were picked; nothing where each net had only one."""
    rows = [row for row in table.rows if row.picked_on]
    if all(_validated_once(runs.get(row.experiment, ())) for row in rows):
        return []
    picked = {row.row: row.picked_on for row in rows}
    all_nets = "Every net is" if len(picked) > 1 else "The net is"
    sentences = []
    for images in dict.fromkeys(picked.values()):
        names = ", ".join(row for row in picked if picked[row] == images)
        nets = f"{names}:" if len(set(picked.values())) > 1 else all_nets
        why = ", as in the released code" if images == "test" else ""
        sentences.append(
            f"{nets} scored at its snapshot with the best mean IU on the {images} images{why}."
        )
    return sentences


def _validated_once(runs: Sequence[tuple[Path, Record]]) -> bool:
    """Whether the runs are known to have had one snapshot each, at their end."""
    recipes = [run.provenance.values.get("recipe", {}) for _, run in runs]
    return bool(recipes) and all(
        recipe.get("iterations", math.inf) <= recipe.get("validate_every", 0) for recipe in recipes
    )


def _times(table: TableSpec, runs: Runs) -> list[str]:
    """On what the times of a table were measured."""
    units = {COLUMNS[column].unit for column in table.columns}
    mine = [run for row in table.rows for _, run in runs.get(row.experiment, ())]
    sentences: list[str] = []
    machines: list[tuple[str, float | None]] = []  # and what else ran on them
    if "ms" in units:
        if sizes := forward_sizes(mine):
            sentences.append(f"Times in ms are of one image of {' or '.join(sizes)} pixels.")
        machines += [(device_text(run.provenance), run.beside.get("ms")) for run in mine]
    if "s" in units:
        sentences.append("Training time is without validation, and of the row's own stage alone.")
        machines += [
            (device_text(run.trained_on), run.beside.get("s")) for run in mine if run.trained_on
        ]
    devices = dict.fromkeys(device for device, _ in machines)
    return sentences + [_timed_on(x, [y for device, y in machines if device == x]) for x in devices]


def _timed_on(device: str, shares: Sequence[float | None]) -> str:
    """On what was timed, and what other work used of its processors meanwhile, if that is known."""
    known = [share for share in shares if share is not None]
    if len(known) < len(shares):
        return f"Timed on {device}, while other jobs may have run beside."
    return f"Timed on {device}; other work used up to {100 * max(known):.0f} % of its processors."


def forward_sizes(runs: Collection[Record]) -> list[str]:
    """The sizes of the images that forward time was measured on, width first, each once."""
    sizes = [run.forward_size for run in runs if run.forward_size]
    return list(dict.fromkeys(f"{width} x {height}" for height, width in sizes))


def device_text(machine: Machine) -> str:
    """A machine's processor, and how many threads of it were used."""
    if not machine.threads:
        return machine.device
    plural = "s" if machine.threads > 1 else ""
    return f"{machine.device} ({machine.threads} thread{plural})"
