"""The numbers of Table 1: depth, parameters, receptive field and stride."""

import pytest
import torch

from fcnlib.config.schema_nets import STRIDES
from fcnlib.models.classifier import build_classifier
from fcnlib.models.fcn import build_fcn
from fcnlib.models.summary import Architecture, architecture

THIN = 1 / 64


@pytest.mark.parametrize(
    ("backbone", "expected"),
    [
        ("alexnet", Architecture(8, 56_954_261, 355, 32)),
        ("vgg16", Architecture(16, 134_346_581, 404, 32)),
        ("vgg19", Architecture(19, 139_656_277, 460, 32)),
        ("googlenet", Architecture(22, 5_995_077, 715, 32)),
    ],
)
def test_numbers_are_those_of_table_1(backbone: str, expected: Architecture) -> None:
    with torch.device("meta"):
        net = build_fcn(backbone, list(STRIDES[backbone])[:1])
        finer = build_fcn(backbone, list(STRIDES[backbone])[:1], upsampling="learned")
        classifier = build_classifier(backbone)
    assert architecture(net) == architecture(finer) == expected
    # Of GoogLeNet, the published receptive field is the classifier's, which an FCN cuts down.
    published = {"googlenet": 907}.get(backbone, expected.receptive_field)
    assert architecture(classifier).receptive_field == published


def test_learned_interpolation_counts_as_parameters() -> None:
    frozen, learned = (build_fcn(width=THIN, upsampling=name) for name in ("frozen", "learned"))
    more = architecture(learned).parameters - architecture(frozen).parameters
    assert more == 2 * 21 * 4 * 4


@pytest.mark.parametrize(
    ("layer", "receptive_field", "stride"),
    [("pool3", 44, 8), ("pool4", 100, 16), ("pool5", 212, 32)],
)
def test_receptive_fields_of_the_truncated_nets(
    layer: str, receptive_field: int, stride: int
) -> None:
    numbers = architecture(build_fcn("vgg16", [layer], width=THIN))
    assert (numbers.receptive_field, numbers.stride) == (receptive_field, stride)
