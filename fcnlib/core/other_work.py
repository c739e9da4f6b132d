"""How much of a machine's processors other work used while something was measured."""

import os
import time
from pathlib import Path
from typing import NamedTuple

STAT = Path("/proc/stat")
IDLE = (3, 4)  # of the times in its first line: idle, and waiting for a disk
GUESTS = 8  # from here on they are counted above already


class _Times(NamedTuple):
    """Seconds of all processors since the machine's start, and of this process."""

    total: float
    busy: float
    own: float


class OtherWork:
    """What other processes compute from now on; also those of other users and virtual machines."""

    def __init__(self) -> None:
        self._start = _times()

    def share(self) -> float | None:
        """The share of the machine's processors that it used until now; None where unknown.

        A processor's time is counted in hundredths of a second.
        """
        now = _times()
        if now is None or self._start is None or now.total <= self._start.total:
            return None
        total, busy, own = (b - a for a, b in zip(self._start, now, strict=True))
        return round(min(1.0, max(0.0, (busy - own) / total)), 3)


def _times() -> _Times | None:
    """The times until now; None where the system has no such file."""
    try:
        line = STAT.read_text("utf-8").splitlines()[0]
        seconds = [int(ticks) / os.sysconf("SC_CLK_TCK") for ticks in line.split()[1:]][:GUESTS]
        total = sum(seconds)
        return _Times(total, total - sum(seconds[place] for place in IDLE), time.process_time())
    except (OSError, ValueError, IndexError):
        return None
