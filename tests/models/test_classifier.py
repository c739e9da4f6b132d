"""The classification nets: parameters, windows, and GoogLeNet written out."""

from typing import Any

import pytest
import torch

from fcnlib.config.schema_nets import WINDOWS
from fcnlib.core.errors import InputError
from fcnlib.models.backbones import BACKBONES
from fcnlib.models.classifier import build_classifier
from fcnlib.models.fcn import build_fcn
from fcnlib.models.geometry import sizes

THIN = 1 / 32


def thin_kernel(backbone: str) -> int | None:
    return None if backbone == "googlenet" else 3


@pytest.mark.parametrize(
    ("backbone", "floats"),
    [
        ("alexnet", 243_860_896 // 4),  # of bvlc_reference_caffenet.caffemodel
        ("vgg16", 553_430_176 // 4),
        ("vgg19", 574_668_960 // 4),
        # 13,378,280 in the file, less its two side losses of 3,188,840 and 3,190,888.
        ("googlenet", 13_378_280 - 3_188_840 - 3_190_888),
    ],
)
def test_classifiers_have_as_many_parameters_as_the_published_files(
    backbone: str, floats: int
) -> None:
    with torch.device("meta"):
        net = build_classifier(backbone)
    assert sum(p.numel() for p in net.parameters()) == floats


@pytest.mark.parametrize("backbone", BACKBONES)
def test_an_image_of_ilsvrcs_side_gives_one_answer(backbone: str) -> None:
    with torch.device("meta"):
        net = build_classifier(backbone)
    side = WINDOWS[backbone]
    layers = dict(net.items())
    for pixels, cells in [(side, 1), (side + 32, 2), (side + 64, 3)]:
        found = sizes(layers, pixels)
        assert found is not None and list(found.values())[-1] == cells


@pytest.mark.parametrize("window", [64, 96, 160])
@pytest.mark.parametrize("backbone", BACKBONES)
def test_classifiers_of_small_windows_have_their_weights_fit_the_fcn(
    backbone: str, window: int
) -> None:
    kernel = thin_kernel(backbone)
    net = build_classifier(backbone, 20, width=THIN, fc6_kernel=kernel, window=window).eval()
    with torch.inference_mode():
        assert net(torch.zeros(1, 3, window, window)).shape[:2] == (1, 20)
    last = list(BACKBONES[backbone].layers(width=THIN))[-1]
    fcn = build_fcn(backbone, [last], width=THIN, fc6_kernel=kernel)
    shapes = {name: p.shape for name, p in net.named_parameters()}
    lacking = {name for name, p in fcn.named_parameters() if shapes.get(name) != p.shape}
    assert lacking == {"score_fr.weight", "score_fr.bias", "upscore.weight"}


def test_a_window_too_small_for_the_net_is_refused() -> None:
    with pytest.raises(InputError, match="window: 9 pixels; expected larger"):
        build_classifier("alexnet", width=THIN, window=9)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"backbone": "resnet"}, "backbone: 'resnet'; expected one of: alexnet, vgg16"),
        ({"classes": 0}, "classes: 0; expected at least 1"),
    ],
)
def test_a_classifier_that_cannot_be_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        build_classifier(**{"backbone": "vgg16", "width": THIN, **values})
