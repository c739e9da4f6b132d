"""Functions as TorchScript."""

import warnings
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from fcnlib.core.scripting import scripted


@scripted
def doubled(x: Tensor, times: int) -> Tensor:
    """x, doubled so many times."""
    for _ in range(times):
        x = 2 * x
    return x


def test_threads_that_call_a_function_first_get_what_it_gives_and_no_notice() -> None:
    x = torch.arange(4.0)
    with warnings.catch_warnings(action="error"), ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda times: doubled(x, times), range(8)))
    for times, y in enumerate(found):
        assert torch.equal(y, x * 2**times)
    assert doubled.__doc__ == "x, doubled so many times."
