"""Upper bounds for coarse predictions."""

from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter

from fcnlib.config.columns import RULES
from fcnlib.core.errors import InputError
from fcnlib.report.curve_points import Points
from fcnlib.report.figures.series import xy
from fcnlib.report.figures.style import COLUMN_WIDTH, PAPER, new_figure, row_style, save
from fcnlib.report.results import read_results, result_rows
from fcnlib.report.specs import TableSpec

COARSE = (
    "The best mean IU that a prediction of each coarseness could reach. How much is lost depends "
    "on the size of the objects, so on the images."
)
RESAMPLED = (
    " The paper does not state how it resamples. Down: the share of each class in a cell (area), "
    "the cell's majority, the pixel at its centre or at its corner. Back up: bilinear or nearest."
)


def plot_bounds(
    table: Mapping[str, Any],
    *,
    results: Path | str,
    image: Path | str,
    info: Path | str,
) -> None:
    """Mean IU of perfect labels after coarse sampling, by factor: published, and by each rule."""
    spec = TableSpec.model_validate(table)
    rules, paper = _by_factor(spec, results)
    first = next(iter(rules))
    alt = ", ".join(f"{y:.0f}% at {x:g}" for x, y in rules[first])
    caption = COARSE
    if len(rules) > 1:
        caption += RESAMPLED
        alt += f" by the rule “{first}”; {len(rules) - 1} more rules beside it"
    if spec.images == "published":
        caption += _closest(rules, paper)
    with new_figure(COLUMN_WIDTH, 2.8) as figure:
        axes = figure.subplots()
        axes.plot(
            *xy(sorted(paper.items())),
            color=PAPER,
            marker="D",
            markersize=4,
            linestyle="--",
            label="paper",
        )
        _plot_rules(axes, rules)
        axes.set_title("Mean IU of perfect labels (%)")
        axes.legend(loc="lower right")
        save(
            figure, image, info, images=spec.images,
            kind="bounds", name=spec.name, table=spec.name,
            title="Upper bounds", caption=caption,
            alt=f"Line chart: mean IU against downsampling factor, measured {alt}.",
        )  # fmt: skip


def _by_factor(
    spec: TableSpec, results: Path | str
) -> tuple[dict[str, Points], dict[float, float]]:
    """Mean IU by downsampling factor: measured, by the rule's label, and published."""
    factors = {row.experiment: row.upper_bound.factor for row in spec.rows if row.upper_bound}
    rules: dict[str, Points] = {}
    paper: dict[float, float] = {}
    for row in result_rows(read_results(results)):
        column, factor = row.column, factors.get(row.experiment)
        if column is None or column not in RULES or factor is None:
            continue
        if row.measured is not None:
            rules.setdefault(RULES[column].label, []).append((factor, row.measured))
        if row.paper is not None:
            paper[factor] = row.paper
    if not rules:
        raise InputError(f"{results}: no mean_iu of a row with a factor")
    return rules, paper


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


def _plot_rules(axes: Axes, rules: Mapping[str, Points]) -> None:
    """A line per rule; where there is one only, it need not be named."""
    for position, (rule, points) in enumerate(rules.items()):
        label, style = rule if len(rules) > 1 else "this run", row_style(position)
        axes.plot(*xy(sorted(points)), color=style.colour, marker=style.marker, markersize=4,
                  linewidth=1.3, label=label)  # fmt: skip
    axes.set_xscale("log", base=2)
    axes.invert_xaxis()  # finer to the right, as better
    factors = {x for points in rules.values() for x, _ in points}
    axes.xaxis.set_major_locator(FixedLocator(sorted(factors)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_ylim(0, 103)
    axes.set_xlabel("downsampling factor")
