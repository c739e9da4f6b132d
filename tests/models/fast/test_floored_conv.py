"""Convolutions for training are the convolutions, and so are their gradients."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from fcnlib.models.fast.floored_conv import DirectConv, FlooredConv, WindowsConv
from fcnlib.models.fast.products import product
from fcnlib.models.fast.winograd_training import WinogradConv

CONVOLUTIONS = [(DirectConv, 3), (WinogradConv, 3), (WindowsConv, 1), (WindowsConv, 7)]


def floored_conv(x: Tensor, weight: Tensor, bias: Tensor, floor: Tensor, padding: int) -> Tensor:
    return functional.conv2d(x, weight, bias, padding=padding).maximum(floor[:, None, None])


def random_inputs(side: int, height: int, width: int, images: int) -> list[Tensor]:
    """A map, weights, biases and floors, in float64."""
    shapes = [(images, 5, height + side, width + side), (6, 5, side, side), (6,), (6,)]
    return [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]


@pytest.mark.parametrize(("function", "side"), CONVOLUTIONS)
@settings(max_examples=12, deadline=None)
@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 2), st.integers(1, 2))
def test_outputs_and_gradients_are_the_convolutions(
    function: type[FlooredConv], side: int, height: int, width: int, padding: int, images: int
) -> None:
    inputs = random_inputs(side, height, width, images)
    expected = floored_conv(*inputs, padding)
    found = function.apply(*inputs, padding)
    torch.testing.assert_close(found, expected)
    gradient = torch.randn_like(expected)
    theirs = torch.autograd.grad(expected, inputs, gradient)
    for own, their in zip(torch.autograd.grad(found, inputs, gradient), theirs, strict=True):
        torch.testing.assert_close(own, their, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("function", "side"), CONVOLUTIONS)
def test_the_first_layer_needs_no_gradient_of_its_image(
    function: type[FlooredConv], side: int
) -> None:
    x, *others = random_inputs(side, 9, 9, 1)
    image = x.detach()
    found = torch.autograd.grad(function.apply(image, *others, 1).sum(), others)
    expected = torch.autograd.grad(floored_conv(image, *others, 1).sum(), others)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_gradients_by_tiles_are_the_same_on_any_number_of_threads(threads: int) -> None:
    inputs = random_inputs(3, 30, 30, 2)
    expected = torch.autograd.grad(floored_conv(*inputs, 1).sum(), inputs)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found = torch.autograd.grad(WinogradConv.apply(*inputs, 1).sum(), inputs)
        again = torch.autograd.grad(WinogradConv.apply(*inputs, 1).sum(), inputs)
    finally:
        torch.set_num_threads(before)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)
    assert all(torch.equal(one, other) for one, other in zip(found, again, strict=True))


def test_products_take_matrices_of_any_strides() -> None:
    a, b = torch.randn(7, 5), torch.randn(5, 9)
    for left in (a, a.t().contiguous().t()):
        for right in (b, b.t().contiguous().t()):
            torch.testing.assert_close(product(left, right), a @ b)
