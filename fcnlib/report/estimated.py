"""What a run was estimated to take before it ran, and what it took."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from fcnlib.config.schema_base import Frozen
from fcnlib.report.job_times import Job
from fcnlib.report.json_files import read_json


class EstimatedRow(Frozen):
    """A row of a table: its trainings with all seeds, and their evaluation."""

    experiment: str
    row: str
    learnt: int  # images
    validated: int
    evaluated: int
    hours: float
    memory_mb: float | None
    disk_gb: float


class EstimatedJobs(Frozen):
    """All jobs of a rule."""

    jobs: int
    seconds: float
    cpu_seconds: float


class Estimate(Frozen):
    """The content of estimate.json."""

    scale: str
    seeds: tuple[int, ...]
    device: str
    machine: str
    date: str
    unit: str  # of `hours`: of a GPU or of a CPU core
    rows: tuple[EstimatedRow, ...]
    jobs: dict[str, EstimatedJobs]  # by rule
    hours: float
    learnt: int
    validated: int
    evaluated: int
    wall_hours: dict[int, float]  # by how many run at once
    chain_hours: float  # of the longest chain of jobs that wait for each other
    memory_mb: float | None
    disk_gb: dict[str, float]  # by what is stored
    unknown_archives: tuple[str, ...]  # of which no size is published
    not_counted: tuple[str, ...]  # pieces of work of unknown cost


class Compared(NamedTuple):
    """The jobs of a rule: how many seconds were estimated, and how many they took."""

    rule: str
    jobs: int
    estimated: float
    real: float

    @property
    def ratio(self) -> float | None:
        return self.real / self.estimated if self.estimated else None


def read_estimate(path: Path) -> Estimate | None:
    """The estimate that lies beside the results; None if nobody saved one."""
    if not path.exists():
        return None
    return read_json(path, Estimate, "what fcn estimate --save wrote")


def compare(estimate: Estimate, jobs: Mapping[str, Sequence[Job]]) -> list[Compared]:
    """Seconds estimated and real of the jobs of each rule that was measured; last, all of them.

    A job that waits for the processor takes longer than one that has it alone.
    """
    measured = {rule: found for rule, found in jobs.items() if found and rule in estimate.jobs}
    rows = [
        Compared(rule, len(found), estimate.jobs[rule].seconds, sum(job.seconds for job in found))
        for rule, found in measured.items()
    ]
    if not rows:
        return []
    all_of_them = Compared(
        "all of these",
        sum(row.jobs for row in rows),
        sum(row.estimated for row in rows),
        sum(row.real for row in rows),
    )
    return [*rows, all_of_them]
