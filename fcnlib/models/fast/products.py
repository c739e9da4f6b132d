"""Matrix products at the machine's rate."""

import torch
from torch import Tensor

HAS_ONEDNN = torch._C._has_mkldnn and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def product(a: Tensor, b: Tensor) -> Tensor:
    """The product of two matrices of any strides.

    By oneDNN where there is one: on AMD's processors with AVX-512 it takes half the time of MKL,
    which `torch.mm` calls.
    """
    if HAS_ONEDNN and a.dtype == torch.float32 and a.device.type == "cpu":
        made: Tensor = torch.ops.mkldnn._linear_pointwise(a, b.t(), None, "none", [], "")
        return made
    return a @ b
