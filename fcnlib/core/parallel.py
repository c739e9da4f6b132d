"""Parallel work on many items, with the results in the items' order."""

import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from threading import Thread
from typing import TypeVar

from fcnlib.core.errors import InputError

T = TypeVar("T")
R = TypeVar("R")


def in_threads(function: Callable[[T], R], items: Iterable[T], workers: int) -> Iterator[R]:
    """Results of `function` in the order of `items`, of which only a few are held at a time.

    The threads keep working while the caller makes the next item or uses a result. They suffice
    for decoding, compressing and hashing, which release the GIL.
    """
    return read_ahead(function, items, workers if workers > 1 else 0)


def read_ahead(
    function: Callable[[T], R], items: Iterable[T], threads: int
) -> Generator[R, None, None]:
    """The same, but a single thread works too; with none, each result when it is asked for."""
    if threads == 0:
        yield from map(function, items)
    else:
        yield from _pooled(ThreadPoolExecutor(threads), function, items, threads)


def all_at_once(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """The same of a thread for each item, for waiting alone; an interrupted process ends at once.

    Those of `in_threads` would be waited for.
    """

    def settle(future: Future[R], item: T) -> None:
        try:
            future.set_result(function(item))
        except BaseException as error:  # raised where the result is waited for
            future.set_exception(error)

    futures: list[Future[R]] = []
    for item in items:
        futures.append(Future())
        Thread(target=settle, args=(futures[-1], item), daemon=True).start()
    for future in futures:
        yield future.result()


def in_processes(function: Callable[[T], R], items: Iterable[T], workers: int) -> Iterator[R]:
    """The same in processes, for GIL-bound work; `function`, items and results are pickled."""
    if workers <= 1:
        return map(function, items)
    # Forked ones would inherit locks of threads that they do not have.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent)
    return _without_main(_named_loss(_pooled(pool, function, items, workers)))


def _named_loss(results: Iterator[R]) -> Iterator[R]:
    """The results; a lost process, which tells nothing itself, is one line."""
    try:
        yield from results
    except BrokenProcessPool:
        raise InputError(
            "a process that worked beside this one was killed; is the memory full?"
        ) from None


def _end_with_parent() -> None:
    """Let this process end when its parent is gone: a killed parent cannot end it."""
    parent = multiprocessing.parent_process()
    assert parent is not None  # only processes of a pool run this

    def wait() -> None:
        parent.join()
        os._exit(1)  # without waiting for the other threads

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
    """The results; until they end, new processes do not find the main script.

    They would run it again on their start, and Snakemake's scripts do not guard against that.
    """
    main = sys.modules["__main__"].__dict__
    removed = {name: main.pop(name) for name in ("__file__",) if name in main}
    spec, main["__spec__"] = main.get("__spec__"), None
    try:
        yield from results
    finally:
        main.update(removed, __spec__=spec)
