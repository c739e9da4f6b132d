"""What may be chance in a difference or a verdict: which test images there are, and training.

The two are apart. Resampled test images say how much a number depends on the images, for the nets
as they are; only several seeds say how much it depends on training, and one run each says nothing.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

from fcnlib.config.columns import RESULT_KEYS, ColumnName
from fcnlib.config.predicates import Comparison, parse, standard_errors
from fcnlib.evaluation.bootstrap import Interval, Resampled, paired_difference, resample
from fcnlib.evaluation.counts import ImageCounts, counts_beside
from fcnlib.evaluation.record import Record
from fcnlib.report.claims import Verdict
from fcnlib.report.results import NOISE, ResultRow

Samples = Mapping[str, Resampled]  # of a net, by task
POWER = 0.8  # the chance that seeds decide what they are to decide


class SeedSpread(NamedTuple):
    """A difference of two means over seeds, and its standard error."""

    difference: float
    error: float

    @property
    def decided(self) -> bool:
        """Whether it is more than noise."""
        return abs(self.difference) > NOISE * self.error


class PartChance(NamedTuple):
    """One comparison of a claim: by how much it holds, and how far it is from turning over."""

    text: str
    holds: bool
    margin: float  # negative where it fails
    standard_errors: float | None  # from turning over by other seeds; None: one run each
    seeds_needed: int | None  # of each net


class ClaimChance(NamedTuple):
    """How far a verdict is from turning over."""

    parts: Sequence[PartChance]
    turned: float | None  # the share of resamples of the test images with the other verdict
    seeds_needed: int | None  # of each net, to decide it; None: unknown, or no number would


def net_samples(counts: Sequence[ImageCounts]) -> Samples:
    """Resampled scores of a net by task, from the counts of its runs, one a seed.

    Without tasks that a run has no counts of.
    """
    tasks = dict.fromkeys(task for run in counts for task in run.tasks)
    return {
        task: resample(counts, task) for task in tasks if all(task in run.tasks for run in counts)
    }


def counts_of_runs(runs: Sequence[tuple[Path, Record]]) -> list[ImageCounts]:
    """The counts beside the metrics files of a net's runs; none of a run without such a file."""
    return [counts_beside(path, record.tasks) for path, record in runs]


def image_difference(ours: Samples, others: Samples, column: ColumnName) -> Interval | None:
    """How much more a net scores than another, in percent, and where that lies for most images.

    None where one of them has no counts, or the images are not the same.
    """
    task, metric = RESULT_KEYS[column]
    if task not in ours or task not in others or not same_images(ours[task], others[task]):
        return None
    found = paired_difference(ours[task], others[task]).scores.get(metric)
    return found and Interval(
        100 * found.difference, 100 * found.low, 100 * found.high, found.turned
    )


def same_images(ours: Resampled, others: Resampled) -> bool:
    """Whether two nets were scored on the same images, with the same classes."""
    return ours.images == others.images and ours.class_iu.shape == others.class_iu.shape


def seed_difference(ours: ResultRow, others: ResultRow) -> SeedSpread | None:
    """How far two means over seeds are apart; None where neither has several seeds.

    Where only one of them has, the other one's runs are taken to spread alike.
    """
    if ours.measured is None or others.measured is None:
        return None
    spreads = [row.std for row in (ours, others) if row.std is not None and (row.seeds or 0) > 1]
    if not spreads:
        return None
    errors = [
        (spreads[0] if row.std is None else row.std) / math.sqrt(row.seeds or 1)
        for row in (ours, others)
    ]
    return SeedSpread(ours.measured - others.measured, math.hypot(*errors))


def seeds_needed(
    comparison: Comparison, values: Mapping[str, float], deviations: Mapping[str, float]
) -> int | None:
    """How many seeds of each net would put a comparison beyond noise, with a chance of 80 %.

    Two-sided, and if its margin and the runs' spread are what was measured: of two or three runs
    they are known roughly, and so is this number. None where nothing spreads, or the margin is 0.

    Args:
        comparison: What has to hold.
        values: The numbers that it reads.
        deviations: The standard deviations of single runs, of those numbers that have some.
    """
    apart = standard_errors(comparison, values, deviations)  # of one run each
    if not apart:
        return None
    return max(2, math.ceil(((NOISE + NormalDist().inv_cdf(POWER)) / apart) ** 2))


def claim_chance(verdict: Verdict, samples: Mapping[str, Samples]) -> ClaimChance | None:
    """How far a verdict is from turning over; None of a claim without one.

    Args:
        verdict: As claims.json has it.
        samples: Resampled scores by experiment, of those that have counts.
    """
    if verdict.holds is None:
        return None
    comparisons = parse(verdict.predicate)
    values = {name: _value(row) for name, row in verdict.values.items()}
    errors = {name: row.error for name, row in verdict.values.items() if row.std is not None}
    deviations = {name: row.std for name, row in verdict.values.items() if row.std is not None}
    parts = [
        PartChance(
            part.text,
            part.holds(values),
            part.margin(values),
            standard_errors(part, values, errors),
            seeds_needed(part, values, deviations),
        )
        for part in comparisons
    ]
    return ClaimChance(
        parts,
        _turned(comparisons, verdict, values, samples),
        _seeds_needed(parts, verdict.holds),
    )


def _value(row: ResultRow) -> float:
    """The number that a claim read: others' published one, or infinite of what was not reached."""
    known = [number for number in (row.measured, row.paper) if number is not None]
    return known[0] if known else math.inf


def _seeds_needed(parts: Sequence[PartChance], holds: bool) -> int | None:
    """A true claim is decided once all of its comparisons are, a false one once one that fails."""
    needed = [part.seeds_needed for part in parts if holds or not part.holds]
    known = [number for number in needed if number is not None]
    if not known or (not holds and len(known) < len(needed)):
        return None
    return max(known) if holds else min(known)


def _turned(
    comparisons: Sequence[Comparison],
    verdict: Verdict,
    values: Mapping[str, float],
    samples: Mapping[str, Samples],
) -> float | None:
    """The share of resamples of the test images that turn a verdict over.

    Scores with counts are those of a resample; all other numbers stay. None where none has counts.
    """
    scores = {
        name: (100 * samples[row.experiment][row.task].scores[row.metric][1:]).tolist()
        for name, row in verdict.values.items()
        if row.measured is not None
        and row.task in samples.get(row.experiment, {})
        and row.metric in samples[row.experiment][row.task].scores
    }
    if not scores:
        return None
    turned = []
    for resampled in zip(*scores.values(), strict=True):
        if any(map(math.isnan, resampled)):
            continue  # a class that none of these images has
        own = {**values, **dict(zip(scores, resampled, strict=True))}
        try:
            turned.append(all(part.holds(own) for part in comparisons) != verdict.holds)
        except (ArithmeticError, ValueError):
            continue
    return sum(turned) / len(turned) if turned else None
