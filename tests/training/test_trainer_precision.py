"""Trainings in bf16: the trunk computes in 16 bits, what is kept has 32."""

from pathlib import Path
from typing import Any

import pytest
import torch
from fixtures.training import (
    RECIPE_VARIANTS,
    checkpoint_content,
    equal_bits,
    interrupt,
    make_trainer,
    read_curve,
    train_net,
    training_config,
    weights_of,
)
from torch import Tensor

from fcnlib.datasets.reader import PreparedDataset
from fcnlib.models.weights.checkpoint import read_tensors
from fcnlib.training.trainer import Trainer

CROPS = RECIPE_VARIANTS[6]  # with norm layers, AdamW and an average of the weights
BF16: dict[str, Any] = {"precision": "bf16"}


def losses_of(path: Path) -> list[float]:
    return [float(line["loss_per_pixel"]) for line in read_curve(path.with_suffix(".csv"))]


@pytest.mark.parametrize("recipe", [{"learning_rate": 1e-6}, CROPS], ids=["images", "crops"])
def test_bf16_lowers_the_loss_as_fp32_does(
    world: Path, tmp_path: Path, recipe: dict[str, Any]
) -> None:
    values = {**recipe, "iterations": 60, "validate_every": 60}
    paths = {
        precision: train_net(
            world,
            tmp_path / precision,
            training_config({"dropout": 0.0}, **values, precision=precision),
        )
        for precision in ("fp32", "bf16")
    }
    exact, found = losses_of(paths["fp32"]), losses_of(paths["bf16"])
    assert sum(found[-10:]) < 0.8 * sum(found[:10])
    assert sum(found[-10:]) == pytest.approx(sum(exact[-10:]), rel=0.05)
    assert not equal_bits(weights_of(paths["fp32"]), weights_of(paths["bf16"]))


class SeesTypes(Trainer):
    """A trainer that notes the types of the features, and of the scores."""

    def _scores(self, image: Tensor) -> dict[str, Tensor]:
        seen, form = self.__dict__.setdefault("seen", set()), self.fast_net
        note = form["conv2_1"].register_forward_hook(
            lambda _, inputs, output: seen.add((inputs[0].dtype, output.dtype))
        )
        scores = super()._scores(image)
        note.remove()
        seen.add(scores["semantic"].dtype)
        return scores


@pytest.mark.parametrize("recipe", [{}, CROPS], ids=["images", "crops"])
def test_features_have_16_bits_and_scores_weights_and_the_optimizer_32(
    world: Path, tmp_path: Path, recipe: dict[str, Any]
) -> None:
    config = training_config(**recipe | BF16)
    trainer = make_trainer(PreparedDataset(world), config, trainer=SeesTypes)
    trainer.fit(tmp_path / "net.pt", tmp_path / "net.csv", resume=False)
    assert trainer.seen == {(torch.bfloat16, torch.bfloat16), torch.float32}
    trainer._save_state(tmp_path / "state")
    velocities = [v for group in trainer.optimizer.velocities for v in group]
    kept = [
        *trainer.net.state_dict().values(),
        *velocities,
        *weights_of(tmp_path / "net.pt").values(),
        *read_tensors(tmp_path / "state")["net"].values(),
    ]
    assert {each.dtype for each in kept} <= {torch.float32, torch.int64}


def test_a_state_of_another_precision_is_not_resumed(
    world: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    interrupt(PreparedDataset(world), tmp_path, training_config(), 7)
    path = train_net(world, tmp_path, training_config(**BF16))
    assert "belongs to other values, data, weights or code" in caplog.text
    calm = train_net(world, tmp_path / "calm", training_config(**BF16))
    assert equal_bits(weights_of(path), weights_of(calm))
    assert checkpoint_content(path)["best_iteration"] == checkpoint_content(calm)["best_iteration"]
