"""The IU of every class for a table's nets."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Lines
from matplotlib.transforms import Bbox, BboxTransformTo

from fcnlib.datasets.reader import INFO, read_info
from fcnlib.evaluation.record import Record, by_experiment, class_iu_percent
from fcnlib.report.figures.style import (
    COLUMN_WIDTH,
    LETTER,
    PAGE_WIDTH,
    new_figure,
    not_shown,
    row_styles,
    save,
    save_without_nets,
)
from fcnlib.report.specs import TableFigureSpec

CLASS_LETTERS = 24  # of a name, at most
NETS_OF_A_COLUMN = 4  # those of more are as wide as a page
# Inches.
PITCH = 0.14  # from one class to the next
LINE = 0.13  # of a net's name
NUMBER = 0.24  # beside a bar
MARGINS = 0.12
TRACK = "#eceef1"  # as wide as a bar of 100 %


class NetColumn(NamedTuple):
    """What the chart shows of a net."""

    name: str
    colour: str
    scores: list[float]  # IU of each class in percent, from top to bottom


def plot_class_iu(
    table: Mapping[str, Any],
    *,
    metrics: Sequence[Path | str],
    dataset: Path | str,
    image: Path | str,
    info: Path | str,
) -> None:
    """IU of every class as a number and a bar per net, the class that is segmented best on top.

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
    means = [_mean([net[i] for net in scores]) for i in range(len(names))]
    known = (i for i, iu in enumerate(means) if not math.isnan(iu))
    classes = sorted(known, key=lambda i: -means[i])
    caption = "In percent, from 0 to 100."
    if len(rows) > 1:
        caption = "In percent, from 0 to 100; the best of each class in bold, sorted by their mean."
    if any(len(runs[row.experiment]) > 1 for row in rows):
        caption += " Several runs are averaged."
    if absent := [name for name, iu in zip(names, means, strict=True) if math.isnan(iu)]:
        caption += f" Never occur, so left out: {', '.join(absent)}."
    styles = row_styles(spec.nets)
    columns = [
        NetColumn(row.row, styles[row.experiment].colour, [net[i] for i in classes])
        for row, net in zip(rows, scores, strict=True)
    ]
    with new_figure(COLUMN_WIDTH if len(rows) <= NETS_OF_A_COLUMN else PAGE_WIDTH, 1.0) as figure:
        _plot_columns(figure, [names[i] for i in classes], columns)
        save(
            figure, image, info, images=spec.images_of, **kept,
            title=f"IU of each {task} class" if len(tasks) > 1 else "IU of each class",
            caption=" ".join(filter(None, (caption, not_shown(missing)))),
            alt="Table of bars of the intersection over union of each class, a column per net. On "
            f"average highest: {names[classes[0]]}; lowest: {names[classes[-1]]}.",
        )  # fmt: skip


def _plot_columns(figure: Figure, classes: Sequence[str], nets: Sequence[NetColumn]) -> None:
    """A column per net below its name, as high as it needs to be."""
    shown = [_cut(name) for name in classes]
    width = (figure.get_figwidth() - LETTER * max(map(len, shown)) - 0.1) / len(nets)
    titles = [_wrapped(net.name, max(6, int(width / LETTER))) for net in nets]
    lines = max(title.count("\n") + 1 for title in titles)
    figure.set_figheight(MARGINS + LINE * lines + PITCH * len(classes))
    axes = figure.subplots()
    best = [_best(scores) for scores in zip(*(net.scores for net in nets), strict=True)]
    for place, net in enumerate(nets):
        _plot_net(axes, net, best, place, place + min(NUMBER / width, 0.6))
    axes.set_yticks(range(len(classes)), shown)
    axes.set_xticks([place + 0.04 for place in range(len(nets))], titles, ha="left")
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.set(xlim=(0, len(nets)), ylim=(len(classes) - 0.4, -0.6))


def _plot_net(
    axes: Axes, net: NetColumn, best: Sequence[int | None], place: int, left: float
) -> None:
    """A number and a bar for each class; the bars begin at `left`."""
    room = place + 0.96 - left  # of a bar of 100 %
    known = [i for i, iu in enumerate(net.scores) if not math.isnan(iu)]
    axes.add_patch(Rectangle((left, -0.5), room, len(net.scores), color=TRACK, linewidth=0))
    bars = [Bbox.from_bounds(left, i - 0.3, room * net.scores[i] / 100, 0.6) for i in known]
    outlines = [Lines.unit_rectangle().transformed(BboxTransformTo(bar)) for bar in bars]
    # One path, for a small file.
    axes.add_patch(PathPatch(Lines.make_compound_path(*outlines), color=net.colour, linewidth=0))
    for i in known:
        weight = "bold" if round(net.scores[i]) == best[i] else "normal"
        axes.text(left - 0.12 * (left - place), i, f"{net.scores[i]:.0f}", ha="right",
                  va="center_baseline", fontweight=weight)  # fmt: skip


def _best(scores: Iterable[float]) -> int | None:
    """The highest score as it is shown; None where all are the same."""
    shown = {round(iu) for iu in scores if not math.isnan(iu)}
    return max(shown) if len(shown) > 1 else None


def _cut(name: str) -> str:
    return name if len(name) <= CLASS_LETTERS else f"{name[:CLASS_LETTERS]}\N{HORIZONTAL ELLIPSIS}"


def _wrapped(name: str, letters: int) -> str:
    """A name on lines of so many letters, split at a hyphen only where a word is longer."""
    return fill(name, letters, break_on_hyphens=max(map(len, name.split()), default=0) > letters)


def _tasks(runs: Sequence[tuple[Path, Record]]) -> Collection[str]:
    return runs[0][1].tasks


def _class_scores(runs: Sequence[tuple[Path, Record]], task: str, classes: int) -> list[float]:
    """Each class's IU, the mean over the runs; nan for a class that never occurs."""
    seeds = [class_iu_percent(path, run, task, classes) for path, run in runs]
    return [_mean(values) for values in zip(*seeds, strict=True)]


def _mean(values: Iterable[float | None]) -> float:
    known = [value for value in values if value is not None and not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan
