"""What a run needs of a machine, and what of it would hurt."""

import configparser
import locale
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

from fcnlib.core.cores import usable_cores
from fcnlib.core.git import git_output
from fcnlib.core.gpu import VISIBLE
from fcnlib.core.memory import memory_mb
from fcnlib.core.provenance import device_name
from fcnlib.core.units import GB, MB

NEEDED = 3 * GB  # of the disk: the demo takes 0.7, and as much again while it runs
NEEDED_SHARED = 128 * MB  # Docker gives 64; Chromium and pools of processes may take more
SECONDS = 5  # for a program to answer
NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")
CHROMIUM = ("chromium", "chromium-browser")


@dataclass(frozen=True)
class Finding:
    """What there is, and what of it would hurt."""

    topic: str
    found: str
    hurts: tuple[str, ...] = ()


def examine(folder: Path) -> Iterator[Finding]:
    """All findings, for work in a folder."""
    checks: tuple[Callable[[Path], Finding], ...] = (
        package, python, pytorch, threads, memory, disk, shared_memory, encoding, repository,
        snakemake, dvc, slurm, chromium,
    )  # fmt: skip
    return (check(folder) for check in checks)


def package(folder: Path) -> Finding:
    """This package, and where it lies."""
    home = Path(__file__).parents[2]
    other = (folder / "fcnlib").is_dir() and not (folder / "fcnlib").samefile(home / "fcnlib")
    hurts = f"the package is that of {home}, not of this folder: activate this folder's .venv"
    return Finding("fcnlib", f"{_version('fcnlib')}, {home}", (hurts,) * other)


def python(folder: Path) -> Finding:
    """The interpreter."""
    return Finding("Python", f"{platform.python_version()}, {sys.executable}, {platform.system()}")


def pytorch(folder: Path) -> Finding:
    """PyTorch, and what it computes on."""
    try:
        import torch
    except (ImportError, OSError) as error:  # OSError: of a library that it loads
        return Finding("PyTorch", "cannot be imported", (f"PyTorch: {error}",))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    named = os.environ.get(VISIBLE)
    built = f"for CUDA {torch.version.cuda}" if torch.version.cuda else "for CPUs"
    devices = [torch.cuda.get_device_name(index) for index in range(gpus)] or [device_name("cpu")]
    found = [f"{torch.__version__} {built}", *devices]
    found += [f"{VISIBLE}={named}"] * (named is not None)
    hurts = [f"PyTorch: {warning.message}" for warning in caught]
    if not gpus and named is None and NVIDIA_DRIVER.exists():
        hurts.append(f"there is a GPU's driver, but PyTorch ({built}) sees no GPU: it uses the CPU")
    return Finding("PyTorch", ", ".join(found), tuple(hurts))


def threads(folder: Path) -> Finding:
    """The cores, and how many threads would share them."""
    return judge_threads(usable_cores(), os.cpu_count() or 1, _torch_threads(), os.getloadavg()[0])


def judge_threads(cores: int, seen: int, used: int, load: float) -> Finding:
    """What so many threads do to so many cores."""
    found = f"{cores} of {seen}, PyTorch uses {used} threads, load average {load:.1f}"
    hurts = []
    if used > cores:
        hurts.append(f"{used} threads share {cores} cores: export OMP_NUM_THREADS={cores}")
    if seen > cores:
        hurts.append(f"Snakemake sees {seen} cores, of which {cores} are yours: --cores {cores}")
    if load > cores:
        hurts.append(f"the load average is {load:.1f} on {cores} cores: times would be too long")
    return Finding("cores", found, tuple(hurts))


def _torch_threads() -> int:
    torch = sys.modules.get("torch")
    return torch.get_num_threads() if torch is not None else 1


def memory(folder: Path) -> Finding:
    """The memory that this process may use."""
    return Finding("memory", f"{memory_mb() / 1000:.1f} GB")


