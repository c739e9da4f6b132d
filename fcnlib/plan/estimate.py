"""The estimate of a run: its rows, jobs, wall time, memory and disk."""

from collections import defaultdict
from collections.abc import Callable, Sequence

from fcnlib.core.units import GB, HOUR
from fcnlib.plan.costs import UnitCosts, total
from fcnlib.plan.disk import disk, row_bytes
from fcnlib.plan.jobs import Job
from fcnlib.plan.schedule import Task, critical_path, wall_time
from fcnlib.plan.work import Work
from fcnlib.report.estimated import Estimate, EstimatedJobs, EstimatedRow
from fcnlib.training.workload import Cost, NetKind, Piece

MAIN = "snakemake"  # in the place of a rule, of what Snakemake itself takes


def estimate(
    work: Work,
    unit_costs: UnitCosts,
    *,
    at_once: Sequence[int],
    bytes_of: Callable[[NetKind], int],
) -> Estimate:
    """What a run will take.

    Args:
        work: Its jobs.
        unit_costs: What a piece of each kind of work costs.
        at_once: Numbers of GPUs, or of jobs at once on a CPU.
        bytes_of: The bytes of a net's weights.
    """
    targets, jobs = work.targets, list(work.jobs.values())
    costs = {job.id: unit_costs.of_job(job) for job in jobs}
    tasks = tasks_of(work, unit_costs)
    used = disk(work, max(at_once), bytes_of)
    main = unit_costs.run.cpu_seconds if counts_cores(unit_costs) else 0.0
    return Estimate(
        scale=targets.config.scale,
        seeds=targets.config.seeds,
        device=unit_costs.device,
        machine=unit_costs.machine,
        date=unit_costs.date,
        unit="CPU core" if counts_cores(unit_costs) else "GPU",
        rows=tuple(_row(work, name, unit_costs, bytes_of) for name in targets.measured),
        jobs=_by_rule(jobs, costs, unit_costs.run),
        hours=(sum(charged(job, costs[job.id], unit_costs) for job in jobs) + main) / HOUR,
        learnt=_images(jobs, "train"),
        validated=_images(jobs, "validate"),
        evaluated=_images(jobs, "evaluate"),
        wall_hours={count: wall_time(tasks, count) / HOUR for count in at_once},
        chain_hours=critical_path(tasks) / HOUR,
        memory_mb=unit_costs.memory_mb(jobs),
        disk_gb={name: size / GB for name, size in used.parts.items()},
        unknown_archives=used.unknown,
        not_counted=tuple(unit_costs.lacking(jobs)),
    )


def counts_cores(unit_costs: UnitCosts) -> bool:
    """Whether hours are of CPU cores: where there is no GPU."""
    return not unit_costs.device.startswith("cuda")


def charged(job: Job, cost: Cost, unit_costs: UnitCosts) -> float:
    """The seconds of a job that count: of its cores, or of its GPU if it has one."""
    if counts_cores(unit_costs):
        return cost.cpu_seconds
    return cost.seconds if job.gpu else 0.0


def tasks_of(work: Work, unit_costs: UnitCosts) -> dict[str, Task]:
    """The jobs for a schedule; with GPUs, the jobs without one run beside them."""
    cores = counts_cores(unit_costs)
    return {
        job.id: Task(unit_costs.of_job(job).seconds, job.after, cores or job.gpu)
        for job in work.jobs.values()
    }


def _row(
    work: Work, experiment: str, unit_costs: UnitCosts, bytes_of: Callable[[NetKind], int]
) -> EstimatedRow:
    jobs = work.row(experiment)
    return EstimatedRow(
        experiment=experiment,
        row=work.targets.config.experiments[experiment].row,
        learnt=_images(jobs, "train"),
        validated=_images(jobs, "validate"),
        evaluated=_images(jobs, "evaluate"),
        hours=sum(charged(job, unit_costs.of_job(job), unit_costs) for job in jobs) / HOUR,
        memory_mb=unit_costs.memory_mb(jobs),
        disk_gb=row_bytes(work, experiment, bytes_of) / GB,
    )


def _images(jobs: Sequence[Job], piece: Piece) -> int:
    """Those that nets learn, validate or evaluate; not those of figures and of feature norms."""
    rule = "train" if piece == "validate" else piece
    return round(sum(job.images(piece) for job in jobs if job.rule == rule))


def _by_rule(jobs: Sequence[Job], costs: dict[str, Cost], run: Cost) -> dict[str, EstimatedJobs]:
    of_rule: dict[str, list[Cost]] = defaultdict(list)
    for job in jobs:
        of_rule[job.rule].append(costs[job.id])
    of_rule[MAIN].append(run)
    return {
        rule: EstimatedJobs(jobs=len(found), **total(found).model_dump())
        for rule, found in of_rule.items()
    }
