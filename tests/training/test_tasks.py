"""Nets of several tasks and inputs: what they start from, learn and go on with."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from fixtures.tasks import BOTH, scored, trained, training
from torch import Tensor, nn

from fcnlib.config.schema import Training
from fcnlib.core.errors import InputError
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.samples import Samples, as_tensor
from fcnlib.inference.model import load_model
from fcnlib.inference.torchscript import export_checkpoint, read_metadata
from fcnlib.models import build_classifier
from fcnlib.models.weights.checkpoint import read_tensors
from fcnlib.training.initialization import build_initialized
from fcnlib.training.losses import pixel_loss
from fcnlib.training.trainer import Run

STREAMS = {"streams": ("color", "hha"), "start_from": ("a", "b")}


def run(rooms: PreparedDataset, values: Training) -> Run:
    return Run(values, rooms, [], seed=0, device="cpu", provenance={})


def state(path: Path) -> dict[str, Tensor]:
    content: Any = read_tensors(path)
    return content["state"]


def content(path: Path) -> dict[str, Any]:
    return dict(read_tensors(path))


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_the_loss_is_the_sum_of_each_tasks_over_its_own_labelled_pixels(
    rooms: PreparedDataset, reduction: str
) -> None:
    inputs = ("rgb", "depth")
    image, labels = Samples(rooms, ["0"], [False], inputs=inputs, tasks=BOTH)[0]
    assert image.shape == (4, 32, 40) and list(labels) == list(BOTH)
    gradients: dict[str, dict[str, Tensor]] = {}
    for tasks in ("semantic",), ("geometric",), BOTH:
        one = run(rooms, training(inputs, reduction=reduction))
        for name in ("score_fr_sem", "score_fr_geo"):
            nn.init.normal_(one.net[name].weight, generator=torch.Generator().manual_seed(1))
        parts = one.net.split(one.net(one.net.normalise(image[None])))
        expected = sum(pixel_loss(parts[t], labels[t][None]).item() for t in tasks)
        found, pixels = one._learn(image, {task: labels[task] for task in tasks})
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


def test_mirroring_turns_every_input_and_every_tasks_labels(rooms: PreparedDataset) -> None:
    options: dict[str, Any] = {"inputs": ("rgb", "depth"), "tasks": BOTH}
    plain, turned = (Samples(rooms, ["1"], [m], **options)[0] for m in (False, True))
    assert torch.equal(plain[0].flip(2), turned[0]) and not torch.equal(plain[0], turned[0])
    for task in BOTH:
        assert torch.equal(plain[1][task].flip(1), turned[1][task])
    hha = [Samples(rooms, ["1"], [m], inputs=("rgb", "hha"))[0][0] for m in (False, True)]
    assert torch.equal(hha[0].flip(2), hha[1]) and hha[0].dtype == torch.uint8
    assert plain[0].dtype == torch.int32 and plain[0][3].max() > 255


class Stopped(Run):
    """A run that is stopped between two of its stored states."""

    def _is_validation(self, iteration: int) -> bool:
        if iteration == 8:
            raise KeyboardInterrupt
        return super()._is_validation(iteration)


@pytest.mark.parametrize("inputs", [("rgb", "depth"), ("rgb",)])
@pytest.mark.parametrize("batch_size", [1, 2])
def test_a_run_of_two_tasks_goes_on_as_if_it_had_not_stopped(
    rooms: PreparedDataset, tmp_path: Path, inputs: Sequence[str], batch_size: int
) -> None:
    values = training(inputs, net={"dropout": 0.5}, batch_size=batch_size)
    calm = trained(rooms, tmp_path / "calm", values)
    with torch.random.fork_rng(), pytest.raises(KeyboardInterrupt):
        torch.manual_seed(0)
        Stopped(values, rooms, [], seed=0, device="cpu", provenance={})._steps(
            tmp_path / "net.pt.resume"
        )
    assert read_tensors(tmp_path / "net.pt.resume")["progress"]["iteration"] == 6  # type: ignore[index]
    resumed = trained(rooms, tmp_path, values)
    first, second = state(calm), state(resumed)
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_run_belongs_to_the_data_of_its_inputs(rooms: PreparedDataset) -> None:
    """HHA of another camera has another digest, which is nothing to a net that sees none."""
    colours, hha = (run(rooms, training((name,))).identity["data"] for name in ("rgb", "hha"))
    assert colours == rooms.info.digest and hha == rooms.digest(["hha"]) and hha != colours


def test_the_first_task_picks_the_snapshot_and_the_others_accuracy_is_in_the_curve(
    rooms: PreparedDataset, tmp_path: Path
) -> None:
    path = trained(rooms, tmp_path, training(tasks=("geometric", "semantic")))
    with open(tmp_path / "net.csv", newline="") as file:
        lines = [line for line in csv.DictReader(file) if line["mean_iu"]]
    best = max(lines, key=lambda line: float(line["mean_iu"]))
    told = content(path)
    assert told["best_iteration"] == int(best["iteration"])
    assert told["scores"]["mean_iu"] == pytest.approx(float(best["mean_iu"]), abs=1e-6)
    assert list(told["classes"]) == ["geometric", "semantic"] and told["inputs"] == ("rgb",)
    export_checkpoint(path, tmp_path / "net.ts")
    metrics, _ = scored(rooms, tmp_path / "net.ts", tmp_path)
    assert list(metrics["tasks"]) == ["geometric", "semantic"]
    found = {task: metrics["tasks"][task]["pixel_accuracy"] for task in BOTH}
    assert float(best["pixel_accuracy"]) == pytest.approx(found["geometric"], abs=1e-6)
    assert float(best["semantic_pixel_accuracy"]) == pytest.approx(found["semantic"], abs=1e-6)


def test_one_task_alone_has_no_suffix(rooms: PreparedDataset, tmp_path: Path) -> None:
    path = trained(rooms, tmp_path, training(tasks=("geometric",)))
    assert "score_fr.weight" in state(path) and list(content(path)["classes"]) == ["geometric"]
    export_checkpoint(path, tmp_path / "net.ts")
    metrics, _ = scored(rooms, tmp_path / "net.ts", tmp_path)
    assert list(metrics["tasks"]) == ["geometric"]


@pytest.mark.parametrize("inputs", [("rgb",), ("hha",), ("rgb", "depth"), ("depth",)])
def test_every_channel_is_learnt_from(rooms: PreparedDataset, inputs: Sequence[str]) -> None:
    one = run(rooms, training(inputs))
    nn.init.normal_(one.net["score_fr_sem"].weight, generator=torch.Generator().manual_seed(1))
    one._learn(*Samples(rooms, ["0"], [False], inputs=inputs, tasks=BOTH)[0])
    first = next(iter(one.net.values())).weight.grad
    assert isinstance(first, Tensor)
    assert (first.abs().sum((0, 2, 3)) > 0).tolist() == [True] * len(one.net.input_mean)


def classifier(path: Path) -> Path:
    net = build_classifier("vgg16", 9, width=1 / 32, fc6_kernel=3, window=96)
    torch.save({"state": net.state_dict()}, path)
    return path


@pytest.mark.parametrize("mean", ["start", "dataset"])
def test_a_classifier_knows_the_mean_of_colours_alone(
    rooms: PreparedDataset, tmp_path: Path, mean: str
) -> None:
    path = classifier(tmp_path / "weights.pt")
    ilsvrc = state(path)["input_mean"].tolist()
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
        streams = STREAMS if len(means) == 6 else {}
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
    weights = read_tensors(path)
    weights["state"]["input_mean"] += 5  # type: ignore[index]
    torch.save(weights, path)
    mean = state(path)["input_mean"].tolist()
    staged = training(("hha",), net={"start_from": ("coarser",)})
    assert (
        build_initialized(staged.net, staged.data, rooms, [path], seed=0).input_mean.tolist()
        == mean
    )
    values = training(("rgb", "depth"), net={"start_from": ("colours",)})
    net = build_initialized(values.net, values.data, rooms, [path], seed=0)
    assert net.input_mean.tolist() == pytest.approx([*mean, *rooms.mean("depth", "train")])


def test_late_fusion_learns_on_from_the_nets_of_its_streams(
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
