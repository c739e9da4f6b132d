"""The IU of every class for a table's nets."""

import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from fcnlib.datasets.reader import INFO, read_info
from fcnlib.evaluation.record import Record, by_experiment, class_iu_percent
from fcnlib.report.figures.style import (
    RowStyle,
    legend_above,
    new_figure,
    not_shown,
    row_styles,
    save,
    save_without_nets,
)
from fcnlib.report.specs import NetSpec, TableFigureSpec

DENSE_FROM = 25  # classes, from which on a chart is set closer


def plot_class_iu(
    table: Mapping[str, Any],
    *,
    metrics: Sequence[Path | str],
    dataset: Path | str,
    image: Path | str,
    info: Path | str,
) -> None:
    """IU of every class as a mark per net, the class that is segmented best on top.

    Of the first net's first task, and of the nets that have it.

    Args:
        table: the values of a `TableFigureSpec`.
        metrics: the metrics files of its nets, of every seed.
        dataset: the folder of the prepared data set that they were scored on.
        image: the picture to write.
        info: the `FigureInfo` to write.
    """
    spec = TableFigureSpec.model_validate(table)
    runs, tasks = by_experiment(metrics), read_info(Path(dataset) / INFO).tasks
    missing = [net.row for net in spec.nets if runs[net.experiment][0][1].unavailable]
    nets = [net for net in spec.nets if net.row not in missing]
    kept: dict[str, Any] = {"kind": "class_iu", "name": spec.table, "table": spec.table}
    if not nets:
        save_without_nets(missing, image, info, title="IU of each class", **kept)
        return
    task = next(iter(runs[nets[0].experiment][0][1].tasks))
    names, rows = tasks[task], [net for net in nets if task in _tasks(runs[net.experiment])]
    # [net][class]
    scores = [_class_scores(runs[row.experiment], task, len(names)) for row in rows]
    last = scores[-1]
    classes = sorted((i for i, iu in enumerate(last) if not math.isnan(iu)), key=lambda i: last[i])
    caption = f"Sorted by {rows[-1].row}; each bar spans the nets."
    if any(len(runs[row.experiment]) > 1 for row in rows):
        caption += " Several runs are averaged."
    if absent := [name for name, iu in zip(names, last, strict=True) if math.isnan(iu)]:
        caption += f" Never occur, so left out: {', '.join(absent)}."
    size, pitch = (10.0, 0.235) if len(classes) <= DENSE_FROM else (8.5, 0.185)
    with new_figure(5.4, 1.1 + pitch * len(classes)) as figure:
        axes = figure.subplots()
        _mark_classes(
            axes, [[net[i] for i in classes] for net in scores], rows, row_styles(spec.nets)
        )
        axes.set_yticks(range(len(classes)), [names[i] for i in classes], fontsize=size)
        axes.tick_params(axis="y", length=0)
        axes.set(xlim=(0, 100), ylim=(-0.6, len(classes) - 0.4), xlabel="IU (%)")
        legend_above(figure, axes)
        save(
            figure, image, info, images=spec.images_of, **kept,
            title=f"IU of each {task} class" if len(tasks) > 1 else "IU of each class",
            caption=" ".join(filter(None, (caption, not_shown(missing)))),
            alt="Chart of the intersection over union of each class, one mark per net. Highest "
            f"for {rows[-1].row}: {names[classes[-1]]}; lowest: {names[classes[0]]}.",
        )  # fmt: skip


def _mark_classes(
    axes: Axes,
    scores: Sequence[Sequence[float]],
    rows: Sequence[NetSpec],
    styles: Mapping[str, RowStyle],
) -> None:
    """A mark per net and class over a bar that spans the nets; `scores` is [net][place]."""
    spans = list(zip(*scores, strict=True))
    lows = [min(span) for span in spans]
    widths = [max(span) - min(span) for span in spans]
    axes.barh(range(len(spans)), widths, left=lows, height=0.3, color="#dfe3e8")
    for row, net in zip(rows, scores, strict=True):
        style = styles[row.experiment]
        axes.plot(
            net, range(len(net)), color=style.colour, marker=style.marker, markersize=6.5,
            markeredgecolor="white", markeredgewidth=0.6, linestyle="none", label=row.row,
            clip_on=False, zorder=3,
        )  # fmt: skip


def _tasks(runs: Sequence[tuple[Path, Record]]) -> Collection[str]:
    return runs[0][1].tasks


def _class_scores(runs: Sequence[tuple[Path, Record]], task: str, classes: int) -> list[float]:
    """Each class's IU, the mean over the runs; nan for a class that never occurs."""
    seeds = [class_iu_percent(path, run, task, classes) for path, run in runs]
    return [_mean(values) for values in zip(*seeds, strict=True)]


def _mean(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else math.nan
