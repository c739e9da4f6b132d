"""What the control groups of this process limit it to, as in a container."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath


def cgroup_limits(unified: str, controller: str, name: str, *, root: Path) -> Iterator[str]:
    """What the files of each control group say, each of which holds.

    Args:
        unified: The file's name in version 2 of control groups.
        controller: The controller of version 1, and its folder.
        name: The file's name in version 1.
        root: The folder to read as `/`.
    """
    for controllers, group in _groups(root):
        if controllers is None:
            folder, file = root / "sys/fs/cgroup", unified
        elif controller in controllers:
            folder, file = root / "sys/fs/cgroup" / controller, name
        else:
            continue
        # A container may see its group as the whole, whatever its name is outside.
        for each in (group, *group.parents):
            with suppress(OSError, ValueError):
                yield (folder / each / file).read_text("utf-8")


def _groups(root: Path) -> Iterator[tuple[list[str] | None, PurePosixPath]]:
    """Each group's controllers, None in version 2, and its path."""
    with suppress(OSError, ValueError):
        for line in os.fsdecode((root / "proc/self/cgroup").read_bytes()).splitlines():
            number, kinds, name = line.split(":", 2)
            yield None if number == "0" else kinds.split(","), PurePosixPath(name.lstrip("/"))
