"""Products are the same, whichever library computes them."""

import pytest
import torch

from fcnlib.models.fast import products
from fcnlib.models.fast.products import batch_product, product


@pytest.mark.parametrize("by_onednn", [False, products.HAS_ONEDNN])
def test_products_are_those_of_the_matrices(
    by_onednn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "ONEDNN_IS_FASTER", by_onednn)
    a, b, more = torch.randn(3, 7, 5), torch.randn(3, 4, 5).transpose(1, 2), torch.randn(3, 7, 4)
    torch.testing.assert_close(product(a[0], b[0]), a[0] @ b[0])
    torch.testing.assert_close(product(a[0].double(), b[0].double()), a[0].double() @ b[0].double())
    torch.testing.assert_close(batch_product(a, b, torch.full((3, 7, 4), torch.nan)), a @ b)
    expected = more + a @ b
    torch.testing.assert_close(batch_product(a, b, more, add=True), expected)
