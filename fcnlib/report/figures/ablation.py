"""The mean IU of every row of several tables in one chart."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fcnlib.config.columns import RESULT_KEYS
from fcnlib.core.errors import InputError
from fcnlib.report.figures.style import (
    COLUMN_WIDTH,
    LETTER,
    OURS,
    new_figure,
    save,
    save_narrow,
)
from fcnlib.report.results import ResultRow, read_results, result_rows
from fcnlib.report.specs import AblationSpec

MEASURED: Any = {"color": OURS, "marker": "o", "markersize": 5, "linestyle": "none"}
PUBLISHED: Any = {"color": "#D55E00", "marker": "|", "markersize": 10, "linestyle": "none",
                  "markeredgewidth": 2}  # fmt: skip
KEY = [Line2D([], [], label=label, **style)
       for label, style in (("this run", MEASURED), ("published", PUBLISHED))]  # fmt: skip
GRID: Any = {"color": "#eceef1", "linewidth": 0.7, "zorder": 0}
PITCH = 0.19  # inches from row to row
FURTHER = 0.75  # rows, of each further line of a name
TABLE_GAP = 0.6  # rows from a table's last one to the next one's heading
TWO_COLUMNS_FROM = 30  # rows, from which on the overview has two columns
NAME_LETTERS, HEADING_LETTERS = 24, 42  # on a line, of a row's name and of a table's title
NAME_POINTS = 72 * LETTER * NAME_LETTERS


def plot_ablation(
    figure: Mapping[str, Any],
    *,
    results: Sequence[Path | str],
    image: Path | str,
    narrow: Path | str,
    info: Path | str,
) -> None:
    """Mean IU of every row: a dot with its spread over seeds, the published value as a tick.

    Args:
        figure: The values of an `AblationSpec`.
        results: The tables' CSV files.
        image: The picture to write; many rows stand in two columns.
        narrow: The same in one column, for a small screen.
        info: The `FigureInfo` to write.
    """
    spec = AblationSpec.model_validate(figure)
    every = pd.concat([read_results(path) for path in results])
    task, metric = RESULT_KEYS["mean_iu"]
    numbers = every[(every["task"] == task) & (every["metric"] == metric)]
    numbers = numbers.dropna(subset=["measured", "paper"], how="all")
    groups = {
        table.title: result_rows(numbers[numbers["table"] == table.name]) for table in spec.tables
    }
    groups = {title: rows for title, rows in groups.items() if rows}
    if not groups:
        raise InputError(f"{results[0]}: no mean_iu of any row")
    caption = "Dot: this run; tick: published."
    if numbers["std"].notna().any():
        caption += " Whiskers: one sample standard deviation over the seeds each way."
    sides, rows = _sides(groups), sum(map(len, groups.values()))
    with new_figure(COLUMN_WIDTH, 1.0) as canvas:
        _plot_sides(canvas, [groups])
        small = save_narrow(canvas, narrow, images=spec.images_of)
    with new_figure(COLUMN_WIDTH * len(sides), 1.0) as canvas:
        _plot_sides(canvas, sides)
        save(
            canvas, image, info, images=spec.images_of,
            kind="ablation", name=spec.name, section=spec.section,
            title=spec.title, caption=caption, narrow=small,
            alt=f"Chart of the mean IU of {rows} rows of {len(groups)} tables, each a dot beside "
            "the published value; the numbers are in the tables.",
        )  # fmt: skip


def _wrapped(text: str, letters: int) -> tuple[str, float]:
    """The text on as many lines as it needs, and their height in rows."""
    lines = fill(text, letters, break_on_hyphens=False)
    return lines, 1 + FURTHER * lines.count("\n")


def _height(groups: Mapping[str, Sequence[ResultRow]]) -> float:
    """Of all headings and rows, in rows of one line."""
    names = [row.row for rows in groups.values() for row in rows]
    headings = sum(_wrapped(title, HEADING_LETTERS)[1] + TABLE_GAP for title in groups)
    return headings + sum(_wrapped(name, NAME_LETTERS)[1] for name in names)


def _sides(groups: Mapping[str, Sequence[ResultRow]]) -> list[dict[str, Sequence[ResultRow]]]:
    """All tables below each other; many rows in two columns as even as can be, in their order."""
    items = list(groups.items())
    if sum(len(rows) for _, rows in items) <= TWO_COLUMNS_FROM or len(items) == 1:
        return [dict(items)]
    halves = [(dict(items[:i]), dict(items[i:])) for i in range(1, len(items))]
    return list(min(halves, key=lambda pair: max(map(_height, pair))))


def _plot_sides(canvas: Figure, sides: Sequence[Mapping[str, Sequence[ResultRow]]]) -> None:
    """The columns side by side, as high as the longest of them."""
    height = max(map(_height, sides))
    canvas.set_figheight(0.9 + PITCH * height)
    for axes, side in zip(canvas.subplots(1, len(sides), squeeze=False)[0], sides, strict=True):
        _plot_groups(axes, side)
        axes.set(xlim=(0, 100), ylim=(height, 0), xlabel="mean IU (%)")
        axes.tick_params(axis="x", labeltop=True, length=0)
        axes.tick_params(axis="y", length=0, pad=NAME_POINTS)
        axes.grid(visible=False)
        axes.spines["left"].set_visible(False)
    canvas.legend(handles=KEY, loc="outside upper left", ncols=2)


def _plot_groups(axes: Axes, groups: Mapping[str, Sequence[ResultRow]]) -> None:
    """Each table's heading and, below it, its rows."""
    top, places, names = 0.0, [], []
    for title, rows in groups.items():
        heading, height = _wrapped(title, HEADING_LETTERS)
        axes.annotate(heading, (0, top + height / 2), xycoords=("axes fraction", "data"),
                      xytext=(-NAME_POINTS, 0), textcoords="offset points", va="center",
                      fontweight="bold", in_layout=False)  # fmt: skip
        top += height
        first = top
        for row in rows:
            name, height = _wrapped(row.row, NAME_LETTERS)
            place = top + height / 2
            places.append(place)
            names.append(name)
            axes.axhline(place, **GRID)
            if row.paper is not None:
                axes.plot(row.paper, place, **PUBLISHED, zorder=3)
            if row.measured is not None:
                axes.errorbar(row.measured, place, xerr=row.std, **MEASURED, capsize=2.5,
                              elinewidth=1.4, clip_on=False)  # fmt: skip
            top += height
        # No further, so that headings stand clear of them.
        axes.vlines(range(0, 101, 20), first, top, **GRID)
        top += TABLE_GAP
    axes.set_yticks(places, names, ha="left")
