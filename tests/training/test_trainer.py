"""Training: the recipe's groups, the loss, the best snapshot, and exact resume."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from fixtures.training import curve, equal, run, state, training

from fcnlib.config.schema import Recipe
from fcnlib.config.schema_data import Data
from fcnlib.core.errors import InputError
from fcnlib.core.stopping import Stopped
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.samples import Samples
from fcnlib.inference.model import load_model
from fcnlib.inference.torchscript import export_checkpoint, read_metadata
from fcnlib.models.fcn import build_fcn
from fcnlib.models.weights.checkpoint import read_tensors
from fcnlib.training.history import COLUMNS, Line, final_loss
from fcnlib.training.image_order import sample_order
from fcnlib.training.initialization import build_initialized
from fcnlib.training.losses import pixel_loss
from fcnlib.training.optimizer import make_optimizer
from fcnlib.training.trainer import Run


def test_groups_are_the_papers() -> None:
    net = build_fcn(width=1 / 32)
    values = Recipe(learning_rate=1e-3, iterations=1, validate_every=1, score_lr_multiplier=10.0)
    groups = {}
    names = {id(p): name for name, p in net.named_parameters()}
    optimizer = make_optimizer(net, values)
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            groups[names[id(parameter)]] = (group["lr"], group["weight_decay"])
    assert optimizer.momentum == 0.99
    assert groups["conv3_2.weight"] == pytest.approx((1e-3, 5e-4))
    assert groups["conv3_2.bias"] == pytest.approx((2e-3, 0))
    assert groups["score_pool3.weight"] == pytest.approx((1e-2, 5e-4))
    assert groups["score_fr.bias"] == pytest.approx((2e-2, 0))
    assert not [name for name in groups if name.startswith("upscore")]


def test_groups_of_variants_are_what_learns() -> None:
    values = Recipe(learning_rate=1e-3, iterations=1, validate_every=1)

    def names(**variant: Any) -> set[str]:
        net = build_fcn(width=1 / 32, **variant)
        found = {id(p): name for name, p in net.named_parameters()}
        groups = make_optimizer(net, values).param_groups
        return {found[id(p)] for group in groups for p in group["params"]}

    plain = names()
    assert names(upsampling="learned") - plain == {"upscore2.weight", "upscore_pool4.weight"}
    assert names(features="fixed") == {name for name in plain if name.startswith("score")}


@pytest.mark.parametrize("momentum", [0.0, 0.99])
def test_steps_are_torchs_own_to_the_bit(momentum: float) -> None:
    values = Recipe(learning_rate=1e-2, iterations=1, validate_every=1, momentum=momentum)
    ours, theirs = (build_fcn(width=1 / 32) for _ in range(2))
    theirs.load_state_dict(ours.state_dict())
    optimizer = make_optimizer(ours, values)
    groups = make_optimizer(theirs, values).param_groups
    known = torch.optim.SGD(groups, momentum=momentum, fused=True)
    for _ in range(3):
        for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            if mine.requires_grad:
                mine.grad = torch.randn_like(mine)
                other.grad = mine.grad.clone()
        optimizer.step()
        known.step()
        optimizer.zero_grad()
    assert equal(ours.state_dict(), theirs.state_dict())
    assert not [p for p in ours.parameters() if p.grad is not None]


def test_loss_is_the_sum_over_pixels_that_are_not_void() -> None:
    scores, labels = torch.randn(1, 3, 4, 5), torch.randint(0, 3, (1, 4, 5))
    labels[0, 0] = 255
    log_p = scores.log_softmax(1)[0]
    by_hand = -sum(log_p[labels[0, y, x], y, x] for y in range(1, 4) for x in range(5))
    torch.testing.assert_close(pixel_loss(scores, labels), by_hand)


def test_accumulation_adds_up_the_gradients_of_its_images(world: Path, tmp_path: Path) -> None:
    """One update of three images moves by the sum of three updates from the same place."""
    plain = {"momentum": 0.0, "weight_decay": 0.0, "iterations": 1, "validate_every": 1}
    net = {"dropout": 0.0}
    data = PreparedDataset(world)
    values = training(net, **plain, batch_size=3)
    batch = Run(values, data, [], seed=0, device="cpu", provenance={})
    before = {name: p.detach().clone() for name, p in batch.net.named_parameters()}
    order, flips = sample_order(len(data.ids("train")), 3, seed=0, mirror=True)
    samples = Samples(data, [data.ids("train")[i] for i in order], flips.tolist())
    moves = dict.fromkeys(before, 0.0)
    for position in range(3):
        single = Run(values, data, [], seed=0, device="cpu", provenance={})
        single._learn(*samples[position])
        single.optimizer.step()
        for name, p in single.net.named_parameters():
            moves[name] = moves[name] + (p.detach() - before[name])
    batch._steps(tmp_path / "state")
    for name, p in batch.net.named_parameters():
        torch.testing.assert_close(p.detach() - before[name], moves[name], rtol=1e-3, atol=1e-7)


def test_the_mean_loss_is_a_mean_over_pixels_and_over_the_batch(world: Path) -> None:
    """As Caffe's, so that the published rates hold for any batch."""
    data, net = PreparedDataset(world), {"dropout": 0.0}
    image, labels = Samples(data, data.ids("train")[:1], [False])[0]
    gradients = {}
    for reduction, size in (("sum", 4), ("mean", 1), ("mean", 4)):
        run = Run(
            training(net, reduction=reduction, batch_size=size),
            data,
            [],
            seed=0,
            device="cpu",
            provenance={},
        )
        _, pixels = run._learn(image, labels)
        gradients[reduction, size] = run.net["score_fr"].bias.grad
    summed = gradients["sum", 4]
    torch.testing.assert_close(gradients["mean", 1], summed / pixels)
    torch.testing.assert_close(gradients["mean", 4], summed / pixels / 4)


