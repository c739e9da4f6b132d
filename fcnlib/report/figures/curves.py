"""The charts of a table: training curves, class IU."""

import csv
import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from fcnlib.core.errors import InputError
from fcnlib.datasets.reader import INFO, read_info
from fcnlib.evaluation.record import Record, by_experiment, class_iu
from fcnlib.report.figures.style import (
    Look,
    legend_above,
    looks,
    new_figure,
    save,
)
from fcnlib.report.specs import NetSpec, NetsSpec
from fcnlib.report.tables import Runs

Points = list[tuple[float, float]]
MANY = 25  # classes, from which on a chart is set closer
CURVES = (
    "Loss per pixel (log scale; thin as logged, thick its mean over a tenth of the run around each "
    "point) and mean IU during training. A net that goes on from another one starts where that "
    "one ended."
)


def draw_curves(
    table: Mapping[str, Any],
    *,
    curves: Sequence[Path | str],
    order: Sequence[str],
    image: Path | str,
    card: Path | str,
) -> None:
    """Loss per pixel and the snapshots' mean IU while training; a line per run.

    Mean IU is that of the last net's first task, of the nets whose first task is the same.
    """
    shown = NetsSpec.model_validate(table)
    task = shown.nets[-1].tasks[:1]
    others = [net.row for net in shown.nets if net.tasks[:1] != task]
    images = " and ".join(sorted({net.picked_on or "test" for net in shown.nets}))
    with new_figure(5.4, 6.0) as figure:
        loss, score = figure.subplots(2, 1, sharex=True)
        _draw_runs(loss, score, shown, curves, looks(order))
        log_losses(loss)
        loss.set_title("Training loss per pixel")
        score.set_title(f"Mean IU on the {images} images (%)")
        score.set_xlabel("iteration")
        score.set_ylim(bottom=0)
        score.xaxis.set_major_formatter(FuncFormatter(thousands))
        legend_above(figure, loss)
        without = f" Without {' '.join(task)} labels, so without a score: {', '.join(others)}."
        save(
            figure, image, card, kind="curves", table=shown.name, title="Training curves",
            caption=CURVES + without * bool(others),
            alt="Two line charts over training iterations, one line per net: loss per pixel and "
            f"mean IU on the {images} images.",
        )  # fmt: skip


def _draw_runs(
    loss: Axes,
    score: Axes,
    shown: NetsSpec,
    curves: Sequence[Path | str],
    look: Mapping[str, Look],
) -> None:
    """A line per run in both charts; only nets with the last one's first task have a score."""
    nets = {net.experiment: net for net in shown.nets}
    labels = {net.experiment: net.row for net in shown.nets}
    # curves/<experiment>/<seed>.csv
    for path in sorted(map(Path, curves), key=lambda path: list(look).index(path.parent.name)):
        name = path.parent.name
        style: Any = {"color": look[name].colour, "linestyle": look[name].dash}
        label = labels.pop(name, "_")  # once per experiment, however many seeds
        losses, scores = points(path, "loss_per_pixel"), points(path, "mean_iu")
        loss.plot(*xy(losses), color=style["color"], alpha=0.25, linewidth=0.8)
        loss.plot(*xy(smooth(losses)), **style, label=label, linewidth=1.8)
        if nets[name].tasks[:1] == shown.nets[-1].tasks[:1]:
            percent = [(x, 100 * y) for x, y in scores]
            marker = look[name].marker
            score.plot(*xy(percent), **style, label=label, marker=marker, markersize=4.5)


