"""Boundary IU against its definition, by erosions of each class's mask."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from fcnlib.evaluation.boundary import boundary_counts, boundary_iu, mean_boundary_iu


def band_of(mask: NDArray[np.bool_], band: int) -> NDArray[np.bool_]:
    """As in the released code: the mask without what is left after erosions by 3 x 3."""
    padded = np.pad(mask, 1)
    eroded = ndimage.binary_erosion(padded, np.ones((3, 3)), iterations=band)[1:-1, 1:-1]
    inside: NDArray[np.bool_] = mask & ~eroded
    return inside


@pytest.mark.parametrize("band", [1, 2, 5, 30])
def test_boundary_iu_is_that_of_each_classs_eroded_mask(band: int) -> None:
    rng = np.random.default_rng(band)
    truth = rng.integers(0, 4, (6, 8)).repeat(7, 0).repeat(6, 1).astype(np.uint8)
    predicted = np.roll(truth, 2, 1)
    truth[20:24] = 255
    found = boundary_iu(boundary_counts(predicted, truth, 5, band))
    for label in range(4):
        true = band_of(truth == label, band)
        ours = band_of((predicted == label) & (truth != 255), band)
        assert found[label] == (true & ours).sum() / (true | ours).sum()
    assert np.isnan(found[4])


def test_a_square_one_pixel_too_large_is_right_inside_and_wrong_at_its_outline() -> None:
    truth, predicted = np.zeros((2, 40, 40), np.uint8)
    truth[10:30, 10:30] = 1
    predicted[9:31, 9:31] = 1
    counts = boundary_counts(predicted, truth, 2, 1)
    assert counts[:, 1].tolist() == [0, 4 * 19, 4 * 21]
    wide = boundary_counts(predicted, truth, 2, 3)
    assert boundary_iu(wide)[1] == pytest.approx((20**2 - 16**2) / (22**2 - 14**2))
    assert boundary_iu(boundary_counts(truth, truth, 2, 3)).tolist() == [1, 1]


def test_the_mean_is_over_the_classes_that_occur_in_the_truth() -> None:
    truth, predicted = np.zeros((2, 9, 9), np.uint8)
    predicted[4:] = 2
    counts = boundary_counts(predicted, truth, 3, 1)
    assert mean_boundary_iu(counts) == boundary_iu(counts)[0] > 0
    assert np.isnan(mean_boundary_iu(np.zeros((3, 2), np.int64)))
