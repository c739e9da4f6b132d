"""Where a number came from: commit, versions, device; and the fingerprint of the code behind it."""

import ast
import hashlib
import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent
RECORDED = ("torch", "numpy", "pillow", "scipy", "snakemake")


def fingerprint(script: Path) -> str:
    """A hash of what `script` and every fcnlib module it reaches do.

    Read from the syntax trees, so that comments and docstrings do not count.
    """
    digest = hashlib.sha256()
    for path in sorted({script, *_reached(script)}):
        digest.update(path.name.encode() + _meaning(path).encode())
    return digest.hexdigest()[:16]


def stamp(folders: Sequence[Path]) -> str:
    """A hash of the names, sizes and dates of the files in `folders`: an edit in place shows."""
    found = [
        (folder.name, entry.name, entry.stat().st_size, entry.stat().st_mtime_ns)
        for folder in folders
        if folder.is_dir()
        for entry in os.scandir(folder)
    ]
    return hashlib.sha256(repr(sorted(found)).encode()).hexdigest()[:16]


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
            ["git", *arguments], cwd=PACKAGE, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


@cache
def _meaning(path: Path) -> str:
    return _dump(ast.parse(path.read_text(), str(path)))


def _dump(node: object) -> str:
    """A syntax tree as text, docstrings left out.

    Not `ast.dump`: that changes with Python's version, as do fields that are empty.
    """
    if isinstance(node, list):
        return "[" + ",".join(map(_dump, node)) + "]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = dict(ast.iter_fields(node))
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
        fields["body"] = fields["body"][1:]
    shown = (f"{name}={_dump(value)}" for name, value in fields.items() if value not in (None, []))
    return f"{type(node).__name__}({','.join(shown)})"


@cache
def _reached(path: Path) -> frozenset[Path]:
    """The fcnlib files that `path` imports, and what those import."""
    found: set[Path] = set()
    waiting = [path]
    while waiting:
        for module in _imports(waiting.pop()):
            if module not in found:
                found.add(module)
                waiting.append(module)
    return frozenset(found)


@cache
def _imports(path: Path) -> frozenset[Path]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(f for name in names if name.startswith("fcnlib") for f in _files(name))


def _files(module: str) -> list[Path]:
    """The file of a module, and those of the packages around it."""
    parts = module.split(".")[1:]
    files = [PACKAGE.joinpath(*parts[:i], "__init__.py") for i in range(len(parts) + 1)]
    if parts:
        files.append(PACKAGE.joinpath(*parts).with_suffix(".py"))
    return [file for file in files if file.exists()]