def test_same_seed_gives_the_same_bits_and_another_does_not(world: Path, tmp_path: Path) -> None:
    values = training()
    first, again, other = (
        state(run(world, tmp_path / name, values, seed=seed))
        for name, seed in [("a", 0), ("b", 0), ("c", 1)]
    )
    assert equal(first, again)
    assert not equal(first, other)


def test_training_lowers_the_loss(world: Path, tmp_path: Path) -> None:
    values = training({"dropout": 0.0}, iterations=60, validate_every=60, learning_rate=1e-6)
    lines = curve(run(world, tmp_path, values).with_suffix(".csv"))
    losses = [float(line["loss_per_pixel"]) for line in lines]
    assert sum(losses[-10:]) < 0.8 * sum(losses[:10])


@pytest.mark.parametrize(
    "net",
    [
        {"backbone": "alexnet", "predict_from": ["fc7"], "padding": 5},
        {"backbone": "vgg19"},
        {"backbone": "googlenet", "predict_from": ["inception_5b/output", "pool3/3x3_s2"]}
        | {"fc6_kernel": None, "padding": None},
        {"null_background": True},
        {"features": "fixed"},
        {"upsampling": "learned", "fusion": "max"},
        {"predict_from": ["pool4"]},
    ],
    ids=lambda net: "-".join(map(str, list(net.values())[:1])),
)
def test_every_variant_trains_and_exports(world: Path, tmp_path: Path, net: dict[str, Any]) -> None:
    values = training({"dropout": 0.0, **net}, iterations=40, validate_every=40)
    path = run(world, tmp_path, values)
    losses = [float(line["loss_per_pixel"]) for line in curve(path.with_suffix(".csv"))]
    assert sum(losses[-10:]) < 0.99 * sum(losses[:10])
    before = build_initialized(
        values.net, values.data, PreparedDataset(world), [], seed=0
    ).state_dict()
    moved = {name for name, tensor in state(path).items() if not torch.equal(tensor, before[name])}
    assert ("conv1_2.weight" in moved) == ("conv1_2.weight" in before and "features" not in net)
    export_checkpoint(path, tmp_path / "net.ts")
    labels = load_model(tmp_path / "net.ts").labels(torch.zeros(1, 3, 50, 40, dtype=torch.uint8))
    assert labels["semantic"].shape == (1, 50, 40)


def test_curve_has_its_columns_and_every_validation(world: Path, tmp_path: Path) -> None:
    lines = curve(run(world, tmp_path, training()).with_suffix(".csv"))
    assert list(lines[0]) == COLUMNS
    assert [line["iteration"] for line in lines if line["mean_iu"]] == ["4", "8", "12"]


def test_the_best_snapshot_is_kept(world: Path, tmp_path: Path) -> None:
    path = run(world, tmp_path, training(learning_rate=3e-5, iterations=24))
    content: Any = read_tensors(path)
    scores = {
        int(line["iteration"]): float(line["mean_iu"])
        for line in curve(path.with_suffix(".csv"))
        if line["mean_iu"]
    }
    assert content["scores"]["mean_iu"] == pytest.approx(max(scores.values()), abs=1e-6)
    assert content["best_iteration"] == max(scores, key=lambda i: (scores[i], -i))


