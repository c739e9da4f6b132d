"""Which images come in which order, and how they are flipped and shifted."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fixtures.training import checkpoint_content, make_trainer, train_net, training_config
from torch import Tensor

from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.samples import as_batch, shifted
from fcnlib.training import image_order
from fcnlib.training.image_order import sample_order, sample_shifts
from fcnlib.training.trainer import Trainer


class RecordingTrainer(Trainer):
    """A trainer that keeps the images that it is given."""

    def _backward(self, image: Tensor, labels: dict[str, Tensor]) -> tuple[Tensor, int]:
        self.__dict__.setdefault("images", []).append(image.clone())
        return super()._backward(image, labels)


def images_of(
    world: Path, folder: Path, *, seed: int = 0, **recipe: Any
) -> tuple[list[Tensor], str]:
    """The images of a training in their order, and the order's digest in its checkpoint."""
    values = training_config(validate_every=12, **recipe)
    trainer = make_trainer(PreparedDataset(world), values, trainer=RecordingTrainer, seed=seed)
    trainer.fit(folder / "net.pt", folder / "net.csv", resume=False)
    return trainer.__dict__["images"], str(checkpoint_content(folder / "net.pt")["order"])


def test_trainings_of_as_many_images_have_the_same_order(world: Path, tmp_path: Path) -> None:
    """Table 2's: whatever the batch, the momentum, the rate, and what counts in the loss."""
    first, digest = images_of(world, tmp_path, iterations=12)
    for recipe in (
        {"iterations": 4, "batch_size": 3, "momentum": 0.9},
        {"iterations": 1, "batch_size": 12, "learning_rate": 1e-9},
        {"iterations": 12, "workers": 1, "patch_keep_prob": 0.5, "score_init": "random"},
        {"iterations": 12, "class_weights": "inverse-frequency", "loss": "sigmoid"},
    ):
        images, again = images_of(world, tmp_path, **recipe)
        assert again == digest
        assert len(images) == 12 and all(map(torch.equal, images, first))
    assert (
        images_of(world, tmp_path, iterations=12, random_shift=3, horizontal_flip=False)[1]
        == digest
    )
    assert images_of(world, tmp_path, iterations=12, seed=1)[1] != digest
    assert images_of(world, tmp_path, iterations=11)[1] != digest


def test_random_shifts_change_neither_order_nor_flips(world: Path, tmp_path: Path) -> None:
    plain, _ = images_of(world, tmp_path, iterations=12)
    images, _ = images_of(world, tmp_path, iterations=12, random_shift=4)
    shifts = sample_shifts(12, 4, seed=0).tolist()
    assert len({tuple(shift) for shift in shifts}) > 3
    for before, after, (down, right) in zip(plain, images, shifts, strict=True):
        inside = shifted(before.numpy(), down, right, 0)
        rows, columns = (np.roll(np.ones(side), 0) for side in before.shape[1:])
        rows[: max(0, down)] = columns[: max(0, right)] = 0
        rows[len(rows) + min(0, down) :] = columns[len(columns) + min(0, right) :] = 0
        in_frame = np.outer(rows, columns).astype(bool)
        assert np.array_equal(after.numpy()[:, in_frame], inside[:, in_frame])
        assert len(np.unique(after.numpy()[:, ~in_frame].T, axis=0)) <= 1  # one colour


def test_shifts_are_even_over_their_range_and_known_from_the_seed() -> None:
    shifts = sample_shifts(20000, 2, seed=5)
    assert torch.equal(shifts, sample_shifts(20000, 2, seed=5))
    assert not torch.equal(shifts, sample_shifts(20000, 2, seed=6))
    pairs = (shifts + 2) @ torch.tensor([5, 1])
    assert pairs.bincount().tolist() == pytest.approx([800] * 25, abs=150)
    assert not sample_shifts(10, 0, seed=5).any()


def test_order_is_sampled_with_replacement_and_known_from_the_seed() -> None:
    order, flips = sample_order(10, 1000, seed=3, horizontal_flip=True)
    assert torch.equal(order, sample_order(10, 1000, seed=3, horizontal_flip=True)[0])
    assert sorted(set(order.tolist())) == list(range(10))
    assert 0.4 < flips.float().mean() < 0.6
    assert not sample_order(10, 1000, seed=3, horizontal_flip=False)[1].any()
    # Whether images are flipped must not change which come.
    assert torch.equal(order, sample_order(10, 1000, seed=3, horizontal_flip=False)[0])


def test_order_of_a_training_is_that_of_its_seed(world: Path, tmp_path: Path) -> None:
    """The stored order can be checked afterwards, from the data and the seed alone."""
    path = train_net(world, tmp_path, training_config())
    data = PreparedDataset(world)
    order, _ = sample_order(len(data.ids("train")), 12, seed=0, horizontal_flip=False)
    trainer = make_trainer(data, training_config())
    assert torch.equal(trainer.image_order.order, order)
    names = "\n".join([data.ids("train")[i] for i in order])
    digest = hashlib.sha256(names.encode()).hexdigest()
    assert checkpoint_content(path)["order"] == trainer.image_order.digest == digest


def test_an_order_is_hashed_alike_in_one_piece_and_in_several(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of millions of names, never all are made at once."""
    order = make_trainer(PreparedDataset(world), training_config()).image_order
    digest = order.digest
    for names in (1, 5, 12, 13):
        monkeypatch.setattr(image_order, "HASHED_TOGETHER", names)
        assert order.digest == digest


def test_workers_read_the_rest_of_an_order(world: Path) -> None:
    for workers in (0, 2):
        config = training_config(random_shift=4, workers=workers)
        order = make_trainer(PreparedDataset(world), config).image_order
        with order.samples_from(9) as samples:
            rest = list(samples)
        assert len(rest) == 3
        for position, (image, labels) in enumerate(rest, 9):
            expected, truth = order.sample(position)
            assert torch.equal(image, expected)
            assert torch.equal(labels["semantic"], truth["semantic"])


def test_crops_are_the_same_whoever_reads_them_and_change_no_order(world: Path) -> None:
    values: dict[str, Any] = {"crop": [24, 32], "random_scale": [0.5, 2.0], "random_colour": 0.4}
    data = PreparedDataset(world)
    plain = make_trainer(data, training_config()).image_order
    orders = [
        make_trainer(data, training_config(**values, workers=workers)).image_order
        for workers in (0, 2)
    ]
    read = []
    for order in orders:
        assert order.digest == plain.digest
        with order.samples_from(3) as samples:
            read.append(list(samples))
    for (image, labels), (again, truth) in zip(*read, strict=True):
        assert image.shape == (3, 24, 32)
        assert torch.equal(image, again) and torch.equal(labels["semantic"], truth["semantic"])
    other = make_trainer(data, training_config(**values), seed=1).image_order
    assert not torch.equal(other.sample(0)[0], orders[0].sample(0)[0])


@pytest.mark.parametrize("workers", [0, 2])
def test_crops_that_are_computed_at_once_come_as_a_batch(world: Path, workers: int) -> None:
    config = training_config(crop=[24, 32], batch_size=3, iterations=4, workers=workers)
    order = make_trainer(PreparedDataset(world), config).image_order
    with order.samples_from(6) as samples:
        rest = list(samples)
    assert len(rest) == 2
    for first, (images, labels) in zip((6, 9), rest, strict=True):
        expected, truth = as_batch([order.sample(first + i) for i in range(3)])
        assert torch.equal(images, expected) and images.stride() == expected.stride()
        assert torch.equal(labels["semantic"], truth["semantic"])
