"""The one FCN: released names, scores written out by hand, and what is refused."""

from typing import Any

import pytest
import torch
from fixtures.nets import with_random_scores
from torch import nn
from torch.nn import functional as F

from fcnlib.core.errors import InputError
from fcnlib.models.fcn import FCN, build_fcn
from fcnlib.models.layers import bilinear_kernel

THIN = 1 / 32
VGG16 = [
    "conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1", "conv3_2", "conv3_3",
    "conv4_1", "conv4_2", "conv4_3", "conv5_1", "conv5_2", "conv5_3", "fc6", "fc7",
]  # fmt: skip
HEADS = {
    ("fc7",): ["score_fr", "upscore"],
    ("fc7", "pool4"): ["score_fr", "upscore2", "score_pool4", "upscore16"],
    ("fc7", "pool4", "pool3"): [
        "score_fr", "upscore2", "score_pool4", "upscore_pool4", "score_pool3", "upscore8",
    ],
}  # fmt: skip


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
    ("values", "message"),
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
def test_a_net_that_cannot_be_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        build_fcn(**{"width": THIN, **values})
