"""Where a number came from: commit, versions, device."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RECORDED_PACKAGES = ("torch", "numpy", "pillow", "scipy", "snakemake")


def provenance(
    *, seed: int, device: str, threads: int, values: dict[str, Any], precision: str = "fp32"
) -> dict[str, Any]:
    """Commit, versions, machine, precision, time and the values used, for a result file.

    The commit is that of a repository that tracks this package, not of one around an installed
    or an unpacked copy.
    """
    ours = bool(_git("ls-files", "--error-unmatch", "--", __file__))
    return {
        "commit": (ours and _git("rev-parse", "HEAD")) or "unknown",
        "dirty": ours and bool(_git("status", "--porcelain", "--untracked-files=no")),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version(), **_versions()},
        "device": device_name(device),
        "threads": threads,
        "precision": precision,
        "seed": seed,
        "values": values,
    }


def device_name(device: str) -> str:
    """The name of the device's processor, for example `cuda:0: NVIDIA H200`."""
    if device.startswith("cuda"):
        import torch

        return f"{device}: {torch.cuda.get_device_name(device)}"
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text("utf-8").splitlines() if cpuinfo.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"cpu: {models[0] if models else platform.processor() or platform.machine()}"


def _versions() -> dict[str, str]:
    found = {}
    for package in RECORDED_PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _git(*arguments: str) -> str:
    """What git says of the repository around this file; nothing where there is none."""
    # GIT_DIR and others would name another one; a repository's own fsmonitor is a program.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        result = subprocess.run(
            ["git", "-c", "core.fsmonitor=false", *arguments],
            cwd=Path(__file__).parent,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
    except (OSError, ValueError, subprocess.CalledProcessError):
        return ""
    return result.stdout.strip()
