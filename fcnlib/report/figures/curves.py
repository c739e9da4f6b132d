"""A table's training curves."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from fcnlib.report.curve_points import Points, points
from fcnlib.report.figures.line_chart import Panel, write_line_chart
from fcnlib.report.figures.series import (
    Band,
    Curve,
    by_net,
    log_losses,
    mean_of,
    smooth,
    thousands,
    xy,
)
from fcnlib.report.figures.style import COLUMN_WIDTH, legend_above, new_figure, row_styles, save
from fcnlib.report.specs import TableFigureSpec

LOSS = "Training loss per pixel"
CURVES = (
    "Loss per pixel (log scale; thin as logged, thick its mean over a tenth of the run around each "
    "point) and mean IU during training. A net initialized from another one starts where that "
    "one ended."
)
VALIDATED_ONCE = (
    " Each net was validated once, at its end: what is scored is the best of the validated "
    "snapshots, so that more validations would change the scores."
)
CHART = (
    "Each loss is the mean over a tenth of the run around it. Of several runs of a net, the line "
    "is their mean, and a band goes from the lowest to the highest."
)


def plot_curves(
    table: Mapping[str, Any],
    *,
    curves: Sequence[Path | str],
    image: Path | str,
    info: Path | str,
    chart: Path | str,
) -> None:
    """Loss per pixel and the snapshots' mean IU while training: as a picture, and to explore.

    Mean IU is that of the last net's first task, of the nets whose first task is the same.

    Args:
        table: The values of a `TableFigureSpec`.
        curves: The training logs in the order of the nets, as many of each.
        image: The picture to write: a line per run.
        info: Its `FigureInfo`.
        chart: The Vega-Lite specification to write: a line per net, with a band of its runs.
    """
    spec = TableFigureSpec.model_validate(table)
    task = spec.nets[-1].tasks[:1]
    images = " and ".join(sorted({net.picked_on or "test" for net in spec.nets}))
    files, titles = by_net(curves, spec.nets), (LOSS, f"Mean IU on the {images} images (%)")
    with new_figure(COLUMN_WIDTH, 4.2) as figure:
        loss, score = figure.subplots(2, 1, sharex=True)
        _plot_runs(loss, score, spec, files)
        notes = _notes(curves, task, [net.row for net in spec.nets if net.tasks[:1] != task])
        log_losses(loss)
        loss.set_title(titles[0])
        score.set_title(titles[1])
        score.set_xlabel("iteration")
        score.set_ylim(bottom=0)
        score.xaxis.set_major_formatter(FuncFormatter(thousands))
        legend_above(figure, loss)
        save(
            figure, image, info, images=spec.images_of,
            kind="curves", name=spec.table, table=spec.table,
            title="Training curves", caption=CURVES + notes, chart=Path(chart).name,
            alt="Two line charts over training iterations, one line per net: loss per pixel and "
            f"mean IU on the {images} images.",
        )  # fmt: skip
    write_line_chart(
        chart, _panels(spec, files, titles), x="iteration",
        styles=[(net.row, row_styles(spec.nets)[net.experiment]) for net in spec.nets],
        description=CHART + notes,
    )  # fmt: skip


def _notes(curves: Sequence[Path | str], task: Sequence[str], others: Sequence[str]) -> str:
    """What the chart does not show, and why."""
    missing = f" Without {' '.join(task)} labels, so without a score: {', '.join(others)}."
    once = all(len(points(Path(path), "mean_iu")) == 1 for path in curves)
    return (missing if others else "") + (VALIDATED_ONCE if once else "")


def _panels(
    spec: TableFigureSpec, files: Mapping[str, Sequence[Path]], titles: tuple[str, str]
) -> list[Panel]:
    """The losses and the scores of each net, over its runs."""
    losses, scores = [], []
    for net in spec.nets:
        paths = files[net.experiment]
        losses.append((net.row, [xy(smooth(points(path, "loss_per_pixel"))) for path in paths]))
        if net.tasks[:1] == spec.nets[-1].tasks[:1]:
            scores.append((net.row, [xy(_scores(path)) for path in paths]))
    return [
        Panel("loss", titles[0], 240, log=True, markers=False, lines=_bands(losses)),
        Panel("mean IU (%)", titles[1], 180, log=False, markers=True, lines=_bands(scores)),
    ]


def _bands(curves: Sequence[tuple[str, Sequence[Curve]]]) -> list[tuple[str, Band]]:
    """The nets' curves over their runs, of those of which every run has numbers."""
    return [(net, mean_of(runs)) for net, runs in curves if all(x for x, _ in runs)]


def _scores(path: Path) -> Points:
    return [(x, 100 * y) for x, y in points(path, "mean_iu")]


def _plot_runs(
    loss: Axes, score: Axes, spec: TableFigureSpec, files: Mapping[str, Sequence[Path]]
) -> None:
    """A line per run in both charts; only nets with the last one's first task have a score."""
    styles = row_styles(spec.nets)
    for net in spec.nets:
        style = styles[net.experiment]
        line: Any = {"color": style.colour, "linestyle": style.dash}
        label = net.row
        for path in files[net.experiment]:
            losses = points(path, "loss_per_pixel")
            loss.plot(*xy(losses), color=style.colour, alpha=0.25, linewidth=0.5)
            loss.plot(*xy(smooth(losses)), **line, label=label, linewidth=1.3)
            if net.tasks[:1] == spec.nets[-1].tasks[:1]:
                score.plot(
                    *xy(_scores(path)), **line, label=label, marker=style.marker, markersize=3.5
                )
            label = "_"  # once per experiment, however many seeds