def test_the_loss_at_the_end_and_the_time_of_learning_are_told(world: Path, tmp_path: Path) -> None:
    path = run(world, tmp_path, training(iterations=20, validate_every=15))
    content: Any = read_tensors(path)
    lines = curve(path.with_suffix(".csv"))
    losses = [float(line["loss_per_pixel"]) for line in lines if int(line["iteration"]) > 18]
    assert content["loss"] == pytest.approx(sum(losses) / 2)
    assert content["seconds"] == pytest.approx(float(lines[-1]["seconds"]), abs=0.006)
    export_checkpoint(path, tmp_path / "net.ts")
    told = read_metadata(tmp_path / "net.ts")
    assert all(getattr(told, name) == content[name] for name in ("loss", "seconds"))


def test_the_loss_at_the_end_weighs_every_image_alike() -> None:
    lines: list[Line] = [
        {"images": images, "loss_per_pixel": loss}
        for images, loss in ((180, "9"), (185, "1"), (200, "5"))
    ]
    assert final_loss(lines) == pytest.approx((5 * 1 + 15 * 5) / 20)


STOPPED = """
import sys, torch
from pathlib import Path
from fcnlib.config.schema import Training
from fcnlib.training.trainer import train

torch.set_num_threads(1)
world, folder = map(Path, sys.argv[1:3])
train(Training.model_validate_json(sys.argv[3]), dataset=world, start=[], seed=0,
      checkpoint=folder / "net.pt", curve=folder / "net.csv", device="cpu", provenance={})
"""


def test_a_killed_run_goes_on_to_the_same_bits(world: Path, tmp_path: Path) -> None:
    """SIGKILL somewhere after the first stored state; dropout, momentum and decay all count."""
    values = training(iterations=200, validate_every=20)
    calm = state(run(world, tmp_path / "calm", values))
    killed = tmp_path / "killed"
    command = [sys.executable, "-W", "ignore", "-c", STOPPED, str(world), str(killed)]
    process = subprocess.Popen([*command, values.model_dump_json()], stderr=subprocess.DEVNULL)
    stored = killed / "net.pt.resume"
    while not stored.exists():
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (killed / "net.pt").exists()
    done = torch.load(stored, weights_only=True)["progress"]["iteration"]
    assert 0 < done < 200
    assert equal(state(run(world, killed, values)), calm)
    assert not stored.exists()
    deterministic = [name for name in COLUMNS if "second" not in name]
    first, second = (
        [[line[name] for name in deterministic] for line in curve(folder / "net.csv")]
        for folder in (tmp_path / "calm", killed)
    )
    assert first == second


def iterations_stored(path: Path) -> int:
    if not path.exists():
        return 0
    done: int = torch.load(path, weights_only=True)["progress"]["iteration"]
    return done


@pytest.mark.parametrize(("number", "workers"), [(signal.SIGTERM, 2), (signal.SIGINT, 0)])
def test_a_run_asked_to_stop_stores_where_it_is_and_goes_on_to_the_same_bits(
    world: Path, tmp_path: Path, number: signal.Signals, workers: int
) -> None:
    """The whole process group is asked, as Slurm and a terminal do."""
    values = training(iterations=300, validate_every=9, workers=workers)
    calm = state(run(world, tmp_path / "calm", values))
    stopped = tmp_path / "stopped"
    command = [sys.executable, "-W", "ignore", "-c", STOPPED, str(world), str(stopped)]
    stored = stopped / "net.pt.resume"
    for _ in range(2):
        before = iterations_stored(stored)
        process = subprocess.Popen(
            [*command, values.model_dump_json()],
            **{"stderr": subprocess.PIPE, "text": True, "start_new_session": True},
        )
        while iterations_stored(stored) == before:
            assert process.poll() is None, "the run ended before it could be stopped"
            time.sleep(0.01)
        os.killpg(process.pid, number)
        _, said = process.communicate(timeout=60)
        assert process.returncode != 0
        assert f"asked to stop: stored iteration {iterations_stored(stored)}" in said
    assert iterations_stored(stored) < 300 and not (stopped / "net.pt").exists()
    assert equal(state(run(world, stopped, values)), calm)


