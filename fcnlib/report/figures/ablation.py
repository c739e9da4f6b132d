"""The mean IU of every row of several tables in one chart."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import shorten
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from fcnlib.config.columns import RESULT_KEYS
from fcnlib.core.errors import InputError
from fcnlib.report.figures.style import OURS, new_figure, save
from fcnlib.report.results import ResultRow, read_results, result_rows
from fcnlib.report.specs import AblationSpec

MEASURED: Any = {"color": OURS, "marker": "o", "markersize": 5, "linestyle": "none"}
PUBLISHED: Any = {"color": "#D55E00", "marker": "|", "markersize": 10, "linestyle": "none",
                  "markeredgewidth": 2}  # fmt: skip
KEY = [Line2D([], [], label=label, **style)
       for label, style in (("this run", MEASURED), ("published", PUBLISHED))]  # fmt: skip
PITCH = 0.19  # inches from row to row
TABLE_GAP = 1.6  # rows from a table's last one to the next one's heading
TWO_COLUMNS_FROM = 30  # rows, from which on the overview has two columns


def plot_ablation(
    figure: Mapping[str, Any],
    *,
    results: Sequence[Path | str],
    image: Path | str,
    info: Path | str,
) -> None:
    """Mean IU of every row: a dot with its spread over seeds, the published value as a tick.

    `results` are the tables' CSV files.
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
    sides = _sides(groups)
    height = max(map(_height, sides))
    with new_figure(0.6 + 5.4 * len(sides), 0.9 + PITCH * height) as canvas:
        for axes, side in zip(canvas.subplots(1, len(sides), squeeze=False)[0], sides, strict=True):
            _plot_groups(axes, side)
            axes.set(xlim=(0, 100), ylim=(height - 0.6, -0.8), xlabel="mean IU (%)")
            axes.tick_params(axis="y", length=0)
            axes.grid(visible=False, axis="y")
        canvas.legend(handles=KEY, loc="outside upper right", ncols=2, fontsize=9)
        rows = sum(map(len, groups.values()))
        save(
            canvas, image, info, images=spec.images_of,
            kind="ablation", name=spec.name, section=spec.section,
            title=spec.title, caption=caption,
            alt=f"Chart of the mean IU of {rows} rows of {len(groups)} tables, each a dot beside "
            "the published value; the numbers are in the tables.",
        )  # fmt: skip


def _height(groups: Mapping[str, Sequence[ResultRow]]) -> float:
    """Of so many headings and rows, in rows."""
    return sum(len(rows) + TABLE_GAP for rows in groups.values())


def _sides(groups: Mapping[str, Sequence[ResultRow]]) -> list[dict[str, Sequence[ResultRow]]]:
    """All tables below each other; many rows in two columns as even as can be, in their order."""
    items = list(groups.items())
    if sum(len(rows) for _, rows in items) <= TWO_COLUMNS_FROM or len(items) == 1:
        return [dict(items)]
    halves = [(dict(items[:i]), dict(items[i:])) for i in range(1, len(items))]
    return list(min(halves, key=lambda pair: max(map(_height, pair))))


def _plot_groups(axes: Axes, groups: Mapping[str, Sequence[ResultRow]]) -> None:
    """Each table's heading and, below it, its rows."""
    place, places, names = 0.0, [], []
    for title, rows in groups.items():
        heading = shorten(title, 48, placeholder=" \N{HORIZONTAL ELLIPSIS}")
        axes.annotate(heading, (0, place), xycoords=("axes fraction", "data"), fontsize=8.5,
                      fontweight="bold", va="center", xytext=(4, 0),
                      textcoords="offset points")  # fmt: skip
        for row in rows:
            place += 1
            places.append(place)
            names.append(row.row)
            axes.axhline(place, color="#eceef1", linewidth=0.7, zorder=0)
            if row.paper is not None:
                axes.plot(row.paper, place, **PUBLISHED, zorder=3)
            if row.measured is not None:
                axes.errorbar(row.measured, place, xerr=row.std, **MEASURED, capsize=2.5,
                              elinewidth=1.4, clip_on=False)  # fmt: skip
        place += TABLE_GAP
    axes.set_yticks(places, names, fontsize=8.5)
