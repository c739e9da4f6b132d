"""A learning curve as a power law, and where it may be, given the spread of the runs."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

Floats = NDArray[np.float64]
DRAWS = 400  # of the band
BAND = (5.0, 95.0)  # percent
# Of score(n) = best - gain * n ** -rate, in percent: what they may be.
LOWEST, HIGHEST = (0.0, 0.0, 0.05), (100.0, 1000.0, 2.0)


class Band(NamedTuple):
    """Scores along a curve, [places] each; `low` and `high` are nan where runs have no spread."""

    fit: Floats
    low: Floats
    high: Floats


def power_law(images: Floats, best: float, gain: float, rate: float) -> Floats:
    """The score of nets that were trained on so many images."""
    values: Floats = best - gain * images**-rate
    return values


def fit_power_law(images: Sequence[int], scores: Sequence[float], at: Sequence[float]) -> Band:
    """The least-squares curve through runs, and the band in which 90% of such curves would lie.

    The band is that of curves fitted to scores sampled around the first one (a parametric
    bootstrap) with the spread of the seeds, itself uncertain by their number.

    Args:
        images: Training images of each run.
        scores: Its score in percent.
        at: Numbers of images to tell the curve at.
    """
    n, y, places = np.array(images, float), np.array(scores, float), np.array(at, float)
    first = _fitted(n, y)
    fit = power_law(places, *first)
    spread, freedom = _spread(n, y)
    if not freedom:
        nothing = np.full(len(places), np.nan)
        return Band(fit, nothing, nothing)
    rng, curves = np.random.default_rng(0), []
    for _ in range(DRAWS):
        deviation = spread * np.sqrt(freedom / rng.chisquare(freedom))
        sampled = power_law(n, *first) + rng.normal(0, deviation, len(n))
        curves.append(power_law(places, *_fitted(n, sampled, first)))
    low, high = np.percentile(curves, BAND, axis=0)
    return Band(fit, low, high)


def _fitted(n: Floats, y: Floats, start: Floats | None = None) -> Floats:
    """The best, gain and rate of the curve with the least squares."""
    first = np.array([min(99.0, y.max() + 5), 50.0, 0.5]) if start is None else start
    inside = np.clip(first, np.array(LOWEST) + 1e-6, np.array(HIGHEST) - 1e-6)

    def residuals(parameters: Floats) -> Floats:
        return power_law(n, *parameters) - y

    found = least_squares(residuals, inside, bounds=(LOWEST, HIGHEST), x_scale=(10, 50, 0.5))
    values: Floats = found.x
    return values


def _spread(n: Floats, y: Floats) -> tuple[float, int]:
    """The standard deviation of runs on as many images, and its degrees of freedom."""
    groups = [y[n == size] for size in np.unique(n)]
    freedom = sum(len(group) - 1 for group in groups)
    squares = sum(float(((group - group.mean()) ** 2).sum()) for group in groups)
    return (float(np.sqrt(squares / freedom)), freedom) if freedom else (0.0, 0)
