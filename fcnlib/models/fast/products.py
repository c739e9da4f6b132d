"""Matrix products at the machine's rate."""

import torch
from torch import Tensor

from fcnlib.core.provenance import device_name

# On AMD's processors with AVX-512 oneDNN takes half the time of MKL, which `torch.mm` calls; on
# all others more.
HAS_ONEDNN = torch._C._has_mkldnn and hasattr(torch.ops.mkldnn, "_linear_pointwise")
HAS_AVX512 = torch.backends.cpu.get_cpu_capability() == "AVX512"
ONEDNN_IS_FASTER = HAS_ONEDNN and HAS_AVX512 and "AMD" in device_name("cpu")


def product(a: Tensor, b: Tensor) -> Tensor:
    """The product of two matrices of any strides."""
    if ONEDNN_IS_FASTER and a.dtype == torch.float32 and a.device.type == "cpu":
        made: Tensor = torch.ops.mkldnn._linear_pointwise(a, b.t(), None, "none", [], "")
        return made
    return a @ b


def batch_product(a: Tensor, b: Tensor, out: Tensor, *, add: bool = False) -> Tensor:
    """The products of two batches of matrices, put into `out`, or added to it."""
    if ONEDNN_IS_FASTER:
        for left, right, each in zip(a, b, out, strict=True):
            made = product(left, right)
            each.add_(made) if add else each.copy_(made)
        return out
    return torch.baddbmm(out, a, b, beta=int(add), out=out)
