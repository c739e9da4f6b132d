"""A table's training curves."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
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
from fcnlib.report.figures.style import (
    COLUMN_WIDTH,
    RowStyle,
    legend_above,
    new_figure,
    row_styles,
    save,
)
from fcnlib.report.specs import NetSpec, TableFigureSpec

LOSS, SCORE = "loss", "mean IU (%)"  # the panels
EXPLAINED: Mapping[str, str] = {
    LOSS: "loss per pixel (log scale; thin as logged, thick its mean over a tenth of the run "
    "around each point)",
    SCORE: "mean IU",
}
CONTINUED = "A net initialized from another one starts where that one ended."
VALIDATED_ONCE = "Each net was validated once, at its end, and is scored as it was then."
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

    Mean IU is that of the last net's first task, of the nets whose first task is the same. What no
    net has more than one number of is no curve: the caption has it in words.

    Args:
        table: The values of a `TableFigureSpec`.
        curves: The training logs in the order of the nets, as many of each.
        image: The picture to write: a line per run.
        info: Its `FigureInfo`.
        chart: The Vega-Lite specification to write: a line per net, with a band of its runs.
    """
    spec = TableFigureSpec.model_validate(table)
    files = by_net(curves, spec.nets)
    every = _panels(spec, files)
    panels = [panel for panel in every if _is_curve(panel)]
    notes = _notes(spec, curves, [panel for panel in every if panel not in panels])
    fields: dict[str, Any] = {
        "kind": "curves", "name": spec.table, "table": spec.table, "title": "Training curves"
    }  # fmt: skip
    with new_figure(COLUMN_WIDTH, 0.6 + 1.8 * len(panels)) as figure:
        if panels:
            shown = " and ".join(EXPLAINED[panel.name] for panel in panels)
            caption = [f"{shown[0].upper()}{shown[1:]} during training.", CONTINUED, *notes]
            alt = "Line charts over training iterations, one line per net: " + "; ".join(
                f"{panel.title[0].lower()}{panel.title[1:]}" for panel in panels
            )
            fields |= {"chart": Path(chart).name, "alt": f"{alt}."}
            _plot_panels(figure, panels, spec, files)
        else:
            caption = notes or ["Nothing was logged while training."]
            fields["alt"] = " ".join(caption)
            figure.text(0.02, 0.5, fill(fields["alt"], 50), va="center")
        save(figure, image, info, images=spec.images_of, caption=" ".join(caption), **fields)
    write_line_chart(
        chart, panels, x="iteration",
        styles=[(net.row, row_styles(spec.nets)[net.experiment]) for net in spec.nets],
        description=" ".join([CHART, *notes]),
    )  # fmt: skip


def _panels(spec: TableFigureSpec, files: Mapping[str, Sequence[Path]]) -> list[Panel]:
    """The losses and the scores of each net, over its runs."""
    losses, scores = [], []
    images = " and ".join(sorted({net.picked_on or "test" for net in spec.nets}))
    for net in spec.nets:
        paths = files[net.experiment]
        losses.append((net.row, [xy(smooth(points(path, "loss_per_pixel"))) for path in paths]))
        if net.tasks[:1] == spec.nets[-1].tasks[:1]:
            scores.append((net.row, [xy(_scores(path)) for path in paths]))
    return [
        Panel(LOSS, "Training loss per pixel", 240, log=True, markers=False, lines=_bands(losses)),
        Panel(
            SCORE, f"Mean IU on the {images} images (%)", 180, log=False, markers=True,
            lines=_bands(scores),
        ),
    ]  # fmt: skip


def _bands(curves: Sequence[tuple[str, Sequence[Curve]]]) -> list[tuple[str, Band]]:
    """The nets' curves over their runs, of those of which every run has numbers."""
    return [(net, mean_of(runs)) for net, runs in curves if all(x for x, _ in runs)]


def _is_curve(panel: Panel) -> bool:
    return any(len(band.x) > 1 for _, band in panel.lines)


def _notes(
    spec: TableFigureSpec, curves: Sequence[Path | str], single: Sequence[Panel]
) -> list[str]:
    """What the charts do not show, and why, in sentences."""
    task, notes = spec.nets[-1].tasks[:1], []
    if others := [net.row for net in spec.nets if net.tasks[:1] != task]:
        notes.append(f"Without {' '.join(task)} labels, so without a score: {', '.join(others)}.")
    if all(len(points(Path(path), "mean_iu")) == 1 for path in curves):
        notes.append(VALIDATED_ONCE)
    for panel in single:
        ends = [f"{net} {band.mean[-1]:.3g}" for net, band in panel.lines if len(band.x)]
        what = f"{panel.title}, one number of each net and so no curve: {', '.join(ends)}."
        notes += [what] if ends else []
    return notes


def _scores(path: Path) -> Points:
    return [(x, 100 * y) for x, y in points(path, "mean_iu")]


def _plot_panels(
    figure: Figure,
    panels: Sequence[Panel],
    spec: TableFigureSpec,
    files: Mapping[str, Sequence[Path]],
) -> None:
    """A chart for each panel, below each other, with a line per run."""
    every = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axes, panel in zip(every, panels, strict=True):
        (_plot_losses if panel.name == LOSS else _plot_scores)(axes, spec, files)
        axes.set_title(panel.title)
    every[-1].set_xlabel("iteration")
    every[-1].xaxis.set_major_formatter(FuncFormatter(thousands))
    legend_above(figure, every[0])


def _plot_losses(axes: Axes, spec: TableFigureSpec, files: Mapping[str, Sequence[Path]]) -> None:
    """Each run's losses as logged, and smoothed."""
    for _, style, label, path in _runs(spec, files):
        losses = points(path, "loss_per_pixel")
        axes.plot(*xy(losses), color=style.colour, alpha=0.25, linewidth=0.5)
        axes.plot(
            *xy(smooth(losses)),
            color=style.colour,
            linestyle=style.dash,
            label=label,
            linewidth=1.3,
        )
    log_losses(axes)


def _plot_scores(axes: Axes, spec: TableFigureSpec, files: Mapping[str, Sequence[Path]]) -> None:
    """Each run's validations, of the nets with the last one's first task."""
    for net, style, label, path in _runs(spec, files):
        if net.tasks[:1] == spec.nets[-1].tasks[:1]:
            axes.plot(
                *xy(_scores(path)), color=style.colour, linestyle=style.dash, label=label,
                marker=style.marker, markersize=3.5,
            )  # fmt: skip
    axes.set_ylim(bottom=0)


def _runs(
    spec: TableFigureSpec, files: Mapping[str, Sequence[Path]]
) -> Iterator[tuple[NetSpec, RowStyle, str, Path]]:
    """Every run with its net's style, and with a label of the first one of each net."""
    styles = row_styles(spec.nets)
    for net in spec.nets:
        for place, path in enumerate(files[net.experiment]):
            yield net, styles[net.experiment], "_" if place else net.row, path
