"""The maps of a net, what it predicts from, and how its scores are fused."""

from typing import Any

import pytest
import torch

from fcnlib.config.schema_nets import STRIDES
from fcnlib.core.errors import InputError
from fcnlib.models.fcn import FCN, build_fcn
from fcnlib.models.maps import Prediction, Stage, feature_maps, predictions, stages


def without_weights(*arguments: Any, **values: Any) -> FCN:
    with torch.device("meta"):
        return build_fcn(*arguments, **values)


def test_fcn8s_predicts_from_three_layers_of_vgg16() -> None:
    net = without_weights()
    assert predictions(net) == [
        Prediction("fc7", 32, 2),
        Prediction("pool4", 16, 2, "sum"),
        Prediction("pool3", 8, 8, "sum"),
    ]
    assert stages(net) == [
        Stage("data", 1, 0),
        Stage("pool1", 2, 2),
        Stage("pool2", 4, 2),
        Stage("pool3", 8, 3),
        Stage("pool4", 16, 3),
        Stage("pool5", 32, 3),
        Stage("fc7", 32, 2),
    ]


@pytest.mark.parametrize("backbone", STRIDES)
def test_predictions_are_those_that_a_net_of_any_backbone_was_built_with(backbone: str) -> None:
    coarsest, _, *finer = STRIDES[backbone]
    for names in ([coarsest], [coarsest, finer[0]], [coarsest, *finer], finer[-1:]):
        net = without_weights(backbone, names)
        found = predictions(net)
        strides = [STRIDES[backbone][name] for name in names]
        assert [each.layer for each in found] == names
        assert [each.stride for each in found] == strides
        factors = [a // b for a, b in zip(strides, [*strides[1:], 1], strict=True)]
        assert [each.upsampling for each in found] == factors
        assert {*names} <= {stage.layer for stage in stages(net)}


def test_streams_and_tasks_share_what_is_predicted_from() -> None:
    net = without_weights(
        "vgg16", ["fc7", "pool4"], {"semantic": 3, "geometric": 2}, streams=("color", "hha"),
        fusion="max",
    )  # fmt: skip
    assert predictions(net) == [Prediction("fc7", 32, 2), Prediction("pool4", 16, 16, "max")]
    assert stages(net) == stages(without_weights("vgg16", ["fc7", "pool4"]))


def test_googlenets_branches_count_by_the_longest() -> None:
    found = {
        stage.layer: stage.convolutions
        for stage in stages(without_weights("googlenet", ["pool4/3x3_s2"]))
    }
    assert found["pool3/3x3_s2"] == 2 * 2 and found["pool4/3x3_s2"] == 5 * 2


def test_maps_have_the_sizes_of_the_nets_own_outputs() -> None:
    net = build_fcn(width=1 / 64, padding=1, fc6_kernel=3).eval()
    shapes: dict[str, int] = {}
    for name, layer in net.items():
        layer.register_forward_hook(lambda _, __, y, name=name: shapes.update({name: y.shape[2]}))
    net(torch.zeros(1, 3, 70, 70))
    found = {each.layer: each for each in feature_maps(net, 70)}
    assert {name: found[name].size for name in shapes} == shapes
    assert found["pool3"].stride == 8 and found["pool3"].offset == 3.5
    assert found["fuse_pool4"].inputs == ("score_pool4", "upscore2")
    assert (found["score"].size, found["score"].offset) == (70, 0)


def test_an_image_that_the_net_does_not_score_has_no_maps() -> None:
    net = without_weights("googlenet", ["inception_5b/output"])
    feature_maps(net, net.smallest_side)
    with pytest.raises(InputError, match=f"expected at least {net.smallest_side}"):
        feature_maps(net, net.smallest_side - 1)
