"""Trainings with BatchNorm and an average of weights publish plain nets that score the same."""

from pathlib import Path
from typing import Any

import pytest
import torch
from fixtures.tasks import trained, training
from fixtures.training import (
    RECIPE_VARIANTS,
    make_trainer,
    read_curve,
    train_net,
    training_config,
    weights_of,
)

from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.samples import as_batch
from fcnlib.models.batch_norm import add_batch_norm
from fcnlib.models.fcn import build_fcn
from fcnlib.training.trainer import Trainer

OWN: dict[str, Any] = next(each for each in RECIPE_VARIANTS if "norm" in each)
NO_DROPOUT = {"dropout": 0.0}


def rebuilt(config: Any, state: dict[str, torch.Tensor]) -> Any:
    net = build_fcn(**config.net.model_dump(exclude={"start_from"}), classes=21)
    net.load_state_dict(state)
    return net.eval()


def test_a_published_net_has_the_plain_names_and_the_scores_of_the_one_that_was_validated(
    world: Path, tmp_path: Path
) -> None:
    config = training_config(**OWN | {"iterations": 30, "validate_every": 30})
    trainer = make_trainer(PreparedDataset(world), config)
    trainer.fit(tmp_path / "net.pt", tmp_path / "net.csv", resume=False)
    assert any("norm" in name for name in trainer.net.state_dict())
    net = rebuilt(config, weights_of(tmp_path / "net.pt"))
    image = trainer.image_order.sample(0)[0][None]
    with torch.inference_mode():
        trainer.net.eval()
        expected = trainer._scores(image)["semantic"]
        assert expected.std() > 0.01
        torch.testing.assert_close(net(net.normalise(image)), expected, rtol=1e-3, atol=1e-4)
        last = trainer.net.split(trainer.fast_net(trainer.net.normalise(image)))["semantic"]
    assert not torch.allclose(
        last, expected, rtol=1e-3, atol=1e-4
    )  # of the average, not of the end


def test_the_loss_falls(world: Path, tmp_path: Path) -> None:
    values = OWN | {"iterations": 60, "validate_every": 60, "learning_rate": 3e-3}
    path = train_net(world, tmp_path, training_config(NO_DROPOUT, **values))
    losses = [float(line["loss_per_pixel"]) for line in read_curve(path.with_suffix(".csv"))]
    assert sum(losses[-10:]) < 0.8 * sum(losses[:10])


def test_a_net_that_starts_from_another_begins_with_its_function(
    world: Path, tmp_path: Path
) -> None:
    start = train_net(world, tmp_path, training_config(**OWN))
    config = training_config({"start_from": ["coarse"], **NO_DROPOUT}, **OWN)
    data = PreparedDataset(world)
    trainer = Trainer(config, data, [start], seed=1, device="cpu", provenance={})
    image = trainer.image_order.sample(0)[0][None]
    net = rebuilt(config, weights_of(start))
    assert any("norm" in name for name in trainer.net.state_dict())
    with torch.inference_mode():
        expected = net(net.normalise(image))
        trainer.net.eval()
        found = trainer._scores(image)["semantic"]
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def test_a_batch_of_crops_is_computed_at_once_and_counted_whole(world: Path) -> None:
    """Without norm layers, the sum over a batch is that over its images."""
    data, values = PreparedDataset(world), {"crop": [40, 48], "random_scale": [1.0, 2.0]}
    batch = make_trainer(data, training_config(NO_DROPOUT, **values, batch_size=3))
    samples = [batch.image_order.sample(position) for position in range(3)]
    found, pixels = batch._backward(*as_batch(samples))
    one = make_trainer(data, training_config(NO_DROPOUT, **values))
    parts = [one._backward(image, labels) for image, labels in samples]
    assert pixels == sum(counted for _, counted in parts)
    assert found == pytest.approx(sum(loss for loss, _ in parts))
    torch.testing.assert_close(
        batch.net["score_fr"].bias.grad, one.net["score_fr"].bias.grad, rtol=1e-4, atol=1e-4
    )
    whole = make_trainer(data, training_config(NO_DROPOUT, **values, batch_size=3))
    whole._train_step(iter([as_batch(samples)]))
    whole._read_losses()
    assert (whole.loss_meter.images, whole.loss_meter.pixels) == (3, pixels)


def test_norm_layers_change_the_trunk_alone() -> None:
    net = build_fcn(width=1 / 32)
    add_batch_norm(net)
    assert not any("score" in name and "norm" in name for name in net.state_dict())


def test_depth_and_two_tasks_are_trained_on_crops(rooms: PreparedDataset, tmp_path: Path) -> None:
    config = training(("rgb", "depth"), **OWN | {"crop": [24, 32]})
    path = trained(rooms, tmp_path, config)
    net = build_fcn(
        **config.net.model_dump(exclude={"start_from"}),
        classes={task: len(names) for task, names in rooms.info.tasks.items()},
    )
    net.load_state_dict(weights_of(path))
    losses = [float(line["loss_per_pixel"]) for line in read_curve(path.with_suffix(".csv"))]
    assert sum(losses[-4:]) < sum(losses[:4])
