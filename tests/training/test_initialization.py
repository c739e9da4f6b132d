"""Initial weights: random, a classifier's, those of nets with fewer channels or streams."""

from pathlib import Path
from typing import Any

import pytest
import torch
from fixtures.tasks import training
from fixtures.training import checkpoint_content, train_net, training_config, weights_of
from torch import Tensor, nn

from fcnlib.config.schema_data import Data
from fcnlib.config.schema_nets import Net
from fcnlib.core.errors import InputError
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.models.backbones import BACKBONES
from fcnlib.models.classifier import build_classifier
from fcnlib.models.fcn import FCN, build_fcn
from fcnlib.training.initialization import build_initialized, load_initial_weights

NET: dict[str, Any] = {
    "backbone": "vgg16",
    "predict_from": ["fc7", "pool4"],
    "width": 1 / 32,
    "padding": 1,
    "fc6_kernel": 3,
}
STREAMS = ("color", "hha")


def initialized(world: Path, *paths: Path, **values: Any) -> FCN:
    net = Net.model_validate({**NET, **values})
    data = Data(dataset="x", test="seg11valid")
    return build_initialized(net, data, PreparedDataset(world), paths, seed=0).eval()


def write_weights(path: Path, net: nn.Module, *, seed: int = 0) -> Path:
    """A checkpoint of the net with weights and a mean of its own."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in net.named_parameters():
        if not name.startswith("upscore"):
            nn.init.normal_(parameter, std=0.1, generator=generator)
    assert isinstance(net.input_mean, Tensor)
    net.input_mean += seed + 1
    torch.save({"state": net.state_dict()}, path)
    return path


def thin_net(**values: Any) -> FCN:
    return build_fcn(classes=21, **{**NET, **values})


def test_starting_weights_that_lack_a_layer_of_the_trunk_are_refused(
    world: Path, tmp_path: Path
) -> None:
    partial = {"conv1_1.weight": torch.zeros(2, 3, 3, 3)}
    torch.save({"state": partial}, tmp_path / "part.pt")
    with pytest.raises(InputError, match=r"part\.pt: lacks conv1_1\.bias \(and 28 more\)"):
        initialized(world, tmp_path / "part.pt")


def test_random_start_is_he_initialised_around_the_data_sets_mean(world: Path) -> None:
    data = PreparedDataset(world)
    net = initialized(world, start_from="random", width=0.25)
    layer = net["conv5_1"]
    assert isinstance(layer, nn.Conv2d)
    fan_in = layer.weight[0].numel()
    assert layer.weight.std().item() == pytest.approx((2 / fan_in) ** 0.5, rel=0.05)
    assert net.input_mean.tolist() == pytest.approx(data.mean("rgb", "train")[::-1], abs=1e-3)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_random_start_is_he_initialised_in_every_backbone(world: Path, backbone: str) -> None:
    last = list(BACKBONES[backbone].layers(width=0.01))[-1]
    values = {"padding": None, "fc6_kernel": None, "width": 1 / 16}
    net = initialized(world, backbone=backbone, predict_from=[last], start_from="random", **values)
    for name, layer in net.items():
        if isinstance(layer, nn.Conv2d) and not name.startswith("score"):
            wanted = (2 / layer.weight[0].numel()) ** 0.5
            few = layer.weight.numel() ** -0.5  # the error of a deviation from few numbers
            assert layer.weight.std().item() == pytest.approx(wanted, rel=0.05 + 3 * few), name
    assert all(p.requires_grad for name, p in net.named_parameters() if name != "upscore.weight")


@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_classifier_starts_nets_of_one_head_and_of_two(
    world: Path, tmp_path: Path, backbone: str
) -> None:
    kernel = None if backbone == "googlenet" else 3
    classifier = build_classifier(backbone, 9, width=1 / 32, fc6_kernel=kernel, window=96)
    path = write_weights(tmp_path / "weights.pt", classifier)
    last = list(BACKBONES[backbone].layers(width=0.01))[-1]
    values = {"backbone": backbone, "fc6_kernel": kernel, "padding": None, "predict_from": [last]}
    net = initialized(world, path, **values)
    weights = classifier.state_dict()
    for name, tensor in net.state_dict().items():
        assert name.startswith(("score", "upscore")) or torch.equal(tensor, weights[name])
    both = build_fcn(**{**NET, **values}, classes={"semantic": 5, "geometric": 3})
    load_initial_weights(both, [path])
    trunk = {name: tensor for name, tensor in net.state_dict().items() if name in weights}
    assert all(torch.equal(both.state_dict()[name], tensor) for name, tensor in trunk.items())
    for head in (net["score_fr"], both["score_fr_sem"], both["score_fr_geo"]):
        assert isinstance(head, nn.Conv2d) and not head.weight.any()


def test_depth_starts_as_the_mean_of_the_colours(world: Path, tmp_path: Path) -> None:
    colours = thin_net()
    path = write_weights(tmp_path / "rgb.pt", colours)
    net = initialized(world, path, input_channels=4)
    first, old = net["conv1_1_bgrd"], colours["conv1_1"]
    assert isinstance(first, nn.Conv2d) and isinstance(old, nn.Conv2d)
    assert torch.equal(first.weight[:, :3], old.weight)
    assert torch.equal(first.weight[:, 3], old.weight.mean(1))
    assert first.bias is not None and old.bias is not None and torch.equal(first.bias, old.bias)
    assert net.input_mean.tolist() == [*colours.input_mean.tolist(), 0]
    assert net.input_order.tolist() == [2, 1, 0, 3]
    image = torch.randint(0, 256, (1, 4, 40, 50), dtype=torch.uint8)
    image[:, 3] = 0  # holds no information, and so must change nothing
    with torch.inference_mode():
        expected = colours.eval()(colours.normalise(image[:, :3]))
        torch.testing.assert_close(net(net.normalise(image)), expected)


def test_a_net_that_sees_depth_starts_another(world: Path, tmp_path: Path) -> None:
    first = thin_net(input_channels=4, predict_from=["fc7"])
    path = write_weights(tmp_path / "rgbd.pt", first)
    net = initialized(world, path, input_channels=4, start_from=["rgbd"])
    weights = first.state_dict()
    assert all(
        torch.equal(tensor, weights[name])
        for name, tensor in net.state_dict().items()
        if name in weights and not name.startswith("upscore")
    )


def test_two_streams_start_as_the_mean_of_the_nets_they_start_from(
    world: Path, tmp_path: Path
) -> None:
    parts = [thin_net(predict_from=["fc7"]) for _ in STREAMS]
    paths = [
        write_weights(tmp_path / f"{stream}.pt", part, seed=seed)
        for seed, (stream, part) in enumerate(zip(STREAMS, parts, strict=True))
    ]
    values = {"predict_from": ["fc7"], "streams": STREAMS}
    net = initialized(world, *paths, start_from=["a", "b"], **values)
    image = torch.randint(0, 256, (1, 6, 40, 50), dtype=torch.uint8)
    with torch.inference_mode():
        scores = [
            part.eval()(part.normalise(image[:, 3 * i : 3 * i + 3])) for i, part in enumerate(parts)
        ]
        assert not torch.equal(*scores)
        torch.testing.assert_close(net(net.normalise(image)), (scores[0] + scores[1]) / 2)
    # Its own net starts both streams of a net that starts from the classifier.
    same = initialized(world, paths[0], **values)
    with torch.inference_mode():
        twice = torch.cat([image[:, :3], image[:, :3]], 1)
        torch.testing.assert_close(same(same.normalise(twice)), scores[0])
    again = initialized(
        world, write_weights(tmp_path / "both.pt", net), **values, start_from=["both"]
    )
    with torch.inference_mode():
        torch.testing.assert_close(again(net.normalise(image)), net(net.normalise(image)))


def test_streams_of_other_scales_are_refused(world: Path, tmp_path: Path) -> None:
    paths = []
    for stream in STREAMS:
        part = thin_net(predict_from=["fc7"])
        part.input_scale.fill_(len(stream))
        paths.append(write_weights(tmp_path / f"{stream}.pt", part))
    values = {"predict_from": ["fc7"], "streams": STREAMS, "start_from": ["a", "b"]}
    with pytest.raises(InputError, match=r"input_scale .*expected the same in all streams"):
        initialized(world, *paths, **values)
    with pytest.raises(InputError, match="2 nets; expected one for each of"):
        initialized(
            world, *paths, **{**values, "streams": [*STREAMS, "depth"]} | {"start_from": []}
        )


def test_score_layers_start_at_zero_or_as_caffes(world: Path, tmp_path: Path) -> None:
    values, data = training_config({"width": 0.25}), PreparedDataset(world)
    zero, random, again, other = (
        build_initialized(values.net, values.data, data, [], seed=seed, score_init=kind)
        for seed, kind in ((0, "zero"), (0, "random"), (0, "random"), (1, "random"))
    )
    for name, tensor in random.state_dict().items():
        if name in ("score_fr.weight", "score_pool4.weight"):
            few = tensor.numel() ** -0.5
            assert tensor.std().item() == pytest.approx(0.01, rel=3 * few)
            assert tensor.mean().item() == pytest.approx(0, abs=0.04 * few)
            assert not zero.state_dict()[name].any()
            assert torch.equal(tensor, again.state_dict()[name])
            assert not torch.equal(tensor, other.state_dict()[name])
        else:  # the trunk's random numbers are its own
            assert torch.equal(tensor, zero.state_dict()[name])
    assert not random["score_fr"].bias.any()


def test_only_new_score_layers_start_at_random(world: Path, tmp_path: Path) -> None:
    coarse = train_net(
        world, tmp_path, training_config({"predict_from": ["fc7"]}, learning_rate=1e-5)
    )
    values = training_config({"start_from": ["coarse"]})
    net = build_initialized(
        values.net, values.data, PreparedDataset(world), [coarse], seed=0, score_init="random"
    )
    assert torch.equal(net["score_fr"].weight, weights_of(coarse)["score_fr.weight"])
    assert net["score_pool4"].weight.std() > 0.005


def classifier(path: Path) -> Path:
    net = build_classifier("vgg16", 9, width=1 / 32, fc6_kernel=3, window=96)
    torch.save({"state": net.state_dict()}, path)
    return path


@pytest.mark.parametrize("mean", ["start", "dataset"])
def test_a_classifier_knows_the_mean_of_colours_alone(
    rooms: PreparedDataset, tmp_path: Path, mean: str
) -> None:
    path = classifier(tmp_path / "weights.pt")
    ilsvrc = weights_of(path)["input_mean"].tolist()
    colours = ilsvrc if mean == "start" else list(rooms.mean("rgb", "train"))[::-1]
    depth, hha = rooms.mean("depth", "train"), list(rooms.mean("hha", "train"))
    assert 7 < depth[0] < 8
    expected: dict[tuple[str, ...], tuple[list[float], list[int]]] = {
        ("rgb",): (colours, [2, 1, 0]),
        ("hha",): (hha, [0, 1, 2]),
        ("rgb", "depth"): ([*colours, *depth], [2, 1, 0, 3]),
        ("rgb", "hha"): ([*colours, *hha], [2, 1, 0, 3, 4, 5]),
    }
    for inputs, (means, order) in expected.items():
        streams = {"streams": STREAMS} if len(means) == 6 else {}
        values = training(inputs, mean=mean, net={**streams, "start_from": ()})
        net = build_initialized(values.net, values.data, rooms, [path], seed=0)
        assert net.input_mean.tolist() == pytest.approx(means, rel=1e-6), inputs
        assert net.input_order.tolist() == order
        values = training(inputs, mean=mean, net={**streams, "start_from": "random"})
        net = build_initialized(values.net, values.data, rooms, [], seed=0)
        if mean == "dataset":
            assert net.input_mean.tolist() == pytest.approx(means, rel=1e-6), inputs
        assert net.input_order.tolist() == order


def test_a_net_keeps_the_input_of_the_net_it_starts_from(
    rooms: PreparedDataset, tmp_path: Path
) -> None:
    path = classifier(tmp_path / "weights.pt")
    weights = checkpoint_content(path)
    weights["state"]["input_mean"] += 5
    torch.save(weights, path)
    mean = weights_of(path)["input_mean"].tolist()
    staged = training(("hha",), net={"start_from": ("coarser",)})
    assert (
        build_initialized(staged.net, staged.data, rooms, [path], seed=0).input_mean.tolist()
        == mean
    )
    values = training(("rgb", "depth"), net={"start_from": ("colours",)})
    net = build_initialized(values.net, values.data, rooms, [path], seed=0)
    assert net.input_mean.tolist() == pytest.approx([*mean, *rooms.mean("depth", "train")])
