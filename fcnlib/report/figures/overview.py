"""Charts across tables: all rows at a glance, and momentum against batch size."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from textwrap import shorten
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from fcnlib.config.columns import Setting
from fcnlib.config.schema_data import Frozen
from fcnlib.core.errors import InputError
from fcnlib.evaluation.record import Record, by_experiment, number
from fcnlib.report.figures.style import new_figure, save
from fcnlib.report.results import Line, read_lines
from fcnlib.report.specs import ChartSpec, RowSpec

MEASURED: Any = {"color": "#0072B2", "marker": "o", "markersize": 5, "linestyle": "none"}
PUBLISHED: Any = {"color": "#D55E00", "marker": "|", "markersize": 10, "linestyle": "none",
                  "markeredgewidth": 2}  # fmt: skip
KEY = [Line2D([], [], label=label, **look)
       for label, look in (("this run", MEASURED), ("published", PUBLISHED))]  # fmt: skip
PITCH = 0.19  # inches from row to row
GAP = 1.6  # rows from a table's last one to the next one's heading
MANY = 30  # rows, from which on the overview has two columns
CLOSE = 0.15  # of momenta's distances from 1: the natural logarithm of their ratio
BEHIND_TEXT = {"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.85}


class Heading(Frozen):
    """A table by its name and title."""

    name: str
    title: str


class Overview(Frozen):
    """The tables whose rows are shown."""

    title: str
    tables: tuple[Heading, ...]


def draw_ablation(
    figure: Mapping[str, Any],
    *,
    results: Sequence[Path | str],
    image: Path | str,
    card: Path | str,
) -> None:
    """Mean IU of every row: a dot with its spread over seeds, the published value as a tick.

    `results` are the tables' CSV files.
    """
    shown = Overview.model_validate(figure)
    lines = [line for path in results for line in read_lines(path) if line.column == "mean_iu"]
    numbers = [line for line in lines if (line.measured, line.paper) != (None, None)]
    groups = {
        table.title: [line for line in numbers if line.table == table.name]
        for table in shown.tables
    }
    groups = {title: rows for title, rows in groups.items() if rows}
    if not groups:
        raise InputError(f"{results[0]}: no mean_iu of any row")
    sides = _sides(groups)
    height = max(map(_height, sides))
    with new_figure(0.6 + 5.4 * len(sides), 0.9 + PITCH * height) as canvas:
        for axes, side in zip(canvas.subplots(1, len(sides), squeeze=False)[0], sides, strict=True):
            _draw_groups(axes, side)
            axes.set(xlim=(0, 100), ylim=(height - 0.6, -0.8), xlabel="mean IU (%)")
            axes.tick_params(axis="y", length=0)
            axes.grid(visible=False, axis="y")
        canvas.legend(handles=KEY, loc="outside upper right", ncols=2, fontsize=9)
        rows = sum(map(len, groups.values()))
        spread = any(line.std is not None for line in numbers)
        save(
            canvas, image, card, kind="ablation", title=shown.title,
            caption="Dot: this run; tick: published."
            + " Whiskers: one sample standard deviation over the seeds each way." * spread,
            alt=f"Chart of the mean IU of {rows} rows of {len(groups)} tables, each a dot beside "
            "the published value; the numbers are in the tables.",
        )  # fmt: skip


def _height(groups: Mapping[str, Sequence[Line]]) -> float:
    """Of so many headings and rows, in rows."""
    return sum(len(rows) + GAP for rows in groups.values())


def _sides(groups: Mapping[str, Sequence[Line]]) -> list[dict[str, Sequence[Line]]]:
    """All tables below each other; many rows in two columns as even as can be, in their order."""
    items = list(groups.items())
    if sum(len(rows) for _, rows in items) <= MANY or len(items) == 1:
        return [dict(items)]
    halves = [(dict(items[:i]), dict(items[i:])) for i in range(1, len(items))]
    return list(min(halves, key=lambda pair: max(map(_height, pair))))


def _draw_groups(axes: Axes, groups: Mapping[str, Sequence[Line]]) -> None:
    """Each table's heading and, below it, its rows."""
    place, places, names = 0.0, [], []
    for title, rows in groups.items():
        heading = shorten(title, 48, placeholder=" \N{HORIZONTAL ELLIPSIS}")
        axes.annotate(heading, (0, place), xycoords=("axes fraction", "data"), fontsize=8.5,
                      fontweight="bold", va="center", xytext=(4, 0),
                      textcoords="offset points")  # fmt: skip
        for line in rows:
            place += 1
            places.append(place)
            names.append(line.row)
            axes.axhline(place, color="#eceef1", linewidth=0.7, zorder=0)
            if line.paper is not None:
                axes.plot(line.paper, place, **PUBLISHED, zorder=3)
            if line.measured is not None:
                axes.errorbar(line.measured, place, xerr=line.std, **MEASURED, capsize=2.5,
                              elinewidth=1.4, clip_on=False)  # fmt: skip
        place += GAP
    axes.set_yticks(places, names, fontsize=8.5)


