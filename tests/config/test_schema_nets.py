"""A net's values in config.yaml: the defaults are the published nets, mistakes are refused."""

import inspect
from typing import Any

import pytest
import torch
from fixtures.config import refusal
from pydantic import ValidationError

from fcnlib.config.load import load_config
from fcnlib.config.schema_nets import DETAIL_STRIDES, STRIDES, Net
from fcnlib.core.errors import InputError
from fcnlib.models.backbones import BACKBONES
from fcnlib.models.fcn import ALLOWED_VALUES, build_fcn

VGG = {"backbone": "vgg16", "predict_from": ["fc7"]}


def test_a_nets_values_and_defaults_are_those_of_the_function_that_builds_it() -> None:
    built = inspect.signature(build_fcn).parameters
    assert set(Net.model_fields) - {"start_from"} == set(built) - {"classes"}
    for name, field in Net.model_fields.items():
        if name not in ("backbone", "predict_from", "start_from"):
            assert field.default == built[name].default, name


def test_words_allowed_in_two_places_are_the_same() -> None:
    for name, words in ALLOWED_VALUES.items():
        for word in words:
            assert getattr(Net.model_validate({**VGG, name: word}), name) == word
        with pytest.raises(ValidationError, match="Input should be"):
            Net.model_validate({**VGG, name: "nonsense"})


@pytest.mark.parametrize("backbone", BACKBONES)
def test_nothing_but_a_backbone_and_layers_is_the_published_net(backbone: str) -> None:
    for layers in ([name] for name in STRIDES[backbone]):
        values = Net(backbone=backbone, predict_from=layers)
        with torch.device("meta"):
            net = build_fcn(**values.model_dump(exclude={"start_from"}), classes=21)
            assert net(torch.zeros(1, 3, 64, 80)).shape == (1, 21, 64, 80)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_layer_of_detail_is_predicted_from_behind_a_coarser_one(backbone: str) -> None:
    for detail in DETAIL_STRIDES[backbone]:
        layers = [*STRIDES[backbone], detail]
        layers.remove(layers[1])  # of the same stride as the first
        values = Net(backbone=backbone, predict_from=layers)
        assert values.stride == 4
        with torch.device("meta"):
            net = build_fcn(**values.model_dump(exclude={"start_from"}), classes=21)
            assert net(torch.zeros(1, 3, 65, 83)).shape == (1, 21, 65, 83)
        assert f"score_{detail}" in net and "upscore4" in net
        with pytest.raises(InputError, match="coarsest first"):
            build_fcn(backbone, [detail])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"predict_from": ["pool2"]}, "predict_from: expected layers from coarse to fine"),
        ({"predict_from": ["fc7", "pool5"]}, "each of a finer stride"),
        ({"backbone": "googlenet"}, r"of: inception_5b/output \(32\), pool4/3x3_s2 \(32\)"),
        (
            {"backbone": "googlenet", "predict_from": ["pool4/3x3_s2"], "fc6_kernel": 7},
            "fc6_kernel: expected null, as googlenet has no fc6",
        ),
        ({"predict_from": ["fc7"], "streams": ["a", "a"]}, "streams: expected each of them once"),
        ({"skip_scales": [0.0]}, "skip_scales.0"),
        ({"skip_scales": [float("nan")]}, "finite number"),
        ({"start_from": ["a", "b"]}, "start_from: 2 nets; expected one, or one for each stream"),
        ({"input_channels": "4"}, "valid integer"),
        ({"null_background": 1}, "valid boolean"),
    ],
)
def test_values_that_do_not_fit_together_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Net.model_validate({**VGG, **values})


def test_one_start_for_each_stream_or_one_for_all() -> None:
    for start in ([], ["a"], ["a", "b"], "random"):
        Net.model_validate({**VGG, "streams": ["color", "hha"], "start_from": start})


def test_an_entry_takes_back_what_its_scale_sets(raw_config: dict[str, Any]) -> None:
    """The demo's small fc6 and padding are VGG16's: null stands for the published values."""
    entry = raw_config["experiments"]["voc-fcn32s"]
    entry["net"] = {"backbone": "googlenet", "predict_from": ["inception_5b/output"]}
    with pytest.raises(
        InputError,
        match=r"scales\.demo\.net\.fc6_kernel: 3: expected null, as .* \(experiments\.a\)",
    ):
        load_config(
            {**raw_config, "experiments": {"a": entry}, "tables": {}, "figures": {}, "claims": {}}
        )
    entry["net"] |= {"fc6_kernel": None, "padding": None}
    entry["tables"], entry["rows"] = [], {}
    config = load_config(
        {**raw_config, "experiments": {"a": entry}, "tables": {}, "figures": {}, "claims": {}}
    )
    net = config.training("a").net
    assert (net.padding, net.width) == (None, 0.125)
    assert config.classifier("googlenet") == {"width": 0.125, "fc6_kernel": None}
    assert config.classifier("alexnet") == {"width": 0.125, "fc6_kernel": 3}


def test_a_start_of_another_backbone_is_refused(raw_config: dict[str, Any]) -> None:
    raw_config["experiments"]["voc-fcn16s"]["net"]["backbone"] = "vgg19"
    message = "voc-fcn16s.net.backbone: 'vgg19'; expected 'vgg16', as it starts from voc-fcn32s"
    assert message in refusal(raw_config)
