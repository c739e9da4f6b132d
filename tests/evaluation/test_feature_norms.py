"""How unequal the features are that a net predicts from."""

from collections.abc import Sequence

import pytest
import torch
from fixtures.nets import with_random_scores
from torch import Tensor

from fcnlib.evaluation.feature_norms import feature_norm_ratio
from fcnlib.models.fcn import FCN, build_fcn

STREAMS = ("color", "hha")


def mean_norms(net: FCN, images: Sequence[Tensor], layers: Sequence[str]) -> list[float]:
    """The average norm of each layer's features, over images of one size."""
    found: dict[str, list[float]] = {name: [] for name in layers}
    for name in layers:
        net[name].register_forward_hook(
            lambda _, __, features, name=name: found[name].append(
                features.square().sum(1).sqrt().mean().item()
            )
        )
    with torch.inference_mode():
        for image in images:
            net(net.normalise(image))
    return [sum(each) / len(each) for each in found.values()]


@pytest.mark.parametrize("streams", [(), STREAMS])
def test_the_ratio_is_of_the_average_norms_times_their_scales(streams: tuple[str, ...]) -> None:
    def thin(*scales: float) -> FCN:
        torch.manual_seed(0)
        net = build_fcn(width=1 / 32, streams=streams, skip_scales=scales)
        return with_random_scores(net)

    channels = 3 * max(1, len(streams))
    images = [torch.randint(0, 256, (1, channels, 40, 56)) for _ in range(3)]
    layers = [
        name + (f"_{stream}" if stream else "")
        for name in ("fc7", "pool4", "pool3")
        for stream in streams or ("",)
    ]
    norms = mean_norms(thin(1.0, 1.0), images, layers)
    expected = max(norms) / min(norms)
    assert expected > 1
    found = feature_norm_ratio(thin(1.0, 1.0), images, device="cpu")
    assert found == pytest.approx(expected, rel=1e-4)
    each = len(streams) or 1
    scaled = norms[:each] + [100 * x for x in norms[each : 2 * each]] + norms[2 * each :]
    found = feature_norm_ratio(thin(100.0, 1.0), images, device="cpu")
    assert found == pytest.approx(max(scaled) / min(scaled), rel=1e-4)


def test_features_that_are_all_0_have_no_ratio() -> None:
    net = build_fcn(width=1 / 32)
    for parameter in net["fc7"].parameters():
        torch.nn.init.zeros_(parameter)
    assert feature_norm_ratio(net, [torch.ones(1, 3, 40, 56)], device="cpu") is None
