"""How much memory there is."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from fcnlib.core.cgroups import cgroup_limits


def memory_mb(root: Path = Path("/")) -> int:
    """The machine's memory in MB, or less where this process may use less, as in a container."""
    installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [limit for limit in _limits(root) if limit > 0]
    return min([installed, *limits]) // 10**6


def _limits(root: Path) -> Iterator[int]:
    """The limits in bytes of this process's control groups."""
    for text in cgroup_limits("memory.max", "memory", "memory.limit_in_bytes", root=root):
        with suppress(ValueError):  # "max"
            yield int(text)
