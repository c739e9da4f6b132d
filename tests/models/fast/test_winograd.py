"""Convolutions with fewer multiplications equal the convolutions."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from fcnlib.models.fast import products, winograd_tiles
from fcnlib.models.fast.winograd import Pointwise, WinogradRows, winograd_transforms
from fcnlib.models.fast.winograd_tiles import Winograd, tile_kernel

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
@given(SIDES, SIDES, st.integers(1, 3), st.integers(1, 9), st.integers(1, 3))
def test_strips_on_threads_are_the_convolution_and_its_pooling(
    height: int, width: int, padding: int, tiles: int, threads: int
) -> None:
    layer = nn.Conv2d(3, 4, 3, padding=padding).double()
    assert layer.bias is not None
    x, floor = torch.randn(2, 3, height + 2, width + 2).double(), torch.randn(4).double()
    kernel = tile_kernel(layer.weight)
    made = Winograd(kernel, layer.bias, floor, padding=padding, cropped=True, pooled=True)
    before = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch, torch.inference_mode():
        patch.setattr(winograd_tiles, "NARROW_STRIP_TILES", tiles)
        expected = layer(x).maximum(floor[:, None, None])
        torch.set_num_threads(threads)
        try:
            found = made(x)
            assert torch.get_num_threads() == threads
        finally:
            torch.set_num_threads(before)
    torch.testing.assert_close(found, functional.max_pool2d(expected, 2, ceil_mode=True))


@pytest.mark.parametrize("by_onednn", [False, products.HAS_ONEDNN])
@pytest.mark.parametrize(("images", "height", "width"), [(1, 3, 3), (2, 13, 40), (1, 90, 70)])
def test_a_wide_layer_in_fp32_is_the_convolution_by_either_library(
    by_onednn: bool, images: int, height: int, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "ONEDNN_IS_FASTER", by_onednn)
    layer = nn.Conv2d(products.PACKED_CHANNELS, 6, 3, padding=1)
    assert layer.bias is not None
    x = torch.randn(images, products.PACKED_CHANNELS, height, width)
    made = Winograd(tile_kernel(layer.weight), layer.bias, torch.zeros(1), padding=1, cropped=True)
    with torch.inference_mode():
        expected = functional.relu(layer.double()(x.double())).float()
        torch.testing.assert_close(made(x), expected, rtol=0, atol=1e-4)


def test_tiles_to_the_last_hold_what_lies_beyond_the_map() -> None:
    layer = nn.Conv2d(3, 4, 3, padding=2).double()
    assert layer.bias is not None
    x, floor = torch.randn(1, 3, 9, 5).double(), torch.randn(4).double()
    made = Winograd(tile_kernel(layer.weight), layer.bias, floor, padding=2, cropped=False)
    expected = layer(functional.pad(x, [0, 1, 0, 1])).maximum(floor[:, None, None])
    assert made(x).shape == (1, 4, 12, 8)
    torch.testing.assert_close(made(x), expected)


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
