"""The trainer: gradients, determinism, the best snapshot, and what it refuses."""

from pathlib import Path
from typing import Any

import pytest
import torch
from fixtures.training import (
    RECIPE_VARIANTS,
    checkpoint_content,
    equal_bits,
    make_trainer,
    read_curve,
    train_net,
    training_config,
    weights_of,
)

from fcnlib.config.schema_data import Data
from fcnlib.core.errors import InputError
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.samples import SampleReader
from fcnlib.evaluation.confusion import confusion_per_image
from fcnlib.inference.model import load_model
from fcnlib.inference.torchscript import export_checkpoint, read_metadata
from fcnlib.models.fcn import labels_of
from fcnlib.training.history import LOG_COLUMNS
from fcnlib.training.image_order import sample_order
from fcnlib.training.initialization import build_initialized


def test_accumulation_adds_up_the_gradients_of_its_images(world: Path, tmp_path: Path) -> None:
    """One update of three images moves by the sum of three updates from the same place."""
    plain = {"momentum": 0.0, "weight_decay": 0.0, "iterations": 1, "validate_every": 1}
    net = {"dropout": 0.0}
    data = PreparedDataset(world)
    values = training_config(net, **plain, batch_size=3)
    batch = make_trainer(data, values)
    before = {name: p.detach().clone() for name, p in batch.net.named_parameters()}
    order, flips = sample_order(len(data.ids("train")), 3, seed=0, horizontal_flip=True)
    reader, ids = SampleReader(data), data.ids("train")
    moves = dict.fromkeys(before, 0.0)
    for index, flipped in zip(order, flips, strict=True):
        single = make_trainer(data, values)
        single._backward(*reader.read(ids[index], flipped=bool(flipped)))
        single.optimizer.step()
        for name, p in single.net.named_parameters():
            moves[name] = moves[name] + (p.detach() - before[name])
    batch._train(tmp_path / "state")
    for name, p in batch.net.named_parameters():
        torch.testing.assert_close(p.detach() - before[name], moves[name], rtol=1e-3, atol=1e-7)


def test_the_mean_loss_is_a_mean_over_pixels_and_over_the_batch(world: Path) -> None:
    """As Caffe's, so that the published rates hold for any batch."""
    data, net = PreparedDataset(world), {"dropout": 0.0}
    image, labels = SampleReader(data).read(data.ids("train")[0])
    gradients = {}
    for reduction, size in (("sum", 4), ("mean", 1), ("mean", 4)):
        run = make_trainer(data, training_config(net, reduction=reduction, batch_size=size))
        _, pixels = run._backward(image, labels)
        gradients[reduction, size] = run.net["score_fr"].bias.grad
    summed = gradients["sum", 4]
    torch.testing.assert_close(gradients["mean", 1], summed / pixels)
    torch.testing.assert_close(gradients["mean", 4], summed / pixels / 4)


def test_same_seed_gives_the_same_bits_and_another_does_not(world: Path, tmp_path: Path) -> None:
    values = training_config()
    first, again, other = (
        weights_of(train_net(world, tmp_path / name, values, seed=seed))
        for name, seed in [("a", 0), ("b", 0), ("c", 1)]
    )
    assert equal_bits(first, again)
    assert not equal_bits(first, other)


def test_training_lowers_the_loss(world: Path, tmp_path: Path) -> None:
    values = training_config({"dropout": 0.0}, iterations=60, validate_every=60, learning_rate=1e-6)
    lines = read_curve(train_net(world, tmp_path, values).with_suffix(".csv"))
    losses = [float(line["loss_per_pixel"]) for line in lines]
    assert sum(losses[-10:]) < 0.8 * sum(losses[:10])


@pytest.mark.parametrize("loss", ["cross_entropy", "sigmoid"])
def test_training_lowers_each_loss(world: Path, tmp_path: Path, loss: str) -> None:
    values = training_config(
        {"dropout": 0.0},
        iterations=60,
        validate_every=60,
        loss=loss,
        patch_keep_prob=0.5,
        random_shift=2,
    )
    lines = read_curve(train_net(world, tmp_path, values).with_suffix(".csv"))
    losses = [float(line["loss_per_pixel"]) for line in lines]
    assert sum(losses[-10:]) < 0.8 * sum(losses[:10])


