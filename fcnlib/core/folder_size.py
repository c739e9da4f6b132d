"""How much of a disk files take."""

import os
from contextlib import suppress
from pathlib import Path


def bytes_of(path: Path) -> int:
    """The bytes of a file, or of all files of a folder; what is not there, or goes, has none."""
    if not path.is_dir():
        return _bytes_of_file(path)
    files = (Path(folder) / name for folder, _, names in os.walk(path) for name in names)
    return sum(map(_bytes_of_file, files))


def _bytes_of_file(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0
