"""Trainings whose loss or weights stop being finite."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fixtures.runs import RUN
from fixtures.training import (
    checkpoint_content,
    equal_bits,
    read_curve,
    train_net,
    training_config,
    weights_of,
)

from fcnlib.core.errors import InputError
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.evaluation.evaluate import evaluate
from fcnlib.inference.torchscript import export_checkpoint, read_metadata
from fcnlib.training.initialization import build_initialized

WILD: dict[str, Any] = {"learning_rate": 1e6, "may_diverge": True, "iterations": 40}


def write_broken(world: Path, folder: Path, value: float) -> Path:
    """A checkpoint with a weight that is not a finite number."""
    path = train_net(world, folder, training_config(iterations=1, validate_every=1))
    content = checkpoint_content(path)
    content["state"]["score_fr.bias"][0] = value
    torch.save(content, path)
    return path


@pytest.mark.parametrize("every", [1, 40])
def test_a_training_that_may_diverge_ends_with_its_best_snapshot(
    world: Path, tmp_path: Path, every: int
) -> None:
    values = training_config(**WILD, validate_every=every)
    path = train_net(world, tmp_path, values)
    content = checkpoint_content(path)
    at = content["diverged_at"]
    assert 2 <= at < 40 and content["provenance"]["diverged_at"] == at
    lines = read_curve(path.with_suffix(".csv"))
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
        assert equal_bits(content["state"], dict(start.state_dict()))
    assert not list(tmp_path.glob("*.resume"))


@pytest.mark.parametrize(("iterations", "batch_size"), [(1000, 1), (1000, 2), (40, 3)])
def test_the_curve_of_a_diverged_training_ends_with_its_last_whole_update(
    world: Path, tmp_path: Path, iterations: int, batch_size: int
) -> None:
    """A line of the images since the last one, however few; none twice."""
    recipe = {**WILD, "iterations": iterations, "batch_size": batch_size}
    path = train_net(world, tmp_path, training_config(**recipe, validate_every=iterations))
    content = checkpoint_content(path)
    found = [int(line["iteration"]) for line in read_curve(path.with_suffix(".csv"))]
    last = content["diverged_at"] - 1
    assert found == ([last] if iterations == 1000 else list(range(1, last + 1)))


def test_metrics_hold_where_a_training_diverged(world: Path, tmp_path: Path) -> None:
    diverged = {}
    for name, recipe in (("wild", WILD), ("calm", {"may_diverge": True})):
        path = train_net(world, tmp_path / name, training_config(**recipe))
        model, metrics = path.with_suffix(".ts"), path.with_suffix(".json")
        export_checkpoint(path, model)
        evaluate(
            model, dataset=world, split="seg11valid", metrics=metrics, device="cpu",
            counts=path.with_suffix(".npz"), run=RUN,
        )  # fmt: skip
        content = checkpoint_content(path)
        diverged[name] = json.loads(metrics.read_text("utf-8"))["diverged_at"]
        assert read_metadata(model).diverged_at == diverged[name] == content["diverged_at"]
        assert read_metadata(model).provenance["diverged_at"] == diverged[name]
    assert diverged["wild"] >= 2 and diverged["calm"] is None


def test_a_training_that_may_diverge_and_does_not_is_as_any_other(
    world: Path, tmp_path: Path
) -> None:
    calm, other = (
        weights_of(train_net(world, tmp_path / name, training_config(may_diverge=may)))
        for name, may in (("a", False), ("b", True))
    )
    assert equal_bits(calm, other)


def test_a_broken_start_is_no_divergence(world: Path, tmp_path: Path) -> None:
    values = training_config({"start_from": ["a"]}, may_diverge=True)
    path = write_broken(world, tmp_path / "broken", float("nan"))
    with pytest.raises(InputError, match=r"net\.pt: score_fr\.bias is not finite"):
        train_net(world, tmp_path, values, initial_weights=[path])
    assert not (tmp_path / "net.pt").exists()


@pytest.mark.parametrize("may", [False, True])
def test_weights_that_are_not_finite_are_never_a_snapshot(
    world: Path, tmp_path: Path, may: bool
) -> None:
    """The last update of all is one that no loss is computed after."""
    values = training_config(learning_rate=1e38, iterations=1, validate_every=1, may_diverge=may)
    if not may:
        with pytest.raises(InputError, match="iteration 1: a weight is not finite"):
            train_net(world, tmp_path, values)
        return
    content = checkpoint_content(train_net(world, tmp_path, values))
    assert content["diverged_at"] == 1 and content["best_iteration"] == 0
    assert all(bool(tensor.isfinite().all()) for tensor in content["state"].values())
