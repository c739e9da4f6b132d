"""Training losses of several experiments, by iteration and by time (Fig. 5)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from fcnlib.config.schema_figures import Against
from fcnlib.core.errors import InputError
from fcnlib.report.curve_points import points
from fcnlib.report.figures.series import by_net, log_losses, mean_of, smooth, thousands, xy
from fcnlib.report.figures.style import (
    COLUMN_WIDTH,
    PAGE_WIDTH,
    legend_above,
    new_figure,
    row_styles,
    save,
)
from fcnlib.report.specs import LossesSpec

LABELS: dict[Against, str] = {
    "iteration": "iteration",
    "images": "images seen",
    "seconds": "relative time",
}


def plot_losses(
    figure: Mapping[str, Any],
    *,
    curves: Sequence[Path | str],
    image: Path | str,
    info: Path | str,
) -> None:
    """Smoothed loss per pixel, a line per net: the mean of its seeds, with a band.

    `curves` are the training logs in the order of the nets, as many of each.
    """
    spec = LossesSpec.model_validate(figure)
    files, styles = by_net(curves, spec.nets), row_styles(spec.nets)
    with new_figure(COLUMN_WIDTH if len(spec.against) == 1 else PAGE_WIDTH, 2.8) as canvas:
        panels = canvas.subplots(1, len(spec.against), sharey=True, squeeze=False)[0]
        for axes, against in zip(panels, spec.against, strict=True):
            unit = _last(files[spec.nets[0].experiment], against) if against == "seconds" else 1.0
            for net in spec.nets:
                style = styles[net.experiment]
                band = mean_of([smoothed(path, against, unit) for path in files[net.experiment]])
                axes.fill_between(band.x, band.low, band.high, color=style.colour, alpha=0.15,
                                  linewidth=0)  # fmt: skip
                axes.plot(band.x, band.mean, color=style.colour, linestyle=style.dash,
                          label=net.row, linewidth=1.3)  # fmt: skip
            _finish(axes, against)
        panels[0].set_title("Training loss per pixel")
        legend_above(canvas, panels[0])
        save(
            canvas, image, info, images=spec.images_of,
            kind="losses", name=spec.name, section=spec.section,
            title=spec.title,
            caption=_caption(spec, max(map(len, files.values()))),
            alt="Line charts of the training loss per pixel against "
            + " and against ".join(LABELS[against] for against in spec.against)
            + f", one line for each of {', '.join(net.row for net in spec.nets)}.",
        )  # fmt: skip


def _finish(axes: Axes, against: Against) -> None:
    log_losses(axes)
    axes.tick_params(which="both", labelleft=True)
    axes.set_xlabel(LABELS[against])
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(FuncFormatter(thousands))


def smoothed(path: Path, against: Against, unit: float = 1.0) -> tuple[list[float], list[float]]:
    """Where a run's losses were logged, in `unit`s, and its smoothed loss per pixel there."""
    x, losses = xy(smooth(points(path, "loss_per_pixel", against)))
    if not x:
        raise InputError(f"{path}: no loss_per_pixel")
    return [value / unit for value in x], losses


def _last(paths: Sequence[Path], against: Against) -> float:
    """Where runs end, their mean."""
    return fmean(smoothed(path, against)[0][-1] for path in paths)


def _caption(spec: LossesSpec, seeds: int) -> str:
    sentences = ["Each value is the mean over a tenth of the run around it (log scale)."]
    if seeds > 1:
        sentences.append(
            f"Lines are means of {seeds} runs, bands go from the lowest to the highest."
        )
    if "seconds" in spec.against:
        sentences.append(f"Time is relative to the whole training of {spec.nets[0].row}.")
    return " ".join(sentences)
