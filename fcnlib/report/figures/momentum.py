"""Momentum against batch size, with the mean IU of each pair."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from fcnlib.config.columns import Setting
from fcnlib.core.errors import InputError
from fcnlib.evaluation.record import Record, by_experiment, number
from fcnlib.report.aggregate import mean_iu_percent
from fcnlib.report.figures.style import PAGE_WIDTH, PAPER, new_figure, save
from fcnlib.report.specs import ChartSpec, RowSpec

CLOSE = 0.15  # of momenta's distances from 1: the natural logarithm of their ratio
BEHIND_TEXT = {"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.85}


def plot_momentum(
    figure: Mapping[str, Any],
    *,
    metrics: Sequence[Path | str],
    image: Path | str,
    info: Path | str,
) -> None:
    """Mean IU by momentum p and batch size k, with the curve of all that equal the first row.

    By section 6.2 they do where p ** (1 / k) is the same.
    """
    spec, runs = ChartSpec.model_validate(figure), by_experiment(metrics)
    measured = mean_iu_percent(runs)
    first = [runs[row.experiment][0] for row in spec.rows]
    momenta = [_setting(path, run, "momentum") for path, run in first]
    batches = [int(_setting(path, run, "batch_size")) for path, run in first]
    means = [measured.get(row.experiment, np.nan) for row in spec.rows]
    with new_figure(PAGE_WIDTH, 3.6) as canvas:
        axes = canvas.subplots()
        marks = _plot_relation(axes, momenta, batches, means)
        for (p, k), texts in _labels(spec.rows, momenta, batches, means).items():
            left = _crowded((p, k), zip(momenta, batches, strict=True))
            axes.annotate("\n".join(texts), (k, 1 - p), xytext=(-4, -13) if left else (9, 0),
                          textcoords="offset points", ha="right" if left else "left", va="center",
                          bbox=BEHIND_TEXT)  # fmt: skip
        canvas.colorbar(marks, ax=axes, label="mean IU (%)")
        axes.legend(loc="lower right")
        save(
            canvas, image, info, images=spec.images_of,
            kind="momentum", name=spec.name, section=spec.section,
            title=spec.title,
            caption="Section 6.2 predicts equal training where the momentum that one image "
            f"keeps, p to the power 1/k, is equal: on the curve, as for {spec.rows[0].row}. "
            "Learning rates differ from point to point; the recipes are in the provenance.",
            alt="Chart of momentum against batch size with each experiment's mean IU: "
            + ", ".join(
                f"{row.row} (p {p:g}, k {k}) {mean:.1f}%"
                for row, p, k, mean in zip(spec.rows, momenta, batches, means, strict=True)
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


def equivalent_momentum(momentum: float, batch: int, other: float) -> float:
    """The momentum that with a batch of `other` keeps as much per image (section 6.2)."""
    return float(momentum ** (other / batch))


def _plot_relation(
    axes: Axes, momenta: Sequence[float], batches: Sequence[int], means: Sequence[float]
) -> PathCollection:
    """The points over the curve through the first of them; p is plotted by how far it is from 1."""
    p, k = momenta[0], batches[0]
    sizes = np.geomspace(min(batches) / 1.5, max(batches) * 1.5, 100)
    curve = [1 - equivalent_momentum(p, k, size) for size in sizes]
    axes.plot(sizes, curve, color=PAPER, linestyle="--",
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
    return axes.scatter(batches, [1 - x for x in momenta], c=means, cmap="viridis", s=36, zorder=2,
                        edgecolor="white")  # fmt: skip


def _setting(path: Path, run: Record, setting: Setting) -> float:
    """A setting that a run's net was trained with."""
    value = number(path, run, setting)
    if value is None:
        raise InputError(f"{path}: settings: no {setting}")
    return value
