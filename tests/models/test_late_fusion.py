"""Late fusion with a skip (CVPR 2015's FCN-16s RGB-HHA) against one written out, layer by layer."""

from collections.abc import Mapping

import pytest
import torch
from fixtures.nets import with_random_scores
from torch import Tensor
from torch.nn import functional as F

from fcnlib.models.fcn import build_fcn

STREAMS = ("color", "hha")
WIDTH = 1 / 16
CLASSES = 5


def trunk(state: Mapping[str, Tensor], image: Tensor, stream: str) -> tuple[Tensor, Tensor]:
    """The features pool4 and fc7 of VGG16 with a border of 100 pixels."""

    def conv(x: Tensor, name: str, padding: int) -> Tensor:
        weight, bias = state[f"{name}_{stream}.weight"], state[f"{name}_{stream}.bias"]
        return F.relu(F.conv2d(x, weight, bias, padding=padding))

    x, pool4 = image, image
    for block, count in enumerate((2, 2, 3, 3, 3), 1):
        for i in range(1, count + 1):
            x = conv(x, f"conv{block}_{i}", 100 if (block, i) == (1, 1) else 1)
        x = F.max_pool2d(x, 2, 2, ceil_mode=True)
        pool4 = x if block == 4 else pool4
    return pool4, conv(conv(x, "fc6", 0), "fc7", 0)


def bilinear(factor: int) -> Tensor:
    """The kernels of frozen upsampling, one for each class."""
    side = 2 * factor
    line = 1 - (torch.arange(side) - (factor - 0.5)).abs() / factor
    return torch.outer(line, line).repeat(CLASSES, 1, 1, 1)


def upsampled(scores: Tensor, factor: int) -> Tensor:
    return F.conv_transpose2d(scores, bilinear(factor), stride=factor, groups=CLASSES)


@pytest.mark.parametrize("scale", [1.0, 0.01])
@pytest.mark.parametrize("size", [(45, 70), (64, 96)])
def test_late_fusion_with_a_skip_is_the_mean_of_each_layers_scores(
    size: tuple[int, int], scale: float
) -> None:
    net = build_fcn(
        predict_from=["fc7", "pool4"],
        streams=STREAMS,
        classes=CLASSES,
        width=WIDTH,
        skip_scales=[scale],
    )
    state = with_random_scores(net).state_dict()
    image = 100 * torch.randn(1, 6, *size)

    coarse, fine = [], []
    for part, stream in zip(image.split(3, 1), STREAMS, strict=True):
        pool4, fc7 = trunk(state, part, stream)
        for scores, features, name in (
            (coarse, fc7, "score_fr"),
            (fine, scale * pool4, "score_pool4"),
        ):
            weight, bias = state[f"{name}_{stream}.weight"], state[f"{name}_{stream}.bias"]
            scores.append(F.conv2d(features, weight, bias))
    up = upsampled((coarse[0] + coarse[1]) / 2, 2)
    height, width = up.shape[2:]
    skip = ((fine[0] + fine[1]) / 2)[:, :, 5 : 5 + height, 5 : 5 + width]
    expected = upsampled(up + skip, 16)[:, :, 27 : 27 + size[0], 27 : 27 + size[1]]

    with torch.inference_mode():
        found = net(image)
    assert found.shape == (1, CLASSES, *size) and expected.std() > 0
    torch.testing.assert_close(found, expected)
