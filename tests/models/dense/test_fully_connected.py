"""Fully connected layers against the convolutions they became."""

import pytest
import torch
from fixtures.dense import apart, random_net, unpadded
from torch import Tensor, nn
from torch.nn import functional

from fcnlib.config.schema_nets import WINDOWS
from fcnlib.core.errors import InputError
from fcnlib.models.backbones import BACKBONES
from fcnlib.models.classifier import build_classifier
from fcnlib.models.dense.dense_maps import dense_grid
from fcnlib.models.dense.fully_connected import FullyConnected

THIN = 1 / 64


@pytest.mark.parametrize("backbone", ["alexnet", "vgg16", "vgg19"])
def test_the_fully_connected_net_gives_every_windows_cell_of_the_map(backbone: str) -> None:
    """Without padding, a window of the image is all that a cell of the map sees."""
    net = unpadded(random_net(build_classifier(backbone, 3, width=1 / 32, fc6_kernel=3)))
    single, window = FullyConnected(net).eval(), round(dense_grid(net).receptive_field)
    height, width = window + 32 + 5, window + 2 * 32 + 31
    image = 50 * torch.randn(2, 3, height, width)
    with torch.inference_mode():
        cells = net(image)
        for row in range(2):
            for column in range(3):
                crop = image[:, :, 32 * row :, 32 * column :][:, :, :window, :window]
                assert apart(single(crop), cells[:, :, row, column]) < 1e-5


@pytest.mark.parametrize("backbone", list(BACKBONES))
def test_the_fully_connected_layers_slid_over_the_features_give_the_map(backbone: str) -> None:
    """Of any net, padding and all: only the layers before them see its borders."""
    net = random_net(build_classifier(backbone, 3, width=1 / 32))
    single = FullyConnected(net).eval()
    with torch.inference_mode():
        image = 50 * torch.randn(2, 3, 300, 270)
        cells = net(image)
        assert min(cells.shape[2:]) > 1
        assert apart(single.slide(single.trunk(image)), cells) < 1e-5
        window = image[:, :, : WINDOWS[backbone], : WINDOWS[backbone]]
        assert apart(single(window)[:, :, None, None], net(window)) < 1e-5


def test_fully_connected_layers_with_padding_are_refused() -> None:
    with pytest.raises(InputError, match="fc6: stride 1, padding 1; expected 1 and 0"):
        FullyConnected(build_classifier("alexnet", 3, width=THIN, fc6_kernel=3, window=64))


def test_alexnet_makes_the_papers_grid_of_its_image() -> None:
    """10 x 10 of 500 x 500 pixels: with floor pooling there would be 9."""
    net = build_classifier("alexnet", 3, width=THIN)
    for side, cells in ((500, 10), (227, 1)):
        assert net(torch.zeros(1, 3, side, side)).shape[2:] == (cells, cells)


def gradient(loss: Tensor, net: nn.Module) -> list[Tensor]:
    return list(torch.autograd.grad(loss, list(net.parameters())))


@pytest.mark.parametrize("seed", [0, 1])
def test_the_loss_of_a_map_is_that_of_its_patches(seed: int) -> None:
    """Whole images are batches of all patches, and a random mask samples them (section 3.4)."""
    generator = torch.Generator().manual_seed(seed)
    net = unpadded(random_net(build_classifier("alexnet", 4, width=1 / 32, fc6_kernel=2))).double()
    single, window = FullyConnected(net).eval(), round(dense_grid(net).receptive_field)
    side = window + 2 * 32
    image = 50 * torch.randn(1, 3, side, side, generator=generator).double()
    labels = torch.randint(4, (1, 3, 3), generator=generator)

    def patches(cells: list[tuple[int, int]]) -> list[Tensor]:
        """The sum of the gradients of the cells' own patches, each alone in a batch of one."""
        total = [torch.zeros_like(parameter) for parameter in single.parameters()]
        for row, column in cells:
            patch = image[:, :, 32 * row : 32 * row + window, 32 * column : 32 * column + window]
            loss = functional.cross_entropy(single(patch), labels[:, row, column])
            total = [a + b for a, b in zip(total, gradient(loss, single), strict=True)]
        return total

    every = [(row, column) for row in range(3) for column in range(3)]
    loss = functional.cross_entropy(net(image), labels, reduction="sum")
    assert_same(gradient(loss, net), patches(every))
    kept = torch.rand(3, 3, generator=generator) < 0.5
    assert 0 < kept.sum() < 9
    sampled = labels.masked_fill(~kept, 255)
    loss = functional.cross_entropy(net(image), sampled, reduction="sum", ignore_index=255)
    assert_same(gradient(loss, net), patches([cell for cell in every if kept[cell]]))


def assert_same(map_gradient: list[Tensor], patch_gradient: list[Tensor]) -> None:
    for one, other in zip(map_gradient, patch_gradient, strict=True):
        assert torch.allclose(
            one.flatten(), other.flatten(), rtol=1e-9, atol=1e-9 * one.abs().max()
        )
