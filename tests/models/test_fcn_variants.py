"""The values of build_fcn: each variant by hand, and all of them scripted."""

import warnings
from typing import Any

import pytest
import torch
from fixtures.nets import with_random_scores
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from fcnlib.config.schema_nets import STRIDES
from fcnlib.core.errors import InputError
from fcnlib.models.fcn import FCN, build_fcn
from fcnlib.models.layers import Crop, Upscore

THIN = 1 / 64
TRUNK = [
    "conv1_1", "conv1_2", "pool1", "conv2_1", "conv2_2", "pool2",
    "conv3_1", "conv3_2", "conv3_3", "pool3", "conv4_1", "conv4_2", "conv4_3", "pool4",
    "conv5_1", "conv5_2", "conv5_3", "pool5", "fc6", "fc7",
]  # fmt: skip
# As in the released net.py files; crops of skips are part of their fusion here.
SIFTFLOW_8S = [
    "score_fr_sem", "upscore2_sem", "score_pool4_sem", "fuse_pool4_sem", "upscore_pool4_sem",
    "score_pool3_sem", "fuse_pool3_sem", "upscore8_sem", "score_sem",
    "score_fr_geo", "upscore2_geo", "score_pool4_geo", "fuse_pool4_geo", "upscore_pool4_geo",
    "score_pool3_geo", "fuse_pool3_geo", "upscore8_geo", "score_geo",
]  # fmt: skip
SIFTFLOW = {"semantic": 33, "geometric": 3}
STREAMS = ("color", "hha")


def scores(net: FCN, image: Tensor) -> Tensor:
    with torch.inference_mode():
        result: Tensor = net(image)
    return result


def requiring_grad(net: FCN) -> set[str]:
    return {name for name, p in net.named_parameters() if p.requires_grad}


def test_two_heads_have_the_released_names() -> None:
    net = build_fcn(classes=SIFTFLOW, width=THIN)
    assert list(net) == [*TRUNK, *SIFTFLOW_8S, "scores"]
    coarse = build_fcn(predict_from=["fc7"], classes=SIFTFLOW, width=THIN)
    heads = ["score_fr_sem", "upscore_sem", "score_sem", "score_fr_geo", "upscore_geo"]
    assert list(coarse) == [*TRUNK, *heads, "score_geo", "scores"]


def test_two_streams_have_the_released_names() -> None:
    net = build_fcn(predict_from=["fc7"], streams=STREAMS, width=THIN)
    trunks = [name for s in STREAMS for name in (s, *(f"{layer}_{s}" for layer in TRUNK))]
    coarse = ["score_fr_color", "score_fr_hha", "score_fused"]
    assert list(net) == [*trunks, *coarse, "upscore", "score"]
    net = build_fcn(predict_from=["fc7", "pool4"], streams=STREAMS, width=THIN)
    skip = ["upscore2", "score_pool4_color", "score_pool4_hha", "score_pool4_fused", "fuse_pool4"]
    assert list(net) == [*trunks, *coarse, *skip, "upscore16", "score"]


def test_the_first_layer_that_sees_depth_has_the_released_name() -> None:
    net = build_fcn(predict_from=["fc7"], input_channels=4, width=THIN)
    assert list(net) == ["conv1_1_bgrd", *TRUNK[1:], "score_fr", "upscore", "score"]


@pytest.mark.parametrize(("layer", "last"), [("pool5", ""), ("pool4", "16"), ("pool3", "8")])
def test_truncated_nets_end_with_their_layer(layer: str, last: str) -> None:
    net = build_fcn(predict_from=[layer], width=THIN)
    head = [f"score_{layer}", f"upscore{last}", "score"]
    assert list(net) == [*TRUNK[: TRUNK.index(layer) + 1], *head]


def test_two_heads_score_as_two_nets_with_the_same_trunk() -> None:
    both = with_random_scores(build_fcn(classes=SIFTFLOW, width=THIN))
    image = 100 * torch.randn(2, 3, 45, 70)
    found = both.split(scores(both, image))
    assert list(found) == ["semantic", "geometric"]
    for task, classes in SIFTFLOW.items():
        alone = build_fcn(classes=classes, width=THIN).eval()
        suffix = f"_{task[:3]}"
        state = {name.replace(suffix, ""): t for name, t in both.state_dict().items()}
        state |= {n.replace(suffix, ""): t for n, t in both.state_dict().items() if suffix in n}
        alone.load_state_dict({name: state[name] for name in alone.state_dict()})
        torch.testing.assert_close(found[task], scores(alone, image))


