"""Mean IU by number of training images: what more of them would bring."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from fcnlib.config.schema_data import images_of_share
from fcnlib.core.errors import InputError
from fcnlib.datasets.reader import read_info
from fcnlib.evaluation.record import by_experiment, number
from fcnlib.report.figures.style import (
    COLUMN_WIDTH,
    OURS,
    PAPER,
    legend_above,
    new_figure,
    save,
)
from fcnlib.report.power_law import Band, Floats, fit_power_law
from fcnlib.report.specs import LearningCurveSpec

BEYOND = 2  # times the most images: as far as the curve is drawn
EXPLAINED = (
    "Dots are runs, one for each seed, which also chooses the images of a share. The curve is the "
    "power law a - b n^(-c) with the least squares, dashed beyond what was measured"
)
ITS_BAND = "its band is where 90% of the curves would lie that are fitted to runs of such a spread."
NO_BAND = "it has no band, as one seed tells no spread."


def plot_learning_curve(
    figure: Mapping[str, Any],
    *,
    metrics: Sequence[Path | str],
    dataset: Path | str,
    image: Path | str,
    info: Path | str,
) -> None:
    """Mean IU of every run by its number of training images, and the curve fitted to them.

    Args:
        figure: Values of a LearningCurveSpec.
        metrics: The metrics files of all runs.
        dataset: The data set's `dataset.json`, for the number of its images.
        image: The picture to write.
        info: The `FigureInfo` to write.
    """
    spec = LearningCurveSpec.model_validate(figure)
    scores = _scores(spec, metrics, read_info(Path(dataset)).splits)
    if len(scores) < len({net.train_share for net in spec.nets}):
        raise InputError(
            f"{dataset}: its shares are of {', '.join(map(str, sorted(scores)))} images; expected "
            "a mean IU of each, and more images or other shares"
        )
    most = max(scores)
    places = np.geomspace(min(scores), BEYOND * most, 100)
    runs = [(n, score) for n, found in scores.items() for score in found]
    band = fit_power_law([n for n, _ in runs], [score for _, score in runs], places.tolist())
    told = _told(band, BEYOND * most)
    measured = ", ".join(f"{n} images {np.mean(scores[n]):.1f}%" for n in sorted(scores))
    with new_figure(COLUMN_WIDTH, 2.8) as canvas:
        axes = canvas.subplots()
        _plot(axes, runs, places, band)
        legend_above(canvas, axes)
        save(
            canvas, image, info, images=spec.images_of, kind="learning_curve", name=spec.name,
            section=spec.section, title=spec.title,
            caption=f"{told} {EXPLAINED}; {NO_BAND if np.isnan(band.low[-1]) else ITS_BAND}",
            alt=f"Chart of mean IU by number of training images: {measured}. {told}",
        )  # fmt: skip


def _scores(
    spec: LearningCurveSpec, metrics: Sequence[Path | str], splits: Mapping[str, int]
) -> dict[int, list[float]]:
    """The mean IU of the runs by their number of training images."""
    runs, found = by_experiment(metrics), dict[int, list[float]]()
    for net in spec.nets:
        images = images_of_share(splits[net.train], net.train_share)
        measured = [number(path, run, "mean_iu") for path, run in runs[net.experiment]]
        if known := [score for score in measured if score is not None]:
            found.setdefault(images, []).extend(known)
    return found


def _told(band: Band, images: int) -> str:
    """What the curve says of more images, in a sentence."""
    text = f"With {images} images the curve is at {band.fit[-1]:.1f}%"
    if np.isnan(band.low[-1]):
        return f"{text}."
    return f"{text} ({band.low[-1]:.1f} to {band.high[-1]:.1f})."


def _plot(axes: Axes, runs: Sequence[tuple[int, float]], places: Floats, band: Band) -> None:
    images = sorted({n for n, _ in runs})
    within = places <= images[-1]
    if not np.isnan(band.low[-1]):
        axes.fill_between(places, band.low, band.high, color=OURS, alpha=0.15, linewidth=0,
                          label="90% of curves")  # fmt: skip
    axes.plot(places[within], band.fit[within], color=OURS, label="fitted curve")
    axes.plot(places[~within], band.fit[~within], color=OURS, linestyle="--")
    axes.scatter(
        [n for n, _ in runs], [score for _, score in runs], color=OURS, s=14, zorder=3, label="runs"
    )
    axes.axvline(images[-1], color=PAPER, linewidth=0.8)
    axes.set(xscale="log", xlabel="training images", ylabel="mean IU (%)")
    axes.xaxis.set_major_locator(FixedLocator([*images, BEYOND * images[-1]]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n:g}"))
