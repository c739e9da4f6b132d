"""Nets optimised for inference: the same scores."""

from typing import Any

import pytest
import torch
from fixtures.nets import with_random_weights

from fcnlib.models.fast import constant_border
from fcnlib.models.fast.bilinear import Bilinear
from fcnlib.models.fast.constant_border import EdgeMap
from fcnlib.models.fast.inference import optimize_for_inference, with_fast_layers
from fcnlib.models.fast.winograd import Pointwise, WinogradRows
from fcnlib.models.fast.winograd_tiles import Winograd
from fcnlib.models.fcn import build_fcn

WIDE = 1 / 4  # conv4 and conv5 have 128 channels, fc6 and fc7 1024: every faster layer is used


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


def test_images_of_other_sizes_in_turn_have_edges_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(constant_border, "KEPT_EDGES", 2)
    net = with_random_weights(build_fcn(width=WIDE, predict_from=["pool4"])).double()
    made = with_fast_layers(net)
    for height, width in [(33, 40), (40, 33), (49, 24), (33, 41), (33, 40)]:
        image = torch.randn(1, 3, height, width, dtype=torch.float64)
        with torch.inference_mode():
            expected, found = net(image), made(image)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-9 * float(expected.abs().max()))


def test_it_does_not_need_the_memory_of_the_weights_that_were_given() -> None:
    net = with_random_weights(build_fcn(width=WIDE))
    given = [tensor.detach() for tensor in net.state_dict().values()]
    image = torch.randn(1, 3, 40, 33)
    with torch.no_grad():
        expected = net(image)
        made = optimize_for_inference(net, "cpu", "fp32")
        for tensor in given:
            tensor.zero_()
        found = made(image)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4 * float(expected.abs().max()))


def test_every_kind_of_faster_layer_is_used() -> None:
    used = {type(layer) for layer in with_fast_layers(build_fcn(width=WIDE)).modules()}
    assert used >= {Winograd, WinogradRows, Pointwise, Bilinear}


def test_a_layer_and_its_edge_share_their_weights() -> None:
    net = with_fast_layers(build_fcn(width=WIDE))
    edge, layer = net["pool4/edge"], net["conv4_3"]
    assert isinstance(edge, EdgeMap) and isinstance(layer, Winograd)
    assert isinstance(edge.layers[2], Winograd)
    assert edge.layers[2].kernel is layer.kernel


def test_16_bits_label_nearly_every_pixel_alike() -> None:
    net = with_random_weights(build_fcn(width=1 / 8))
    image = torch.randn(1, 3, 64, 96) * 60
    with torch.inference_mode():
        expected = net(image).argmax(1)
        scores = optimize_for_inference(net, "cpu", "bf16")(image)
    assert scores.dtype == torch.float32
    assert (scores.argmax(1) == expected).float().mean() > 0.98
