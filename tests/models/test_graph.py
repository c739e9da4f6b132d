"""A net's own input format, and its error for images that are too small."""

import math
import warnings
from typing import Any

import pytest
import torch
from fixtures.nets import with_random_scores
from torch import nn

from fcnlib.models.fcn import FCN, build_fcn

THIN = 1 / 32


def test_normalising_turns_rgb_bytes_into_caffes_input() -> None:
    net = build_fcn(width=THIN)
    red = torch.tensor([255, 0, 0], dtype=torch.uint8).view(1, 3, 1, 1)
    assert net.normalise(red).flatten().tolist() == pytest.approx(
        [-104.00698793, -116.66876762, 255 - 122.67891434], abs=1e-4
    )


def test_normalising_keeps_the_layout_of_the_image() -> None:
    net = build_fcn(width=THIN)
    image = torch.randint(0, 256, (2, 40, 50, 3), dtype=torch.uint8).permute(0, 3, 1, 2)
    assert net.normalise(image).is_contiguous(memory_format=torch.channels_last)
    planes = image.contiguous()
    assert net.normalise(planes).is_contiguous()
    assert torch.equal(net.normalise(planes), net.normalise(image))


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


def test_a_net_carries_its_own_channel_order() -> None:
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


def scripted(net: FCN) -> Any:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*torch.jit", category=Warning)
        return torch.jit.freeze(torch.jit.script(net.eval()))


def test_a_scripted_net_refuses_small_images_too() -> None:
    net = scripted(build_fcn("googlenet", ["inception_5b/output"], width=THIN))
    with pytest.raises(Exception, match="image of 30 x 50 pixels: expected at least 31 a side"):
        net(torch.zeros(1, 3, 30, 50))
