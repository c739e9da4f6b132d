"""Measuring on a device: time of all threads, memory, processes, and whether it is idle."""

import ctypes
import gc
import os
import resource
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import torch

from fcnlib.core.errors import InputError
from fcnlib.core.units import MB
from fcnlib.evaluation.timing import clock
from fcnlib.training.workload import NOTHING, Cost

BUSY_GPU_MB = 2000.0  # more than the contexts of this process and a desktop take


@dataclass
class Stopwatch:
    """Adds up the time within its `with` blocks, and that of all threads."""

    device: str
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    _began: tuple[float, float] = field(default=(0.0, 0.0))

    def __enter__(self) -> "Stopwatch":
        self._began = clock(self.device), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds += clock(self.device) - self._began[0]
        self.cpu_seconds += time.process_time() - self._began[1]

    def per(self, pieces: int, without: Cost = NOTHING) -> Cost:
        """The cost of one of so many pieces, less that of others done meanwhile."""
        return Cost(
            seconds=max(0.0, self.seconds - without.seconds) / pieces,
            cpu_seconds=max(0.0, self.cpu_seconds - without.cpu_seconds) / pieces,
        )


def require_idle(device: str) -> None:
    """Raise where others use the device: its times would be theirs too."""
    if device.startswith("cuda"):
        free, total = torch.cuda.mem_get_info(device)
        used = (total - free) / MB - torch.cuda.memory_reserved(device) / MB
        if used > BUSY_GPU_MB:
            raise InputError(
                f"{device}: {used:,.0f} MB of its memory in use; expected an idle device to "
                "measure (--busy measures all the same)"
            )
    load, cores = os.getloadavg()[0], len(os.sched_getaffinity(0))
    if load > cores:
        raise InputError(
            f"cpu: load average {load:.1f} on {cores} cores; expected an idle machine to measure "
            "(--busy measures all the same)"
        )


def cost_of_command(command: Sequence[str]) -> Cost:
    """What a command takes with its children; an InputError if it fails."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=False)
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        raise InputError(f"{command[0]}: {lines[-1]}; expected it to end well")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(seconds=seconds, cpu_seconds=used)


def peak_memory(device: str) -> Callable[[], float | None]:
    """Begin to watch memory; what is returned gives the peak in MB, None if it is not known.

    On a CPU that of a process that does only this: what earlier probes left does not count.
    """
    gc.collect()
    if device.startswith("cuda"):
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
        return lambda: torch.cuda.max_memory_reserved(device) / MB
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)
    try:
        Path("/proc/self/clear_refs").write_text("5", "ascii")  # the peak becomes today's
    except OSError:
        return lambda: None
    now = _process_mb("VmRSS")
    left_over = now - _imported_mb()
    return lambda: _process_mb("VmHWM") - left_over


@cache
def _imported_mb() -> float:
    """The memory of this process before its first probe."""
    return _process_mb("VmRSS")


def _process_mb(name: str) -> float:
    status = Path("/proc/self/status").read_text("ascii", errors="replace")
    (line,) = (line for line in status.splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024 / MB


@contextmanager
def computing_threads(threads: int) -> Iterator[None]:
    """PyTorch's threads, as a job has them, for a while."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
