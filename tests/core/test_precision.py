"""How many bits of float32 products count on a GPU."""

from typing import Any, get_args

import pytest
import torch
from fixtures.devices import tf32_flags

from fcnlib.config import schema_nets
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


@pytest.mark.parametrize("whole", [torch.backends, torch.backends.cudnn])
def test_fp32_holds_where_a_process_asks_for_tf32_by_pytorchs_newer_name(
    own_tf32_flags: None, whole: Any
) -> None:
    whole.fp32_precision = "tf32"
    try:
        set_precision("fp32", "cuda")
        assert torch.backends.cudnn.conv.fp32_precision == "ieee"
        assert torch.backends.cuda.matmul.fp32_precision == "ieee"
        assert tf32_flags() == (False, False)
    finally:
        whole.fp32_precision = "none"


def test_a_cpu_has_all_bits_and_changes_nothing() -> None:
    before = tf32_flags()
    set_precision("fp32", "cpu")
    assert tf32_flags() == before


def test_tf32_is_for_cuda() -> None:
    with pytest.raises(InputError, match="precision tf32 on cpu; expected a CUDA device, or fp32"):
        set_precision("tf32", "cpu")


def test_a_recipe_has_every_precision() -> None:
    """Named twice, as a configuration is read without torch."""
    assert get_args(schema_nets.Precision) == get_args(Precision)
