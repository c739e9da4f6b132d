"""Upsampling, score layers and fusion against their definitions."""

import pytest
import torch
from torch import nn

from fcnlib.core.errors import InputError
from fcnlib.models.layers import Fuse, Layers, Upscore, add_layer, bilinear_kernel


@pytest.mark.parametrize("factor", [2, 8, 16, 32])
def test_upsampling_keeps_a_constant_and_a_ramp(factor: int) -> None:
    ramp = torch.arange(6.0).expand(1, 1, 6, 6)
    inside = slice(2 * factor, -2 * factor)
    with torch.inference_mode():
        up = Upscore(1, factor)(ramp)[0, 0, inside, inside]
    steps = up[:, 1:] - up[:, :-1]
    assert torch.allclose(steps, torch.full_like(steps, 1 / factor), atol=1e-5)
    assert torch.allclose(up, up[:1].expand_as(up), atol=1e-5)


def test_kernel_of_side_4_is_the_published_one() -> None:
    row = torch.tensor([0.25, 0.75, 0.75, 0.25])
    assert torch.equal(bilinear_kernel(4), torch.outer(row, row))


def test_upsampling_equals_caffes_dense_deconvolution() -> None:
    up = Upscore(3, 8)
    dense = nn.ConvTranspose2d(3, 3, 16, stride=8, bias=False)
    nn.init.zeros_(dense.weight)
    with torch.inference_mode():
        for c in range(3):
            dense.weight[c, c] = bilinear_kernel(16)
        maps = torch.randn(1, 3, 5, 7)
        assert torch.allclose(up(maps), dense(maps), atol=1e-6)


def test_a_layer_of_a_name_that_is_taken_is_refused() -> None:
    layers: Layers = {}
    add_layer(layers, "conv", nn.Identity())
    with pytest.raises(InputError, match="layer 'conv' is there already"):
        add_layer(layers, "conv", nn.Identity())


def test_fusion_by_maximum_keeps_the_stronger_score() -> None:
    finer, coarser = torch.tensor([[[[1.0, 5.0]]]]), torch.tensor([[[[0.0, 2.0, 3.0]]]])
    assert Fuse(offset=0, fusion="max")([finer, coarser]).tolist() == [[[[1, 5]]]]
    assert Fuse(offset=0, fusion="sum")([finer, coarser]).tolist() == [[[[1, 7]]]]
    finer, coarser = (maps.expand(1, 1, 3, -1) for maps in (finer, coarser))
    assert Fuse(offset=1, fusion="max")([finer, coarser]).tolist() == [[[[5], [5]]]]
    assert Fuse(offset=-1, fusion="max")([finer, coarser]).tolist() == [[[[2, 5], [2, 5]]]]
