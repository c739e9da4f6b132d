"""The share of the images that a net is trained on."""

from pathlib import Path

import numpy as np
import pytest
import torch
from fixtures.archives import jpeg
from fixtures.training import make_trainer, training_config

from fcnlib.config.schema_data import Data
from fcnlib.core.errors import InputError
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.writer import dataset_writer
from fcnlib.training.training_ids import training_ids


@pytest.fixture
def data(tmp_path: Path) -> PreparedDataset:
    """Twelve images, of which each has one pixel more of the second class than the one before."""
    with dataset_writer(tmp_path / "data", tasks={"semantic": ["a", "b"]}) as writer:
        for number in range(12):
            label = np.zeros((12, 16), np.uint8)
            label.flat[: number + 1] = 1
            writer.add_image(f"{number:02d}", jpeg((number, 0, 0)), "x")
            writer.add_label(f"{number:02d}", label, "x")
        writer.add_split("train", [f"{number:02d}" for number in range(12)])
        writer.add_split("test", ["00"])
    return PreparedDataset(tmp_path / "data")


def ids(data: PreparedDataset, share: float, seed: int = 0) -> list[str]:
    return training_ids(data, Data(dataset="x", test="test", train_share=share), seed)


def test_smaller_shares_are_within_larger_ones_in_the_order_of_the_list(data):
    found = {share: ids(data, share) for share in (0.25, 0.5, 1.0)}
    assert [len(each) for each in found.values()] == [3, 6, 12]
    assert {*found[0.25]} < {*found[0.5]} < {*found[1.0]}
    assert all(each == sorted(each) for each in found.values())
    assert found[1.0] == data.ids("train")


def test_the_seed_chooses_and_the_same_seed_the_same(data):
    assert ids(data, 0.5) == ids(data, 0.5)
    assert len({tuple(ids(data, 0.5, seed)) for seed in range(5)}) > 1


def test_a_share_that_leaves_no_image_is_refused(data):
    assert len(ids(data, 0.05)) == 1
    with pytest.raises(InputError, match=r"train_share: 0\.01 of the 12 images .* leaves none"):
        ids(data, 0.01)


def test_a_training_sees_and_weighs_its_share_alone(data):
    config = training_config(class_weights="inverse-frequency", iterations=40)
    config = config.model_copy(
        update={"data": Data(dataset="x", train="train", test="test", train_share=0.25)}
    )
    trainer = make_trainer(data, config)
    seen = {trainer.image_order.ids[index] for index in trainer.image_order.order.tolist()}
    assert seen == {*ids(data, 0.25)}
    pixels = torch.tensor([int(id) + 1 for id in seen]).sum()
    expected = len(seen) * 12 * 16 / (2 * pixels)
    torch.testing.assert_close(trainer.loss.class_weights["semantic"][1], expected)
