"""What trainings took until a validation came near a score, by their learning curves."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev

from fcnlib.config.columns import COLUMNS, Progress
from fcnlib.config.schema_claims import Reached
from fcnlib.report.curve_points import Points, points
from fcnlib.report.results import ResultRow

Curves = Mapping[str, Sequence[Path | str]]  # of the seeds, by experiment
COLUMN_OF: Mapping[str, Progress] = {"seconds": "seconds_to_score", "images": "images_to_score"}


def reached_row(reached: Reached, score: float, name: str, curves: Curves) -> ResultRow:
    """The mean over the seeds, as a row of results; no number if one of them never came near.

    Args:
        reached: Whose training, and how near is near.
        score: The mean IU to come near to, in percent.
        name: Of the net in tables.
        curves: The learning curves of every seed, by experiment.
    """
    found = [
        first_near(validations(path, reached.cost), score - reached.within)
        for path in curves[reached.experiment]
    ]
    column = COLUMN_OF[reached.cost]
    known = all(map(math.isfinite, found))
    return ResultRow(
        table="",
        row=name,
        experiment=reached.experiment,
        task="",
        metric=column,
        measured=fmean(found) if known else None,
        std=stdev(found) if known and len(found) > 1 else None,
        seeds=len(found),
        paper=None,
        unit=COLUMNS[column].unit,
    )


def validations(curve: Path | str, cost: str) -> Points:
    """The seconds or images until each validation of a training, and its mean IU."""
    return points(Path(curve), "mean_iu", cost)


def first_near(validated: Points, score: float) -> float:
    """The seconds or images at the first validation of at least this mean IU; or infinity."""
    return next((spent for spent, mean_iu in validated if 100 * mean_iu >= score), math.inf)
