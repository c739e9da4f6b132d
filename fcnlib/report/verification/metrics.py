"""A metrics file against the counts beside it, its learning curve and the configuration."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np
import torch

from fcnlib.core.errors import InputError
from fcnlib.evaluation.counts import Computed, ImageCounts, Score, all_scores, is_score, read_counts
from fcnlib.evaluation.metrics import METRICS, background_share
from fcnlib.evaluation.record import Record, parse_record
from fcnlib.report.csv_rows import read_csv
from fcnlib.report.differences import shown
from fcnlib.report.stored import StoredMetrics
from fcnlib.report.verification.differences import Problem, value_problems

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
        return CheckedMetrics(None, [_unreadable(file, error, "a metrics file")])
    problems = [*_other_run(stored, record), *_costs(stored, record), *_curve(stored, record)]
    if stored.counts is None:
        return CheckedMetrics(record, problems, without_counts=_count(record.tasks))
    try:
        counts = read_counts(stored.counts, list(record.tasks))
    except (InputError, OSError) as error:
        found = _unreadable(stored.counts, error, f"the counts that {file.name} is of")
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


def _unreadable(file: Path, error: Exception, expected: str) -> Problem:
    """Why a file cannot be read, without its name twice."""
    reason = " ".join(str(error).split())
    found = reason.removeprefix(f"{file}: ") if file.exists() else "missing"
    return Problem(file, "", found, expected)


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
    if data:
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


def _curve(stored: StoredMetrics, record: Record) -> Iterator[Problem]:
    """Where a learning curve contradicts itself, or what its net's metrics file says of it."""
    if stored.curve is None:
        return
    try:
        header, lines = read_csv(stored.curve, "a learning curve as CSV")
        if missing := sorted({"iteration", "images", "seconds"} - set(header)):
            raise InputError(f"no column {missing[0]}")
        rows = [(number, _numbers(row)) for number, (_, row) in enumerate(lines, 2)]
    except (InputError, OSError, ValueError) as error:
        yield _unreadable(stored.curve, error, "the learning curve of a net")
        return
    batch, seconds = record.settings.get("batch_size"), 0.0
    for number, row in rows:
        yield from _curve_row(stored.curve, f"line {number}", row, batch, seconds)
        seconds = row.get("seconds", 0.0)
    spent = record.costs.get("training_s")
    if spent is not None and rows and not math.isclose(seconds, spent, abs_tol=0.0051):
        yield Problem(stored.curve, "seconds", shown(seconds), f"{spent:.2f}, as {stored.path}")
    best = _best(rows)
    if best is not None and record.best_iteration not in (None, best):
        found = shown(record.best_iteration)
        yield Problem(stored.path, "best_iteration", found, f"{best}, as in {stored.curve}")


def _numbers(row: Mapping[str, str]) -> dict[str, float]:
    return {name: float(cell) for name, cell in row.items() if cell}


def _curve_row(
    file: Path, place: str, row: Mapping[str, float], batch: float | None, before: float
) -> Iterator[Problem]:
    """Where the images or seconds of a line are not those of its iterations and its speed."""
    seconds, images = row.get("seconds", 0.0), row.get("images", 0.0)
    if batch and images != row.get("iteration", 0.0) * batch:
        expected = f"{row.get('iteration', 0.0) * batch:g}, of batches of {batch}"
        yield Problem(file, f"{place}: images", f"{images:g}", expected)
    if seconds < before:
        yield Problem(file, f"{place}: seconds", f"{seconds:g}", f"{before:g} or more")
    speed = row.get("images_per_second")
    # Seconds have two decimals, and the speed has four digits.
    if speed and abs(images / speed - seconds) > 0.0051 + 0.0006 * seconds:
        yield Problem(file, f"{place}: seconds", f"{seconds:g}", f"about {images / speed:.2f}")


def _best(rows: Sequence[tuple[int, Mapping[str, float]]]) -> int | None:
    """The iteration of the first of the best validations; None if digits do not tell, or none."""
    validated = [(row["mean_iu"], int(row["iteration"])) for _, row in rows if "mean_iu" in row]
    if not validated or any(math.isnan(score) for score, _ in validated):
        return None
    top = max(score for score, _ in validated)
    best = [iteration for score, iteration in validated if score == top]
    return best[0] if len(best) == 1 else None
