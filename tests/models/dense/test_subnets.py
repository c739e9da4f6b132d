"""Nets made of some layers of others."""

import torch
from fixtures.dense import apart, random_net
from torch import Tensor

from fcnlib.models.dense.dense_maps import dilated
from fcnlib.models.dense.subnets import coarse_net
from fcnlib.models.fcn import build_fcn

THIN = 1 / 64


def test_the_coarse_net_of_skips_heads_and_streams_ends_with_its_coarsest_scores() -> None:
    image = 50 * torch.randn(1, 6, 40, 50)
    colours = image[:, :3]
    for net, tops in [
        (build_fcn("vgg16", classes=3, width=THIN), ["score_fr"]),
        (
            build_fcn("vgg16", classes={"sem": 3, "geo": 2}, width=THIN),
            ["score_fr_sem", "score_fr_geo"],
        ),
        (build_fcn("vgg16", ["fc7"], 3, width=THIN, streams=("color", "hha")), ["score_fused"]),
        (build_fcn("vgg16", classes=3, width=THIN, streams=("color", "hha")), ["score_fused"]),
    ]:
        kept: list[Tensor] = []
        for top in tops:
            random_net(net)[top].register_forward_hook(lambda _, __, scores: kept.append(scores))  # noqa: B023
        seen = image if "color" in net else colours
        with torch.inference_mode():
            net(seen)
            expected = torch.cat(kept[: len(tops)], 1)
            assert torch.equal(coarse_net(net)(seen), expected)
            assert apart(dilated(net, 16)(seen)[:, :, ::2, ::2], expected) < 1e-5