@pytest.mark.parametrize("values", RECIPE_VARIANTS[:-1], ids=str)
def test_each_value_of_a_recipe_makes_another_net(
    world: Path, tmp_path: Path, values: dict[str, Any]
) -> None:
    plain = {
        name: value for name, value in values.items() if name in ("reduction", "learning_rate")
    }
    first, other = (
        weights_of(train_net(world, tmp_path / name, training_config(**recipe)))
        for name, recipe in (("plain", plain), ("other", values))
    )
    assert not equal_bits(first, other)


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
    values = training_config({"dropout": 0.0, **net}, iterations=40, validate_every=40)
    path = train_net(world, tmp_path, values)
    losses = [float(line["loss_per_pixel"]) for line in read_curve(path.with_suffix(".csv"))]
    assert sum(losses[-10:]) < 0.99 * sum(losses[:10])
    before = build_initialized(
        values.net, values.data, PreparedDataset(world), [], seed=0
    ).state_dict()
    moved = {
        name for name, tensor in weights_of(path).items() if not torch.equal(tensor, before[name])
    }
    assert ("conv1_2.weight" in moved) == ("conv1_2.weight" in before and "features" not in net)
    export_checkpoint(path, tmp_path / "net.ts")
    labels = load_model(tmp_path / "net.ts").labels(torch.zeros(1, 3, 50, 40, dtype=torch.uint8))
    assert labels["semantic"].shape == (1, 50, 40)


def test_curve_has_its_columns_and_every_validation(world: Path, tmp_path: Path) -> None:
    lines = read_curve(train_net(world, tmp_path, training_config()).with_suffix(".csv"))
    assert list(lines[0]) == LOG_COLUMNS
    assert [line["iteration"] for line in lines if line["mean_iu"]] == ["4", "8", "12"]


def test_the_best_snapshot_is_kept(world: Path, tmp_path: Path) -> None:
    path = train_net(world, tmp_path, training_config(learning_rate=3e-5, iterations=24))
    content = checkpoint_content(path)
    scores = {
        int(line["iteration"]): float(line["mean_iu"])
        for line in read_curve(path.with_suffix(".csv"))
        if line["mean_iu"]
    }
    assert content["scores"]["mean_iu"] == pytest.approx(max(scores.values()), abs=1e-6)
    assert content["best_iteration"] == max(scores, key=lambda i: (scores[i], -i))


@pytest.mark.parametrize(
    "net",
    [
        {},
        {
            "backbone": "alexnet",
            "predict_from": ["fc7"],
            "width": 1,
            "fc6_kernel": 1,
            "padding": 40,
        },
    ],
)
def test_validation_is_without_dropout_and_leaves_the_random_numbers_alone(
    world: Path, net: dict[str, Any]
) -> None:
    dataset = PreparedDataset(world)
    trainer = make_trainer(dataset, training_config(net))
    state = torch.get_rng_state()
    validated = trainer._validation_counts("seg11valid")["semantic"]
    assert torch.equal(torch.get_rng_state(), state)
    assert trainer.fast_net.training and all(each.training for each in trainer.fast_net.modules())
    plain = trainer.net.eval()
    found = confusion_per_image(
        lambda image: {"semantic": labels_of(plain(plain.normalise(image)))},
        dataset,
        "seg11valid",
        device="cpu",
    )["semantic"].sum(0)
    assert (validated - found).abs().sum() <= 1e-3 * found.sum()  # but for near-ties


def test_a_checkpoint_holds_the_final_loss_and_the_training_time(
    world: Path, tmp_path: Path
) -> None:
    path = train_net(world, tmp_path, training_config(iterations=20, validate_every=15))
    content = checkpoint_content(path)
    lines = read_curve(path.with_suffix(".csv"))
    losses = [float(line["loss_per_pixel"]) for line in lines if int(line["iteration"]) > 18]
    assert content["loss"] == pytest.approx(sum(losses) / 2)
    assert content["seconds"] == pytest.approx(float(lines[-1]["seconds"]), abs=0.006)
    export_checkpoint(path, tmp_path / "net.ts")
    metadata = read_metadata(tmp_path / "net.ts")
    assert all(getattr(metadata, name) == content[name] for name in ("loss", "seconds"))


def test_a_training_that_fails_leaves_no_curve(world: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        train_net(world, tmp_path, training_config(learning_rate=1e6))
    assert not list(tmp_path.glob("net.csv"))


def test_a_loss_that_is_not_finite_stops_the_training_and_writes_no_checkpoint(
    world: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"the loss is (nan|inf); expected a finite number"):
        train_net(world, tmp_path, training_config(learning_rate=1e6))
    assert not (tmp_path / "net.pt").exists()


def test_initial_weights_of_another_architecture_are_refused(world: Path, tmp_path: Path) -> None:
    weights = train_net(world, tmp_path, training_config(iterations=1, validate_every=1))
    wider = training_config({"width": 1 / 16, "start_from": ["narrow"]})
    with pytest.raises(InputError, match=r"net\.pt: conv1_1\.weight is 2 x 3 x 3 x 3; expected 4"):
        train_net(world, tmp_path / "wide", wider, initial_weights=[weights])
    assert not (tmp_path / "wide" / "net.pt").exists()


def test_an_unknown_split_is_named(world: Path, tmp_path: Path) -> None:
    values = training_config()
    values = values.model_copy(update={"data": Data(dataset="x", test="test", train="train")})
    with pytest.raises(InputError, match="no split 'test'; known: "):
        train_net(world, tmp_path, values)
