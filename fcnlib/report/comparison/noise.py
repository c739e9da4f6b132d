"""Whether two measured numbers differ by more than noise."""

from typing import Literal, NamedTuple

from fcnlib.config.columns import COLUMNS
from fcnlib.report.chance import image_difference, seed_difference
from fcnlib.report.comparison.runs import ComparedRun
from fcnlib.report.results import NOISE, ResultRow

# Where one run each tells nothing of the noise.
POINTS = 1.0  # of a score in percent
SHARE = 0.2  # of the larger of two times, losses or the like

Kind = Literal["seeds", "images", "bound", "exact"]
EXPLAINED: dict[Kind, str] = {
    "seeds": f"Over {NOISE:g} standard errors of the difference of two means over seeds: it covers "
    "training, and the test images as they are.",
    "images": "Outside of the interval of 95 % of a paired bootstrap over the test images: it "
    "covers which images there are, and not training, of which there is one run each.",
    "bound": f"One run each, and no counts of the same images: {POINTS:g} point of a score, or "
    f"{100 * SHARE:g} % of another number, stands in for the noise that nobody knows.",
    "exact": "Derived from layers or set by a recipe: any difference counts.",
}


class Noise(NamedTuple):
    """What is known of the noise of a difference, and whether it is more than that."""

    kind: Kind
    beyond: bool
    text: str


def noise_of(before: ResultRow, after: ResultRow, a: ComparedRun, b: ComparedRun) -> Noise:
    """The noise of the difference of a number of two runs; both are measured."""
    column = before.column
    if column and COLUMNS[column].known != "measured":
        return Noise("exact", beyond=before.measured != after.measured, text="any difference")
    if spread := seed_difference(after, before):
        return Noise("seeds", spread.decided, f"standard error {spread.error:.2g}")
    if column and before.task:
        ours, others = b.samples(after.experiment), a.samples(before.experiment)
        if found := image_difference(ours, others, column):
            return Noise("images", found.decided, f"95 % in {found.low:+.2f} to {found.high:+.2f}")
    return _bound(before.measured or 0.0, after.measured or 0.0, before.unit)


def _bound(before: float, after: float, unit: str) -> Noise:
    is_score = unit == "%"
    bound = POINTS if is_score else SHARE * max(abs(before), abs(after))
    text = f"bound of {POINTS:g} point" if is_score else f"bound of {100 * SHARE:g} %"
    return Noise("bound", abs(after - before) > bound, text)
