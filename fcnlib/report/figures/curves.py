"""A table's training curves."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from fcnlib.report.curve_points import points
from fcnlib.report.figures.series import by_net, log_losses, smooth, thousands, xy
from fcnlib.report.figures.style import COLUMN_WIDTH, legend_above, new_figure, row_styles, save
from fcnlib.report.specs import TableFigureSpec

CURVES = (
    "Loss per pixel (log scale; thin as logged, thick its mean over a tenth of the run around each "
    "point) and mean IU during training. A net initialized from another one starts where that "
    "one ended."
)
VALIDATED_ONCE = (
    " Each net was validated once, at its end: what is scored is the best of the validated "
    "snapshots, so that more validations would change the scores."
)


def plot_curves(
    table: Mapping[str, Any],
    *,
    curves: Sequence[Path | str],
    image: Path | str,
    info: Path | str,
) -> None:
    """Loss per pixel and the snapshots' mean IU while training; a line per run.

    Mean IU is that of the last net's first task, of the nets whose first task is the same.
    `curves` are the training logs in the order of the nets, as many of each.
    """
    spec = TableFigureSpec.model_validate(table)
    task = spec.nets[-1].tasks[:1]
    others = [net.row for net in spec.nets if net.tasks[:1] != task]
    images = " and ".join(sorted({net.picked_on or "test" for net in spec.nets}))
    caption = CURVES
    if others:
        caption += f" Without {' '.join(task)} labels, so without a score: {', '.join(others)}."
    with new_figure(COLUMN_WIDTH, 4.2) as figure:
        loss, score = figure.subplots(2, 1, sharex=True)
        _plot_runs(loss, score, spec, by_net(curves, spec.nets))
        if all(len(points(Path(path), "mean_iu")) == 1 for path in curves):
            caption += VALIDATED_ONCE
        log_losses(loss)
        loss.set_title("Training loss per pixel")
        score.set_title(f"Mean IU on the {images} images (%)")
        score.set_xlabel("iteration")
        score.set_ylim(bottom=0)
        score.xaxis.set_major_formatter(FuncFormatter(thousands))
        legend_above(figure, loss)
        save(
            figure, image, info, images=spec.images_of,
            kind="curves", name=spec.table, table=spec.table,
            title="Training curves", caption=caption,
            alt="Two line charts over training iterations, one line per net: loss per pixel and "
            f"mean IU on the {images} images.",
        )  # fmt: skip


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
                percent = [(x, 100 * y) for x, y in points(path, "mean_iu")]
                score.plot(*xy(percent), **line, label=label, marker=style.marker, markersize=3.5)
            label = "_"  # once per experiment, however many seeds
