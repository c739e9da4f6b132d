"""The one FCN class."""

import math
from typing import Any

import pytest
import torch
from fixtures.nets import with_random_scores
from torch import nn
from torch.nn import functional as F

from fcnlib.core.errors import InputError
from fcnlib.models.classifier import build_classifier
from fcnlib.models.fcn import FCN, build_fcn
from fcnlib.models.layers import (
    Layers,
    Upscore,
    add_layer,
    bilinear_kernel,
)
from fcnlib.models.weights.matching import load_matching

THIN = 1 / 32
VGG16 = [
    *("conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1", "conv3_2", "conv3_3"),
    *("conv4_1", "conv4_2", "conv4_3", "conv5_1", "conv5_2", "conv5_3", "fc6", "fc7"),
]
HEADS = {
    ("fc7",): ["score_fr", "upscore"],
    ("fc7", "pool4"): ["score_fr", "upscore2", "score_pool4", "upscore16"],
    ("fc7", "pool4", "pool3"): [
        *("score_fr", "upscore2", "score_pool4", "upscore_pool4", "score_pool3", "upscore8"),
    ],
}


@pytest.mark.parametrize("predict_from", HEADS)
def test_parameters_have_the_published_layer_names(predict_from: tuple[str, ...]) -> None:
    net = build_fcn(predict_from=predict_from, width=THIN)
    layers = list(dict.fromkeys(name.split(".")[0] for name, _ in net.named_parameters()))
    assert layers == VGG16 + HEADS[predict_from]


def test_full_width_has_the_papers_134_million_parameters() -> None:
    with torch.device("meta"):
        net = build_fcn(predict_from=["fc7"])
    learned = sum(p.numel() for p in net.parameters() if p.requires_grad)
    assert learned == 134_346_581


def test_scores_of_a_new_net_are_zero() -> None:
    net = build_fcn(width=THIN).eval()
    assert not net(torch.randn(1, 3, 40, 40)).any()


def test_only_the_upsampling_is_frozen() -> None:
    net = build_fcn(width=THIN)
    frozen = [name for name, p in net.named_parameters() if not p.requires_grad]
    assert frozen == ["upscore2.weight", "upscore_pool4.weight", "upscore8.weight"]


def test_frozen_upsampling_passes_the_gradient_on() -> None:
    net = build_fcn(predict_from=["fc7"], width=THIN)
    net(torch.randn(1, 3, 40, 40)).sum().backward()
    score = net["score_fr"]
    assert isinstance(score, nn.Conv2d) and score.weight.grad is not None
    assert score.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("factor", [2, 8, 16, 32])
def test_upsampling_keeps_a_constant_and_a_ramp(factor: int) -> None:
    ramp = torch.arange(6.0).expand(1, 1, 6, 6)
    inside = slice(2 * factor, -2 * factor)
    with torch.inference_mode():
        up = Upscore(1, factor)(ramp)[0, 0, inside, inside]
    steps = up[:, 1:] - up[:, :-1]
    assert torch.allclose(steps, torch.full_like(steps, 1 / factor), atol=1e-5)
    assert torch.allclose(up, up[:1].expand_as(up), atol=1e-5)


def test_kernel_of_side_4_is_the_published_one() -> None:
    row = torch.tensor([0.25, 0.75, 0.75, 0.25])
    assert torch.equal(bilinear_kernel(4), torch.outer(row, row))


def test_upsampling_equals_caffes_dense_deconvolution() -> None:
    up = Upscore(3, 8)
    dense = nn.ConvTranspose2d(3, 3, 16, stride=8, bias=False)
    nn.init.zeros_(dense.weight)
    with torch.inference_mode():
        for c in range(3):
            dense.weight[c, c] = bilinear_kernel(16)
        maps = torch.randn(1, 3, 5, 7)
        assert torch.allclose(up(maps), dense(maps), atol=1e-6)


def test_skip_scales_act_on_features_and_not_on_the_bias() -> None:
    image = torch.randn(1, 3, 40, 40)
    plain, scaled = (
        with_random_scores(build_fcn(width=THIN, skip_scales=scales))
        for scales in (None, [0.5, 0.25])
    )
    scaled.load_state_dict(plain.state_dict())
    with torch.inference_mode():
        for name, scale in [("score_pool4", 0.5), ("score_pool3", 0.25)]:
            layer = plain[name]
            assert isinstance(layer, nn.Conv2d)
            layer.weight *= scale
        assert torch.allclose(plain(image), scaled(image), atol=1e-6)


