"""Values of a recipe that are mistaken."""

from typing import Any

import pytest
from fixtures.config import refusal


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ({"loss": "hinge"}, "loss: 'hinge': Input should be 'cross_entropy' or 'sigmoid'"),
        ({"patch_keep_prob": 0.0}, "patch_keep_prob: 0.0: Input should be greater than 0"),
        ({"patch_keep_prob": 1.5}, "patch_keep_prob: 1.5: Input should be less than or equal to 1"),
        ({"patch_keep_prob": "1e-1"}, "patch_keep_prob: '1e-1'"),
        (
            {"class_weights": "median"},
            "class_weights: 'median': Input should be 'none', 'median-frequency'",
        ),
        ({"class_weights": True}, "class_weights: True"),
        ({"random_shift": -1}, "random_shift: -1: Input should be greater than or equal to 0"),
        ({"random_shift": 1.5}, "random_shift: 1.5"),
        ({"score_init": "he"}, "score_init: 'he': Input should be 'zero' or 'random'"),
        ({"precision": "fp16"}, "precision: 'fp16': Input should be 'fp32', 'tf32' or 'bf16'"),
        ({"may_diverge": 1}, "may_diverge: 1: Input should be a valid boolean"),
        ({"class_weights_power": 2.0}, "class_weights_power: 2.0: Input should be less than or"),
        ({"optimizer": "adam"}, "optimizer: 'adam': Input should be 'sgd' or 'adamw'"),
        ({"norm": "layer"}, "norm: 'layer': Input should be 'none' or 'batch'"),
        ({"crop": 256}, "crop: 256: expected a list, such as [a, b]"),
        ({"crop": [256]}, "crop"),
        ({"crop": [0, 320]}, "crop.0: 0: Input should be greater than 0"),
        ({"random_scale": [0.0, 1.0]}, "random_scale.0: 0.0: Input should be greater than 0"),
        ({"random_colour": 1.5}, "random_colour: 1.5: Input should be less than or equal to 1"),
        ({"lr_decay": "poly"}, "lr_decay: 'poly': Input should be 'linear' or 'cosine'"),
        ({"lr_warmup": -0.1}, "lr_warmup: -0.1: Input should be greater than or equal to 0"),
        ({"ema_decay": 1.0}, "ema_decay: 1.0: Input should be less than 1"),
    ],
    ids=str,
)
def test_a_mistaken_value_is_one_line(
    raw_config: dict[str, Any], value: dict[str, Any], line: str
) -> None:
    raw_config["experiments"]["voc-fcn32s"]["recipe"] |= value
    assert f"experiments.voc-fcn32s.recipe.{line}" in refusal(raw_config)


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (
            {"crop": [256, 320], "random_scale": [2.0, 0.5]},
            "random_scale: 2 to 0.5; expected the least factor first",
        ),
        ({"random_scale": [0.5, 2.0]}, "random_scale, random_colour: expected a crop"),
        ({"random_colour": 0.4}, "random_scale, random_colour: expected a crop"),
        ({"norm": "batch", "batch_size": 4}, "norm: batch; expected a crop, and a batch_size of"),
        ({"norm": "batch", "crop": [32, 32], "batch_size": 1}, "norm: batch; expected a crop, and"),
    ],
    ids=str,
)
def test_values_that_do_not_fit_together_are_one_line(
    raw_config: dict[str, Any], value: dict[str, Any], line: str
) -> None:
    raw_config["experiments"]["voc-fcn32s"]["recipe"] |= value
    found = refusal(raw_config)
    assert f"experiments.voc-fcn32s.recipe: {line}" in found and "\n" not in found


def test_norm_layers_of_fixed_features_are_refused(raw_config: dict[str, Any]) -> None:
    entry = raw_config["experiments"]["voc-fcn32s"]
    entry["net"]["features"] = "fixed"
    entry["recipe"] |= {"norm": "batch", "crop": [32, 32], "batch_size": 2}
    assert "recipe.norm: batch; expected none, as net.features are fixed" in refusal(raw_config)
