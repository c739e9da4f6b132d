"""Work on many items side by side, with the results in the items' order."""

import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from threading import Thread
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def in_threads(function: Callable[[T], R], items: Iterable[T], workers: int) -> Iterator[R]:
    """Results of `function` in the order of `items`, of which only a few are held at a time.

    The threads go on while the caller makes the next item or is at work on a result. Threads are
    enough: decoding, compressing and hashing leave the interpreter free.
    """
    if workers <= 1:
        return map(function, items)
    return _pooled(ThreadPoolExecutor(workers), function, items, workers)


def in_processes(function: Callable[[T], R], items: Iterable[T], workers: int) -> Iterator[R]:
    """The same by processes, for work that holds the interpreter; what they share is pickled."""
    if workers <= 1:
        return map(function, items)
    # Forked ones would inherit locks of threads that they do not have.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent)
    return _without_main(_pooled(pool, function, items, workers))


def _end_with_parent() -> None:
    """Let this process end when the one that started it is gone: a killed one cannot tell it."""
    parent = multiprocessing.parent_process()
    assert parent is not None  # this is run by processes of a pool

    def wait() -> None:
        parent.join()
        os._exit(1)  # whatever the other threads are at

    Thread(target=wait, daemon=True).start()


def _pooled(
    pool: Executor, function: Callable[[T], R], items: Iterable[T], workers: int
) -> Iterator[R]:
    pending: deque[Future[R]] = deque()
    with pool:
        try:
            for item in items:
                pending.append(pool.submit(function, item))
                if pending[0].done() or len(pending) >= 2 * workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


def _without_main(results: Iterator[R]) -> Iterator[R]:
    """The results, while new processes cannot see the script that runs.

    They would run it once more on their start, and Snakemake's scripts do not guard against it.
    """
    main = sys.modules["__main__"].__dict__
    hidden = {name: main.pop(name) for name in ("__file__",) if name in main}
    spec, main["__spec__"] = main.get("__spec__"), None
    try:
        yield from results
    finally:
        main.update(hidden, __spec__=spec)
