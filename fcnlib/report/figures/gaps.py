"""Gaps between nets and the upper bounds of their strides."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from fcnlib.evaluation.record import by_experiment
from fcnlib.report.aggregate import mean_iu_percent
from fcnlib.report.figures.style import COLUMN_WIDTH, OURS, PAPER, legend_above, new_figure, save
from fcnlib.report.specs import ChartSpec, RowSpec

GAPS = (
    "Dot: the net; bar's end: perfect labels at its stride; number: the points between. A finer "
    "stride raises the bound; what is left of the gap is the net's."
)


def plot_gaps(
    figure: Mapping[str, Any],
    *,
    metrics: Sequence[Path | str],
    image: Path | str,
    info: Path | str,
) -> None:
    """How far each net stays below the bound of its stride, measured beside published.

    Of several bounds of a stride, the one listed first counts.
    """
    spec, measured = ChartSpec.model_validate(figure), mean_iu_percent(by_experiment(metrics))
    bounds: dict[int, RowSpec] = {}
    for row in spec.rows:
        if row.upper_bound:
            bounds.setdefault(row.upper_bound.factor, row)
    nets = [row for row in spec.rows if row.stride in bounds]
    described = []
    with new_figure(COLUMN_WIDTH, 2.8) as canvas:
        axes = canvas.subplots()
        for place, net in enumerate(nets):
            bound = bounds[net.stride or 0]
            ours = (measured.get(net.experiment), measured.get(bound.experiment))
            theirs = (net.paper.get("mean_iu"), bound.paper.get("mean_iu"))
            gap = _plot_gap(axes, place - 0.13, ours, OURS)
            published = _plot_gap(axes, place + 0.13, theirs, PAPER)
            described.append(f"{net.row} {gap} points below it (paper: {published or 'no number'})")
        for name, colour in (("this run", OURS), ("paper", PAPER)):
            axes.plot([], [], color=colour, marker="o", markersize=5, linewidth=4, label=name)
        axes.set_xticks(range(len(nets)), [f"{net.row}\nstride {net.stride}" for net in nets])
        axes.set(xlim=(-0.5, len(nets) - 0.5), ylim=(0, 103))
        axes.grid(visible=False, axis="x")
        axes.set_title("Mean IU (%): the net, and the bound of its stride")
        legend_above(canvas, axes)
        save(
            canvas, image, info, images=spec.images_of,
            kind="gaps", name=spec.name, section=spec.section,
            title=spec.title, caption=GAPS,
            alt="Chart of each net's mean IU and the upper bound of its stride: "
            + "; ".join(described) + ".",
        )  # fmt: skip


def _plot_gap(
    axes: Axes, place: float, ends: tuple[float | None, float | None], colour: str
) -> str:
    """A bar from a net's dot up to its bound, and the number of points between; or nothing."""
    net, bound = ends
    if net is None or bound is None:
        return ""
    axes.vlines(place, net, bound, color=colour, alpha=0.35, linewidth=4)
    axes.plot(place, bound, color=colour, marker="_", markersize=11, markeredgewidth=1.5)
    axes.plot(place, net, color=colour, marker="o", markersize=5)
    axes.annotate(
        f"{bound - net:.1f}", (place, (net + bound) / 2), xytext=(-6 if colour == OURS else 6, 0),
        textcoords="offset points", va="center", ha="right" if colour == OURS else "left",
    )  # fmt: skip
    return f"{bound - net:.1f}"
