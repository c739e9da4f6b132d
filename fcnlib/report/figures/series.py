"""Series of numbers from training logs, and the axes that they are plotted on."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from fcnlib.core.errors import InputError
from fcnlib.report.curve_points import Points
from fcnlib.report.specs import NetSpec

Curve = tuple[list[float], list[float]]  # its places and values


class Band(NamedTuple):
    """The mean of some curves, and the lowest and highest of them, where all of them are known."""

    x: NDArray[np.float64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def by_net(files: Sequence[Path | str], nets: Sequence[NetSpec]) -> dict[str, list[Path]]:
    """The files of each net, given in the order of the nets, as many of each."""
    each, rest = divmod(len(files), len(nets))
    if rest or not each:
        raise InputError(f"{len(files)} files of {len(nets)} nets; expected as many of each")
    paths = list(map(Path, files))
    return {net.experiment: paths[i * each : (i + 1) * each] for i, net in enumerate(nets)}


def smooth(points: Points) -> Points:
    """Each value replaced by the mean of its neighbourhood, a tenth of all points wide."""
    reach = len(points) // 20
    values = [y for _, y in points]
    near = [values[max(0, i - reach) : i + reach + 1] for i in range(len(values))]
    return [(x, sum(some) / len(some)) for (x, _), some in zip(points, near, strict=True)]


def xy(points: Sequence[tuple[float, float]]) -> Curve:
    """The points' places and values, as matplotlib takes them."""
    return [x for x, _ in points], [y for _, y in points]


def mean_of(curves: Sequence[Curve]) -> Band:
    """The mean, the lowest and the highest of curves at the first one's places."""
    first = np.array(curves[0][0])
    left, right = max(x[0] for x, _ in curves), min(x[-1] for x, _ in curves)
    places = first[(left <= first) & (first <= right)]
    values = np.array([np.interp(places, x, y) for x, y in curves])
    return Band(places, values.mean(0), values.min(0), values.max(0))


def thinned(band: Band, most: int = 300) -> Band:
    """The band at no more places than a screen shows, spread evenly from the first to the last."""
    places = np.linspace(0, len(band.x) - 1, min(most, len(band.x))).round().astype(int)
    return Band(*(values[places] for values in band))


def log_losses(axes: Axes) -> None:
    """A log scale whose ticks read as plain numbers."""
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(FuncFormatter(lambda value, _: _minor(value, axes.get_ylim())))


def _minor(value: float, shown: tuple[float, float]) -> str:
    """A tick between powers of ten, of an axis that shows values between these."""
    digit = round(value / 10 ** math.floor(math.log10(value)))
    decades = math.log10(max(shown) / min(shown))
    labelled = range(1, 11) if decades < 0.5 else (2, 3, 4, 6, 8) if decades < 1 else (2, 5)
    return f"{value:g}" if digit in labelled else ""


def thousands(value: float, _: object) -> str:
    """A tick as short as it can be."""
    return f"{value / 1000:g}k" if value >= 10_000 else f"{value:g}"
