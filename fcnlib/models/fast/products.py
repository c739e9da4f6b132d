"""Matrix products at the machine's rate."""

import torch
from torch import Tensor

from fcnlib.core.provenance import device_name

# On AMD's processors with AVX-512 oneDNN takes as little as half the time of MKL, which `torch.mm`
# calls; on all others more, and so it does for the small products of tiles.
HAS_ONEDNN = torch._C._has_mkldnn and hasattr(torch.ops.mkldnn, "_linear_pointwise")
HAS_AVX512 = torch.backends.cpu.get_cpu_capability() == "AVX512"
ONEDNN_IS_FASTER = HAS_ONEDNN and HAS_AVX512 and "AMD" in device_name("cpu")


def product(a: Tensor, b: Tensor) -> Tensor:
    """The product of two matrices of any strides."""
    if ONEDNN_IS_FASTER and a.dtype == torch.float32 and a.device.type == "cpu":
        made: Tensor = torch.ops.mkldnn._linear_pointwise(a, b.t(), None, "none", [], "")
        return made
    return a @ b
