"""Masked inputs: which pixels are blank, and what they are to a net."""

from pathlib import Path

import numpy as np
import pytest
import torch
from fixtures.masking import VALUES

from fcnlib.config.schema_data import Mask
from fcnlib.datasets.masking import NO_MASK, InputMask
from fcnlib.inference.torchscript import load
from fcnlib.models.fcn import FCN, build_fcn

LABEL = np.array([[0, 1, 255], [20, 0, 255]], np.uint8)

STACK = np.arange(18, dtype=np.uint8).reshape(3, 2, 3)

BLANK = (7.25, 8.5, 9.0)


@pytest.mark.parametrize(
    ("mask", "seen"),
    [
        ("foreground", [[True, False, False], [False, True, False]]),
        ("background", [[False, True, True], [True, False, True]]),
    ],
)
def test_masked_pixels_are_blank_and_void_goes_with_the_objects(
    mask: Mask, seen: list[list[bool]]
) -> None:
    found = InputMask(mask, BLANK).apply(STACK, LABEL)
    for channel in range(3):
        expected = np.where(seen, STACK[channel], BLANK[channel])
        assert found[channel].tolist() == expected.tolist()


def test_a_shape_is_white_on_black_and_nothing_of_the_image() -> None:
    found = InputMask("shape", BLANK).apply(STACK, LABEL)
    assert found.tolist() == 3 * [[[0, 255, 255], [255, 0, 255]]]


def test_without_a_mask_samples_are_untouched() -> None:
    assert NO_MASK.apply(STACK, LABEL) is STACK


def test_blank_pixels_are_zero_to_the_net_and_to_its_exported_file(
    lively_net: FCN, lively_model: Path
) -> None:
    assert lively_net.blank().tolist() == pytest.approx([123.9, 117.7, 101.3])
    assert torch.equal(load(lively_model).blank(), lively_net.blank())
    blank = lively_net.blank()[None, :, None, None].expand(1, 3, 4, 5)
    assert not lively_net.normalise(blank).any()


def test_blank_depth_is_in_millimetres() -> None:
    net = build_fcn(classes=3, input_channels=4, **VALUES)
    net.input_mean[3] = 7.5
    assert net.blank()[3].item() == pytest.approx(np.exp(7.5))
    assert net.normalise(net.blank()[None, :, None, None]).abs().max() < 1e-5