def test_two_streams_score_as_the_mean_of_two_nets() -> None:
    both = with_random_scores(build_fcn(predict_from=["fc7"], streams=STREAMS, width=THIN))
    image = 100 * torch.randn(1, 6, 45, 70)
    parts = []
    for part, stream in zip(image.split(3, 1), STREAMS, strict=True):
        alone = build_fcn(predict_from=["fc7"], width=THIN).eval()
        state = {name.replace(f"_{stream}.", "."): t for name, t in both.state_dict().items()}
        state |= {name: alone.state_dict()[name] for name in ("input_mean", "input_order")}
        alone.load_state_dict({name: state[name] for name in alone.state_dict()})
        parts.append(scores(alone, part))
    assert not torch.equal(*parts)
    torch.testing.assert_close(scores(both, image), (parts[0] + parts[1]) / 2)


def test_a_null_background_scores_zero_before_the_other_classes() -> None:
    plain = with_random_scores(build_fcn(classes=20, width=THIN))
    null = build_fcn(classes=21, null_background=True, width=THIN).eval()
    null.load_state_dict(plain.state_dict())
    image = 100 * torch.randn(1, 3, 45, 70)
    found = scores(null, image)
    assert found.shape == (1, 21, 45, 70) and null.heads == {"semantic": 21}
    assert not found[:, 0].any()
    assert torch.equal(found[:, 1:], scores(plain, image))


def test_learned_upsampling_trains_all_steps_but_the_last() -> None:
    frozen, learned = (build_fcn(width=THIN, upsampling=name) for name in ("frozen", "learned"))
    steps = {"upscore2.weight", "upscore_pool4.weight"}
    assert requiring_grad(learned) - requiring_grad(frozen) == steps
    for name in steps:
        assert torch.equal(learned.state_dict()[name], frozen.state_dict()[name])
    with_random_scores(learned)(100 * torch.randn(1, 3, 40, 40)).square().sum().backward()
    step = learned["upscore2"]
    assert isinstance(step, Upscore) and step.weight.grad is not None
    assert step.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("upsampling", ["frozen", "learned"])
def test_fixed_features_train_the_score_layers_only(upsampling: str) -> None:
    net = build_fcn(width=THIN, features="fixed", upsampling=upsampling)
    layers = ("score_fr", "score_pool4", "score_pool3")
    assert requiring_grad(net) == {f"{x}.{kind}" for x in layers for kind in ("weight", "bias")}
    net(torch.randn(1, 3, 40, 40)).sum().backward()
    assert all((p.grad is not None) == p.requires_grad for p in net.parameters())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"upsampling": "dense"}, "upsampling: 'dense'; expected one of: frozen, learned"),
        ({"fusion": "mean"}, "fusion: 'mean'; expected one of: sum, max"),
        ({"features": "some"}, "features: 'some'; expected one of: learned, fixed"),
        ({"classes": SIFTFLOW, "null_background": True}, "null_background with 2 tasks"),
        ({"predict_from": ["fc7", "pool5"]}, "each of a finer stride"),
        ({"predict_from": ["fc6"]}, "expected layers coarsest first"),
    ],
)
def test_values_that_do_not_fit_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        build_fcn(**{"width": THIN, **values})


def scripted(net: FCN) -> Any:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*torch.jit", category=Warning)
        return torch.jit.freeze(torch.jit.script(net.eval()))


@st.composite
def nets(draw: st.DrawFn) -> FCN:
    backbone = draw(st.sampled_from(list(STRIDES)))
    strides = list(STRIDES[backbone].items())
    coarsest = draw(st.integers(0, 3))
    finer = [x for x, stride in strides[coarsest + 1 :] if stride < strides[coarsest][1]]
    streams = draw(st.sampled_from([(), (), STREAMS]))
    kept = draw(st.integers(0, len(finer)))
    null = draw(st.booleans())
    values: dict[str, Any] = {
        "classes": draw(st.sampled_from([3] if null else [3, {"semantic": 4, "geometric": 2}])),
        "null_background": null,
        "streams": streams,
        "input_channels": draw(st.sampled_from([3, 4])),
        "upsampling": draw(st.sampled_from(["frozen", "learned"])),
        "fusion": draw(st.sampled_from(["sum", "max"])),
        "features": draw(st.sampled_from(["learned", "fixed"])),
        "skip_scales": draw(st.sampled_from([None, [0.5, 0.1, 0.2][:kept]])),
        "padding": draw(st.sampled_from([None, 24, 60])),
    }
    names = [strides[coarsest][0], *finer[:kept]]
    return with_random_scores(build_fcn(backbone, names, width=THIN, **values))


@settings(max_examples=20, deadline=None)
@given(net=nets(), height=st.integers(31, 80), width=st.integers(31, 80))
def test_every_net_of_every_value_scripted_equals_eager(net: FCN, height: int, width: int) -> None:
    compiled = scripted(net)
    for size in [(height, width), (width, 31)]:
        image = 100 * torch.randn(2, net.input_mean.numel(), *size)
        found = scores(net, image)
        assert found.shape == (2, sum(net.heads.values()), *size)
        assert isinstance(net["score"] if "score" in net else net["score_sem"], Crop)
        torch.testing.assert_close(compiled(image), found)