def draw_momentum(
    figure: Mapping[str, Any],
    *,
    metrics: Sequence[Path | str],
    image: Path | str,
    card: Path | str,
) -> None:
    """Mean IU by momentum p and batch size k, with the curve of all that equal the first row.

    By section 6.2 they do where p ** (1 / k) is the same.
    """
    shown, runs = ChartSpec.model_validate(figure), by_experiment(metrics)
    found = [runs[row.experiment] for row in shown.rows]
    momenta = [_told(*each[0], "momentum") for each in found]
    batches = [int(_told(*each[0], "batch_size")) for each in found]
    scores = [[number(path, run, "mean_iu") for path, run in each] for each in found]
    means = [fmean(x if x is not None else np.nan for x in each) for each in scores]
    with new_figure(6.4, 4.4) as canvas:
        axes = canvas.subplots()
        marks = _draw_relation(axes, momenta, batches, means)
        for (p, k), texts in _labels(shown.rows, momenta, batches, means).items():
            left = _crowded((p, k), zip(momenta, batches, strict=True))
            axes.annotate("\n".join(texts), (k, 1 - p), xytext=(-4, -13) if left else (9, 0),
                          textcoords="offset points", ha="right" if left else "left", va="center",
                          fontsize=8.5, bbox=BEHIND_TEXT)  # fmt: skip
        canvas.colorbar(marks, ax=axes, label="mean IU (%)")
        axes.set_title("Momentum p and batch size k")
        axes.legend(loc="lower right", fontsize=9)
        save(
            canvas, image, card, kind="momentum", title=shown.title,
            caption="Section 6.2 predicts that learning is alike where the momentum that one image "
            f"keeps, p to the power 1/k, is: on the curve, as for {shown.rows[0].row}. Learning "
            "rates differ from point to point; the recipes are in the provenance.",
            alt="Chart of momentum against batch size with each experiment's mean IU: "
            + ", ".join(
                f"{row.row} (p {p:g}, k {k}) {mean:.1f}%"
                for row, p, k, mean in zip(shown.rows, momenta, batches, means, strict=True)
            )
            + ".",
        )  # fmt: skip


def _labels(
    rows: Sequence[RowSpec],
    momenta: Sequence[float],
    batches: Sequence[int],
    means: Sequence[float],
) -> dict[tuple[float, int], list[str]]:
    """What stands beside each point; one under the other where rows share one."""
    labels: dict[tuple[float, int], list[str]] = {}
    for row, p, k, mean in zip(rows, momenta, batches, means, strict=True):
        labels.setdefault((p, k), []).append(f"{row.row}: {mean:.1f}")
    return labels


def _crowded(point: tuple[float, int], others: Iterable[tuple[float, int]]) -> bool:
    """Whether another point would lie in a label to the right of this one."""
    p, k = point
    return any(
        1 < size / k < 5 and abs(np.log((1 - momentum) / (1 - p))) < CLOSE
        for momentum, size in others
    )


def _apart(values: Iterable[float]) -> list[float]:
    """The values without those that are too close to one before to have a tick of their own."""
    kept: list[float] = []
    for value in sorted({*values}):
        if not kept or np.log(value / kept[-1]) > CLOSE:
            kept.append(value)
    return kept


def alike(momentum: float, batch: int, other: float) -> float:
    """The momentum that with a batch of `other` keeps as much per image (section 6.2)."""
    return float(momentum ** (other / batch))


def _draw_relation(
    axes: Axes, momenta: Sequence[float], batches: Sequence[int], means: Sequence[float]
) -> PathCollection:
    """The points over the curve through the first of them; p is drawn by how far it is from 1."""
    p, k = momenta[0], batches[0]
    sizes = np.geomspace(min(batches) / 1.5, max(batches) * 1.5, 100)
    axes.plot(sizes, [1 - alike(p, k, size) for size in sizes], color="#8a9099", linestyle="--",
              label=f"as much kept per image as p = {p:g}, k = {k}", zorder=1)  # fmt: skip
    axes.set(xscale="log", yscale="log", xlabel="batch size k", ylabel="momentum p")
    axes.set_xlim(min(batches) / 1.5, max(batches) * 4)  # room for the labels
    axes.set_ylim(min(1 - x for x in momenta) / 2, max(1 - x for x in momenta) * 2)
    axes.invert_yaxis()
    for axis, ticks in ((axes.xaxis, batches), (axes.yaxis, [1 - x for x in momenta])):
        axis.set_major_locator(FixedLocator(_apart(ticks)))
        axis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda size, _: f"{size:g}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda rest, _: f"{1 - rest:.5g}"))
    return axes.scatter(batches, [1 - x for x in momenta], c=means, cmap="viridis", s=70, zorder=2,
                        edgecolor="white")  # fmt: skip


def _told(path: Path, run: Record, setting: Setting) -> float:
    """What a run's net was trained with."""
    value = number(path, run, setting)
    if value is None:
        raise InputError(f"{path}: settings: no {setting}")
    return value
