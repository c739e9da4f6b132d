"""Offsets, strides and sizes against the published numbers and against the nets."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from fcnlib.config.schema_nets import STRIDES
from fcnlib.core.errors import InputError
from fcnlib.models.backbones import BACKBONES
from fcnlib.models.fcn import FCN, build_fcn
from fcnlib.models.geometry import IMAGE, Grid, crop_offset, grids, sizes, smallest_side
from fcnlib.models.layers import Concat, Crop, Fuse, Layers, Upscore, add_layer

THIN = 1 / 64
# Every skip and truncated net of each backbone, with its published padding and with little.
VGG_NETS = [["fc7"], ["fc7", "pool4"], ["fc7", "pool4", "pool3"], ["pool5"], ["pool4"], ["pool3"]]
NETS: list[tuple[str, list[str], dict[str, Any]]] = [
    *(("vgg16", names, {}) for names in VGG_NETS),
    *(("vgg16", names, {"padding": 1, "fc6_kernel": 3}) for names in VGG_NETS[:3]),
    ("vgg19", ["fc7", "pool4", "pool3"], {}),
    ("alexnet", ["fc7"], {}),
    ("alexnet", ["fc7", "pool2", "pool1"], {}),
    ("alexnet", ["fc7"], {"padding": 5, "fc6_kernel": 3}),
    ("googlenet", ["inception_5b/output"], {}),
    ("googlenet", ["inception_5b/output", "pool3/3x3_s2", "pool2/3x3_s2"], {}),
    ("googlenet", ["inception_5b/output"], {"padding": 100}),
]


def thin_net(backbone: str, predict_from: list[str], values: dict[str, Any]) -> FCN:
    return build_fcn(backbone, predict_from, 3, width=THIN, **values).eval()


def crop_offsets(net: FCN) -> list[int]:
    """The crops in published order: of each finer layer's scores, then of the upsampled result."""
    fuses = [layer for layer in net.values() if isinstance(layer, Fuse)]
    crops = [layer.offset for layer in net.values() if isinstance(layer, Crop)]
    return [fuse.fine_offset - fuse.coarse_offset for fuse in fuses] + crops


@pytest.mark.parametrize(
    ("backbone", "predict_from", "crops"),
    [
        ("vgg16", ["fc7"], [19]),
        ("vgg16", ["fc7", "pool4"], [5, 27]),
        ("vgg16", ["fc7", "pool4", "pool3"], [5, 9, 31]),
        ("vgg16", ["pool5"], [115]),
        ("vgg16", ["pool4"], [107]),
        ("vgg16", ["pool3"], [103]),
        ("vgg19", ["fc7"], [19]),
        ("alexnet", ["fc7"], [18]),
        ("googlenet", ["inception_5b/output"], [1]),
    ],
)
def test_crops_are_the_published_ones(
    backbone: str, predict_from: list[str], crops: list[int]
) -> None:
    net = build_fcn(backbone, predict_from, width=THIN)
    assert crop_offsets(net) == crops
    # With its crop, a net ends on the pixels of the image, whatever lies between.
    end = grids(dict(net.items()))["score"]
    assert (end.stride, end.start) == (1, 0)


@pytest.mark.parametrize(
    ("backbone", "kernel"), [("vgg16", 64), ("vgg19", 64), ("alexnet", 63), ("googlenet", 63)]
)
def test_the_last_upsampling_has_the_published_kernel(backbone: str, kernel: int) -> None:
    last = next(iter(STRIDES[backbone]))
    layer = build_fcn(backbone, [last], width=THIN)["upscore"]
    assert isinstance(layer, Upscore)
    assert layer.kernel_size == (kernel, kernel)


@pytest.mark.parametrize(("side", "cells"), [(500, 16), (375, 12), (333, 11), (425, 14), (560, 18)])
def test_grid_of_fc7_is_caffes(side: int, cells: int) -> None:
    """Floor instead of ceil pooling would give one cell less (500: 15)."""
    layers = BACKBONES["vgg16"].layers(width=THIN)
    found = sizes(layers, side)
    assert found is not None and found["fc7"] == cells
    trunk = nn.Sequential(*layers.values()).eval()
    with torch.inference_mode():
        assert trunk(torch.zeros(1, 3, side, 20)).shape[2] == cells


@pytest.mark.parametrize(
    ("side", "cells", "upscore"),
    [(500, 16, 543), (375, 12, 415), (333, 11, 383), (425, 14, 479), (560, 18, 607), (256, 9, 319)],
)
def test_grid_of_alexnet_is_caffes(side: int, cells: int, upscore: int) -> None:
    found = sizes(dict(build_fcn("alexnet", ["fc7"], width=THIN).items()), side)
    assert found is not None and (found["fc7"], found["upscore"]) == (cells, upscore)


@pytest.mark.parametrize(("backbone", "predict_from", "values"), NETS)
def test_every_side_from_32_to_1000_is_covered(
    backbone: str, predict_from: list[str], values: dict[str, Any]
) -> None:
    """By the sizes of all layers: the cropped map reaches the last pixel of the image."""
    layers = dict(thin_net(backbone, predict_from, values).items())
    assert smallest_side(layers) <= 32
    for side in range(32, 1001):
        found = sizes(layers, side)
        assert found is not None and found["score"] == side


