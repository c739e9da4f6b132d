"""A metrics file against the counts beside it, its learning curve and the configuration."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np
import torch

from fcnlib.core.errors import InputError
from fcnlib.evaluation.counts import Computed, ImageCounts, Score, all_scores, is_score, read_counts
from fcnlib.evaluation.metrics import METRICS, background_share
from fcnlib.evaluation.record import Record, parse_record
from fcnlib.report.differences import shown
from fcnlib.report.stored import StoredMetrics
from fcnlib.report.verification.curves import curve_problems
from fcnlib.report.verification.differences import Problem, unreadable, value_problems

REQUIRED = {*METRICS, "class_iu"}


class CheckedMetrics(NamedTuple):
    """A metrics file with the scores that follow from its counts, and what does not fit in it."""

    record: Record | None  # None: it cannot be read
    problems: list[Problem]
    scores: int = 0  # that were derived from counts
    without_counts: int = 0  # that were not


def check_metrics(stored: StoredMetrics) -> CheckedMetrics:
    """Check a metrics file; where a score is not that of its counts, theirs takes its place."""
    file = stored.path
    try:
        record = parse_record(file)
    except (InputError, OSError) as error:
        return CheckedMetrics(None, [unreadable(file, error, "a metrics file")])
    if record.unavailable:
        return CheckedMetrics(record, [*_other_run(stored, record)])
    problems = [*_other_run(stored, record), *_costs(stored, record)]
    if stored.curve is not None:
        problems += curve_problems(stored.curve, file, record)
    if stored.counts is None:
        return CheckedMetrics(record, problems, without_counts=_count(record.tasks))
    try:
        counts = read_counts(stored.counts, list(record.tasks))
    except (InputError, OSError) as error:
        found = unreadable(stored.counts, error, f"the counts that {file.name} is of")
        return CheckedMetrics(record, [*problems, found], without_counts=_count(record.tasks))
    problems += _images(file, record, counts)
    tasks, derived = dict(record.tasks), 0
    for task, own in record.tasks.items():
        if task not in counts.tasks:
            problems.append(Problem(stored.counts, task, "missing", f"counts, as in {file.name}"))
            continue
        computed = all_scores(_total(counts, task))
        wrong = {
            metric: computed[metric]
            for metric in sorted((own.keys() | REQUIRED) & computed.keys())
            if not is_score(own.get(metric, math.inf), computed[metric], _same_float32)
        }
        for metric, score in wrong.items():
            problems += _wrong(file, f"tasks.{task}.{metric}", own.get(metric), score)
        tasks[task] = {**own, **{metric: _plain(score) for metric, score in wrong.items()}}
        derived += _count({task: {x: score for x, score in own.items() if x in computed}})
    corrected = record.model_copy(update={"tasks": tasks})
    return CheckedMetrics(corrected, problems, derived, _count(tasks) - derived)


def _total(counts: ImageCounts, task: str) -> torch.Tensor:
    """The counts of all images, of torch: scores are computed as evaluation did."""
    return torch.from_numpy(counts.tasks[task].sum(0, dtype=np.int64))


def _same_float32(score: float, computed: float) -> bool:
    """Whether two numbers are one as evaluation has it: of float32, but for the order of sums."""
    return float(np.float32(score)) == score and math.isclose(
        score, computed, rel_tol=1e-6, abs_tol=0.0
    )


def _plain(computed: Computed) -> Any:
    """The score as a metrics file has it: None for what is no number."""
    if isinstance(computed, list):
        return [_plain(value) for value in computed]
    return None if math.isnan(computed) else computed


def _count(tasks: Mapping[str, Mapping[str, Score]]) -> int:
    """How many scores these are, each class's being one."""
    values = [value for own in tasks.values() for value in own.values()]
    return sum(len(value) if isinstance(value, list) else 1 for value in values)


def _wrong(file: Path, place: str, score: Score, computed: Computed) -> Iterator[Problem]:
    """A score that is not that of the counts; of a list, each one that is not."""
    if isinstance(score, list) and isinstance(computed, list) and len(score) == len(computed):
        for index, pair in enumerate(zip(score, computed, strict=True)):
            if not is_score(*pair, _same_float32):
                yield Problem(file, f"{place}.{index}", shown(pair[0]), shown(_plain(pair[1])))
    else:
        yield Problem(file, place, shown(score), f"{shown(_plain(computed))}, as its counts say")


def _other_run(stored: StoredMetrics, record: Record) -> Iterator[Problem]:
    """Where a metrics file is of another run, or of other values than the configuration has."""
    own = {"experiment": record.experiment, "seed": record.seed}
    expected = {"experiment": stored.experiment, "seed": stored.seed}
    yield from value_problems(stored.path, own, expected)
    values = record.provenance.values
    yield from value_problems(stored.path, values, stored.values, "provenance.values")
    data = stored.values.get("data")
    if data and not record.unavailable:
        split = {"split": record.split}
        yield from value_problems(stored.path, split, {"split": data["test"]})
    recipe = stored.values.get("trained", stored.values).get("recipe")
    if recipe:
        settings = {name: recipe[name] for name in record.settings if name in recipe}
        yield from value_problems(stored.path, dict(record.settings), settings, "settings")


def _images(file: Path, record: Record, counts: ImageCounts) -> Iterator[Problem]:
    """Where the number of images, or the share of background, is not that of the counts."""
    yield from value_problems(file, {"images": record.images}, {"images": len(counts.ids)})
    share = record.costs.get("background_share")
    first = next(iter(record.tasks), "")
    if share is not None and first in counts.tasks:
        computed = 100 * background_share(_total(counts, first))
        if not math.isclose(share, computed, rel_tol=1e-6):
            yield Problem(file, "costs.background_share", shown(share), shown(computed))


def _costs(stored: StoredMetrics, record: Record) -> Iterator[Problem]:
    """Where a mean time is not that of the runs that were timed."""
    batch = stored.values.get("timing", {}).get("batch", 1)
    means = {f"{name}_ms": fmean(times) / batch for name, times in record.runs_ms.items() if times}
    if record.costs.get("outputs") and "forward_ms" in means:
        means["output_ms"] = means["forward_ms"] / record.costs["outputs"]
    own = {str(name): cost for name, cost in record.costs.items() if name in means}
    yield from value_problems(stored.path, own, means, "costs")
