"""How much memory there is."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

# Of control groups, version 2 and 1: the mount, and what limits a group in it.
UNIFIED = ("sys/fs/cgroup", "memory.max")
MEMORY = ("sys/fs/cgroup/memory", "memory.limit_in_bytes")


def memory_mb(root: Path = Path("/")) -> int:
    """The machine's memory in MB, or less where this process may use less, as in a container."""
    installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [limit for limit in _limits(root) if limit > 0]
    return min([installed, *limits]) // 10**6


def _limits(root: Path) -> Iterator[int]:
    """The limits in bytes of this process's control groups, each of which holds."""
    for mount, group in _groups(root):
        folder, limit = mount
        # A container may see its group as the whole, whatever its name is outside.
        for each in (group, *group.parents):
            with suppress(OSError, ValueError):  # ValueError: "max"
                yield int((root / folder / each / limit).read_text("utf-8"))


def _groups(root: Path) -> Iterator[tuple[tuple[str, str], PurePosixPath]]:
    with suppress(OSError, ValueError):
        for line in os.fsdecode((root / "proc/self/cgroup").read_bytes()).splitlines():
            number, kinds, name = line.split(":", 2)
            group = PurePosixPath(name.lstrip("/"))
            if number == "0":
                yield UNIFIED, group
            elif "memory" in kinds.split(","):
                yield MEMORY, group
