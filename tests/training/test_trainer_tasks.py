"""Trainings of nets of several tasks and inputs."""

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from fixtures.tasks import BOTH, scored, trained, training
from fixtures.training import checkpoint_content, make_trainer, weights_of
from torch import Tensor, nn

from fcnlib.core.errors import InputError
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.samples import SampleReader, as_tensor
from fcnlib.inference.model import load_model
from fcnlib.inference.torchscript import export_checkpoint, read_metadata
from fcnlib.training.initialization import build_initialized
from fcnlib.training.losses import cross_entropy_loss

STREAMS = {"streams": ("color", "hha"), "start_from": ("a", "b")}


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_the_loss_is_the_sum_of_each_tasks_over_its_own_labelled_pixels(
    rooms: PreparedDataset, reduction: str
) -> None:
    inputs = ("rgb", "depth")
    image, labels = SampleReader(rooms, inputs=inputs, tasks=BOTH).read("0")
    assert image.shape == (4, 32, 40) and list(labels) == list(BOTH)
    gradients: dict[str, dict[str, Tensor]] = {}
    for tasks in ("semantic",), ("geometric",), BOTH:
        one = make_trainer(rooms, training(inputs, reduction=reduction))
        for name in ("score_fr_sem", "score_fr_geo"):
            nn.init.normal_(one.net[name].weight, generator=torch.Generator().manual_seed(1))
        parts = one.net.split(one.net(one.net.normalise(image[None])))
        expected = sum(cross_entropy_loss(parts[t], labels[t][None]).item() for t in tasks)
        found, pixels = one._backward(image, {task: labels[task] for task in tasks})
        assert found == pytest.approx(expected, rel=1e-6)
        assert pixels == sum(int((labels[task] != 255).sum()) for task in tasks)
        gradients["+".join(tasks)] = {
            name: p.grad for name, p in one.net.named_parameters() if p.grad is not None
        }
    semantic, geometric, both = gradients.values()
    # Other tasks' score layers are untouched, and the trunk learns from both.
    assert not semantic["score_fr_geo.weight"].any()
    for name, gradient in both.items():
        torch.testing.assert_close(gradient, semantic[name] + geometric[name], rtol=1e-3, atol=1e-4)


def test_the_first_task_picks_the_snapshot_and_the_others_accuracy_is_in_the_curve(
    rooms: PreparedDataset, tmp_path: Path
) -> None:
    path = trained(rooms, tmp_path, training(tasks=("geometric", "semantic")))
    with open(tmp_path / "net.csv", encoding="utf-8", newline="") as file:
        lines = [line for line in csv.DictReader(file) if line["mean_iu"]]
    best = max(lines, key=lambda line: float(line["mean_iu"]))
    checkpoint = checkpoint_content(path)
    assert checkpoint["best_iteration"] == int(best["iteration"])
    assert checkpoint["scores"]["mean_iu"] == pytest.approx(float(best["mean_iu"]), abs=1e-6)
    assert list(checkpoint["classes"]) == ["geometric", "semantic"]
    assert checkpoint["inputs"] == ("rgb",)
    export_checkpoint(path, tmp_path / "net.ts")
    metrics, _ = scored(rooms, tmp_path / "net.ts", tmp_path)
    assert list(metrics["tasks"]) == ["geometric", "semantic"]
    found = {task: metrics["tasks"][task]["pixel_accuracy"] for task in BOTH}
    assert float(best["pixel_accuracy"]) == pytest.approx(found["geometric"], abs=1e-6)
    assert float(best["semantic_pixel_accuracy"]) == pytest.approx(found["semantic"], abs=1e-6)


def test_one_task_alone_has_no_suffix(rooms: PreparedDataset, tmp_path: Path) -> None:
    path = trained(rooms, tmp_path, training(tasks=("geometric",)))
    assert "score_fr.weight" in weights_of(path) and list(checkpoint_content(path)["classes"]) == [
        "geometric"
    ]
    export_checkpoint(path, tmp_path / "net.ts")
    metrics, _ = scored(rooms, tmp_path / "net.ts", tmp_path)
    assert list(metrics["tasks"]) == ["geometric"]


