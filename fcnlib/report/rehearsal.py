"""What a rehearsal measured, held against what the whole run asks for and needs."""

import shutil
from pathlib import Path

from fcnlib.config.schema_base import Frozen
from fcnlib.core.folder_size import bytes_of
from fcnlib.core.units import GB, HOUR
from fcnlib.evaluation.record import read_record
from fcnlib.report.curve_points import points
from fcnlib.report.job_times import read_benchmark
from fcnlib.report.json_files import read_json
from fcnlib.report.specs import JobsSpec, RehearsalSpec, StoredSpec, TrainingSpec


class JobsFound(Frozen):
    """The jobs of a rule."""

    rule: str
    jobs: int
    whole: int  # jobs of the whole run
    peak_mb: float | None  # of the largest; None: all of them were too short to be measured
    mem_mb: int | None  # asked for
    seconds: float  # of the longest
    minutes: int | None  # asked for

    @property
    def fits(self) -> bool | None:
        """Whether the largest stayed within what it asked for; None: nothing asked or measured."""
        if self.peak_mb is None or self.mem_mb is None:
            return None
        return self.peak_mb <= self.mem_mb


class TrainingFound(Frozen):
    """A rehearsed training, and those of the whole run that are like it."""

    row: str
    seconds_per_image: float  # learnt
    forward_ms: float  # of an image that is validated
    trainings: int  # of the whole run, with all seeds
    hours: float  # of all of these, at this speed
    longest: str  # the row of the longest of them
    longest_hours: float
    minutes: int | None  # asked for

    @property
    def tries(self) -> int | None:
        """How often the longest runs until it is done: out of time, it is resumed."""
        return None if not self.minutes else -int(-self.longest_hours * 60 // self.minutes)


class StoredFound(Frozen):
    """Files of one kind, in GB."""

    what: str
    here: float  # measured
    expected: float  # by arithmetic
    whole: float  # of the whole run, by arithmetic times what it was off here, if that was more


class Rehearsal(Frozen):
    """The content of rehearsal.json."""

    scale: str  # that was rehearsed
    device: str
    threads: int | None
    jobs: tuple[JobsFound, ...]
    trainings: tuple[TrainingFound, ...]
    not_rehearsed: tuple[str, ...]
    stored: tuple[StoredFound, ...]
    saved_state_gb: float  # of each training while it runs
    free_gb: float  # on the disk of the results
    unknown_archives: tuple[str, ...]

    @property
    def disk_gb(self) -> float:
        """What the whole run takes of the disk, one training at a time."""
        return sum(each.whole for each in self.stored) + self.saved_state_gb

    @property
    def training_mb(self) -> float | None:
        """The memory of the largest training."""
        return next((found.peak_mb for found in self.jobs if found.rule == "train"), None)

    @property
    def too_large(self) -> list[JobsFound]:
        """The jobs that took more memory than they ask for."""
        return [found for found in self.jobs if found.fits is False]

    @property
    def has_disk(self) -> bool:
        """Whether the disk has room for the whole run, with one training at a time."""
        return self.disk_gb <= self.free_gb

    @property
    def passed(self) -> bool:
        """Whether the whole run has the memory and the disk that it needs; time decides nothing."""
        return not self.too_large and self.has_disk and not self.not_rehearsed


def read_rehearsal(path: Path | str) -> Rehearsal:
    """The content of rehearsal.json."""
    return read_json(Path(path), Rehearsal, "rehearsal.json as a rehearsal writes it")


def rehearsal(spec: RehearsalSpec, folder: Path) -> Rehearsal:
    """What was measured; `folder` is on the disk of the results."""
    minutes = next((jobs.minutes for jobs in spec.jobs if jobs.rule == "train"), None)
    jobs = tuple(map(_jobs, spec.jobs))
    stored = tuple(map(_stored, spec.stored))
    checkpoints = next(each for each in stored if each.what == "checkpoints")
    off = checkpoints.here / checkpoints.expected if checkpoints.expected else 1.0
    machine = read_record(spec.trainings[0].metrics).trained_on if spec.trainings else None
    return Rehearsal(
        scale=spec.scale,
        device=machine.device if machine else "",
        threads=machine.threads if machine else None,
        jobs=jobs,
        trainings=tuple(_training(each, minutes) for each in spec.trainings),
        not_rehearsed=spec.not_rehearsed,
        stored=stored,
        saved_state_gb=spec.saved_state / GB * max(1.0, off),
        free_gb=shutil.disk_usage(folder).free / GB,
        unknown_archives=spec.unknown_archives,
    )


def _jobs(spec: JobsSpec) -> JobsFound:
    jobs = [read_benchmark(path) for path in spec.benchmarks]
    peaks = [job.peak_mb for job in jobs if job.peak_mb is not None]
    return JobsFound(
        rule=spec.rule,
        jobs=len(jobs),
        whole=spec.whole,
        peak_mb=max(peaks, default=None),
        mem_mb=spec.mem_mb,
        seconds=max(job.seconds for job in jobs),
        minutes=spec.minutes,
    )


def _training(spec: TrainingSpec, minutes: int | None) -> TrainingFound:
    seconds = _seconds_per_image(Path(spec.curve))
    forward_ms = float(read_record(spec.metrics).costs.get("forward_ms") or 0.0)
    hours = {
        each.row: (each.learnt * seconds + each.validated * forward_ms / 1000) / HOUR
        for each in spec.whole
    }
    longest = max(hours, key=lambda row: hours[row], default="")
    return TrainingFound(
        row=spec.row,
        seconds_per_image=seconds,
        forward_ms=forward_ms,
        trainings=sum(each.seeds for each in spec.whole),
        hours=sum(hours[each.row] * each.seeds for each in spec.whole),
        longest=longest,
        longest_hours=hours.get(longest, 0.0),
        minutes=minutes,
    )


def _seconds_per_image(curve: Path) -> float:
    """Of the last iterations, as the first one also finds out how to compute."""
    (images, seconds), (last_images, last_seconds) = [
        (0.0, 0.0),
        *points(curve, "seconds", "images"),
    ][-2:]
    return (last_seconds - seconds) / (last_images - images)


def _stored(spec: StoredSpec) -> StoredFound:
    measured = sum(bytes_of(Path(place)) for place in spec.places)
    off = measured / spec.here if spec.here and spec.what != "archives" else 1.0
    return StoredFound(
        what=spec.what,
        here=measured / GB,
        expected=spec.here / GB,
        whole=spec.whole * max(1.0, off) / GB,
    )
