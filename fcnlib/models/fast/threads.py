"""Work of many short operations, shared among threads."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

PartT = TypeVar("PartT")
ResultT = TypeVar("ResultT")


def on_single_threads(work: Callable[[PartT], ResultT], parts: Sequence[PartT]) -> list[ResultT]:
    """What `work` gives for each part, each on a thread of its own, without gradients.

    There PyTorch uses that thread alone: where all threads share each short operation, they wait
    for each other at its end, and beside other work on the machine that takes most of the time.
    """
    threads, inference = torch.get_num_threads(), torch.is_inference_mode_enabled()

    def alone(part: PartT) -> ResultT:
        with torch.inference_mode(inference), torch.no_grad():  # each thread has modes of its own
            return work(part)

    if len(parts) == 1:
        return [alone(parts[0])]
    try:
        with ThreadPoolExecutor(
            len(parts), initializer=torch.set_num_threads, initargs=(1,)
        ) as pool:
            return list(pool.map(alone, parts))
    finally:
        torch.set_num_threads(threads)  # else threads to come would have one, too


def as_they_come_free(work: Callable[[Iterable[PartT]], object], parts: Sequence[PartT]) -> None:
    """Have `work` done by as many single threads as PyTorch has, each on the parts that it gets.

    A thread takes its next part when it has done one: beside other work on the machine, the
    threads are done at about the same time.
    """
    left = iter(parts)
    on_single_threads(work, [left] * min(len(parts), torch.get_num_threads()))