@pytest.mark.parametrize(("backbone", "predict_from", "values"), NETS)
def test_sizes_are_those_that_the_layers_make(
    backbone: str, predict_from: list[str], values: dict[str, Any]
) -> None:
    net = thin_net(backbone, predict_from, values)
    made: dict[str, tuple[int, int]] = {}
    for name, layer in net.items():
        layer.register_forward_hook(
            lambda _, __, output, name=name: made.__setitem__(name, tuple(output.shape[2:]))
        )
    for height, width in [(net.smallest_side, 47), (61, 97), (70, 133)]:
        with torch.inference_mode():
            net(torch.zeros(1, 3, height, width))
        down, across = (sizes(dict(net.items()), side) for side in (height, width))
        assert down is not None and across is not None
        for name, size in made.items():
            assert size == (down[name], across[name]), name


@settings(max_examples=100, deadline=None)
@given(
    kernel=st.integers(1, 7),
    stride=st.integers(1, 4),
    padding=st.integers(0, 3),
    ceil=st.booleans(),
    side=st.integers(1, 30),
)
def test_sizes_of_any_pooling_are_pytorchs(
    kernel: int, stride: int, padding: int, ceil: bool, side: int
) -> None:
    """Also where rounding up would add a window that lies in the padding only."""
    layer = nn.MaxPool2d(kernel, stride, min(padding, kernel // 2), ceil_mode=ceil)
    found = sizes({"pool": layer}, side)
    if found is None:
        with pytest.raises(RuntimeError, match="too small"):
            layer(torch.zeros(1, 1, side, side))
    else:
        assert layer(torch.zeros(1, 1, side, side)).shape[2] == found["pool"]


@pytest.mark.parametrize(
    ("backbone", "predict_from", "values", "smallest"),
    [
        ("googlenet", ["inception_5b/output"], {}, 31),
        ("alexnet", ["fc7"], {"padding": 5, "fc6_kernel": 3}, 29),
        ("vgg16", ["fc7"], {}, 1),
    ],
)
def test_an_image_that_is_too_small_is_refused_with_the_smallest_side(
    backbone: str, predict_from: list[str], values: dict[str, Any], smallest: int
) -> None:
    net = thin_net(backbone, predict_from, values)
    assert net.smallest_side == smallest
    with torch.inference_mode():
        assert net(torch.zeros(1, 3, smallest, 50)).shape[2:] == (smallest, 50)
        if smallest == 1:
            return
        small = torch.zeros(1, 3, smallest - 1, 50)
        message = f"image of {smallest - 1} x 50 pixels: expected at least {smallest} a side"
        with pytest.raises(InputError, match=message):
            net(small)
        # The bound is none too high: without it, one pixel less is not scored in full.
        net.smallest_side = 1
        try:
            assert net(small).shape[2:] != small.shape[2:]
        except RuntimeError as error:
            assert "too small" in str(error)


def test_padding_that_leaves_the_border_without_scores_is_refused() -> None:
    with pytest.raises(InputError, match=r"padding: .* expected more padding"):
        build_fcn("googlenet", ["inception_5b/output"], width=THIN, padding=2)


def test_maps_on_other_cells_are_not_put_together() -> None:
    layers: Layers = {}
    add_layer(layers, "a", nn.MaxPool2d(2, 2))
    add_layer(layers, "b", nn.MaxPool2d(3, 2), "data")
    add_layer(layers, "both", Concat(), "a", "b")
    with pytest.raises(InputError, match="Concat of maps on other cells"):
        grids(layers)


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


@pytest.mark.parametrize(
    ("predict_from", "crops"), [(["fc7"], [16]), (["fc7", "pool4", "pool3"], [-1, -1, 4])]
)
def test_crops_with_little_padding(predict_from: list[str], crops: list[int]) -> None:
    """By hand: fc7 starts at pixel 15.5, its upsampled map 31.5 pixels before."""
    assert crop_offsets(build_fcn(predict_from=predict_from, width=THIN, padding=1)) == crops


@settings(max_examples=30, deadline=None)
@given(
    layers=st.lists(
        st.tuples(st.sampled_from([1, 2, 3, 5]), st.integers(1, 2), st.integers(0, 2)),
        min_size=1,
        max_size=4,
    ),
    cell=st.integers(0, 3),
)
def test_a_cell_sees_the_pixels_of_its_grid(layers: list[tuple[int, int, int]], cell: int) -> None:
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
    first, last = centre - (grid.receptive_field - 1) / 2, centre + (grid.receptive_field - 1) / 2
    # Strides wider than the kernel leave gaps, never at the ends.
    assert (seen.min().item(), seen.max().item()) == (max(0, first), last)


def test_maps_half_a_cell_apart_are_refused() -> None:
    with pytest.raises(InputError, match=r"0\.5 cells apart"):
        crop_offset(Grid(stride=2), Grid(stride=2, start=1))


def test_maps_of_other_strides_are_refused() -> None:
    with pytest.raises(InputError, match="strides 1 and 2 differ"):
        crop_offset(Grid(), Grid(stride=2))
