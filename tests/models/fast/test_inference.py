"""Faster layers for inference: equal to what they stand for."""

from typing import Any

import pytest
import torch
from fixtures.nets import with_random_weights
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from fcnlib.core.errors import InputError
from fcnlib.models.fast.bilinear import Bilinear
from fcnlib.models.fast.constant_border import EdgeMap
from fcnlib.models.fast.inference import optimize_for_inference, with_fast_layers
from fcnlib.models.fast.training import UpscoreCrop, optimize_for_training
from fcnlib.models.fast.winograd import (
    Pointwise,
    Winograd,
    WinogradRows,
    tile_kernel,
    winograd_transforms,
)
from fcnlib.models.fcn import build_fcn
from fcnlib.models.layers import Upscore

SIDES = st.integers(1, 23)
WIDE = 1 / 4  # conv4 and conv5 have 128 channels, fc6 and fc7 1024: every faster layer is used


@pytest.mark.parametrize("taps", [3, 5, 6, 7])
def test_transforms_give_a_filters_outputs(taps: int) -> None:
    into, kernel, out = winograd_transforms(taps)
    signal, weights = torch.randn(taps + 3).double(), torch.randn(taps).double()
    expected = torch.stack([(signal[i : i + taps] * weights).sum() for i in range(4)])
    torch.testing.assert_close(out @ ((kernel @ weights) * (into @ signal)), expected)


@settings(max_examples=20, deadline=None)
@given(SIDES, SIDES, st.integers(1, 4), st.integers(1, 2))
def test_winograd_is_the_convolution(height: int, width: int, padding: int, images: int) -> None:
    layer = nn.Conv2d(5, 6, 3, padding=padding).double()
    assert layer.bias is not None
    x, floor = torch.randn(images, 5, height + 2, width + 2).double(), torch.randn(6).double()
    made = Winograd(tile_kernel(layer.weight), layer.bias, floor, padding=padding, cropped=True)
    with torch.inference_mode():
        torch.testing.assert_close(made(x), layer(x).maximum(floor[:, None, None]))


@settings(max_examples=20, deadline=None)
@given(SIDES, SIDES, st.sampled_from([(5, 0), (6, 0), (7, 0), (7, 3)]), st.integers(1, 2))
def test_winograd_by_rows_is_the_convolution(
    height: int, width: int, window: tuple[int, int], images: int
) -> None:
    side, padding = window
    layer = nn.Conv2d(4, 300, side, padding=padding).double()
    assert layer.bias is not None
    x = torch.randn(images, 4, height + 6, width + 6).double()
    made = WinogradRows(layer.weight, layer.bias, padding=padding)
    with torch.inference_mode():
        torch.testing.assert_close(made(x), functional.relu(layer(x)))


def test_pointwise_is_the_convolution() -> None:
    layer = nn.Conv2d(7, 5, 1)
    assert layer.bias is not None
    x = torch.randn(2, 7, 4, 3).to(memory_format=torch.channels_last)
    made = Pointwise(layer.weight, layer.bias)
    with torch.inference_mode():
        torch.testing.assert_close(made(x), functional.relu(layer(x)))


@pytest.mark.parametrize(("factor", "kernel"), [(2, None), (8, None), (16, None), (32, 63)])
def test_two_matrix_products_upsample(factor: int, kernel: int | None) -> None:
    net = nn.ModuleDict({"upscore": Upscore(3, factor, kernel=kernel)})
    made = fast_layer(net["upscore"])
    assert isinstance(made, Bilinear)
    x = torch.randn(2, 3, 5, 4)
    with torch.inference_mode():
        torch.testing.assert_close(made(x), net["upscore"](x))


def fast_layer(layer: nn.Module) -> nn.Module:
    net = build_fcn(predict_from=["fc7"], width=1 / 32, padding=1, fc6_kernel=3)
    net["upscore"] = layer
    return with_fast_layers(net)["upscore"]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"backbone": "vgg19", "predict_from": ["fc7"]},
        {"backbone": "alexnet", "predict_from": ["fc7"], "width": 0.5},
        {"backbone": "googlenet", "predict_from": ["inception_5b/output"]},
        {"upsampling": "learned", "fusion": "max", "null_background": True},
    ],
    ids=str,
)
def test_a_net_of_faster_layers_gives_the_same_scores(values: dict[str, Any]) -> None:
    net = with_random_weights(build_fcn(**{"width": WIDE, **values})).double()
    image = torch.randn(2, 3, 45, 70, dtype=torch.float64)
    with torch.inference_mode():
        expected, found = net(image), with_fast_layers(net)(image)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-9 * float(expected.abs().max()))


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
        {"features": "fixed"},
    ],
    ids=str,
)
@pytest.mark.parametrize("size", [(45, 70), (64, 33)])
def test_the_form_for_training_gives_the_same_scores_and_gradients(
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


def test_the_form_for_training_follows_the_net() -> None:
    """It sees new weights, and whether the net trains or not."""
    net = with_random_weights(build_fcn(width=1 / 16, padding=1, fc6_kernel=3, dropout=0.9))
    made, image = optimize_for_training(net), torch.randn(1, 3, 45, 70)
    net.load_state_dict({**net.state_dict(), "conv1_1.weight": torch.randn(4, 3, 3, 3)})
    with torch.inference_mode():
        assert torch.allclose(made(image), net(image), atol=1e-5)
        net.train()
        assert not torch.equal(made(image), made(image))


def test_frozen_upsampling_of_other_weights_stays_as_it_is() -> None:
    net = with_random_weights(build_fcn(width=1 / 16, padding=1, fc6_kernel=3))
    upscore = net["upscore2"]
    assert isinstance(upscore, Upscore)
    nn.init.uniform_(upscore.weight)
    image = torch.randn(1, 3, 45, 70)
    with torch.inference_mode():
        for made in (with_fast_layers(net), optimize_for_training(net)):
            assert torch.allclose(made(image), net(image), atol=1e-4)


def test_every_kind_of_faster_layer_is_used() -> None:
    used = {type(layer) for layer in with_fast_layers(build_fcn(width=WIDE)).modules()}
    assert used >= {Winograd, WinogradRows, Pointwise, Bilinear}


def test_a_layer_and_its_edge_share_their_weights() -> None:
    net = with_fast_layers(build_fcn(width=WIDE))
    edge, layer = net["pool4/edge"], net["conv4_3"]
    assert isinstance(edge, EdgeMap) and isinstance(layer, Winograd)
    assert isinstance(edge.layers[2], Winograd)
    assert edge.layers[2].kernel.data_ptr() == layer.kernel.data_ptr()


def test_16_bits_label_nearly_every_pixel_alike() -> None:
    net = with_random_weights(build_fcn(width=1 / 8))
    image = torch.randn(1, 3, 64, 96) * 60
    with torch.inference_mode():
        expected = net(image).argmax(1)
        scores = optimize_for_inference(net, "cpu", "bf16")(image)
    assert scores.dtype == torch.float32
    assert (scores.argmax(1) == expected).float().mean() > 0.98


def test_tf32_is_for_cuda() -> None:
    with pytest.raises(InputError, match="precision tf32 on cpu; expected fp32 or bf16"):
        optimize_for_inference(build_fcn(width=1 / 32), "cpu", "tf32")
