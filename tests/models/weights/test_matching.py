"""Weights into nets by layer name."""

import pytest
import torch
from torch import nn

from fcnlib.core.errors import InputError
from fcnlib.models.fcn import build_fcn
from fcnlib.models.weights.matching import load_matching

THIN = 1 / 32


def test_a_finer_net_takes_over_the_coarser_one_and_its_new_layer_stays_zero() -> None:
    coarse = build_fcn(predict_from=["fc7", "pool4"], width=THIN)
    nn.init.normal_(coarse["score_pool4"].weight)
    nn.init.normal_(coarse["score_fr"].weight)
    fine = build_fcn(width=THIN)
    done = load_matching(coarse.state_dict(), fine)
    assert done.missing == ("score_pool3.weight", "score_pool3.bias")
    assert not fine["score_pool3"].weight.any()
    for name, tensor in coarse.named_parameters():
        if not name.startswith("upscore"):
            assert torch.equal(fine.state_dict()[name], tensor), name


def test_a_finer_net_predicts_what_the_coarser_one_did_but_for_the_border_of_cells() -> None:
    """With the new score layer at zero, 8s is the 16s map upsampled in two steps, not one."""
    coarse = build_fcn(predict_from=["fc7", "pool4"], width=THIN).eval()
    for name in ("score_fr", "score_pool4"):
        nn.init.normal_(coarse[name].weight)
    fine = build_fcn(width=THIN).eval()
    load_matching(coarse.state_dict(), fine)
    image = 50 * torch.randn(1, 3, 80, 96)
    with torch.inference_mode():
        same = coarse(image).argmax(1) == fine(image).argmax(1)
    assert same.float().mean() > 0.9


def test_fully_connected_weights_become_convolutions() -> None:
    net = build_fcn(predict_from=["fc7"], width=THIN)
    kernel = net["fc6"].weight
    source = {"fc6.weight": torch.randn(kernel.shape[0], kernel[0].numel())}
    done = load_matching(source, net)
    assert done.reshaped == ("fc6.weight",)
    window = torch.randn(1, *kernel.shape[1:])
    convolved = nn.functional.conv2d(window, net["fc6"].weight)[0, :, 0, 0]
    expected = source["fc6.weight"] @ window.flatten()
    torch.testing.assert_close(convolved, expected, rtol=1e-4, atol=1e-4)


def test_weights_of_another_width_are_refused() -> None:
    with pytest.raises(InputError, match=r"a\.pt: conv1_1\.weight is 4 x 3 x 3 x 3; expected 2 x"):
        load_matching(build_fcn(width=1 / 16).state_dict(), build_fcn(width=THIN), origin="a.pt")


def test_weights_without_a_common_layer_are_refused() -> None:
    with pytest.raises(InputError, match="no layer of this net in it; expected conv1_1"):
        load_matching({"block.weight": torch.zeros(2)}, build_fcn(width=THIN))


def test_learned_upsampling_is_taken_over_and_frozen_is_not() -> None:
    source = build_fcn(width=THIN, upsampling="learned")
    with torch.no_grad():
        source["upscore2"].weight += 1
    learned, frozen = build_fcn(width=THIN, upsampling="learned"), build_fcn(width=THIN)
    bilinear = frozen["upscore2"].weight.clone()
    for net in (learned, frozen):
        done = load_matching(source.state_dict(), net)
        assert not done.missing and not done.unused
    assert torch.equal(learned["upscore2"].weight, source["upscore2"].weight)
    assert torch.equal(frozen["upscore2"].weight, bilinear)


def test_weights_from_before_nets_knew_their_channel_order_fit() -> None:
    net = build_fcn(width=THIN)
    old = {name: tensor for name, tensor in net.state_dict().items() if name != "input_order"}
    assert load_matching(old, build_fcn(width=THIN)).missing == ("input_order",)
