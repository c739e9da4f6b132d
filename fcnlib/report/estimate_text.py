"""An estimate as text of aligned columns."""

from collections.abc import Sequence

from fcnlib.report.estimated import Estimate

RIGHT = 1  # columns from this one on are aligned to the right


def estimate_text(estimate: Estimate) -> str:
    """The rows with images, hours, memory and disk; kinds of jobs; all together."""
    unit = f"{estimate.unit} hours"
    memory = "memory (GB)" if estimate.unit != "GPU" else "GPU memory (GB)"
    rows = [
        (
            each.experiment,
            _count(each.learnt),
            _count(each.validated),
            _count(each.evaluated),
            _hours(each.hours),
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
            _hours(estimate.hours),
            _gigabytes(estimate.memory_mb),
            _disk(sum_of_nets),
        )
    )
    heads = ("row", "learnt", "validated", "evaluated", unit, memory, "nets (GB)")
    jobs = [
        (
            kind.replace("_", " "),
            str(each.jobs),
            _hours(each.seconds / 3600),
            _hours(each.cpu_seconds / 3600),
        )
        for kind, each in sorted(estimate.jobs.items(), key=lambda item: -item[1].seconds)
        if each.seconds
    ]
    parts = [
        f"{estimate.scale}, seeds {', '.join(map(str, estimate.seeds))}: {_origin(estimate)}",
        aligned(heads, rows),
        aligned(("jobs", "how many", "hours", "CPU core hours"), jobs),
        _in_all(estimate),
    ]
    return "\n\n".join(parts)


def _origin(estimate: Estimate) -> str:
    if not estimate.machine:
        return f"by seconds given by hand, hours of a {estimate.unit}"
    return f"measured on {estimate.machine}, {estimate.date}"


def _in_all(estimate: Estimate) -> str:
    places = "GPUs" if estimate.unit == "GPU" else "jobs at once"
    walls = ", ".join(f"{_hours(h)} h with {n}" for n, h in estimate.wall_hours.items())
    disk = ", ".join(f"{name} {_disk(size)}" for name, size in estimate.disk_gb.items())
    total = sum(estimate.disk_gb.values())
    lines = [
        f"{estimate.unit} hours   {_hours(estimate.hours)}",
        f"wall time   {walls} ({places}); the longest chain takes {_hours(estimate.chain_hours)} h",
        f"disk        {_disk(total)} GB at its peak: {disk}; twice that with DVC's copies",
    ]
    if estimate.unknown_archives:
        lines.append(
            f"            and archives of unknown size: {', '.join(estimate.unknown_archives)}"
        )
    if estimate.memory_mb is not None:
        lines.append(f"memory      {_gigabytes(estimate.memory_mb)} GB for the largest job")
    if estimate.not_counted:
        lines.append(f"not counted {', '.join(estimate.not_counted)}: no time is known")
    return "\n".join(lines)


def aligned(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of text, its first column to the left and all others to the right."""
    widths = [max(len(row[i]) for row in (heads, *rows)) for i in range(len(heads))]
    lines = []
    for row in (heads, *rows):
        cells = [
            cell.ljust(width) if i < RIGHT else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _count(number: int) -> str:
    return f"{number:,}" if number else "-"


def _hours(hours: float) -> str:
    return f"{hours:,.1f}" if hours >= 10 else f"{hours:.2f}" if hours >= 0.1 else f"{hours:.4f}"


def _gigabytes(megabytes: float | None) -> str:
    return "-" if megabytes is None else f"{megabytes / 1000:.1f}"


def _disk(gigabytes: float) -> str:
    return f"{gigabytes:.1f}" if gigabytes >= 10 else f"{gigabytes:.3g}"
