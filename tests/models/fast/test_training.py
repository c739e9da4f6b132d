"""Nets optimised for training: the same scores and gradients."""

import copy
from typing import Any

import pytest
import torch
from fixtures.nets import with_random_weights
from torch import Tensor
from torch.nn import functional

from fcnlib.models.batch_norm import add_batch_norm
from fcnlib.models.fast.constant_border import AssembleMap
from fcnlib.models.fast.floored_conv import DirectConv, WindowsConv
from fcnlib.models.fast.training import (
    UpscoreCrop,
    optimize_for_training,
    with_fewer_multiplications,
)
from fcnlib.models.fast.training_layers import TrainedConvReLU, TrainedInBf16, TrainedOffsetConv
from fcnlib.models.fast.winograd_training import WinogradConv
from fcnlib.models.fcn import FCN, build_fcn


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
    assert_equal_gradients(net, made, image)


# A quarter as wide, a VGG net has layers of each of the full-width form's functions.
@pytest.mark.parametrize(
    ("values", "size"),
    [
        ({"width": 1 / 4}, (33, 47)),
        ({"predict_from": ["pool3"]}, (64, 33)),
        ({"predict_from": ["pool3"]}, (45, 70)),
        ({"predict_from": ["fc7"], "padding": 60}, (45, 30)),
        ({"backbone": "vgg19", "predict_from": ["fc7", "pool4"]}, (1, 9)),
        ({"padding": 1, "fc6_kernel": 3, "width": 1 / 4}, (45, 70)),
        ({"features": "fixed"}, (20, 31)),
        ({"streams": ["color", "hha"], "predict_from": ["pool4"]}, (26, 19)),
        ({"backbone": "alexnet", "predict_from": ["fc7"], "width": 1 / 2}, (45, 70)),
    ],
    ids=str,
)
def test_the_full_width_form_has_the_same_scores_and_gradients(
    values: dict[str, Any], size: tuple[int, int]
) -> None:
    net = with_random_weights(build_fcn(**{"width": 1 / 16, **values})).double()
    image = torch.randn(2, 6 if "streams" in values else 3, *size, dtype=torch.float64)
    assert_equal_gradients(net, with_fewer_multiplications(net), image)


def test_gradients_are_the_same_where_biases_are_zero() -> None:
    """As at the start of a training: the constant border is then exactly where ReLU bends."""
    net = build_fcn(width=1 / 8, predict_from=["pool3"]).double()
    for name, parameter in net.named_parameters():
        parameter.data.normal_(std=0.1) if name.endswith("weight") else parameter.data.zero_()
    image = torch.randn(1, 3, 33, 47, dtype=torch.float64)
    assert_equal_gradients(net, with_fewer_multiplications(net), image)


def test_the_full_width_form_drops_out_the_same_cells() -> None:
    net = with_random_weights(build_fcn(width=1 / 4, predict_from=["fc7"], dropout=0.5)).double()
    to_layout: Any = net.to
    to_layout(memory_format=torch.channels_last).train()
    image, scores = torch.randn(1, 3, 24, 31, dtype=torch.float64), []
    for each in (net, with_fewer_multiplications(net)):
        torch.manual_seed(0)
        scores.append(each(image))
    torch.testing.assert_close(scores[1], scores[0])


def test_only_a_net_of_full_width_on_a_cpu_multiplies_less() -> None:
    full = build_fcn(predict_from=["pool3"])
    made = optimize_for_training(full)
    convolutions = {n: layer for n, layer in made.items() if isinstance(layer, TrainedOffsetConv)}
    assert list(convolutions) == [name for name in full if name.startswith("conv")]
    # PyTorch's own gradients take thrice as long in channels last, and behind a wide padding.
    assert [n for n, layer in convolutions.items() if layer.function is DirectConv] == ["conv1_1"]
    thin = build_fcn(width=1 / 8, predict_from=["pool3"])
    for each in (optimize_for_training(thin), optimize_for_training(full, "cuda")):
        assert not any(isinstance(layer, TrainedOffsetConv) for layer in each.values())


def test_each_layer_has_the_function_that_suits_it() -> None:
    made = with_fewer_multiplications(build_fcn(width=1 / 4, dropout=0))
    functions = {
        name: layer.function
        for name, layer in made.items()
        if isinstance(layer, TrainedOffsetConv | TrainedConvReLU)
    }
    assert functions["conv2_2"] is DirectConv and functions["conv5_3"] is WinogradConv
    assert functions["fc6"] is functions["fc7"] is WindowsConv
    assert sum(isinstance(layer, AssembleMap) for layer in made.values()) == 2


@pytest.mark.parametrize(
    "values",
    [
        {"width": 1 / 8, "padding": 1, "fc6_kernel": 3},
        {"backbone": "alexnet", "predict_from": ["fc7"], "width": 1 / 8},
        {"backbone": "googlenet", "predict_from": ["inception_5b/output"], "width": 1 / 8},
        {"streams": ["color", "hha"], "predict_from": ["fc7", "pool4"], "width": 1 / 16},
        {"upsampling": "learned", "fusion": "max", "width": 1 / 16},
    ],
    ids=str,
)
def test_in_bf16_scores_and_gradients_are_as_near_as_pytorchs_own(values: dict[str, Any]) -> None:
    """Its own is autocast, which rounds about as much; of both, gradients have 32 bits."""
    net = with_random_weights(build_fcn(**values)).eval()
    image = 50 * torch.randn(1, 6 if "streams" in values else 3, 45, 70)
    learned = {name: p for name, p in net.named_parameters() if p.requires_grad}
    fast = optimize_for_training(net, precision="bf16")
    assert any(isinstance(layer, TrainedInBf16) for layer in fast.values())

    def scores_and_gradients(made: FCN, *, autocast: bool) -> tuple[Tensor, dict[str, Tensor]]:
        net.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            scores = made(image)
            truth = torch.ones(1, 45, 70, dtype=torch.long)
            functional.cross_entropy(scores.float(), truth).backward()
        found = {name: p.grad for name, p in learned.items() if p.grad is not None}
        return scores.detach(), found

    exact, gradients = scores_and_gradients(net, autocast=False)
    theirs, their_gradients = scores_and_gradients(net, autocast=True)
    ours, our_gradients = scores_and_gradients(fast, autocast=False)
    assert ours.dtype == torch.float32
    assert 0 < (ours - exact).norm() <= 1.5 * (theirs - exact).norm()
    assert all(gradient.dtype == torch.float32 for gradient in our_gradients.values())
    distances = [
        torch.stack([(found[name] - gradient).norm() for name, gradient in gradients.items()])
        for found in (our_gradients, their_gradients)
    ]
    assert distances[0].norm() <= 2 * distances[1].norm()


def test_norm_layers_keep_32_bits_behind_convolutions_of_16() -> None:
    net = build_fcn(width=1 / 16, padding=1, fc6_kernel=3)
    add_batch_norm(net)
    images = 50 * torch.randn(2, 3, 45, 70)
    exact = {}
    for precision in ("fp32", "bf16"):
        again = copy.deepcopy(net)
        optimize_for_training(again, precision=precision)(images).sum().backward()
        exact[precision] = again["conv3_2"].norm
        assert again["conv3_2"].norm.weight.dtype == torch.float32
    fp32, bf16 = exact.values()
    assert not torch.equal(bf16.running_var, fp32.running_var)
    torch.testing.assert_close(bf16.running_var, fp32.running_var, rtol=0.02, atol=1e-4)


def assert_equal_gradients(net: FCN, made: FCN, image: torch.Tensor) -> None:
    """Assert that two forms of a net give the same scores, and all parameters their gradients."""
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
