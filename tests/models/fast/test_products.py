"""Products are the same, whichever library computes them."""

import pytest
import torch

from fcnlib.models.fast import products
from fcnlib.models.fast.products import PackedMatrices, product


@pytest.mark.parametrize("by_onednn", [False, products.HAS_ONEDNN])
@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_a_product_is_that_of_the_matrices(
    by_onednn: bool, kind: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "ONEDNN_IS_FASTER", by_onednn)
    a, b = torch.randn(7, 5, dtype=kind), torch.randn(4, 5, dtype=kind).t()
    torch.testing.assert_close(product(a, b), torch.einsum("ij,jk->ik", a, b))


@pytest.mark.parametrize("by_onednn", [False, products.HAS_ONEDNN])
@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
@pytest.mark.parametrize("channels", [5, products.PACKED_CHANNELS])
def test_products_by_packed_matrices_are_those_of_the_matrices(
    by_onednn: bool, kind: torch.dtype, channels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "ONEDNN_IS_FASTER", by_onednn)
    matrices = torch.randn(3, 4, channels, dtype=kind).transpose(1, 2)
    packed = PackedMatrices(matrices)
    for rows in (1, 9):
        given = torch.randn(3, rows, channels, dtype=kind)
        made = torch.empty(3, rows, 4, dtype=kind)
        packed.multiply(given, made)
        torch.testing.assert_close(made, torch.einsum("nij,njk->nik", given, matrices))
