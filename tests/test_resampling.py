"""Coarse labels by every rule, on labels made by hand."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fcnlib.config import Resampling
from fcnlib.resampling import RULES, coarse


@pytest.mark.parametrize("rule", RULES)
def test_factor_one_loses_nothing(rule: Resampling) -> None:
    truth = torch.randint(0, 5, (13, 17), dtype=torch.uint8)
    assert torch.equal(coarse(truth, 1, 5, rule), truth)


@settings(max_examples=20, deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    factor=st.sampled_from([2, 4, 8, 32, 128]),
    rule=st.sampled_from(list(RULES)),
)
def test_coarse_labels_have_the_images_size_and_its_classes(
    height: int, width: int, factor: int, rule: Resampling
) -> None:
    truth = torch.randint(0, 3, (height, width), dtype=torch.uint8)
    found = coarse(truth, factor, 3, rule)
    assert found.shape == truth.shape
    assert set(found.flatten().tolist()) <= set(truth.flatten().tolist())


def test_half_and_half_survives_a_factor_that_fits_and_not_one_that_does_not() -> None:
    truth = torch.zeros(16, 16, dtype=torch.uint8)
    truth[:, 8:] = 1
    assert torch.equal(coarse(truth, 8, 2), truth)
    thin = torch.zeros(16, 16, dtype=torch.uint8)
    thin[:, 5] = 1  # a pole, one pixel wide, is lost in cells of eight
    assert not coarse(thin, 8, 2).any()


@pytest.mark.parametrize("rule", RULES)
def test_void_counts_for_no_class_in_a_cell(rule: Resampling) -> None:
    truth = torch.full((8, 8), 255, dtype=torch.uint8)
    truth[0, 1] = 2  # neither its centre nor its corner
    assert (coarse(truth, 8, 3, rule) == 2).all()


@pytest.mark.parametrize(
    ("rule", "expected"), [("majority-nearest", 0), ("centre-nearest", 2), ("corner-nearest", 1)]
)
def test_a_cell_takes_the_class_of_its_majority_its_centre_or_its_corner(
    rule: Resampling, expected: int
) -> None:
    truth = torch.zeros(4, 4, dtype=torch.uint8)
    truth[0, 0], truth[2, 2] = 1, 2
    assert (coarse(truth, 4, 3, rule) == expected).all()


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("area-bilinear", [0, 0, 1, 1, 1, 1, 1, 1]),
        ("majority-bilinear", [0, 0, 0, 0, 1, 1, 1, 1]),
        ("majority-nearest", [0, 0, 0, 0, 1, 1, 1, 1]),
    ],
)
def test_only_shares_move_a_border_within_a_cell(rule: Resampling, line: list[int]) -> None:
    """7 of the left cell's 16 pixels are of the right cell's class."""
    truth = torch.zeros(4, 8, dtype=torch.uint8)
    truth[:, 4:] = 1
    truth[:, 3], truth[:3, 2] = 1, 1
    assert coarse(truth, 4, 2, rule).tolist() == [line] * 4


@pytest.mark.parametrize(
    ("rule", "rounded"), [("centre-bilinear", True), ("majority-bilinear", True),
                          ("centre-nearest", False), ("majority-nearest", False)]
)  # fmt: skip
def test_bilinear_interpolation_rounds_a_cells_corner(rule: Resampling, rounded: bool) -> None:
    truth = torch.zeros(8, 8, dtype=torch.uint8)
    truth[:4, :4] = 1
    assert (coarse(truth, 4, 2, rule)[3, 3] == 0) == rounded
