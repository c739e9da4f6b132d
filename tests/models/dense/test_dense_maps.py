"""Shift-and-stitch and dilated filters give the same dense maps."""

import pytest
import torch
from fixtures.dense import apart, random_net, unpadded
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from torch import Tensor

from fcnlib.core.errors import InputError
from fcnlib.models.backbones import BACKBONES
from fcnlib.models.classifier import build_classifier
from fcnlib.models.dense.dense_maps import ShiftAndStitch, dense_grid, dilated
from fcnlib.models.dense.subnets import coarse_net
from fcnlib.models.fcn import build_fcn
from fcnlib.models.graph import LayerGraph

THIN = 1 / 64
LAST = {name: "inception_5b/output" if name == "googlenet" else "fc7" for name in BACKBONES}


def nets(backbone: str, width: float) -> dict[str, LayerGraph]:
    """As a classifier, as an FCN of the published padding, and of next to none."""
    small = {"googlenet": {}, "alexnet": {"padding": 50}}.get(backbone, {"padding": 1})
    return {
        "classifier": build_classifier(backbone, 3, width=width),
        "published": build_fcn(backbone, [LAST[backbone]], 3, width=width),
        "small": build_fcn(backbone, [LAST[backbone]], 3, width=width, **small),
    }


def dense_maps(net: LayerGraph, image: Tensor, stride: int) -> tuple[Tensor, Tensor, Tensor]:
    with torch.inference_mode():
        return (
            ShiftAndStitch(net, stride)(image),
            dilated(net, stride)(image),
            coarse_net(net)(image),
        )


@settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking would take minutes
)
@given(
    backbone=st.sampled_from(list(BACKBONES)),
    kind=st.sampled_from(["classifier", "published", "small"]),
    width=st.sampled_from([1 / 64, 1 / 32]),
    stride=st.sampled_from([1, 2, 4, 8, 16, 32]),
    cells=st.tuples(st.integers(1, 5), st.integers(1, 3)),
    seed=st.integers(0, 9),
)
def test_all_shifts_stitched_are_the_dilated_net_on_the_whole_map(
    backbone: str, kind: str, width: float, stride: int, cells: tuple[int, int], seed: int
) -> None:
    torch.manual_seed(seed)
    net = random_net(nets(backbone, width)[kind])
    least = coarse_net(net).smallest_side
    # One more pixel than these cells need, so that sides are odd too.
    height, width_ = (least + stride * (count - 1) + seed % 3 for count in cells)
    stitched, in_one_pass, coarse_map = dense_maps(
        net, 50 * torch.randn(1, 3, height, width_), stride
    )
    assert stitched.shape == in_one_pass.shape
    assert apart(stitched, in_one_pass) < 1e-5
    step = 32 // stride
    assert apart(coarse_map, in_one_pass[:, :, ::step, ::step]) < 1e-5


@pytest.mark.parametrize("backbone", ["alexnet", "vgg16"])
def test_without_padding_a_shift_cuts_the_first_pixels_off(backbone: str) -> None:
    net = unpadded(random_net(build_classifier(backbone, 3, width=THIN, fc6_kernel=2)))
    image = 50 * torch.randn(1, 3, net.smallest_side + 40, net.smallest_side + 37)
    with torch.inference_mode():
        dense = dilated(net)(image)
        for down, right in [(0, 0), (1, 0), (5, 31), (30, 2)]:
            assert apart(dense[:, :, down::32, right::32], net(image[:, :, down:, right:])) < 1e-5


def test_with_padding_it_does_so_where_no_border_is_seen_and_only_there() -> None:
    net = coarse_net(random_net(build_fcn("vgg16", ["pool3"], 3, width=THIN, padding=1)))
    grid, side, shift = dense_grid(net), 120, 3
    image = 50 * torch.randn(1, 3, side, side)
    with torch.inference_mode():
        dense = dilated(net)(image)[:, :, shift::8, shift::8]
        shifted = net(image[:, :, shift:, shift:])
    centres = shift + grid.start + 8 * torch.arange(shifted.shape[2])
    reach = (grid.receptive_field - 1) / 2
    inside = (centres - reach >= shift) & (centres + reach <= side - 1)
    assert 0 < inside.sum() < len(inside)
    where = torch.outer(inside, inside)
    assert apart(dense[:, :, where], shifted[:, :, where]) < 1e-5
    assert apart(dense, shifted) > 1e-3


@pytest.mark.parametrize("backbone", ["alexnet", "vgg16"])
def test_a_dense_map_moves_with_the_image_pixel_by_pixel(backbone: str) -> None:
    net = dilated(unpadded(random_net(build_classifier(backbone, 3, width=THIN, fc6_kernel=2))))
    image = 50 * torch.randn(1, 3, net.smallest_side + 12, net.smallest_side + 9)
    with torch.inference_mode():
        assert apart(net(image)[:, :, 3:, 2:], net(image[:, :, 3:, 2:])) < 1e-5


def test_a_dense_cell_sees_the_pixels_of_its_grid() -> None:
    """Noise that leaves a cell as it is lies outside of its receptive field, which is tight."""
    net = coarse_net(random_net(build_fcn("vgg16", ["pool3"], 3, width=1 / 8)))
    grid, image, cell = dense_grid(net, 4), 50 * torch.randn(1, 3, 60, 60), 35
    seen = image.requires_grad_()
    dilated(net, 4)(seen)[0, :, cell, cell].abs().sum().backward()
    assert seen.grad is not None
    rows = seen.grad.abs().sum((0, 1, 3)).nonzero()[:, 0]
    centre = grid.start + cell * grid.stride
    assert rows.min() >= centre - (grid.receptive_field - 1) / 2
    assert rows.max() <= centre + (grid.receptive_field - 1) / 2
    assert rows.max() - rows.min() > grid.receptive_field / 2


def test_every_shift_and_the_dilated_net_share_the_nets_weights() -> None:
    net = coarse_net(random_net(build_fcn("vgg16", ["pool3"], 3, width=THIN, padding=1))).double()
    image, gradients = torch.randn(1, 3, 21, 26).double(), []
    for dense in (ShiftAndStitch(net, 4), dilated(net, 4)):
        net.zero_grad()
        dense(image).square().sum().backward()
        gradients.append([parameter.grad for parameter in net.parameters()])
    for one, other in zip(*gradients, strict=True):
        assert one is not None
        assert torch.allclose(one, other)


@pytest.mark.parametrize("stride", [0, 3, 64])
def test_a_stride_that_does_not_divide_the_nets_is_refused(stride: int) -> None:
    net = build_fcn("alexnet", ["fc7"], 3, width=THIN)
    for dense in (ShiftAndStitch, dilated):
        with pytest.raises(
            InputError, match=f"stride: {stride}; expected a divisor of the net's 32"
        ):
            dense(net, stride)


def test_an_image_too_small_for_one_cell_is_refused() -> None:
    net = build_classifier("vgg16", 3, width=THIN)
    image = torch.zeros(1, 3, 160, 160)
    for dense in (ShiftAndStitch(net, 8), dilated(net, 8)):
        with pytest.raises(InputError, match=r"160 x 160 pixels: expected at least \d+ a side"):
            dense(image)


def test_an_image_of_which_a_shift_leaves_a_layer_nothing_is_refused() -> None:
    net = ShiftAndStitch(build_fcn("alexnet", ["fc7"], 3, width=THIN, padding=30), 4)
    with pytest.raises(InputError, match="side of 6 pixels: a shift by 28 leaves pool5 no cell"):
        net(torch.zeros(1, 3, 20, 6))
