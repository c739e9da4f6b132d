"""How far a run is, from its files alone: any machine that sees the disk can tell."""

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fcnlib.config.schema import Config
from fcnlib.core.errors import InputError
from fcnlib.core.job_log import SEPARATOR, last_state
from fcnlib.core.tries import TRIES_SUFFIX, Try, read_tries, whole_log
from fcnlib.plan.targets import Targets
from fcnlib.report.csv_rows import read_csv
from fcnlib.training.running_curve import RunningRow, read_running_curve, running_curve_path

QUIET_SECONDS = 900.0  # after which a job that nobody saw ending is not called running
LAST_BYTES = 8192  # of a log: its last line is in them
LONGEST_SECONDS = 1e9  # 30 years
RECENT_ROWS = 10  # of a running curve, that tell its pace

State = Literal["done", "running", "no news", "failed", "stopped", "killed", "waiting"]
ENDED = ("failed", "stopped", "killed", "no news")


@dataclass(frozen=True)
class TrainingStatus:
    """How far one training is; what is not known is None."""

    experiment: str
    seed: int
    state: State
    iterations: int
    iteration: int = 0
    loss_per_pixel: float | None = None
    mean_iu: float | None = None  # of its last validation
    images_per_second: float | None = None
    seconds_left: float | None = None  # at its recent pace, validations included
    quiet_seconds: float | None = None  # since it last wrote anything
    tries: int = 0  # since its last success


@dataclass(frozen=True)
class Failure:
    """A job whose last try did not succeed."""

    log: str
    state: State
    tries: int
    quiet_seconds: float
    last_line: str


@dataclass(frozen=True)
class RunStatus:
    """All trainings of a run, in the order of its studies, and whatever job has failed."""

    trainings: list[TrainingStatus]
    failures: list[Failure]


def run_status(root: Path, config: Config, *, now: float) -> RunStatus:
    """How far the run of a configuration is, in the folder of a clone.

    Args:
        root: The clone's folder, in which are `data` and `results`.
        config: The run's configuration.
        now: The time, in seconds as `time.time` counts them.

    Raises:
        InputError: A file of the run is damaged.
    """
    targets = Targets(config)
    trainings = [
        _training(root, targets, name, seed, now)
        for name in targets.trained
        for seed in targets.seeds_of(name)
    ]
    done = {
        root / targets.paths.run_log("train", each.experiment, each.seed)
        for each in trainings
        if each.state == "done"
    }
    logs = [path for path in _logs(root, targets) if path not in done]
    return RunStatus(trainings, [x for path in logs if (x := _failure(root, path, now))])


def _training(root: Path, targets: Targets, name: str, seed: int, now: float) -> TrainingStatus:
    paths, recipe = targets.paths, targets.trained[name].recipe
    checkpoint = root / paths.checkpoint(name, seed)
    log, curve = root / paths.run_log("train", name, seed), root / paths.curve(name, seed)
    tries, running = read_tries(log), running_curve_path(checkpoint)
    if checkpoint.is_file() and curve.is_file():
        numbers = _of_curve(curve)
        return TrainingStatus(name, seed, "done", recipe.iterations, *numbers, tries=len(tries))
    quiet = _quiet_seconds((running, whole_log(log)), now)
    state = _state(tries[-1] if tries else None, quiet)
    rows = _running_rows(running)
    if not rows:
        return TrainingStatus(
            name, seed, state, recipe.iterations, quiet_seconds=quiet, tries=len(tries)
        )
    last = rows[-1]
    scores = [row.mean_iu for row in rows if row.mean_iu is not None and math.isfinite(row.mean_iu)]
    return TrainingStatus(
        name,
        seed,
        state,
        last.iterations,
        last.iteration,
        loss_per_pixel=last.loss_per_pixel,
        mean_iu=scores[-1] if scores else None,
        images_per_second=last.images_per_second,
        seconds_left=_seconds_left(rows, tries) if state == "running" else None,
        quiet_seconds=quiet,
        tries=len(tries),
    )


def _running_rows(path: Path) -> list[RunningRow]:
    """The lines of a running curve, if there is one: it is gone once its training has ended."""
    try:
        return read_running_curve(path)
    except InputError:
        if path.exists():
            raise
        return []


def _of_curve(path: Path) -> tuple[int, float | None, float | None, float | None]:
    """The last iteration of a learning curve, and its last loss, mean IU and speed."""
    _, rows = read_csv(path, "a learning curve as CSV")
    values: dict[str, float] = {}
    for place, row in rows:
        try:
            numbers = {name: float(cell) for name, cell in row.items() if cell}
        except ValueError as error:
            raise InputError(f"{place}: {error}") from None
        values |= {name: number for name, number in numbers.items() if math.isfinite(number)}
    loss, mean_iu, speed = map(values.get, ("loss_per_pixel", "mean_iu", "images_per_second"))
    return int(values.get("iteration", 0)), loss, mean_iu, speed


def _seconds_left(rows: list[RunningRow], tries: list[Try]) -> float | None:
    """By the clock since the last try began, if it has written two lines; or by its steps alone."""
    last = rows[-1]
    began = tries[-1].started if tries else rows[0].time
    first = next((row for row in rows[-RECENT_ROWS:] if row.time >= began), last)
    seconds, iterations = (last.time - first.time).total_seconds(), last.iteration - first.iteration
    if iterations <= 0 or seconds <= 0:
        seconds, iterations = last.seconds, last.iteration
    left = max(0, last.iterations - last.iteration) * max(0.0, seconds) / iterations
    return left if left < LONGEST_SECONDS else None


def _state(last: Try | None, quiet: float | None) -> State:
    """What a job that is not done does, by its last try and the time since it wrote anything."""
    if last and last.end:
        return "waiting" if last.end == "done" else last.end
    if last and (runs := last.runs()) is not None:
        return "running" if runs else "killed"
    if quiet is None:
        return "waiting"
    return "running" if quiet < QUIET_SECONDS else "no news"


def _logs(root: Path, targets: Targets) -> Iterator[Path]:
    """The logs of all jobs that ever began, of the data and of the run."""
    for folder in (targets.paths.data, targets.paths.results):
        for path in sorted((root / folder / "logs").rglob(f"*{TRIES_SUFFIX}")):
            yield path.with_name(path.name.removesuffix(TRIES_SUFFIX) + ".log")


def _failure(root: Path, log: Path, now: float) -> Failure | None:
    """The failure of a job; None if its last try succeeded, runs or waits."""
    tries, whole = read_tries(log), whole_log(log)
    quiet = _quiet_seconds((whole,), now)
    if not tries or quiet is None or (state := _state(tries[-1], quiet)) not in ENDED:
        return None
    return Failure(os.path.relpath(whole, root), state, len(tries), quiet, _last_line(whole))


def _quiet_seconds(files: tuple[Path, ...], now: float) -> float | None:
    """The time since one of these files was written last; None if there is none."""
    written = []
    for path in files:
        with suppress(FileNotFoundError):
            written.append(path.stat().st_mtime)
    return max(0.0, now - max(written)) if written else None


def _last_line(log: Path) -> str:
    """The last line that a job itself wrote."""
    with open(log, "rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - LAST_BYTES))
        lines = file.read().decode("utf-8", "replace").split("\n")
    own = (last_state(line) for line in reversed(lines) if not line.startswith(SEPARATOR))
    return next(filter(None, own), "")
