"""Work shared among threads, on each of which PyTorch uses one."""

import pytest
import torch

from fcnlib.models.fast.threads import on_single_threads


def test_each_part_is_computed_on_one_thread_and_results_keep_their_order() -> None:
    before = torch.get_num_threads()
    weight = torch.ones(3, requires_grad=True)
    found = on_single_threads(lambda part: (part * weight, torch.get_num_threads()), [1, 2, 3])
    assert [(float(value[0]), threads) for value, threads in found] == [(1, 1), (2, 1), (3, 1)]
    assert not any(value.requires_grad for value, _ in found)
    assert torch.get_num_threads() == before


def test_parts_may_write_into_a_tensor_of_inference_mode() -> None:
    with torch.inference_mode():
        made = torch.zeros(2)
        on_single_threads(lambda i: made[i].fill_(i + 1), [0, 1])
    assert made.tolist() == [1, 2]


def test_an_error_in_a_part_is_raised_and_threads_are_as_before() -> None:
    before = torch.get_num_threads()
    with pytest.raises(ZeroDivisionError):
        on_single_threads(lambda part: 1 / part, [1, 0])
    assert torch.get_num_threads() == before
