"""How many cores there are to compute with."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from fcnlib.core.cgroups import cgroup_limits


def usable_cores(root: Path = Path("/")) -> int:
    """The cores that this process may use, or less where it may use less time of them.

    A container that may use two of 64 cores still sees them all.
    """
    limits = [max(1, int(limit)) for limit in _limits(root)]
    return min([len(os.sched_getaffinity(0)), *limits])


def _limits(root: Path) -> Iterator[float]:
    """The cores' worth of time of this process's control groups."""
    quotas = cgroup_limits("cpu.max", "cpu", "cpu.cfs_quota_us", root=root)
    periods = cgroup_limits("cpu.max", "cpu", "cpu.cfs_period_us", root=root)
    for quota, period in zip(quotas, periods, strict=False):
        with suppress(ValueError, IndexError):  # "max", or nothing
            microseconds, of = int(quota.split()[0]), int(period.split()[-1])
            if microseconds > 0 and of > 0:
                yield microseconds / of
