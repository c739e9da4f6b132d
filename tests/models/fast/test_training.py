"""Nets optimised for training: the same scores and gradients."""

from typing import Any

import pytest
import torch
from fixtures.nets import with_random_weights

from fcnlib.models.fast.training import UpscoreCrop, optimize_for_training
from fcnlib.models.fcn import build_fcn


@pytest.mark.parametrize(
    "values",
    [
        {"predict_from": ["fc7"]},
        {"padding": 1, "fc6_kernel": 3},
        {"backbone": "alexnet", "predict_from": ["fc7"]},
        {"backbone": "googlenet", "predict_from": ["inception_5b/output"]},
        {"upsampling": "learned", "fusion": "max", "null_background": True},
        {"classes": {"semantic": 5, "geometric": 3}},
        {"streams": ["color", "hha"], "predict_from": ["fc7"]},
        {"streams": ["color", "hha"], "predict_from": ["fc7", "pool4"]},
        {"features": "fixed"},
    ],
    ids=str,
)
@pytest.mark.parametrize("size", [(45, 70), (64, 33)])
def test_the_training_form_has_the_same_scores_and_gradients(
    values: dict[str, Any], size: tuple[int, int]
) -> None:
    net = with_random_weights(build_fcn(**{"width": 1 / 16, **values})).double()
    made = optimize_for_training(net)
    assert any(isinstance(layer, UpscoreCrop) for layer in made.values())
    image = torch.randn(1, 6 if "streams" in values else 3, *size, dtype=torch.float64)
    found: list[list[torch.Tensor]] = []
    for each in (net, made):
        net.zero_grad()
        scores = each(image)
        scores.square().sum().backward()
        learned = [parameter for parameter in net.parameters() if parameter.requires_grad]
        gradients = [parameter.grad for parameter in learned if parameter.grad is not None]
        assert len(gradients) == len(learned)
        found.append([scores.detach(), *gradients])
    for plain, faster in zip(*found, strict=True):
        torch.testing.assert_close(faster, plain, rtol=0, atol=1e-9 * float(plain.abs().max()))


def test_the_training_form_follows_the_net() -> None:
    """It sees new weights, and whether the net trains or not."""
    net = with_random_weights(build_fcn(width=1 / 16, padding=1, fc6_kernel=3, dropout=0.9))
    made, image = optimize_for_training(net), torch.randn(1, 3, 45, 70)
    net.load_state_dict({**net.state_dict(), "conv1_1.weight": torch.randn(4, 3, 3, 3)})
    with torch.inference_mode():
        assert torch.allclose(made(image), net(image), atol=1e-5)
        net.train()
        assert not torch.equal(made(image), made(image))
