"""Upsampling by matrix products equals the transposed convolution."""

import pytest
import torch
from fixtures.nets import with_random_weights
from torch import nn

from fcnlib.models.fast.bilinear import Bilinear
from fcnlib.models.fast.inference import with_fast_layers
from fcnlib.models.fast.training import optimize_for_training
from fcnlib.models.fcn import build_fcn
from fcnlib.models.layers import Upscore


def fast_layer(layer: nn.Module) -> nn.Module:
    """The form of an upsampling in a net of faster layers."""
    net = build_fcn(predict_from=["fc7"], width=1 / 32, padding=1, fc6_kernel=3)
    net["upscore"] = layer
    return with_fast_layers(net)["upscore"]


@pytest.mark.parametrize(("factor", "kernel"), [(2, None), (8, None), (16, None), (32, 63)])
def test_two_matrix_products_upsample(factor: int, kernel: int | None) -> None:
    net = nn.ModuleDict({"upscore": Upscore(3, factor, kernel=kernel)})
    made = fast_layer(net["upscore"])
    assert isinstance(made, Bilinear)
    x = torch.randn(2, 3, 5, 4)
    with torch.inference_mode():
        torch.testing.assert_close(made(x), net["upscore"](x))


def test_frozen_upsampling_of_other_weights_stays_as_it_is() -> None:
    net = with_random_weights(build_fcn(width=1 / 16, padding=1, fc6_kernel=3))
    upscore = net["upscore2"]
    assert isinstance(upscore, Upscore)
    nn.init.uniform_(upscore.weight)
    image = torch.randn(1, 3, 45, 70)
    with torch.inference_mode():
        for made in (with_fast_layers(net), optimize_for_training(net)):
            assert torch.allclose(made(image), net(image), atol=1e-4)
