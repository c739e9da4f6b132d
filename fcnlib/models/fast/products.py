"""Matrix products at the machine's rate."""

from collections.abc import Sequence

import torch
from torch import Tensor

from fcnlib.core.provenance import device_name

# On AMD's processors with AVX-512 oneDNN takes as little as half the time of MKL, which `torch.mm`
# calls; on all others more, and so it does for products of few channels.
HAS_ONEDNN = torch._C._has_mkldnn and hasattr(torch.ops.mkldnn, "_linear_pointwise")
HAS_AVX512 = torch.backends.cpu.get_cpu_capability() == "AVX512"
ONEDNN_IS_FASTER = HAS_ONEDNN and HAS_AVX512 and "AMD" in device_name("cpu")

PACKED_CHANNELS = 256  # that a product sums, from which on oneDNN is faster with packed matrices


def product(a: Tensor, b: Tensor) -> Tensor:
    """The product of two matrices of any strides."""
    if ONEDNN_IS_FASTER and a.dtype == torch.float32 and a.device.type == "cpu":
        made: Tensor = torch.ops.mkldnn._linear_pointwise(a, b.t(), None, "none", [], "")
        return made
    return a @ b


class FixedMatrices:
    """Matrices [N, in, out] by which others are multiplied, as the faster library reads them."""

    def __init__(self, matrices: Tensor) -> None:
        self.shape = matrices.shape
        in_fp32 = matrices.dtype == torch.float32 and matrices.device.type == "cpu"
        self._packed = ONEDNN_IS_FASTER and in_fp32 and matrices.shape[1] >= PACKED_CHANNELS
        self._matrices: Sequence[Tensor] = [matrices]
        if self._packed:
            pack = torch.ops.mkldnn._reorder_linear_weight
            self._matrices = [pack(each.t()) for each in matrices]

    def multiply(self, given: Tensor, out: Tensor) -> None:
        """Put the products of `given` [N, rows, in] into `out` [N, rows, out]."""
        if not self._packed:
            torch.bmm(given, self._matrices[0], out=out)
            return
        linear = torch.ops.mkldnn._linear_pointwise
        for rows, matrix, made in zip(given, self._matrices, out, strict=True):
            made.copy_(linear(rows, matrix, None, "none", [], ""))
