"""A learning curve against itself, and against the metrics file of its net."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from fcnlib.core.errors import InputError
from fcnlib.evaluation.record import Record
from fcnlib.report.csv_rows import read_csv
from fcnlib.report.differences import shown
from fcnlib.report.verification.differences import Problem, unreadable


class LogRow(NamedTuple):
    """What is checked of a line of a learning curve."""

    line: int
    iteration: float
    images: float
    seconds: float
    images_per_second: float | None
    mean_iu: float | None  # of a validation


def curve_problems(curve: Path, metrics: Path, record: Record) -> Iterator[Problem]:
    """Where a curve contradicts itself, or what the metrics file says of the training."""
    try:
        rows = _rows(curve)
    except (InputError, OSError) as error:
        yield unreadable(curve, error, "the learning curve of a net")
        return
    yield from _inner_problems(curve, rows, record.settings.get("batch_size"))
    spent, seconds = record.costs.get("training_s"), rows[-1].seconds if rows else 0.0
    if spent is not None and not math.isclose(seconds, spent, abs_tol=0.0051):
        yield Problem(curve, "seconds", f"{seconds:g}", f"{spent:.2f}, as {metrics}")
    best = _best(rows)
    if best is not None and record.best_iteration not in (None, best):
        found = shown(record.best_iteration)
        yield Problem(metrics, "best_iteration", found, f"{best:g}, as in {curve}")


def _rows(curve: Path) -> list[LogRow]:
    _, lines = read_csv(curve, "a learning curve as CSV")
    rows = []
    for line, (place, cells) in enumerate(lines, 2):
        progress = [_number(place, cells, name) for name in ("iteration", "images", "seconds")]
        others = [_number(place, cells, name) for name in ("images_per_second", "mean_iu")]
        if not all(number is not None and math.isfinite(number) for number in progress):
            raise InputError(f"{place}: expected a finite iteration, images and seconds")
        rows.append(LogRow(line, *progress, *others))  # type: ignore[arg-type]
    if not rows:
        raise InputError(f"{curve}: no line but the header")
    return rows


def _number(place: str, cells: Mapping[str, str], column: str) -> float | None:
    """The number of a cell, if it has one; that of a loss or a score may be nan."""
    cell = cells.get(column, "")
    try:
        return float(cell) if cell else None
    except ValueError:
        raise InputError(f"{place}: {column}: {cell[:40]!r}; expected a number") from None


def _inner_problems(curve: Path, rows: Sequence[LogRow], batch: float | None) -> Iterator[Problem]:
    """Where the images or seconds of a line are not those of its iterations and its speed."""
    before = 0.0
    for row in rows:
        if batch and row.images != row.iteration * batch:
            expected = f"{row.iteration * batch:g}, of batches of {batch}"
            yield Problem(curve, f"line {row.line}: images", f"{row.images:g}", expected)
        place = f"line {row.line}: seconds"
        if row.seconds < before:
            yield Problem(curve, place, f"{row.seconds:g}", f"{before:g} or more")
        if row.images_per_second:
            seconds = row.images / row.images_per_second
            # Seconds have two decimals, and the speed has four digits.
            if abs(seconds - row.seconds) > 0.0051 + 0.0006 * row.seconds:
                yield Problem(curve, place, f"{row.seconds:g}", f"about {seconds:.2f}")
        before = row.seconds


def _best(rows: Sequence[LogRow]) -> float | None:
    """The iteration of the best validation; None without one, or where digits do not tell."""
    scores = {row.iteration: row.mean_iu for row in rows if row.mean_iu is not None}
    if not scores or any(map(math.isnan, scores.values())):
        return None
    top = max(scores.values())
    best = [iteration for iteration, score in scores.items() if score == top]
    return best[0] if len(best) == 1 else None
