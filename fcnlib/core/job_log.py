"""The log of a job: all that its tries wrote, and the end of the last one for Snakemake to show."""

import io
import re
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from fcnlib.core.tries import End, begin_try, end_try, whole_log

SHOWN_LINES = 30
SEPARATOR = "===="  # begins a line on a try, which the job itself did not write


@contextmanager
def job_log(path: Path) -> Iterator["JobLog"]:
    """The log of one try, which has failed unless its `end` is set to something else.

    `path` is the file that Snakemake removes before each try and prints whole if one fails: it gets
    the last lines of this try. All tries since the last success are in the `whole_log` beside it,
    and what they took in the `tries_file`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    tries, began = begin_try(path), time.monotonic()
    with JobLog(path, is_first=len(tries) == 1) as log:
        now = datetime.now().astimezone()
        log.note(f"try {len(tries)}, {now:%Y-%m-%d %H:%M:%S %z}, {tries[-1].host}")
        try:
            yield log
        finally:
            last = end_try(path, tries, log.end, time.monotonic() - began)
            log.note(f"{last.end} after {last.seconds:.0f} s, peak memory {last.peak_mb:.0f} MB")


class JobLog(io.TextIOWrapper):
    """A text file that keeps its own last lines in a second one, a progress bar as one line."""

    def __init__(self, path: Path, *, is_first: bool) -> None:
        self.end: End = "failed"
        self._whole = whole_log(path)
        # Both are closed by `close`.
        self._tail = open(path, "w", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
        self._lines: deque[str] = deque(maxlen=SHOWN_LINES)
        self._count, self._rest, self._is_bar = 0, "", False
        super().__init__(
            open(self._whole, "wb" if is_first else "ab"),  # noqa: SIM115
            encoding="utf-8",
            errors="backslashreplace",
            line_buffering=True,
        )

    def write(self, text: str, /) -> int:
        """Write to both files; a message does not begin within the line of a progress bar."""
        if not text:
            return 0
        if self._is_bar and text[0] not in "\r\n":
            text = f"\n{text}"
        self._is_bar = text.startswith("\r") and "\n" not in text
        self._rest += text
        # A full disk does not end a job here: what the job itself writes next there does.
        with suppress(OSError):
            super().write(text)
        with suppress(OSError):
            if "\n" in text or "\r" in text:
                self._keep_lines()
        return len(text)

    def note(self, text: str) -> None:
        """Write a line on the try itself, which the job itself did not write."""
        with suppress(OSError):
            super().write(f"\n{SEPARATOR} {text}\n")  # a killed try has not ended its last line

    def close(self) -> None:
        """Close both files."""
        with suppress(OSError):
            self._tail.close()
        with suppress(OSError):
            super().close()

    def _keep_lines(self) -> None:
        *lines, rest = self._rest.split("\n")
        self._count += len(lines)
        self._lines.extend(map(last_state, lines))
        self._rest = last_state(rest)
        shown = [*self._lines, *([self._rest] if self._rest else [])]
        if self._count + bool(self._rest) > SHOWN_LINES:
            shown = [f"the last lines; all of them: {self._whole}", *shown[1 - SHOWN_LINES :]]
        self._tail.seek(0)
        self._tail.writelines(f"{line}\n" for line in shown)
        self._tail.truncate()  # at last: a process killed in between leaves no empty file


def last_state(line: str) -> str:
    """A line as a terminal shows it in the end: a progress bar begins it anew again and again."""
    states = [state for state in re.split("\r+", line) if state.strip()]
    return states[-1].rstrip() if states else ""
