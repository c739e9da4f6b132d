"""Products are the same, whichever library computes them."""

import pytest
import torch

from fcnlib.models.fast import products
from fcnlib.models.fast.products import product


@pytest.mark.parametrize("by_onednn", [False, products.HAS_ONEDNN])
@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_a_product_is_that_of_the_matrices(
    by_onednn: bool, kind: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "ONEDNN_IS_FASTER", by_onednn)
    a, b = torch.randn(7, 5, dtype=kind), torch.randn(4, 5, dtype=kind).t()
    torch.testing.assert_close(product(a, b), torch.einsum("ij,jk->ik", a, b))
