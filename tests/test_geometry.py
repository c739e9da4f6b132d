"""Offsets, strides and receptive fields against the published numbers and against the nets."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from fcnlib.errors import InputError
from fcnlib.models.backbones import vgg16
from fcnlib.models.fcn import build_fcn, crop_offsets
from fcnlib.models.geometry import IMAGE, Grid, compose, offset

THIN = 1 / 64


@pytest.mark.parametrize(
    ("predict_from", "crops"),
    [
        (["fc7"], [19]),
        (["fc7", "pool4"], [5, 27]),
        (["fc7", "pool4", "pool3"], [5, 9, 31]),
        (["pool5"], [115]),
        (["pool4"], [107]),
        (["pool3"], [103]),
    ],
)
def test_crops_are_the_published_ones(predict_from: list[str], crops: list[int]) -> None:
    assert crop_offsets(build_fcn(predict_from=predict_from, width=THIN)) == crops


def test_receptive_field_and_stride_are_those_of_table_1() -> None:
    grid = compose(vgg16(width=THIN).values())
    assert (grid.field, grid.stride) == (404, 32)


@pytest.mark.parametrize(("side", "cells"), [(500, 16), (375, 12), (333, 11), (425, 14), (560, 18)])
def test_grid_of_fc7_is_caffes(side: int, cells: int) -> None:
    """Floor instead of ceil pooling would give one cell less (500: 15)."""
    trunk = nn.Sequential(*vgg16(width=THIN).values()).eval()
    with torch.inference_mode():
        assert trunk(torch.zeros(1, 3, side, 20)).shape[2] == cells


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 160),
    width=st.integers(1, 160),
    padding=st.integers(1, 120),
    kernel=st.sampled_from([1, 3, 5, 7]),
    depth=st.integers(1, 3),
)
def test_any_image_size_and_padding_gives_scores_of_that_size(
    height: int, width: int, padding: int, kernel: int, depth: int
) -> None:
    net = build_fcn(
        predict_from=["fc7", "pool4", "pool3"][:depth],
        classes=3,
        width=THIN,
        padding=padding,
        fc6_kernel=kernel,
    ).eval()
    with torch.inference_mode():
        assert net(torch.zeros(1, 3, height, width)).shape == (1, 3, height, width)


@pytest.mark.parametrize("padding", [1, 100])
def test_every_side_up_to_1000_is_covered(padding: int) -> None:
    """Sizes by arithmetic: the cropped map must reach the last pixel of the image."""
    for side in range(32, 1001):
        size = {0: side + 2 * (padding - 1)}
        for level in range(1, 6):
            size[level] = -(-size[level - 1] // 2)
        fc7 = size[5] - 6 if padding == 100 else size[5]
        net_32s, net_8s = ([19], [5, 9, 31]) if padding == 100 else ([16], [-1, -1, 4])
        assert 32 * (fc7 + 1) - net_32s[0] >= side
        rows = fc7
        for crop, level in zip(net_8s, (4, 3), strict=False):
            rows = min(2 * (rows + 1) - max(0, -crop), size[level] - max(0, crop))
        assert 8 * (rows + 1) - net_8s[-1] >= side
    thin = {"width": THIN, "padding": padding}
    assert crop_offsets(build_fcn(predict_from=["fc7"], **thin)) == net_32s
    assert crop_offsets(build_fcn(**thin)) == net_8s


@settings(max_examples=30, deadline=None)
@given(
    layers=st.lists(
        st.tuples(st.sampled_from([1, 2, 3, 5]), st.integers(1, 2), st.integers(0, 2)),
        min_size=1,
        max_size=4,
    ),
    cell=st.integers(0, 3),
)
def test_a_cell_sees_the_pixels_that_its_grid_says(
    layers: list[tuple[int, int, int]], cell: int
) -> None:
    """The gradient of one output cell is non-zero exactly on its receptive field."""
    modules = [nn.Conv1d(1, 1, k, s, min(p, k // 2), bias=False) for k, s, p in layers]
    grid = IMAGE
    for module, (kernel, stride, padding) in zip(modules, layers, strict=True):
        nn.init.ones_(module.weight)
        grid = grid.windowed(kernel, stride, min(padding, kernel // 2))
    signal = torch.zeros(1, 1, 200, requires_grad=True)
    nn.Sequential(*modules)(signal)[0, 0, cell].backward()
    assert signal.grad is not None
    seen = signal.grad[0, 0].nonzero()[:, 0]
    centre = grid.start + cell * grid.stride
    first, last = centre - (grid.field - 1) / 2, centre + (grid.field - 1) / 2
    # Strides wider than the kernel leave gaps, never at the ends.
    assert (seen.min().item(), seen.max().item()) == (max(0, first), last)


def test_maps_half_a_cell_apart_are_refused() -> None:
    with pytest.raises(InputError, match=r"0\.5 cells apart"):
        offset(Grid(stride=2), Grid(stride=2, start=1))


def test_maps_of_other_strides_are_refused() -> None:
    with pytest.raises(InputError, match="strides 1 and 2 differ"):
        offset(Grid(), Grid(stride=2))