def disk(folder: Path) -> Finding:
    """The room where a run writes; `data` and `results` may be links to another disk."""
    places = [each for each in (folder / "data", folder / "results") if each.is_dir()]
    places = [*(places or [folder]), Path(tempfile.gettempdir())]
    return judge_disk({str(each): shutil.disk_usage(each).free for each in places})


def judge_disk(free: dict[str, int]) -> Finding:
    """What so many free bytes in these folders are enough for."""
    found = ", ".join(f"{size / GB:.1f} GB free in {place}" for place, size in free.items())
    hurts = [
        f"{place}: {size / GB:.1f} GB free; the demo wants {NEEDED / GB:.0f}"
        for place, size in free.items()
        if size < NEEDED
    ]
    return Finding("disk", found, tuple(hurts))


def shared_memory(folder: Path) -> Finding:
    """The size of /dev/shm, which processes share."""
    place = Path("/dev/shm")
    return judge_shared_memory(shutil.disk_usage(place).total if place.is_dir() else 0)


def judge_shared_memory(size: int) -> Finding:
    """What a shared memory of this size is enough for."""
    hurts = "/dev/shm is small for Chromium and pools of processes: docker run --shm-size=1g"
    return Finding("/dev/shm", f"{size / MB:,.0f} MB", (hurts,) * (size < NEEDED_SHARED))


def encoding(folder: Path) -> Finding:
    """The encoding of text and of names of files."""
    names = {locale.getencoding(), sys.getfilesystemencoding(), sys.stdout.encoding or "utf-8"}
    names = {name.lower().replace("_", "-") for name in names}
    found = ", ".join(sorted(names))
    hurts = f"the locale is {found}: export LC_ALL=C.UTF-8"
    return Finding("locale", found, (hurts,) * (names != {"utf-8"}))


def repository(folder: Path) -> Finding:
    """The repository that the folder is in."""
    top = git_output(folder, "rev-parse", "--show-toplevel")
    if not top:
        return Finding("git", "no repository")
    hurts = f"{top} is a repository around this folder: results would have no commit, or its"
    return Finding("git", top, (hurts,) * (not Path(top).samefile(folder)))


def snakemake(folder: Path) -> Finding:
    """The workflow's engine, and how it reaches a cluster."""
    slurm_plugin = _version("snakemake-executor-plugin-slurm")
    return Finding("Snakemake", f"{_version('snakemake')}, for Slurm: {slurm_plugin}")


def dvc(folder: Path) -> Finding:
    """DVC, and where it stores versions."""
    stored = ", ".join(_remotes(folder)) or "no remote"
    return Finding("DVC", f"{_version('dvc')}, {stored}")


def _remotes(folder: Path) -> Iterator[str]:
    """Each remote and its address, without a user's name or password."""
    settings = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        settings.read([folder / ".dvc/config", folder / ".dvc/config.local"], "utf-8")
    except (configparser.Error, UnicodeDecodeError):
        yield f"{folder / '.dvc'}: its configuration cannot be read"
        return
    for section in settings.sections():
        kind, _, name = section.strip("'").partition(" ")
        if kind == "remote":
            address = urlsplit(settings[section].get("url", ""))
            hidden = address._replace(netloc=address.netloc.rpartition("@")[2], query="")
            yield f"{name.strip(chr(34))}: {hidden.geturl()}"


def slurm(folder: Path) -> Finding:
    """The cluster, if this is one of its machines."""
    if not shutil.which("sinfo"):
        return Finding("Slurm", "none")
    partitions = _printed("sinfo", "--noheader", "--format=%P")
    if partitions is None:
        return Finding("Slurm", "does not answer", ("Slurm is installed, but does not answer",))
    job = os.environ.get("SLURM_JOB_ID")
    inside = f", in job {job}" if job else ""
    return Finding("Slurm", f"partitions {', '.join(partitions.split())}{inside}")


def _printed(*command: str) -> str | None:
    """What a program prints; None if it fails or takes too long."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace")


def chromium(folder: Path) -> Finding:
    """The browser of the page's tests."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    return Finding("Chromium", found or "none; only tests of the page need it")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
