"""The moving average of a net's weights."""

import pytest
import torch

from fcnlib.models.batch_norm import add_batch_norm
from fcnlib.models.fcn import build_fcn
from fcnlib.training.weight_average import WeightAverage


def test_an_average_by_hand() -> None:
    net = build_fcn(width=1 / 64)
    bias = net["conv1_1"].bias
    assert isinstance(bias, torch.nn.Parameter)
    torch.nn.init.zeros_(bias)
    average = WeightAverage(net, 0.5)
    for step, value in ((1, 11.0), (2, 12.0), (100, 10.0)):
        torch.nn.init.constant_(bias, value)
        average.update(net, step)
    # 1/11 and 2/12 of the average before, then the decay of 0.5.
    first = 11.0 * 10 / 11
    second = first * 2 / 12 + 12.0 * 10 / 12
    found = average.net["conv1_1"].bias
    assert isinstance(found, torch.Tensor)
    assert found[0].item() == pytest.approx(second / 2 + 5.0)
    assert bias[0].item() == 10.0


def test_the_statistics_of_norm_layers_are_averaged_too() -> None:
    net = build_fcn(width=1 / 64, padding=1, fc6_kernel=3)
    add_batch_norm(net)
    average = WeightAverage(net, 0.5)
    net.train()(torch.randn(2, 3, 64, 64))
    average.update(net, 100)
    mean, value = (n["conv1_1"].norm.running_var for n in (average.net, net))
    assert isinstance(mean, torch.Tensor) and isinstance(value, torch.Tensor)
    assert torch.allclose(mean, (value + 1) / 2)
    count = average.net["conv1_1"].norm.num_batches_tracked
    assert isinstance(count, torch.Tensor) and count.item() == 1
    assert not average.net.training
