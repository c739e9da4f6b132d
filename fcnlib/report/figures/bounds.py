"""Upper bounds for coarse predictions, and what nets leave of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter

from fcnlib.config.columns import RULES
from fcnlib.core.errors import InputError
from fcnlib.evaluation.record import by_experiment, number
from fcnlib.report.figures.curves import Points, xy
from fcnlib.report.figures.style import looks, new_figure, save
from fcnlib.report.results import read_lines
from fcnlib.report.specs import ChartSpec, RowSpec, TableSpec
from fcnlib.report.tables import Runs

PAPER = "#8a9099"
HERE = "#0072B2"


def draw_bounds(
    table: Mapping[str, Any],
    *,
    results: Path | str,
    image: Path | str,
    card: Path | str,
) -> None:
    """Mean IU of perfect labels after coarse sampling, by factor: published, and by each rule."""
    shown = TableSpec.model_validate(table)
    factors = {row.experiment: row.oracle.factor for row in shown.rows if row.oracle}
    rules: dict[str, Points] = {}
    paper: dict[float, float] = {}
    for line in read_lines(results):
        column, factor = line.column, factors.get(line.experiment)
        if column is None or column not in RULES or factor is None:
            continue
        if line.measured is not None:
            rules.setdefault(RULES[column].label, []).append((factor, line.measured))
        if line.paper is not None:
            paper[factor] = line.paper
    if not rules:
        raise InputError(f"{results}: no mean_iu of a row with a factor")
    with new_figure(5.4, 4.2 if len(rules) > 1 else 3.8) as figure:
        axes = figure.subplots()
        axes.plot(
            *xy(sorted(paper.items())), color=PAPER, marker="D", linestyle="--", label="paper"
        )
        _draw_rules(axes, rules)
        axes.set_title("Mean IU of perfect labels (%)")
        axes.legend(fontsize=9, loc="lower right")
        first = next(iter(rules))
        save(
            figure, image, card, kind="bounds", table=shown.name, title="Upper bounds",
            caption="The best mean IU that a prediction of each coarseness could reach. How much "
            "is lost depends on the size of the objects, so on the images."
            + RESAMPLED * (len(rules) > 1)
            + _closest(rules, paper) * (shown.images == "published"),
            alt="Line chart: mean IU against downsampling factor, measured "
            + ", ".join(f"{y:.0f}% at {x:g}" for x, y in rules[first])
            + f" by the rule “{first}”; {len(rules) - 1} more rules beside it" * (len(rules) > 1)
            + ".",
        )  # fmt: skip


GAPS = (
    "Dot: the net; bar's end: perfect labels at its stride; number: the points between. A finer "
    "stride raises the bound; what is left of the gap is the net's."
)
RESAMPLED = (
    " The paper does not say how it resamples. Down: the share of each class in a cell (area), the "
    "cell's majority, the pixel at its centre or at its corner. Back up: bilinear or nearest."
)


def _closest(rules: Mapping[str, Points], published: Mapping[float, float]) -> str:
    """Which rule comes closest to the published numbers, of those with a number for each."""
    apart = {
        rule: fmean(abs(value - published[factor]) for factor, value in points)
        for rule, points in rules.items()
        if published.keys() and published.keys() == dict(points).keys()
    }
    if not apart:
        return ""
    rule = min(apart, key=lambda name: apart[name])
    return f" “{rule}” comes closest to the published numbers: {apart[rule]:.1f} points on average."


def _draw_rules(axes: Axes, rules: Mapping[str, Points]) -> None:
    """A line per rule; where there is one only, it need not be named."""
    for (rule, points), look in zip(rules.items(), looks([*rules]).values(), strict=True):
        label = rule if len(rules) > 1 else "this run"
        axes.plot(*xy(sorted(points)), color=look.colour, marker=look.marker, markersize=5,
                  label=label)  # fmt: skip
    axes.set_xscale("log", base=2)
    axes.invert_xaxis()  # finer to the right, as better
    factors = {x for points in rules.values() for x, _ in points}
    axes.xaxis.set_major_locator(FixedLocator(sorted(factors)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_ylim(0, 103)
    axes.set_xlabel("downsampling factor")


def draw_gaps(
    figure: Mapping[str, Any],
    *,
    metrics: Sequence[Path | str],
    image: Path | str,
    card: Path | str,
) -> None:
    """How far each net stays below the bound of its stride, measured beside published.

    Of several bounds of a stride, the one listed first counts.
    """
    shown, runs = ChartSpec.model_validate(figure), by_experiment(metrics)
    bounds: dict[int, RowSpec] = {}
    for row in shown.rows:
        if row.oracle:
            bounds.setdefault(row.oracle.factor, row)
    nets = [row for row in shown.rows if row.stride in bounds]
    said = []
    with new_figure(5.4, 4.0) as canvas:
        axes = canvas.subplots()
        for place, net in enumerate(nets):
            bound = bounds[net.stride or 0]
            ours = (_measured(runs, net), _measured(runs, bound))
            theirs = (net.paper.get("mean_iu"), bound.paper.get("mean_iu"))
            gap = _draw_gap(axes, place - 0.13, ours, HERE)
            published = _draw_gap(axes, place + 0.13, theirs, PAPER)
            said.append(f"{net.row} {gap} points below it (paper: {published or 'no number'})")
        for name, colour in (("this run", HERE), ("paper", PAPER)):
            axes.plot([], [], color=colour, marker="o", linewidth=5, label=name)
        axes.set_xticks(range(len(nets)), [f"{net.row}\nstride {net.stride}" for net in nets])
        axes.set(xlim=(-0.5, len(nets) - 0.5), ylim=(0, 103))
        axes.grid(visible=False, axis="x")
        axes.set_title("Mean IU (%): the net, and the bound of its stride")
        canvas.legend(loc="outside lower center", ncols=2, fontsize=9)
        save(
            canvas, image, card, kind="gaps", title=shown.title,
            caption=GAPS,
            alt="Chart of each net's mean IU and the upper bound of its stride: "
            + "; ".join(said) + ".",
        )  # fmt: skip


def _measured(runs: Runs, row: RowSpec) -> float | None:
    """Mean IU in percent, the mean over the runs; None where one of them has none."""
    found = [number(path, run, "mean_iu") for path, run in runs[row.experiment]]
    known = [value for value in found if value is not None]
    return fmean(known) if len(known) == len(found) else None


def _draw_gap(
    axes: Axes, place: float, ends: tuple[float | None, float | None], colour: str
) -> str:
    """A bar from a net's dot up to its bound, and the number of points between; or nothing."""
    net, bound = ends
    if net is None or bound is None:
        return ""
    axes.vlines(place, net, bound, color=colour, alpha=0.35, linewidth=5)
    axes.plot(place, bound, color=colour, marker="_", markersize=16, markeredgewidth=2)
    axes.plot(place, net, color=colour, marker="o", markersize=7)
    axes.annotate(
        f"{bound - net:.1f}", (place, (net + bound) / 2), xytext=(-6 if colour == HERE else 6, 0),
        textcoords="offset points", va="center", ha="right" if colour == HERE else "left",
        fontsize=9,
    )  # fmt: skip
    return f"{bound - net:.1f}"
