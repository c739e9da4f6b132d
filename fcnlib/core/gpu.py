"""A GPU for each job of a machine: chosen before CUDA starts, and kept until the job's end."""

import fcntl
import logging
import os
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from urllib.parse import quote

from fcnlib.core.errors import InputError
from fcnlib.core.files import name_os_errors

VISIBLE = "CUDA_VISIBLE_DEVICES"
NONE_VISIBLE = ("", "-1", "NoDevFiles", "none", "void")  # Slurm, containers and users mean none

CHOOSING = "choosing.lock"  # whose lock a process has while it chooses

log = logging.getLogger(__name__)


@contextmanager
def compute_device(*, gpus: int, threads: int) -> Iterator[str]:
    """The device to compute on, "cuda" or "cpu", for a job that asks for so many GPUs.

    One is enough for any job: "cuda" is one that no other job of this user on this machine has, if
    there are enough; without a request it is "cpu". Importing torch takes a second: a job that has
    not done so computes nothing.

    Raises:
        InputError: CUDA_VISIBLE_DEVICES names a GPU that PyTorch does not find.
    """
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(threads)
    if torch is None or not gpus:
        yield "cpu"
        return
    named = os.environ.get(VISIBLE)
    if named is None:
        # By NVML: CUDA itself would keep the devices that it saw first.
        candidates = [str(index) for index in range(torch.cuda.device_count())]
    else:
        candidates = visible_devices(named)
    with ExitStack() as stack:
        slurm_job = os.environ.get("SLURM_JOB_ID", "") if named else ""
        if candidates and not (slurm_job and len(candidates) == 1):
            claim = claimed_gpu(candidates, lock_folder(), within=slurm_job)
            os.environ[VISIBLE] = stack.enter_context(claim)
        if torch.cuda.is_available():
            log.info("computing on %s", torch.cuda.get_device_name())
            yield "cuda"
            return
        _on_cpu(os.environ[VISIBLE] if candidates else "", torch.backends.cuda.is_built())
        yield "cpu"


def visible_devices(named: str) -> list[str]:
    """The devices of CUDA_VISIBLE_DEVICES: indices, UUIDs or names of MIG instances, as they are.

    CUDA sees none from -1 on.
    """
    devices = []
    for device in map(str.strip, named.split(",")):
        if device in NONE_VISIBLE:
            break
        devices.append(device)
    return devices


def _on_cpu(device: str, has_cuda: bool) -> None:
    """Say that PyTorch finds no GPU, or not the one that is named."""
    if device and has_cuda:
        expected = "expected one that nvidia-smi lists, or -1 for the CPU"
        raise InputError(f"{VISIBLE}: no GPU {device} here; {expected}")
    if device:
        log.warning("computing on the CPU, not on GPU %s: this PyTorch has no CUDA", device)
    else:
        log.info("computing on the CPU: no GPU here")


def lock_folder() -> Path:
    """The folder of this user's locks on this machine.

    Raises:
        InputError: Somebody else has made it, or may write to it.
    """
    folder = Path(tempfile.gettempdir()) / f"fcn-gpus-{os.getuid()}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise InputError(
            f"{folder}: is a link, or others may write to it; expected a folder that is yours "
            "alone; remove it, or set TMPDIR"
        )
    return folder


@contextmanager
def claimed_gpu(candidates: Sequence[str], folder: Path, *, within: str = "") -> Iterator[str]:
    """The first of the candidates that the fewest processes have claimed, until this one ends.

    If each has been claimed, it is shared, and a line of the log says so. A lock is the kernel's:
    it ends with its process, however that ends.

    Args:
        candidates: The names of devices.
        folder: Where the files are that are locked.
        within: The Slurm job that the names are of: each may number its devices from 0.
    """
    with _waited_for(folder / CHOOSING):  # one process chooses at a time
        held = [_jobs(folder, _name(device, within)) for device in candidates]
        jobs, device = min(held), candidates[held.index(min(held))]
        files = (folder / f"{_name(device, within)},{number}.lock" for number in count())
        handle = next(lock for lock in map(_lock, files) if lock is not None)
    try:
        if jobs:
            log.warning(
                "each GPU of %s has a job: GPU %s now has %d",
                *(", ".join(candidates), device, jobs + 1),
            )
        yield device
    finally:
        os.close(handle)


def _name(device: str, within: str) -> str:
    """A device's name as that of a file, without a comma."""
    return quote(f"{within}-{device}" if within else device, safe="")


def _jobs(folder: Path, name: str) -> int:
    """How many processes have claimed a device."""
    locks = [_lock(path) for path in folder.glob(f"{name},*.lock")]
    for handle in locks:
        if handle is not None:
            os.close(handle)
    return locks.count(None)


@contextmanager
def _waited_for(path: Path) -> Iterator[None]:
    """Hold a file's lock, once no other process does."""
    handle = _opened(path)
    try:
        with name_os_errors(path):  # a file system may have no locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _lock(path: Path) -> int | None:
    """An open file that is locked while this process lives; None if another one has it."""
    handle = _opened(path)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
