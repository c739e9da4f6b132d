"""The four backbones: names, widths, dropout, and the nets written out."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fcnlib.core.errors import InputError
from fcnlib.models.backbones import BACKBONES
from fcnlib.models.classifier import build_classifier
from fcnlib.models.fcn import build_fcn
from fcnlib.models.graph import LayerGraph

THIN = 1 / 32
ALEXNET = [
    "conv1", "pool1", "norm1", "conv2", "pool2", "norm2", "conv3", "conv4", "conv5", "pool5",
    "fc6", "fc7",
]  # fmt: skip
VGG19 = [
    "conv1_1", "conv1_2", "pool1", "conv2_1", "conv2_2", "pool2",
    "conv3_1", "conv3_2", "conv3_3", "conv3_4", "pool3",
    "conv4_1", "conv4_2", "conv4_3", "conv4_4", "pool4",
    "conv5_1", "conv5_2", "conv5_3", "conv5_4", "pool5", "fc6", "fc7",
]  # fmt: skip
INCEPTION = ["1x1", "3x3_reduce", "3x3", "5x5_reduce", "5x5", "pool", "pool_proj", "output"]
GOOGLENET = [
    "conv1/7x7_s2", "pool1/3x3_s2", "pool1/norm1", "conv2/3x3_reduce", "conv2/3x3",
    "conv2/norm2", "pool2/3x3_s2",
    *(f"inception_{name}/{layer}" for name in ("3a", "3b") for layer in INCEPTION),
    "pool3/3x3_s2",
    *(f"inception_4{name}/{layer}" for name in "abcde" for layer in INCEPTION),
    "pool4/3x3_s2",
    *(f"inception_5{name}/{layer}" for name in "ab" for layer in INCEPTION),
]  # fmt: skip


def thin_kernel(backbone: str) -> int | None:
    return None if backbone == "googlenet" else 3


@pytest.mark.parametrize(
    ("backbone", "names"), [("alexnet", ALEXNET), ("vgg19", VGG19), ("googlenet", GOOGLENET)]
)
def test_layers_have_the_published_names_and_order(backbone: str, names: list[str]) -> None:
    assert list(BACKBONES[backbone].layers(width=THIN)) == names
    head = {"alexnet": ["score_fr", "upscore", "score"]}.get(backbone)
    if head:
        assert list(build_fcn(backbone, ["fc7"], width=THIN)) == names + head


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("width", [1e-3, 1 / 64, 0.1, 1 / 3, 0.77])
def test_any_width_makes_a_net(backbone: str, width: float) -> None:
    with torch.device("meta"):
        last = list(BACKBONES[backbone].layers(width=width))[-1]
        net = build_fcn(backbone, [last], width=width)
        assert net(torch.zeros(1, 3, 64, 64)).shape == (1, 21, 64, 64)


def test_googlenet_has_no_fc6() -> None:
    with pytest.raises(InputError, match="fc6_kernel: 7; expected none, as googlenet has no fc6"):
        build_fcn("googlenet", ["inception_5b/output"], fc6_kernel=7)


@pytest.mark.parametrize(("backbone", "rate"), [("vgg16", 0.5), ("googlenet", 0.4)])
def test_dropout_is_the_published_one(backbone: str, rate: float) -> None:
    for net in (BACKBONES[backbone].layers(width=THIN), build_classifier(backbone, width=THIN)):
        rates = [getattr(layer, "dropout", getattr(layer, "p", 0)) for layer in net.values()]
        assert {r for r in rates if r} == {rate}
        assert rates.count(rate) == (2 if backbone == "vgg16" else 1)


class WrittenOut:
    """Convolutions by name, with the weights of a net."""

    def __init__(self, net: LayerGraph) -> None:
        self.weights = dict(net.named_parameters())

    def conv(
        self, name: str, x: Tensor, *, stride: int = 1, pad: int = 0, group: int = 1
    ) -> Tensor:
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return F.conv2d(x, weight, bias, stride=stride, padding=pad, groups=group)

    def relu(
        self, name: str, x: Tensor, *, stride: int = 1, pad: int = 0, group: int = 1
    ) -> Tensor:
        return F.relu(self.conv(name, x, stride=stride, pad=pad, group=group))

    def inception(self, name: str, x: Tensor) -> Tensor:
        name = f"inception_{name}"
        three = self.relu(f"{name}/3x3", self.relu(f"{name}/3x3_reduce", x), pad=1)
        five = self.relu(f"{name}/5x5", self.relu(f"{name}/5x5_reduce", x), pad=2)
        pooled = self.relu(f"{name}/pool_proj", F.max_pool2d(x, 3, 1, 1))
        return torch.cat([self.relu(f"{name}/1x1", x), three, five, pooled], 1)


def pool(x: Tensor) -> Tensor:
    return F.max_pool2d(x, 3, 2, ceil_mode=True)


def lrn(x: Tensor) -> Tensor:
    """Caffe's formula: alpha is divided by the number of channels summed over."""
    square = F.pad(x.square(), (0, 0, 0, 0, 2, 2))
    sums = torch.stack([square[:, i : i + x.shape[1]] for i in range(5)]).sum(0)
    return x / (1 + 1e-4 / 5 * sums) ** 0.75


def with_unit_outputs(net: LayerGraph) -> LayerGraph:
    """The net with weights under which every layer's output is of unit size and counts."""
    generator = torch.Generator().manual_seed(0)
    for layer in net.values():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, generator=generator)
            assert layer.bias is not None
            nn.init.normal_(layer.bias, generator=generator)
    return net.double().eval()


@pytest.mark.parametrize("size", [(50, 75), (33, 20)])
def test_fcn_alexnet_equals_the_released_net_written_out(size: tuple[int, int]) -> None:
    net = with_unit_outputs(build_fcn("alexnet", ["fc7"], width=1 / 16))
    image = 100 * torch.randn(1, 3, *size, dtype=torch.float64)
    by_hand = WrittenOut(net)
    with torch.inference_mode():
        x = lrn(pool(by_hand.relu("conv1", image, stride=4, pad=100)))
        x = lrn(pool(by_hand.relu("conv2", x, pad=2, group=2)))
        x = by_hand.relu("conv4", by_hand.relu("conv3", x, pad=1), pad=1, group=2)
        x = pool(by_hand.relu("conv5", x, pad=1, group=2))
        x = by_hand.conv("score_fr", by_hand.relu("fc7", by_hand.relu("fc6", x)))
        x = F.conv_transpose2d(x, by_hand.weights["upscore.weight"], stride=32, groups=21)
        torch.testing.assert_close(net(image), x[:, :, 18:, 18:][:, :, : size[0], : size[1]])


def test_googlenet_equals_the_published_net_written_out() -> None:
    net = with_unit_outputs(build_classifier("googlenet", 10, width=1 / 16))
    image = 100 * torch.randn(2, 3, 224, 224, dtype=torch.float64)
    by_hand = WrittenOut(net)
    with torch.inference_mode():
        x = lrn(pool(by_hand.relu("conv1/7x7_s2", image, stride=2, pad=3)))
        x = by_hand.relu("conv2/3x3", by_hand.relu("conv2/3x3_reduce", x), pad=1)
        x = pool(lrn(x))
        for name in ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"):
            x = by_hand.inception(name, pool(x) if name in ("4a", "5a") else x)
        x = by_hand.conv("loss3/classifier", F.avg_pool2d(x, 7))
        assert x.shape == (2, 10, 1, 1) and x.std() > 0
        torch.testing.assert_close(net(image), x)
