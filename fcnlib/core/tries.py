"""The tries of a job: when each began, how it ended, what it took; kept beside the job's log.

Snakemake removes a job's log, and the measurement of its last try, before it tries again.
"""

import os
import platform
import resource
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from fcnlib.core.errors import InputError, first_problem
from fcnlib.core.files import atomic_write
from fcnlib.core.reading import read_bytes

TRIES_SUFFIX = ".tries.json"
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
End = Literal["done", "failed", "stopped", "killed"]


class Try(BaseModel):
    """One try of a job; one without an end runs, or was killed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    started: AwareDatetime
    host: str
    pid: int
    end: End | None = None
    seconds: Amount | None = None  # of a killed one: until it last wrote to its log
    peak_mb: Amount | None = None  # of the largest of its processes; not known of a killed one

    def runs(self) -> bool | None:
        """Whether it still runs; None where this machine cannot tell."""
        if self.end:
            return False
        if self.host != platform.node():
            return None
        return Path(f"/proc/{self.pid}").exists() if Path("/proc/self").exists() else None


_TRIES = TypeAdapter(list[Try])


def whole_log(log: Path) -> Path:
    """The log of all tries of a job since it last succeeded, of the log that Snakemake knows."""
    return log.with_suffix(".tries.log")


def tries_file(log: Path) -> Path:
    """The records of the same tries."""
    return log.with_suffix(TRIES_SUFFIX)


def read_tries(log: Path) -> list[Try]:
    """The tries of a job, the first one first; none if it never began."""
    path = tries_file(log)
    if not path.exists():
        return []
    try:
        return _TRIES.validate_json(read_bytes(path))
    except ValidationError as error:
        found = first_problem(error, "content")
        raise InputError(f"{path}: {found}; expected the tries of a job; remove it") from None


def begin_try(log: Path) -> list[Try]:
    """Record that this process begins a try, and return all since the last success, it included."""
    try:
        earlier = read_tries(log)
    except InputError:
        earlier = []  # what is damaged tells nothing
    if earlier and earlier[-1].end == "done":
        earlier = []
    if earlier and earlier[-1].end is None:
        earlier[-1] = _killed(earlier[-1], whole_log(log))
    started = datetime.now(UTC).replace(microsecond=0)
    tries = [*earlier, Try(started=started, host=platform.node(), pid=os.getpid())]
    _write(log, tries)
    return tries


def end_try(log: Path, tries: Sequence[Try], end: End, seconds: float) -> Try:
    """Record how the last of these tries ended, and return it."""
    usage = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    unit = 2**20 if sys.platform == "darwin" else 2**10
    peak_mb = max(resource.getrusage(who).ru_maxrss for who in usage) / unit
    measured = {"end": end, "seconds": round(seconds, 1), "peak_mb": round(peak_mb, 1)}
    ended = tries[-1].model_copy(update=measured)
    _write(log, [*tries[:-1], ended])
    return ended


def _killed(last: Try, written: Path) -> Try:
    """A try that left no end: it lasted until it last wrote to its log."""
    seconds = 0.0
    with suppress(OSError):
        seconds = max(0.0, written.stat().st_mtime - last.started.timestamp())
    return last.model_copy(update={"end": "killed", "seconds": round(seconds, 1)})


def _write(log: Path, tries: list[Try]) -> None:
    # A full disk must not hide what the job itself has to say, nor end it.
    with suppress(OSError), atomic_write(tries_file(log), durable=False) as temporary:
        temporary.write_bytes(_TRIES.dump_json(tries, indent=1))