def draw_class_iu(
    table: Mapping[str, Any],
    *,
    metrics: Sequence[Path | str],
    dataset: Path | str,
    order: Sequence[str],
    image: Path | str,
    card: Path | str,
) -> None:
    """IU of every class as a group of bars, the class that is segmented best on top.

    Of the first net's first task, and of the nets that have it.
    """
    shown, look = NetsSpec.model_validate(table), looks(order)
    runs, tasks = by_experiment(metrics), read_info(Path(dataset) / INFO).tasks
    task = next(iter(runs[shown.nets[0].experiment][0][1].tasks))
    names, rows = tasks[task], [net for net in shown.nets if task in _tasks(runs, net)]
    # [net][class]
    scores = [_class_scores(runs[row.experiment], task, len(names)) for row in rows]
    last = scores[-1]
    classes = sorted((i for i, iu in enumerate(last) if not math.isnan(iu)), key=lambda i: last[i])
    size, pitch = (10.0, 0.235) if len(classes) <= MANY else (8.5, 0.185)
    with new_figure(5.4, 1.1 + pitch * len(classes)) as figure:
        axes = figure.subplots()
        _mark_classes(axes, [[net[i] for i in classes] for net in scores], rows, look)
        axes.set_yticks(range(len(classes)), [names[i] for i in classes], fontsize=size)
        axes.tick_params(axis="y", length=0)
        axes.set(xlim=(0, 100), ylim=(-0.6, len(classes) - 0.4), xlabel="IU (%)")
        legend_above(figure, axes)
        absent = [name for name, iu in zip(names, last, strict=True) if math.isnan(iu)]
        save(
            figure, image, card, kind="class_iu", table=shown.name,
            title=f"IU of each {f'{task} ' * (len(tasks) > 1)}class",
            caption=f"Sorted by {rows[-1].row}; each bar spans the nets."
            + " Several runs are averaged." * any(len(runs[row.experiment]) > 1 for row in rows)
            + (f" Never occur, so left out: {', '.join(absent)}." if absent else ""),
            alt="Chart of the intersection over union of each class, one mark per net. Highest "
            f"for {rows[-1].row}: {names[classes[-1]]}; lowest: {names[classes[0]]}.",
        )  # fmt: skip


def points(path: Path, column: str, against: str = "iteration") -> Points:
    """(iteration, value) wherever a training log has a value in `column`; or against another."""
    with open(path, newline="") as file:
        reader = csv.DictReader(file)
        if missing := {against, column} - set(reader.fieldnames or ()):
            raise InputError(f"{path}: no column {', '.join(sorted(missing))}")
        try:
            return [(float(x[against]), float(x[column])) for x in reader if x[column]]
        except ValueError as error:
            raise InputError(f"{path}: line {reader.line_num}: {column}: {error}") from None


def smooth(points: Points) -> Points:
    """Each value replaced by the mean of its neighbourhood, a tenth of all points wide."""
    reach = len(points) // 20
    values = [y for _, y in points]
    near = [values[max(0, i - reach) : i + reach + 1] for i in range(len(values))]
    return [(x, sum(some) / len(some)) for (x, _), some in zip(points, near, strict=True)]


def xy(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]


def _mark_classes(
    axes: Axes,
    scores: Sequence[Sequence[float]],
    rows: Sequence[NetSpec],
    look: Mapping[str, Look],
) -> None:
    """A mark per net and class over a bar that spans the nets; `scores` is [net][place]."""
    spans = list(zip(*scores, strict=True))
    lows = [min(span) for span in spans]
    widths = [max(span) - min(span) for span in spans]
    axes.barh(range(len(spans)), widths, left=lows, height=0.3, color="#dfe3e8")
    for row, net in zip(rows, scores, strict=True):
        style = look[row.experiment]
        axes.plot(
            net, range(len(net)), color=style.colour, marker=style.marker, markersize=6.5,
            markeredgecolor="white", markeredgewidth=0.6, linestyle="none", label=row.row,
            clip_on=False, zorder=3,
        )  # fmt: skip


def _tasks(runs: Runs, net: NetSpec) -> Collection[str]:
    return runs[net.experiment][0][1].tasks


def _class_scores(runs: Sequence[tuple[Path, Record]], task: str, classes: int) -> list[float]:
    """Each class's IU, the mean over the runs; nan for a class that never occurs."""
    seeds = [class_iu(path, run, task, classes) for path, run in runs]
    return [_mean(values) for values in zip(*seeds, strict=True)]


def _mean(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else math.nan


def log_losses(axes: Axes) -> None:
    """A log scale whose ticks read as plain numbers."""
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(FuncFormatter(_minor))


def _minor(value: float, _: object) -> str:
    digit = round(value / 10 ** math.floor(math.log10(value)))
    return f"{value:g}" if digit in (2, 5) else ""


def thousands(value: float, _: object) -> str:
    """A tick as short as it can be."""
    return f"{value / 1000:g}k" if value >= 10_000 else f"{value:g}"
