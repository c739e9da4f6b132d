"""Requests to stop: Slurm's before it takes a node away, and Ctrl-C."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Stopped(KeyboardInterrupt):
    """Raised at a point from which stopped work can be resumed."""


@contextmanager
def stop_requests() -> Iterator[threading.Event]:
    """An event that the first SIGTERM or Ctrl-C sets; a second one does what it did before.

    Only a process's main thread receives signals: in another thread the event is never set.
    """
    requested = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield requested
        return

    def request(number: int, _: Any) -> None:
        requested.set()
        signal.signal(number, before[number])

    numbers = (signal.SIGTERM, signal.SIGINT)
    before: dict[int, Any] = {number: signal.getsignal(number) for number in numbers}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # as that of a command in the background
            signal.signal(number, request)
    try:
        yield requested
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
