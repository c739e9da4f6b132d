"""Values of a recipe in whole runs: resumed, diverging, started at random, and mistaken."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fixtures.config import refusal
from fixtures.runs import RUN
from fixtures.training import curve, equal, run, state, training

from fcnlib.config.schema import Training
from fcnlib.core.errors import InputError
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.evaluation.evaluate import evaluate
from fcnlib.inference.torchscript import export_checkpoint, read_metadata
from fcnlib.models.weights.checkpoint import read_tensors
from fcnlib.training.initialization import build_initialized
from fcnlib.training.trainer import Run

EACH: list[dict[str, Any]] = [
    {"loss": "sigmoid"},
    {"patch_keep_prob": 0.5},
    {"class_weights": "median-frequency"},
    {"class_weights": "inverse-frequency", "reduction": "mean", "learning_rate": 1e-3},
    {"random_shift": 5},
    {"score_init": "random"},
    {"may_diverge": True},
]
ALL: dict[str, Any] = {}
for values in (*EACH[:3], *EACH[4:]):
    ALL |= values


class Stopped(Run):
    """A run that is stopped between two of its stored states."""

    def _is_validation(self, iteration: int) -> bool:
        if iteration == 7:
            raise KeyboardInterrupt
        return super()._is_validation(iteration)


def stop(world: Path, folder: Path, values: Training) -> None:
    """Leave the state of a run that was stopped."""
    with torch.random.fork_rng(), pytest.raises(KeyboardInterrupt):
        torch.manual_seed(0)
        stopped = Stopped(values, PreparedDataset(world), [], seed=0, device="cpu", provenance={})
        stopped._steps(folder / "net.pt.resume")


@pytest.mark.parametrize("values", [*EACH, ALL, ALL | {"batch_size": 2, "workers": 1}], ids=str)
def test_a_run_goes_on_as_if_it_had_not_stopped_with_each_value(
    world: Path, tmp_path: Path, values: dict[str, Any]
) -> None:
    recipe = training(**values)
    calm = run(world, tmp_path / "calm", recipe)
    (tmp_path / "stopped").mkdir()
    stop(world, tmp_path / "stopped", recipe)
    stored: Any = read_tensors(tmp_path / "stopped/net.pt.resume")
    assert stored["progress"]["iteration"] == 4
    resumed = run(world, tmp_path / "stopped", recipe)
    assert equal(state(calm), state(resumed))
    losses = [
        [line["loss"] for line in curve(path.with_suffix(".csv"))] for path in (calm, resumed)
    ]
    assert losses[0] == losses[1]


@pytest.mark.parametrize("values", EACH[:-1], ids=str)
def test_each_value_makes_another_net(world: Path, tmp_path: Path, values: dict[str, Any]) -> None:
    plain = {name: value for name, value in values.items() if name in ("loss", "learning_rate")}
    first, other = (
        state(run(world, tmp_path / name, training(**recipe)))
        for name, recipe in (("plain", plain), ("other", values))
    )
    assert not equal(first, other)


@pytest.mark.parametrize("loss", ["cross_entropy", "sigmoid"])
def test_training_lowers_each_loss(world: Path, tmp_path: Path, loss: str) -> None:
    values = training(
        {"dropout": 0.0},
        iterations=60,
        validate_every=60,
        loss=loss,
        patch_keep_prob=0.5,
        random_shift=2,
    )
    lines = curve(run(world, tmp_path, values).with_suffix(".csv"))
    losses = [float(line["loss_per_pixel"]) for line in lines]
    assert sum(losses[-10:]) < 0.8 * sum(losses[:10])


WILD: dict[str, Any] = {"learning_rate": 1e6, "may_diverge": True, "iterations": 40}


@pytest.mark.parametrize("every", [1, 40])
def test_a_run_that_may_diverge_ends_with_its_best_snapshot(
    world: Path, tmp_path: Path, every: int
) -> None:
    values = training(**WILD, validate_every=every)
    path = run(world, tmp_path, values)
    content: Any = read_tensors(path)
    at = content["diverged_at"]
    assert 2 <= at < 40 and content["provenance"]["diverged_at"] == at
    lines = curve(path.with_suffix(".csv"))
    assert [int(line["iteration"]) for line in lines] == list(range(1, at))
    assert all(np.isfinite(float(line["loss"])) for line in lines)
    assert all(bool(tensor.isfinite().all()) for tensor in content["state"].values())
    if every == 1:
        scores = [float(line["mean_iu"]) for line in lines if line["mean_iu"]]
        assert content["best_iteration"] > 0
        assert content["scores"]["mean_iu"] == pytest.approx(max(scores), abs=1e-6)
    else:
        start = build_initialized(values.net, values.data, PreparedDataset(world), [], seed=0)
        assert content["best_iteration"] == 0 and not content["scores"]
        assert equal(content["state"], dict(start.state_dict()))
    assert not list(tmp_path.glob("*.resume"))


@pytest.mark.parametrize(("iterations", "batch_size"), [(1000, 1), (1000, 2), (40, 3)])
def test_the_curve_of_a_diverged_run_ends_with_its_last_whole_update(
    world: Path, tmp_path: Path, iterations: int, batch_size: int
) -> None:
    """A line of the images since the last one, however few; none twice."""
    recipe = {**WILD, "iterations": iterations, "batch_size": batch_size}
    path = run(world, tmp_path, training(**recipe, validate_every=iterations))
    content: Any = read_tensors(path)
    found = [int(line["iteration"]) for line in curve(path.with_suffix(".csv"))]
    last = content["diverged_at"] - 1
    assert found == ([last] if iterations == 1000 else list(range(1, last + 1)))


def test_metrics_tell_that_a_run_diverged(world: Path, tmp_path: Path) -> None:
    told = {}
    for name, recipe in (("wild", WILD), ("calm", {"may_diverge": True})):
        path = run(world, tmp_path / name, training(**recipe))
        model, metrics = path.with_suffix(".ts"), path.with_suffix(".json")
        export_checkpoint(path, model)
        evaluate(
            model, dataset=world, split="seg11valid", metrics=metrics, device="cpu",
            counts=path.with_suffix(".npz"), run=RUN,
        )  # fmt: skip
        content: Any = read_tensors(path)
        told[name] = json.loads(metrics.read_text())["diverged_at"]
        assert read_metadata(model).diverged_at == told[name] == content["diverged_at"]
        assert read_metadata(model).provenance["diverged_at"] == told[name]
    assert told["wild"] >= 2 and told["calm"] is None


def test_a_run_that_may_diverge_and_does_not_is_as_any_other(world: Path, tmp_path: Path) -> None:
    calm, other = (
        state(run(world, tmp_path / name, training(may_diverge=may)))
        for name, may in (("a", False), ("b", True))
    )
    assert equal(calm, other)


def broken(world: Path, folder: Path, value: float) -> Path:
    """A net whose weights are no numbers."""
    path = run(world, folder, training(iterations=1, validate_every=1))
    content: Any = read_tensors(path)
    content["state"]["score_fr.bias"][0] = value
    torch.save(content, path)
    return path


def test_a_broken_start_is_no_divergence(world: Path, tmp_path: Path) -> None:
    values = training({"start_from": ["a"]}, may_diverge=True)
    path = broken(world, tmp_path / "broken", float("nan"))
    with pytest.raises(InputError, match="iteration 1: the loss is nan; expected a finite number"):
        run(world, tmp_path, values, start=[path])
    assert not (tmp_path / "net.pt").exists()


@pytest.mark.parametrize("may", [False, True])
def test_weights_that_are_no_numbers_are_never_a_snapshot(
    world: Path, tmp_path: Path, may: bool
) -> None:
    """The last update of all is one that no loss is computed after."""
    values = training(learning_rate=1e38, iterations=1, validate_every=1, may_diverge=may)
    if not may:
        with pytest.raises(InputError, match="iteration 1: a weight is not finite"):
            run(world, tmp_path, values)
        return
    content: Any = read_tensors(run(world, tmp_path, values))
    assert content["diverged_at"] == 1 and content["best_iteration"] == 0
    assert all(bool(tensor.isfinite().all()) for tensor in content["state"].values())


def test_score_layers_start_at_zero_or_as_caffes(world: Path, tmp_path: Path) -> None:
    values, data = training({"width": 0.25}), PreparedDataset(world)
    zero, drawn, again, other = (
        build_initialized(values.net, values.data, data, [], seed=seed, score_init=kind)
        for seed, kind in ((0, "zero"), (0, "random"), (0, "random"), (1, "random"))
    )
    for name, tensor in drawn.state_dict().items():
        if name in ("score_fr.weight", "score_pool4.weight"):
            few = tensor.numel() ** -0.5
            assert tensor.std().item() == pytest.approx(0.01, rel=3 * few)
            assert tensor.mean().item() == pytest.approx(0, abs=0.04 * few)
            assert not zero.state_dict()[name].any()
            assert torch.equal(tensor, again.state_dict()[name])
            assert not torch.equal(tensor, other.state_dict()[name])
        else:  # the trunk's chance is its own
            assert torch.equal(tensor, zero.state_dict()[name])
    assert not drawn["score_fr"].bias.any()


def test_only_new_score_layers_start_at_random(world: Path, tmp_path: Path) -> None:
    coarse = run(world, tmp_path, training({"predict_from": ["fc7"]}, learning_rate=1e-5))
    values = training({"start_from": ["coarse"]})
    net = build_initialized(
        values.net, values.data, PreparedDataset(world), [coarse], seed=0, score_init="random"
    )
    assert torch.equal(net["score_fr"].weight, state(coarse)["score_fr.weight"])
    assert net["score_pool4"].weight.std() > 0.005


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"loss": "hinge"}, "loss: 'hinge': Input should be 'cross_entropy' or 'sigmoid'"),
        ({"patch_keep_prob": 0.0}, "patch_keep_prob: 0.0: Input should be greater than 0"),
        ({"patch_keep_prob": 1.5}, "patch_keep_prob: 1.5: Input should be less than or equal to 1"),
        ({"patch_keep_prob": "1e-1"}, "patch_keep_prob: '1e-1'"),
        (
            {"class_weights": "median"},
            "class_weights: 'median': Input should be 'none', 'median-frequency'",
        ),
        ({"class_weights": True}, "class_weights: True"),
        ({"random_shift": -1}, "random_shift: -1: Input should be greater than or equal to 0"),
        ({"random_shift": 1.5}, "random_shift: 1.5"),
        ({"score_init": "he"}, "score_init: 'he': Input should be 'zero' or 'random'"),
        ({"may_diverge": 1}, "may_diverge: 1: Input should be a valid boolean"),
    ],
    ids=str,
)
def test_a_mistaken_value_is_told_in_one_line(
    raw_config: dict[str, Any], value: dict[str, Any], told: str
) -> None:
    raw_config["experiments"]["voc-fcn32s"]["recipe"] |= value
    assert f"experiments.voc-fcn32s.recipe.{told}" in refusal(raw_config)