@pytest.mark.parametrize("inputs", [("rgb",), ("hha",), ("rgb", "depth"), ("depth",)])
def test_every_channel_has_a_gradient(rooms: PreparedDataset, inputs: Sequence[str]) -> None:
    one = make_trainer(rooms, training(inputs))
    nn.init.normal_(one.net["score_fr_sem"].weight, generator=torch.Generator().manual_seed(1))
    one._backward(*SampleReader(rooms, inputs=inputs, tasks=BOTH).read("0"))
    first = next(iter(one.net.values())).weight.grad
    assert isinstance(first, Tensor)
    assert (first.abs().sum((0, 2, 3)) > 0).tolist() == [True] * len(one.net.input_mean)


def test_late_fusion_starts_from_the_nets_of_its_streams_and_trains(
    rooms: PreparedDataset, tmp_path: Path
) -> None:
    short = {"iterations": 4, "validate_every": 4}
    parts = [
        trained(rooms, tmp_path / name, training((name,), ("semantic",), **short))
        for name in ("rgb", "hha")
    ]
    values = training(("rgb", "hha"), ("semantic",), net=STREAMS, **short)
    net = build_initialized(values.net, values.data, rooms, parts, seed=0).eval()
    seen = [as_tensor(rooms.stack("9", inputs))[None] for inputs in (("rgb",), ("hha",))]
    singles = []
    for part, image in zip(parts, seen, strict=True):
        export_checkpoint(part, part.with_suffix(".ts"))
        model = load_model(part.with_suffix(".ts"))
        singles.append(model.scores(model.normalise(image)))
    with torch.inference_mode():
        fused = net(net.normalise(torch.cat(seen, 1)))
    torch.testing.assert_close(fused, sum(singles) / 2, rtol=1e-4, atol=1e-4)
    path = trained(rooms, tmp_path / "both", values, *parts)
    export_checkpoint(path, tmp_path / "both.ts")
    metrics, _ = scored(rooms, tmp_path / "both.ts", tmp_path)
    assert metrics["tasks"]["semantic"]["pixel_accuracy"] > 0.3
    assert read_metadata(tmp_path / "both.ts").inputs == ("rgb", "hha")


def test_a_skip_of_late_fusion_starts_from_the_coarser_net_of_both_streams(
    rooms: PreparedDataset, tmp_path: Path
) -> None:
    short = {"iterations": 2, "validate_every": 2}
    both = ("rgb", "hha")
    coarse = training(both, ("semantic",), net={**STREAMS, "start_from": "random"}, **short)
    path = trained(rooms, tmp_path / "coarse", coarse)
    finer = {**STREAMS, "predict_from": ("fc7", "pool4"), "start_from": ("coarse",)}
    values = training(both, ("semantic",), net=finer, **short)
    net = build_initialized(values.net, values.data, rooms, [path], seed=0)
    for name, tensor in weights_of(path).items():
        if not name.startswith("upscore"):
            assert torch.equal(net.state_dict()[name], tensor)
    assert not net.state_dict()["score_pool4_hha.weight"].any()  # as yet it adds nothing
    finer_path = trained(rooms, tmp_path / "finer", values, path)
    assert "score_pool4_hha.weight" in weights_of(finer_path)
    costs = [scored(rooms, each, tmp_path)[0]["costs"] for each in (path, finer_path)]
    assert "feature_norm_ratio" not in costs[0] and costs[1]["feature_norm_ratio"] > 1


@pytest.mark.parametrize(
    ("inputs", "tasks", "line"),
    [
        (("rgb", "depth"), ("semantic",), "no depth in it; it has rgb"),
        (("hha",), ("semantic",), "no hha in it; it has rgb"),
        (("rgb",), ("geometric",), "no task 'geometric'; known: semantic"),
    ],
)
def test_training_on_what_a_data_set_lacks_is_one_line(
    world: Path, tmp_path: Path, inputs: Sequence[str], tasks: Sequence[str], line: str
) -> None:
    with pytest.raises(InputError, match=line):
        trained(PreparedDataset(world), tmp_path, training(inputs, tasks))
    assert not (tmp_path / "net.pt").exists()
