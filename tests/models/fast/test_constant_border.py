"""The constant around the image left out: the same scores for every size, less to compute."""

from typing import Any

import pytest
import torch
from fixtures.nets import with_random_weights
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from fcnlib.models.fast.constant_border import AssembleMap, BorderOffsetConv, skip_constant_border
from fcnlib.models.fcn import FCN, build_fcn

THIN = 1 / 32
NETS: list[dict[str, Any]] = [
    {},
    {"predict_from": ["fc7"]},
    {"predict_from": ["pool3"]},
    {"backbone": "vgg19"},
    {"padding": 60},
    {"padding": 81},
    {"input_channels": 4},
    {"predict_from": ["fc7"], "streams": ["color", "hha"]},
    {"predict_from": ["fc7", "pool4"], "streams": ["color", "hha"]},
    {"classes": {"semantic": 3, "geometric": 2}},
    {"backbone": "alexnet", "predict_from": ["fc7"]},
    {"padding": 1, "fc6_kernel": 3},
]


def outputs(net: FCN, image: Tensor) -> dict[str, Tensor]:
    """What every layer gives."""
    found: dict[str, Tensor] = {}
    hooks = [
        layer.register_forward_hook(lambda *call, name=name: found.__setitem__(name, call[2]))
        for name, layer in net.items()
    ]
    with torch.inference_mode():
        net(image)
    for hook in hooks:
        hook.remove()
    return found


@pytest.mark.parametrize("values", NETS, ids=str)
@settings(max_examples=6, deadline=None)
@given(st.integers(24, 150), st.integers(24, 150), st.integers(1, 2))
def test_scores_are_the_same(values: dict[str, Any], height: int, width: int, images: int) -> None:
    net = with_random_weights(build_fcn(**{"classes": 3, **values}, width=THIN)).double()
    image = torch.randn(images, net.input_mean.numel(), height, width, dtype=torch.float64)
    with torch.inference_mode():
        expected = net(image)
        found = skip_constant_border(net)(image)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-11 * float(expected.abs().max()))


def test_it_can_be_scripted() -> None:
    net = with_random_weights(build_fcn(width=THIN)).double()
    scripted = torch.jit.freeze(torch.jit.script(skip_constant_border(net)))
    for height, width in [(30, 70), (64, 64), (1, 33)]:
        image = torch.randn(1, 3, height, width, dtype=torch.float64)
        torch.testing.assert_close(scripted(image), net(image), rtol=0, atol=1e-8)


def test_every_whole_map_is_the_layers_own() -> None:
    net = with_random_weights(build_fcn(width=THIN)).double()
    image = torch.randn(1, 3, 61, 86, dtype=torch.float64)
    plain, centred = outputs(net, image), outputs(skip_constant_border(net), image)
    whole = [
        name for name, layer in skip_constant_border(net).items() if isinstance(layer, AssembleMap)
    ]
    assert whole == ["pool3/whole", "pool4/whole"]
    for name in whole:
        torch.testing.assert_close(centred[name], plain[name.split("/")[0]])


def test_what_is_skipped_does_not_depend_on_the_image() -> None:
    net = with_random_weights(build_fcn(width=THIN)).double()
    first, second = (outputs(net, torch.randn(1, 3, 50, 50, dtype=torch.float64)) for _ in "ab")
    for name, layer in skip_constant_border(net).items():
        if isinstance(layer, AssembleMap):
            own = name.split("/")[0]
            differ = (first[own] - second[own]).abs().amax((0, 1, 3)).nonzero().flatten()
            assert differ[0] == layer.interior


def test_a_third_of_the_multiplications_is_left_out_at_500_pixels() -> None:
    def multiplications(net: FCN) -> int:
        found = outputs(net, torch.zeros(1, 3, 500, 500, dtype=torch.float64))
        return sum(
            layer.weight.numel() * found[name].shape[2] * found[name].shape[3]
            for name, layer in net.items()
            if isinstance(layer, nn.Conv2d)
        )

    net = with_random_weights(build_fcn(width=THIN, dropout=0)).double()
    assert multiplications(skip_constant_border(net)) < 0.72 * multiplications(net)


@pytest.mark.parametrize("values", [{"padding": 1}, {"backbone": "googlenet", "padding": None}])
def test_a_net_without_a_wide_padding_stays_as_it_is(values: dict[str, Any]) -> None:
    fc6 = {} if "backbone" in values else {"fc6_kernel": 3}
    last = "inception_5b/output" if "backbone" in values else "fc7"
    net = build_fcn(predict_from=[last], width=THIN, **values, **fc6)
    assert not any(
        isinstance(layer, BorderOffsetConv) for layer in skip_constant_border(net).values()
    )
    assert list(skip_constant_border(net)) == list(net)


def test_weights_are_shared() -> None:
    net = build_fcn(width=THIN)
    made = skip_constant_border(net)["conv2_1"]
    assert isinstance(made, BorderOffsetConv) and made.weight is net["conv2_1"].weight
