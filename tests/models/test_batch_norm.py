"""BatchNorm for training alone: folded without a trace, and begun with without an effect."""

from typing import Any

import pytest
import torch
from torch import nn

from fcnlib.models.batch_norm import add_batch_norm, folded_state, make_norms_neutral
from fcnlib.models.fcn import FCN, build_fcn
from fcnlib.models.layers import is_score_layer

VALUES: dict[str, Any] = {"width": 1 / 16, "padding": 1, "fc6_kernel": 3, "dropout": 0.0}
IMAGES = torch.randn(4, 3, 64, 96, generator=torch.Generator().manual_seed(0))


def scoring_net() -> FCN:
    """A net whose scores are not all zero."""
    net = build_fcn(**VALUES)
    for name, layer in net.items():
        if is_score_layer(name) and isinstance(layer, nn.Conv2d):
            nn.init.normal_(layer.weight, generator=torch.Generator().manual_seed(1))
    return net


def test_a_folded_state_is_a_plain_nets_and_scores_alike() -> None:
    net = scoring_net()
    plain_names = set(net.state_dict())
    add_batch_norm(net)
    for scale in (0.5, 1.0, 2.0):
        net(scale * IMAGES)  # running statistics of its own
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    state = folded_state(net, before)
    assert set(state) == plain_names
    plain = build_fcn(**VALUES).eval()
    plain.load_state_dict(state)
    with torch.inference_mode():
        expected = net.eval()(IMAGES)
        assert expected.std() > 0.01
        torch.testing.assert_close(plain(IMAGES), expected, rtol=1e-4, atol=1e-5)
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())


def test_a_state_without_norm_layers_is_left_as_it_is() -> None:
    net = scoring_net()
    state = net.state_dict()
    assert folded_state(net, state) is state


@pytest.mark.parametrize("training", [False, True])
def test_a_net_with_neutral_norm_layers_computes_what_it_did_without(training: bool) -> None:
    net = scoring_net()
    with torch.inference_mode():
        expected = net(IMAGES)
        add_batch_norm(net)
        make_norms_neutral(net, IMAGES)
        assert net.training
        found = net.train(training)(IMAGES)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)
