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
        ({"precision": "bf16"}, "precision: 'bf16': Input should be 'fp32' or 'tf32'"),
        ({"may_diverge": 1}, "may_diverge: 1: Input should be a valid boolean"),
    ],
    ids=str,
)
def test_a_mistaken_value_is_one_line(
    raw_config: dict[str, Any], value: dict[str, Any], line: str
) -> None:
    raw_config["experiments"]["voc-fcn32s"]["recipe"] |= value
    assert f"experiments.voc-fcn32s.recipe.{line}" in refusal(raw_config)
