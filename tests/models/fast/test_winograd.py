"""Convolutions with fewer multiplications equal the convolutions."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from fcnlib.models.fast.winograd import (
    Pointwise,
    Winograd,
    WinogradRows,
    tile_kernel,
    winograd_transforms,
)

SIDES = st.integers(1, 23)


@pytest.mark.parametrize("taps", [3, 5, 6, 7])
def test_transforms_give_a_filters_outputs(taps: int) -> None:
    into, kernel, out = winograd_transforms(taps)
    signal, weights = torch.randn(taps + 3).double(), torch.randn(taps).double()
    expected = torch.stack([(signal[i : i + taps] * weights).sum() for i in range(4)])
    torch.testing.assert_close(out @ ((kernel @ weights) * (into @ signal)), expected)


@settings(max_examples=20, deadline=None)
@given(SIDES, SIDES, st.integers(1, 4), st.integers(1, 2))
def test_winograd_is_the_convolution(height: int, width: int, padding: int, images: int) -> None:
    layer = nn.Conv2d(5, 6, 3, padding=padding).double()
    assert layer.bias is not None
    x, floor = torch.randn(images, 5, height + 2, width + 2).double(), torch.randn(6).double()
    made = Winograd(tile_kernel(layer.weight), layer.bias, floor, padding=padding, cropped=True)
    with torch.inference_mode():
        torch.testing.assert_close(made(x), layer(x).maximum(floor[:, None, None]))


@settings(max_examples=20, deadline=None)
@given(SIDES, SIDES, st.sampled_from([(5, 0), (6, 0), (7, 0), (7, 3)]), st.integers(1, 2))
def test_winograd_by_rows_is_the_convolution(
    height: int, width: int, window: tuple[int, int], images: int
) -> None:
    side, padding = window
    layer = nn.Conv2d(4, 300, side, padding=padding).double()
    assert layer.bias is not None
    x = torch.randn(images, 4, height + 6, width + 6).double()
    made = WinogradRows(layer.weight, layer.bias, padding=padding)
    with torch.inference_mode():
        torch.testing.assert_close(made(x), functional.relu(layer(x)))


def test_pointwise_is_the_convolution() -> None:
    layer = nn.Conv2d(7, 5, 1)
    assert layer.bias is not None
    x = torch.randn(2, 7, 4, 3).to(memory_format=torch.channels_last)
    made = Pointwise(layer.weight, layer.bias)
    with torch.inference_mode():
        torch.testing.assert_close(made(x), functional.relu(layer(x)))
