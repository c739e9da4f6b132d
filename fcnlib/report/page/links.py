"""Addresses of the run's files."""

import os
from pathlib import Path


def relative(path: Path, page: Path) -> str:
    """A link from the page to a file."""
    return Path(os.path.relpath(path, page.parent)).as_posix()
