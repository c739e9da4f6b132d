"""Frozen upsampling by matrix products: the scores of `Upscore` up to rounding."""

import torch
from torch import Tensor, nn

from fcnlib.models.layers import Upscore


class Bilinear(nn.Module):
    """Frozen bilinear upsampling of score maps, as two matrix products."""

    kernel: Tensor

    def __init__(self, kernel: Tensor, factor: int) -> None:
        super().__init__()
        self.register_buffer("kernel", kernel)
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        down, across = self.matrix(x.shape[2]), self.matrix(x.shape[3])
        return torch.matmul(torch.matmul(down, x.contiguous()), across.t())

    def matrix(self, cells: int) -> Tensor:
        """The upsampling of one axis, [(cells - 1) * factor + side, cells]: a kernel per cell."""
        side = self.kernel.shape[0]
        pixel = torch.arange((cells - 1) * self.factor + side, device=self.kernel.device)
        cell = torch.arange(cells, device=self.kernel.device)
        tap = pixel[:, None] - self.factor * cell
        outside = (tap < 0) | (tap >= side)
        # Filled, as `where` copies a number to the GPU and waits for that.
        return self.kernel[tap.clamp(0, side - 1)].masked_fill(outside, 0.0)


def as_bilinear(layer: Upscore) -> Bilinear | None:
    """Frozen upsampling as matrix products; None if its kernels are learned or not separable."""
    square = layer.weight[0, 0].detach().double()  # the outer product of a row with itself
    row = square.sum(0) / square.sum().sqrt()
    if layer.weight.requires_grad or not torch.allclose(
        layer.weight.double(), torch.outer(row, row).expand(layer.weight.shape)
    ):
        return None
    return Bilinear(row.to(layer.weight.dtype), int(layer.stride[0]))
