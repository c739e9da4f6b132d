"""Depth as a picture."""

import numpy as np
import pytest
from fixtures.pictures import has

from fcnlib.report.figures.inputs import UNSEEN, DepthScale, depth_picture, depth_scale


def test_depth_is_bright_where_near_and_equal_steps_are_equal_ratios():
    depth = np.array([[500, 1000, 2000, 4000, 8000, 0]], np.uint16)
    scale = DepthScale(1000, 4000)
    painted = depth_picture(depth, np.zeros((1, 6), bool), scale).astype(int)
    light = painted.sum(axis=2)[0]
    assert light[1] > light[2] > light[3]
    assert (painted[0, 0] == painted[0, 1]).all() and (painted[0, 5] == painted[0, 1]).all()
    assert (painted[0, 4] == painted[0, 3]).all()  # beyond the ends: as the ends
    middle = depth_picture(np.array([[2000]], np.uint16), np.zeros((1, 1), bool), scale)
    ends = DepthScale(500, 8000)
    assert (
        depth_picture(np.array([[2000]], np.uint16), np.zeros((1, 1), bool), ends) == middle
    ).all()


def test_hatching_covers_what_was_not_measured_and_lets_its_filling_show():
    depth = np.full((20, 20), 2000, np.uint16)
    missing = np.zeros((20, 20), bool)
    missing[:10] = True
    painted = depth_picture(depth, missing, DepthScale(1000, 4000))
    assert not has(painted[10:], UNSEEN)
    assert 50 <= has(painted[:10], UNSEEN) <= 150


@pytest.mark.parametrize("value", [0, 1, 2000, 65535])
def test_a_flat_or_empty_depth_has_a_picture_too(value):
    depth = np.full((4, 6), value, np.uint16)
    scale = depth_scale([depth])
    assert 0 < scale.near < scale.far
    assert depth_picture(depth, depth > 0, scale).shape == (4, 6, 3)
