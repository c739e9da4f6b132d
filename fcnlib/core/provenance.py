"""Where a number came from: commit, versions, device."""

import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from fcnlib.core.fingerprint import ROOT

RECORDED = ("torch", "numpy", "pillow", "scipy", "snakemake")


def provenance(*, seed: int, device: str, threads: int, values: dict[str, Any]) -> dict[str, Any]:
    """Commit, versions, machine, time and the values used, for a result file."""
    return {
        "commit": _git("rev-parse", "HEAD") or "unknown",
        "dirty": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version(), **_versions()},
        "device": device_name(device),
        "threads": threads,
        "seed": seed,
        "values": values,
    }


def facts(
    *, experiment: str, seed: int, device: str, threads: int, values: dict[str, Any]
) -> dict[str, Any]:
    """What a metrics file says besides its numbers."""
    where = provenance(seed=seed, device=device, threads=threads, values=values)
    return {"experiment": experiment, "seed": seed, "provenance": where}


def device_name(device: str) -> str:
    """The device as a person would name it."""
    if device.startswith("cuda"):
        import torch

        return f"{device}: {torch.cuda.get_device_name(device)}"
    names = Path("/proc/cpuinfo")
    lines = names.read_text().splitlines() if names.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"cpu: {models[0] if models else platform.processor() or platform.machine()}"


def _versions() -> dict[str, str]:
    found = {}
    for package in RECORDED:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()
