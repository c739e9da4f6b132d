"""An estimate as text of aligned columns."""

from collections.abc import Collection, Sequence

from fcnlib.core.printing import wrapped
from fcnlib.core.units import HOUR
from fcnlib.report.estimated import Estimate

INDENT = 12  # of what follows the name of a sum
# The pieces of work that `--seconds-per-image` names, in words.
PIECES = {
    "start": "starting jobs",
    "train": "training",
    "validate": "validation",
    "load": "reading trained nets",
    "evaluate": "scoring test images",
    "forward": "forward times",
    "update": "pre-training",
    "classify": "scoring classifiers",
    "pass": "timed ways to compute scores",
    "store": "preparing images",
    "encode": "depth as HHA",
    "downsample": "upper bounds",
    "draw": "rendering scenes",
}


def estimate_text(estimate: Estimate) -> str:
    """The rows with images, hours, memory and disk; the jobs of each rule; all together."""
    per, unit = _per_hour(estimate), _unit(estimate)
    memory = "memory (GB)" if estimate.unit != "GPU" else "GPU memory (GB)"
    rows = [
        (
            each.experiment,
            _count(each.learnt),
            _count(each.validated),
            _count(each.evaluated),
            _time(per * each.hours),
            _gigabytes(each.memory_mb),
            _disk(each.disk_gb),
        )
        for each in estimate.rows
    ]
    sum_of_nets = sum(row.disk_gb for row in estimate.rows)
    rows.append(
        (
            "all of the run",
            _count(estimate.learnt),
            _count(estimate.validated),
            _count(estimate.evaluated),
            _time(per * estimate.hours),
            _gigabytes(estimate.memory_mb),
            _disk(sum_of_nets),
        )
    )
    columns = 4 if estimate.machine else 3  # by hand, nothing is known of a GPU's CPU
    time = f"{estimate.unit} {unit}"
    heads = ("row", "learnt", "validated", "evaluated", time, memory, "nets (GB)")
    jobs = [
        (
            rule.replace("_", " "),
            str(each.jobs),
            _time(per * each.seconds / HOUR),
            _time(per * each.cpu_seconds / HOUR),
        )[:columns]
        for rule, each in sorted(estimate.jobs.items(), key=lambda item: -item[1].seconds)
        if each.seconds
    ]
    parts = [
        f"{estimate.scale}, seeds {', '.join(map(str, estimate.seeds))}: {_origin(estimate)}",
        aligned(heads, rows),
        aligned(("jobs", "how many", unit, f"CPU core {unit}")[:columns], jobs),
        _in_all(estimate),
    ]
    return "\n\n".join(parts)


def _origin(estimate: Estimate) -> str:
    if not estimate.machine:
        return f"by seconds given by hand, hours of a {estimate.unit}"
    return f"measured on {estimate.machine}, {estimate.date}"


def _in_all(estimate: Estimate) -> str:
    places = "GPUs" if estimate.unit == "GPU" else "jobs at once"
    per, unit = _per_hour(estimate), _unit(estimate)
    short = {"hours": "h", "minutes": "min"}[unit]
    walls = ", ".join(
        f"{_time(per * hours)} {short} with {count}" for count, hours in estimate.wall_hours.items()
    )
    chain = f"{_time(per * estimate.chain_hours)} {short}"
    disk = ", ".join(f"{name} {_disk(size)}" for name, size in estimate.disk_gb.items())
    total = sum(estimate.disk_gb.values())
    lines = [
        f"in all      {_time(per * estimate.hours)} {estimate.unit} {unit}",
        f"wall time   {walls} ({places}); the longest chain takes {chain}",
        f"disk        {_disk(total)} GB at its peak: {disk}; twice that with DVC's copies",
    ]
    if estimate.unknown_archives:
        lines.append(
            f"            and archives of unknown size: {', '.join(estimate.unknown_archives)}"
        )
    if estimate.memory_mb is not None:
        lines.append(f"memory      {_gigabytes(estimate.memory_mb)} GB for the largest job")
    if estimate.not_counted:
        pieces = ", ".join(f"{name} ({PIECES[name]})" for name in estimate.not_counted)
        lines.append(
            f"not counted {pieces}: no time is known; --seconds-per-image takes these names, too"
        )
    return "\n".join(wrapped(line, INDENT) for line in lines)


def _per_hour(estimate: Estimate) -> int:
    """The units of time in an hour: a short run is printed in minutes."""
    return 1 if estimate.hours >= 1 else 60


def _unit(estimate: Estimate) -> str:
    return {1: "hours", 60: "minutes"}[_per_hour(estimate)]


def aligned(
    heads: Sequence[str], rows: Sequence[Sequence[str]], *, left: Collection[int] = (0,)
) -> str:
    """A table of text, the columns of these indices to the left and all others to the right."""
    lines = [heads, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if index in left else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ).rstrip()
        for cells in lines
    )


def _count(number: int) -> str:
    return f"{number:,}" if number else "-"


def _time(number: float) -> str:
    if not number:
        return "-"
    return f"{number:,.1f}" if number >= 10 else f"{number:.2f}" if number >= 0.01 else "<0.01"


def _gigabytes(megabytes: float | None) -> str:
    return "-" if megabytes is None else f"{megabytes / 1000:.1f}"


def _disk(gigabytes: float) -> str:
    if not gigabytes:
        return "-"
    return f"{gigabytes:.1f}" if gigabytes >= 10 else f"{gigabytes:.3g}"
