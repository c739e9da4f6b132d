"""Matrix products at the machine's rate."""

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
    return _by_onednn(a, b.t()) if _onednn_is_faster(a) else a @ b


class PackedMatrices:
    """Matrices [N, in, out] by which others are multiplied, packed once where that is faster."""

    def __init__(self, matrices: Tensor) -> None:
        self.shape = matrices.shape
        self._matrices: Tensor | list[Tensor] = matrices
        if matrices.shape[1] >= PACKED_CHANNELS and _onednn_is_faster(matrices):
            pack = torch.ops.mkldnn._reorder_linear_weight
            self._matrices = [pack(each.t()) for each in matrices]

    def multiply(self, given: Tensor, out: Tensor) -> None:
        """Put the products of `given` [N, rows, in] into `out` [N, rows, out]."""
        if isinstance(self._matrices, Tensor):
            torch.bmm(given, self._matrices, out=out)
        else:
            for rows, matrix, made in zip(given, self._matrices, out, strict=True):
                made.copy_(_by_onednn(rows, matrix))


def _onednn_is_faster(matrix: Tensor) -> bool:
    """Whether oneDNN multiplies large matrices of a tensor's type faster than PyTorch's own way."""
    return ONEDNN_IS_FASTER and matrix.dtype == torch.float32 and matrix.device.type == "cpu"


def _by_onednn(a: Tensor, transposed: Tensor) -> Tensor:
    """The product of a matrix and another that is given transposed, and may be packed."""
    made: Tensor = torch.ops.mkldnn._linear_pointwise(a, transposed, None, "none", [], "")
    return made
