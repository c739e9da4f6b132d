"""Matrix products at the machine's rate."""

import torch
from torch import Tensor

HAS_ONEDNN = torch._C._has_mkldnn and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def product(a: Tensor, b: Tensor) -> Tensor:
    """The product of two matrices of any strides.

    MKL, which `torch.mm` calls, leaves AVX-512 unused on processors of other makers: oneDNN's
    product takes half its time there, and no longer on Intel's.
    """
    if HAS_ONEDNN and a.dtype == torch.float32 and a.device.type == "cpu":
        made: Tensor = torch.ops.mkldnn._linear_pointwise(a, b.t(), None, "none", [], "")
        return made
    return a @ b
