"""The losses: sigmoids, class weights, and the cells that count."""

from math import exp, log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fixtures.archives import png
from fixtures.training import make_trainer, training_config
from torch import Tensor

from fcnlib.config.schema_nets import Training
from fcnlib.core.errors import InputError
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.samples import SampleReader
from fcnlib.datasets.writer import dataset_writer
from fcnlib.training.losses import (
    Loss,
    class_weights,
    cross_entropy_loss,
    label_counts,
    require_labels,
    sigmoid_loss,
)
from fcnlib.training.trainer import Trainer

WEIGHTS = torch.tensor([0.5, 2.0, 7.0])


def sigmoid(x: float) -> float:
    return 1 / (1 + exp(-x))


@pytest.fixture(scope="module")
def scores() -> Tensor:
    """Of three classes at two pixels and a third, void one."""
    return torch.tensor([[[[0.5, -1.0, 9.0]], [[2.0, 0.25, 9.0]], [[-3.0, 1.0, 9.0]]]])


def test_loss_is_the_sum_over_pixels_that_are_not_void() -> None:
    scores, labels = torch.randn(1, 3, 4, 5), torch.randint(0, 3, (1, 4, 5))
    labels[0, 0] = 255
    log_p = scores.log_softmax(1)[0]
    by_hand = -sum(log_p[labels[0, y, x], y, x] for y in range(1, 4) for x in range(5))
    torch.testing.assert_close(cross_entropy_loss(scores, labels), by_hand)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_sigmoids_are_summed_over_pixels_and_classes(
    scores: Tensor, weights: Tensor | None
) -> None:
    labels = torch.tensor([[[1, 2, 255]]])
    first = -log(1 - sigmoid(0.5)) - log(sigmoid(2.0)) - log(1 - sigmoid(-3.0))
    second = -log(1 - sigmoid(-1.0)) - log(1 - sigmoid(0.25)) - log(sigmoid(1.0))
    by_hand = first + second if weights is None else 2 * first + 7 * second
    scores = scores.clone().requires_grad_()
    loss = sigmoid_loss(scores, labels, weights)
    assert loss.item() == pytest.approx(by_hand, rel=1e-6)
    (gradient,) = torch.autograd.grad(loss, scores)
    wanted = [[sigmoid(0.5), sigmoid(2.0) - 1, sigmoid(-3.0)], [sigmoid(-1.0), sigmoid(0.25)]]
    wanted[1].append(sigmoid(1.0) - 1)
    factors = (1, 1) if weights is None else (2, 7)
    for pixel, (row, factor) in enumerate(zip(wanted, factors, strict=True)):
        assert gradient[0, :, 0, pixel].tolist() == pytest.approx([factor * x for x in row])
    assert not gradient[..., 2].any()


def test_a_null_background_has_no_sigmoid_and_its_pixels_are_of_no_class() -> None:
    scores = torch.tensor([[[[0.0, 0.0]], [[2.0, -1.0]], [[-3.0, 0.5]]]], requires_grad=True)
    labels = torch.tensor([[[0, 2]]])
    background = -log(1 - sigmoid(2.0)) - log(1 - sigmoid(-3.0))
    other = -log(1 - sigmoid(-1.0)) - log(sigmoid(0.5))
    loss = sigmoid_loss(scores, labels, null_background=True)
    assert loss.item() == pytest.approx(background + other, rel=1e-6)
    weighted = sigmoid_loss(scores, labels, WEIGHTS, null_background=True)
    assert weighted.item() == pytest.approx(0.5 * background + 7 * other, rel=1e-6)
    (gradient,) = torch.autograd.grad(loss, scores)
    assert gradient[0, 1, 0].tolist() == pytest.approx([sigmoid(2.0), sigmoid(-1.0)])
    assert gradient[0, 2, 0].tolist() == pytest.approx([sigmoid(-3.0), sigmoid(0.5) - 1])


def test_an_image_of_void_alone_has_no_gradient(scores: Tensor) -> None:
    labels = torch.full((1, 1, 3), 255)
    for loss in (cross_entropy_loss, sigmoid_loss):
        scores = scores.clone().requires_grad_()
        found = loss(scores, labels)
        (gradient,) = torch.autograd.grad(found, scores)
        assert found.item() == 0 and not gradient.any()


def test_weights_multiply_each_pixels_softmax_loss(scores: Tensor) -> None:
    labels = torch.tensor([[[1, 2, 255]]])
    log_p = scores.log_softmax(1)[0, :, 0]
    by_hand = -2 * log_p[1, 0] - 7 * log_p[2, 1]
    torch.testing.assert_close(cross_entropy_loss(scores, labels, WEIGHTS), by_hand)


def test_weights_of_classes_by_hand() -> None:
    """Class 1 is in the first image alone, the last class in none."""
    counts = torch.tensor([[8, 2, 0], [4, 0, 0]])
    shares = [12 / 14, 2 / 10]
    median = sum(shares) / 2
    found = class_weights("median-frequency", counts).tolist()
    assert found == pytest.approx([median / shares[0], median / shares[1], 1])
    found = class_weights("inverse-frequency", counts).tolist()
    assert found == pytest.approx([14 / (2 * 12), 14 / (2 * 2), 1])
    three = torch.tensor([[5, 3, 2]])  # the median is a class's own
    assert class_weights("median-frequency", three).tolist() == pytest.approx([0.6, 1, 1.5])