def released_net_py(net: FCN, image: torch.Tensor, crops: list[int]) -> torch.Tensor:
    """FCN-8s, 16s or 32s written out as in the released net.py, its crops typed in."""
    weights = dict(net.named_parameters())

    def conv(name: str, x: torch.Tensor, pad: int) -> torch.Tensor:
        return F.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], padding=pad)

    def up(x: torch.Tensor, stride: int) -> torch.Tensor:
        kernel = bilinear_kernel(2 * stride).repeat(x.shape[1], 1, 1, 1)
        return F.conv_transpose2d(x, kernel, stride=stride, groups=x.shape[1])

    def crop(x: torch.Tensor, offset: int, like: torch.Tensor) -> torch.Tensor:
        return x[:, :, offset : offset + like.shape[2], offset : offset + like.shape[3]]

    x, pools = image, {}
    for block, count in enumerate([2, 2, 3, 3, 3], start=1):
        for i in range(1, count + 1):
            x = F.relu(conv(f"conv{block}_{i}", x, 100 if (block, i) == (1, 1) else 1))
        x = F.max_pool2d(x, 2, 2, ceil_mode=True)
        pools[block] = x
    x = conv("score_fr", F.relu(conv("fc7", F.relu(conv("fc6", x, 0)), 0)), 0)
    for block, offset in zip((4, 3), crops[:-1], strict=False):
        x = up(x, 2)
        x = x + crop(conv(f"score_pool{block}", pools[block], 0), offset, x)
    return crop(up(x, 32 >> (len(crops) - 1)), crops[-1], image)


@pytest.mark.parametrize(
    ("predict_from", "crops"),
    [(["fc7"], [19]), (["fc7", "pool4"], [5, 27]), (["fc7", "pool4", "pool3"], [5, 9, 31])],
)
@pytest.mark.parametrize("size", [(50, 75), (33, 20), (97, 64)])
def test_equals_the_released_net_written_out(
    predict_from: list[str], crops: list[int], size: tuple[int, int]
) -> None:
    net = with_random_scores(build_fcn(predict_from=predict_from, width=THIN))
    image = 100 * torch.randn(1, 3, *size)
    with torch.inference_mode():
        ours, theirs = net(image), released_net_py(net, image, crops)
    assert theirs.std() > 0
    torch.testing.assert_close(ours, theirs)


def test_normalising_turns_rgb_bytes_into_caffes_input() -> None:
    net = build_fcn(width=THIN)
    red = torch.tensor([255, 0, 0], dtype=torch.uint8).view(1, 3, 1, 1)
    assert net.normalise(red).flatten().tolist() == pytest.approx(
        [-104.00698793, -116.66876762, 255 - 122.67891434], abs=1e-4
    )


def test_normalising_keeps_the_layout_of_the_image() -> None:
    net = build_fcn(width=THIN)
    photograph = torch.randint(0, 256, (2, 40, 50, 3), dtype=torch.uint8).permute(0, 3, 1, 2)
    assert net.normalise(photograph).is_contiguous(memory_format=torch.channels_last)
    planes = photograph.contiguous()
    assert net.normalise(planes).is_contiguous()
    assert torch.equal(net.normalise(planes), net.normalise(photograph))


@pytest.mark.parametrize(("millimetres", "seen"), [(2550, math.log(2550)), (1, 0), (0, 0)])
def test_depth_comes_after_the_colours_as_its_logarithm(millimetres: int, seen: float) -> None:
    net = build_fcn(width=THIN, input_channels=4)
    image = torch.tensor([10, 20, 30, millimetres], dtype=torch.int32).view(1, 4, 1, 1)
    blue, green, red = (104.00698793, 116.66876762, 122.67891434)
    assert net.normalise(image).flatten().tolist() == pytest.approx(
        [30 - blue, 20 - green, 10 - red, seen], abs=1e-4
    )
    net.input_mean[3], net.input_scale[...] = 7.5, 0.5
    assert net.normalise(image)[0, 3].item() == pytest.approx((seen - 7.5) / 2, abs=1e-5)
    assert image.flatten().tolist() == [10, 20, 30, millimetres]