def test_a_validation_that_was_stopped_is_done_first(world: Path, tmp_path: Path) -> None:
    values = training(validate_every=1)
    calm = run(world, tmp_path / "calm", values)
    folder = tmp_path / "stopped"
    stopped = Run(values, PreparedDataset(world), [], seed=0, device="cpu", provenance={})
    stopped.stop.set()
    with pytest.raises(Stopped):
        stopped._steps(folder / "net.pt.resume")
    assert stopped.progress.iteration == 1 and "mean_iu" not in stopped.progress.lines[-1]
    stopped._store(folder / "net.pt.resume")
    path = run(world, folder, values)
    assert equal(state(path), state(calm))
    scores = [[line["mean_iu"] for line in curve(p.with_suffix(".csv"))] for p in (path, calm)]
    assert scores[0] == scores[1] and all(scores[0])


def test_a_stored_state_of_other_values_is_not_continued(
    world: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "a"
    other = Run(
        training(momentum=0.5), PreparedDataset(world), [], seed=0, device="cpu", provenance={}
    )
    folder.mkdir()
    other._store(folder / "net.pt.resume")
    values = training()
    resumed = state(run(world, folder, values))
    assert "starting anew" in caplog.text
    assert equal(resumed, state(run(world, tmp_path / "b", values)))


def test_a_stored_state_of_other_code_is_not_continued(world: Path, tmp_path: Path) -> None:
    """Half a run under one code and half under another would be a run of neither."""
    values = training()
    other = Run(values, PreparedDataset(world), [], seed=0, device="cpu", provenance={})
    other.identity["code"] = "another"
    other._steps(tmp_path / "net.pt.resume")
    assert (tmp_path / "net.pt.resume").exists()
    again = Run(values, PreparedDataset(world), [], seed=0, device="cpu", provenance={})
    again._restore(tmp_path / "net.pt.resume")
    assert again.progress.iteration == 0


def test_a_run_that_fails_leaves_no_curve(world: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        run(world, tmp_path, training(learning_rate=1e6))
    assert not list(tmp_path.glob("net.csv"))


def test_without_resume_a_run_starts_anew(world: Path, tmp_path: Path) -> None:
    values = training()
    calm = state(run(world, tmp_path / "calm", values))
    (tmp_path / "net.pt.resume").write_bytes(b"whatever")
    assert equal(state(run(world, tmp_path, values, resume=False)), calm)


def test_a_damaged_stored_state_is_named(world: Path, tmp_path: Path) -> None:
    (tmp_path / "net.pt.resume").write_bytes(b"cut")
    with pytest.raises(InputError, match=r"net\.pt\.resume: "):
        run(world, tmp_path, training())
    assert not (tmp_path / "net.pt").exists()


def test_a_loss_that_is_no_number_stops_the_run_and_writes_no_checkpoint(
    world: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"the loss is (nan|inf); expected a finite number"):
        run(world, tmp_path, training(learning_rate=1e6))
    assert not (tmp_path / "net.pt").exists()


def test_starting_weights_of_another_architecture_are_refused(world: Path, tmp_path: Path) -> None:
    weights = run(world, tmp_path, training(iterations=1, validate_every=1))
    wider = training({"width": 1 / 16, "start_from": ["narrow"]})
    with pytest.raises(InputError, match=r"net\.pt: conv1_1\.weight is 2 x 3 x 3 x 3; expected 4"):
        run(world, tmp_path / "wide", wider, start=[weights])
    assert not (tmp_path / "wide" / "net.pt").exists()


def test_an_unknown_split_is_named(world: Path, tmp_path: Path) -> None:
    values = training()
    values = values.model_copy(update={"data": Data(dataset="x", test="test", train="train")})
    with pytest.raises(InputError, match="no split 'test'; known: "):
        run(world, tmp_path, values)


def test_order_is_drawn_with_replacement_and_known_from_the_seed() -> None:
    order, flips = sample_order(10, 1000, seed=3, mirror=True)
    assert torch.equal(order, sample_order(10, 1000, seed=3, mirror=True)[0])
    assert sorted(set(order.tolist())) == list(range(10))
    assert 0.4 < flips.float().mean() < 0.6
    assert not sample_order(10, 1000, seed=3, mirror=False)[1].any()
    # Whether images are mirrored must not change which come.
    assert torch.equal(order, sample_order(10, 1000, seed=3, mirror=False)[0])


def test_mirroring_turns_image_and_label_alike(world: Path) -> None:
    data = PreparedDataset(world)
    name = data.ids("train")[0]
    (image, label), (flipped, flipped_label) = (
        Samples(data, [name], [mirrored])[0] for mirrored in (False, True)
    )
    assert torch.equal(image.flip(2), flipped)
    assert torch.equal(label["semantic"].flip(1), flipped_label["semantic"])
