"""How many bits of float32 products count on a GPU."""

import pytest
import torch
from fixtures.devices import tf32_flags

from fcnlib.core.errors import InputError
from fcnlib.core.precision import Precision, set_precision


@pytest.mark.parametrize(("precision", "tf32"), [("fp32", False), ("tf32", True), ("bf16", False)])
def test_tf32_is_for_convolutions_and_products_or_for_neither(
    own_tf32_flags: None, precision: Precision, tf32: bool
) -> None:
    for device in ("cuda", "cuda:1"):
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = not tf32
        set_precision(precision, device)
        assert tf32_flags() == (tf32, tf32)


def test_a_cpu_has_all_bits_and_changes_nothing() -> None:
    before = tf32_flags()
    set_precision("fp32", "cpu")
    assert tf32_flags() == before


def test_tf32_is_for_cuda() -> None:
    with pytest.raises(InputError, match="precision tf32 on cpu; expected a CUDA device, or fp32"):
        set_precision("tf32", "cpu")
