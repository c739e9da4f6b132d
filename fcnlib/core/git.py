"""What git says of a folder."""

import os
import subprocess
from pathlib import Path


def git_output(folder: Path, *arguments: str) -> str:
    """What git prints in a folder; nothing where it fails, as outside of a repository."""
    # GIT_DIR and others would name another one; a repository's own fsmonitor is a program.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        result = subprocess.run(
            ["git", "-c", "core.fsmonitor=false", *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
    except (OSError, ValueError, subprocess.CalledProcessError):
        return ""
    return result.stdout.strip()
