"""Items from a server that may keep one waiting."""

from collections.abc import Generator
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def patiently(items: Generator[T, None, None], patience: float) -> Generator[T, None, None]:
    """The items, made in a thread: a TimeoutError where one takes longer than `patience` seconds.

    A socket's own limit starts again with every byte, also in what is read before the items: the
    headers of an answer, or the ends of its parts. The thread closes what it read.
    """
    wanted: SimpleQueue[bool] = SimpleQueue()
    made: SimpleQueue[T | BaseException] = SimpleQueue()

    def work() -> None:
        try:
            while wanted.get():
                made.put(next(items))
        except BaseException as error:  # raised where the item is waited for
            made.put(error)
        finally:
            items.close()

    Thread(target=work, daemon=True).start()  # none that the process would wait for
    try:
        while True:
            wanted.put(True)
            item = made.get(timeout=patience)
            if isinstance(item, StopIteration):
                return
            if isinstance(item, BaseException):
                raise item
            yield item
    except Empty:
        raise TimeoutError(f"nothing received in {patience:g} seconds") from None
    finally:
        wanted.put(False)
