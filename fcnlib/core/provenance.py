"""Where a number came from: commit, versions, device."""

import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from fcnlib.core.git import git_output

RECORDED_PACKAGES = ("torch", "numpy", "pillow", "scipy", "snakemake")


def provenance(
    *, seed: int, device: str, threads: int, values: dict[str, Any], precision: str = "fp32"
) -> dict[str, Any]:
    """Commit, versions, machine, precision, time and the values used, for a result file.

    The commit is that of a repository that tracks this package, not of one around an installed
    or an unpacked copy.
    """
    here = Path(__file__).parent
    ours = bool(git_output(here, "ls-files", "--error-unmatch", "--", __file__))
    return {
        "commit": (ours and git_output(here, "rev-parse", "HEAD")) or "unknown",
        "dirty": ours and bool(git_output(here, "status", "--porcelain", "--untracked-files=no")),
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