def test_inversely_weighted_classes_weigh_alike_and_a_pixel_one_in_the_mean() -> None:
    counts = torch.randint(1, 1000, (6, 5))
    shares = class_weights("inverse-frequency", counts) * counts.sum(0) / counts.sum()
    assert shares.tolist() == pytest.approx([1 / 5] * 5)


@pytest.mark.parametrize("workers", [0, 2])
def test_labels_are_counted_in_every_image(world: Path, workers: int) -> None:
    data = PreparedDataset(world)
    found = label_counts(data, "train", "semantic", workers=workers)
    for row, name in zip(found, data.ids("train"), strict=True):
        label = data.label(name)
        assert row.tolist() == np.bincount(label[label != 255], minlength=21).tolist()


def make_loss(world: Path, values: Training) -> tuple[Trainer, Loss]:
    run = make_trainer(PreparedDataset(world), values)
    return run, run.loss


@pytest.mark.parametrize("kind", ["cross_entropy", "sigmoid"])
@pytest.mark.parametrize("rule", ["median-frequency", "inverse-frequency"])
def test_class_weights_weigh_the_pixels_of_a_training(world: Path, kind: str, rule: str) -> None:
    run, weighted = make_loss(world, training_config(loss=kind, class_weights=rule))
    data = PreparedDataset(world)
    image, labels = SampleReader(data).read(data.ids("train")[0])
    weights = class_weights(rule, label_counts(data, "train", "semantic"))
    assert torch.equal(weighted.class_weights["semantic"], weights)
    assert run.identity["class_weights"] == {"semantic": weights.tolist()}
    scores = torch.randn(1, 21, *image.shape[1:])
    loss = cross_entropy_loss if kind == "cross_entropy" else sigmoid_loss
    by_class = sum(
        weights[c] * loss(scores, labels["semantic"].where(labels["semantic"] == c, 255)[None])
        for c in range(21)
    )
    (found,), total, pixels = weighted({"semantic": scores}, labels)
    assert found.item() == pytest.approx(float(by_class), rel=1e-5) == total
    assert pixels == int((labels["semantic"] != 255).sum())


def test_the_power_of_class_weights_softens_them(world: Path) -> None:
    whole, half, none = (
        make_loss(
            world,
            training_config(class_weights="median-frequency", class_weights_power=power),
        )[1].class_weights["semantic"]
        for power in (1.0, 0.5, 0.0)
    )
    torch.testing.assert_close(half, whole.sqrt())
    assert (none == 1).all() and (whole != 1).any()


@pytest.mark.parametrize("null", [False, True])
def test_the_sigmoids_of_a_training_are_those_of_its_net(world: Path, null: bool) -> None:
    run, sigmoids = make_loss(world, training_config({"null_background": null}, loss="sigmoid"))
    data = PreparedDataset(world)
    image, labels = SampleReader(data).read(data.ids("train")[0])
    scores = run.net(run.net.normalise(image[None]))
    (loss,), _, pixels = sigmoids({"semantic": scores}, labels)
    assert loss.item() == pytest.approx((21 - null) * log(2) * pixels, rel=1e-5)  # scores are 0
    loss.backward()
    assert run.net["score_fr"].bias.grad.shape == (21 - null,)


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_cells_that_are_not_sampled_are_ignored(world: Path, reduction: str) -> None:
    options: dict[str, Any] = {"reduction": reduction, "batch_size": 2}
    _, sampled = make_loss(world, training_config(patch_keep_prob=0.5, **options))
    _, whole = make_loss(world, training_config(**options))
    data = PreparedDataset(world)
    _, labels = SampleReader(data).read(data.ids("train")[0])
    before = sampled.generator.get_state()
    kept = sampled._sample_labels(labels)
    assert 0 < (kept["semantic"] != 255).sum() < (labels["semantic"] != 255).sum()
    sampled.generator.set_state(before)
    parts = {"semantic": torch.randn(1, 21, *labels["semantic"].shape)}
    found, total, pixels = sampled(parts, labels)
    wanted, wanted_total, wanted_pixels = whole(parts, kept)
    assert torch.equal(found[0], wanted[0])
    assert (total, pixels) == (wanted_total, wanted_pixels)
    assert pixels == (kept["semantic"] != 255).sum()


def test_a_split_is_refused_where_any_task_has_no_labelled_pixel(tmp_path: Path) -> None:
    tasks = {"semantic": ["ground", "thing"], "geometric": ["flat", "steep"]}
    with dataset_writer(tmp_path / "set", tasks=tasks) as writer:
        for id in "abcd":
            writer.add_image(id, png(np.zeros((8, 8, 3), np.uint8)), id)
            for task in tasks:
                label = np.full((8, 8), 255, np.uint8)
                label[0, 0] = 1 if id == "b" or task == "semantic" else 255
                writer.add_label(id, label, id, task)
        writer.add_split("train", "ab")
        writer.add_split("val", "cd")
    data = PreparedDataset(tmp_path / "set")
    require_labels(data, "train", ("semantic", "geometric"))
    require_labels(data, "val", ("semantic",))
    with pytest.raises(InputError, match=r"split val: no labelled pixel in 2 images.*geometric"):
        require_labels(data, "val", ("semantic", "geometric"))
