"""The best labels at a stride by every rule, on labels made by hand."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fcnlib.config.columns import RULES
from fcnlib.evaluation.upper_bound import best_labels_at_stride

BY_LABEL = {rule.label: name for name, rule in RULES.items()}


def best_labels(truth: torch.Tensor, factor: int, classes: int, rule: str) -> torch.Tensor:
    return best_labels_at_stride(truth, factor, classes)[BY_LABEL[rule]]


@pytest.mark.parametrize("rule", BY_LABEL)
def test_factor_one_loses_nothing(rule: str) -> None:
    truth = torch.randint(0, 5, (13, 17), dtype=torch.uint8)
    assert torch.equal(best_labels(truth, 1, 5, rule), truth)


@settings(max_examples=20, deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    factor=st.sampled_from([2, 4, 8, 32, 128]),
    rule=st.sampled_from(list(BY_LABEL)),
)
def test_coarse_labels_have_the_images_size_and_its_classes(
    height: int, width: int, factor: int, rule: str
) -> None:
    truth = torch.randint(0, 3, (height, width), dtype=torch.uint8)
    found = best_labels(truth, factor, 3, rule)
    assert found.shape == truth.shape
    assert set(found.flatten().tolist()) <= set(truth.flatten().tolist())


def test_half_and_half_survives_a_factor_that_fits_and_not_one_that_does_not() -> None:
    truth = torch.zeros(16, 16, dtype=torch.uint8)
    truth[:, 8:] = 1
    assert torch.equal(best_labels_at_stride(truth, 8, 2)["mean_iu"], truth)
    thin = torch.zeros(16, 16, dtype=torch.uint8)
    thin[:, 5] = 1  # a pole, one pixel wide, is lost in cells of eight
    assert all(not found.any() for found in best_labels_at_stride(thin, 8, 2).values())


@pytest.mark.parametrize("rule", BY_LABEL)
def test_void_counts_for_no_class_in_a_cell(rule: str) -> None:
    truth = torch.full((8, 8), 255, dtype=torch.uint8)
    truth[0, 1] = 2  # neither its centre nor its corner
    assert (best_labels(truth, 8, 3, rule) == 2).all()


@pytest.mark.parametrize(
    ("rule", "expected"), [("majority, nearest", 0), ("centre, nearest", 2), ("corner, nearest", 1)]
)
def test_a_cell_takes_the_class_of_its_majority_its_centre_or_its_corner(
    rule: str, expected: int
) -> None:
    truth = torch.zeros(4, 4, dtype=torch.uint8)
    truth[0, 0], truth[2, 2] = 1, 2
    assert (best_labels(truth, 4, 3, rule) == expected).all()


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("area, bilinear", [0, 0, 1, 1, 1, 1, 1, 1]),
        ("majority, bilinear", [0, 0, 0, 0, 1, 1, 1, 1]),
        ("majority, nearest", [0, 0, 0, 0, 1, 1, 1, 1]),
    ],
)
def test_only_shares_move_a_border_within_a_cell(rule: str, line: list[int]) -> None:
    """7 of the left cell's 16 pixels are of the right cell's class."""
    truth = torch.zeros(4, 8, dtype=torch.uint8)
    truth[:, 4:] = 1
    truth[:, 3], truth[:3, 2] = 1, 1
    assert best_labels(truth, 4, 2, rule).tolist() == [line] * 4


@pytest.mark.parametrize(
    ("rule", "rounded"), [("centre, bilinear", True), ("majority, bilinear", True),
                          ("centre, nearest", False), ("majority, nearest", False)]
)  # fmt: skip
def test_bilinear_interpolation_rounds_a_cells_corner(rule: str, rounded: bool) -> None:
    truth = torch.zeros(8, 8, dtype=torch.uint8)
    truth[:4, :4] = 1
    assert (best_labels(truth, 4, 2, rule)[3, 3] == 0) == rounded


def test_classes_stay_apart_whichever_of_them_an_image_has() -> None:
    truth = torch.full((8, 8), 7, dtype=torch.uint8)
    truth[:, 4:] = 19
    for found in best_labels_at_stride(truth, 4, 21).values():
        assert torch.equal(found, truth)
    assert all(
        not found.any() for found in best_labels_at_stride(torch.full((5, 7), 255), 4, 21).values()
    )