def test_depth_alone_is_a_logarithm_too_and_six_channels_are_bytes() -> None:
    alone = build_fcn(width=THIN, input_channels=1)
    assert alone.normalise(torch.full((1, 1, 2, 2), 1000)).allclose(torch.tensor(1000.0).log())
    six = build_fcn(width=THIN, predict_from=["fc7"], streams=["color", "hha"])
    image = torch.full((1, 6, 2, 2), 100, dtype=torch.uint8)
    assert torch.equal(six.normalise(image)[0, :, 0, 0], 100 - six.input_mean)


def test_a_net_of_another_channel_order_says_so_itself() -> None:
    """The same image, the same scores: first RGB weights, then the same ones turned to BGR."""
    bgr = with_random_scores(build_fcn(width=THIN))
    rgb = with_random_scores(build_fcn(width=THIN))
    rgb.load_state_dict(bgr.state_dict())
    rgb.input_order.copy_(torch.arange(3))
    rgb.input_mean.copy_(bgr.input_mean.flip(0))
    first = rgb["conv1_1"]
    assert isinstance(first, nn.Conv2d)
    first.weight = nn.Parameter(first.weight.flip(1))
    image = torch.randint(0, 256, (1, 3, 40, 50), dtype=torch.uint8)
    with torch.inference_mode():
        torch.testing.assert_close(rgb(rgb.normalise(image)), bgr(bgr.normalise(image)))


def test_weights_from_before_nets_knew_their_channel_order_fit() -> None:
    net = build_fcn(width=THIN)
    old = {name: tensor for name, tensor in net.state_dict().items() if name != "input_order"}
    assert load_matching(old, build_fcn(width=THIN)).missing == ("input_order",)


@pytest.mark.parametrize(
    "predict_from", [[], ["pool4", "fc7"], ["pool9"], ["fc7", "fc7"], ["fc7", "pool3", "pool4"]]
)
def test_layers_out_of_order_are_refused(predict_from: list[str]) -> None:
    with pytest.raises(
        InputError,
        match=r"coarsest first, each of a finer stride, of: fc7 \(32\), pool5 \(32\), pool4 \(16\)",
    ):
        build_fcn(predict_from=predict_from, width=THIN)


def test_wrong_number_of_skip_scales_is_refused() -> None:
    with pytest.raises(InputError, match="skip_scales: 1 values; expected 2"):
        build_fcn(width=THIN, skip_scales=[0.01])


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"backbone": "resnet"}, "backbone: 'resnet'; expected one of: alexnet, vgg16"),
        ({"width": 0.0}, "width: 0.0; expected more than 0 and at most 1"),
        ({"width": float("nan")}, "width: nan"),
        ({"width": 2.0}, "width: 2.0"),
        ({"classes": 0}, "classes: 0 of semantic; expected 1 to 255"),
        ({"classes": 256}, "classes: 256 of semantic"),
        ({"classes": 1, "null_background": True}, "expected 2 to 255 with a null background"),
        ({"classes": {}}, r"classes: tasks \[\]; expected one or more"),
        ({"skip_scales": [1.0, 0.0]}, r"skip_scales: \[1.0, 0.0\]; expected finite numbers above"),
        ({"skip_scales": [1.0, float("nan")]}, r"skip_scales: \[1.0, nan\]"),
        ({"input_channels": 0}, "input_channels: 0; expected at least 1"),
        (
            {"classes": {"material": 3, "mathematics": 4}},
            r"tasks \['material', 'mathematics'\]; expected one or more, each of other first 3",
        ),
        (
            {"predict_from": ["fc7"], "streams": ["color", "color"]},
            r"streams: \['color', 'color'\]; expected each of them once",
        ),
        ({"predict_from": ["fc7"], "streams": ["data", "x"]}, "layer 'data' is there already"),
    ],
)
def test_a_net_that_cannot_be_is_refused(values: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        build_fcn(**{"width": THIN, **values})


def test_a_layer_takes_no_others_place() -> None:
    layers: Layers = {}
    add_layer(layers, "conv", nn.Identity())
    with pytest.raises(InputError, match="layer 'conv' is there already"):
        add_layer(layers, "conv", nn.Identity())


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"backbone": "resnet"}, "backbone: 'resnet'; expected one of: alexnet, vgg16"),
        ({"classes": 0}, "classes: 0; expected at least 1"),
    ],
)
def test_a_classifier_that_cannot_be_is_refused(values: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        build_classifier(**{"backbone": "vgg16", "width": THIN, **values})
