"""Training on masked inputs: nothing of masked pixels gets through."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fixtures.masking import MASKS, VALUES, masked_pixels
from PIL import Image

from fcnlib.config.schema_data import Data, Mask
from fcnlib.config.schema_nets import Net, Recipe, Training
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.models.fcn import FCN
from fcnlib.models.weights.checkpoint import read_tensors, write_tensors
from fcnlib.training.trainer import train


def test_masked_pixels_change_no_weight(
    repainted: tuple[Mask, Path], start: Path, tmp_path: Path
) -> None:
    mask, other = repainted
    world = tmp_path / "other"
    shutil.copytree(other, world)
    for path in (world / "images").glob("*.png"):
        image, label = np.array(Image.open(path)), PreparedDataset(world).label(path.stem)
        image[masked_pixels(mask, label)] = 0
        Image.fromarray(image).save(path)
    both = {"train_mask": mask, "test_mask": mask}
    first, second, seen = (
        trained(world, start, "0", **both),
        trained(other, start, "1", **both),
        trained(other, start, "2", test_mask=mask),
    )
    assert first["scores"] == second["scores"]
    assert all(torch.equal(first["state"][name], second["state"][name]) for name in first["state"])
    assert not torch.equal(first["state"]["conv1_1.weight"], seen["state"]["conv1_1.weight"])


@pytest.fixture
def start(lively_net: FCN, tmp_path: Path) -> Path:
    """Initial weights whose scores differ between images, as an untrained net's do not."""
    write_tensors(tmp_path / "start.pt", {"state": lively_net.state_dict()})
    return tmp_path / "start.pt"


def trained(world: Path, start: Path, name: str, **masks: Any) -> Any:
    net = Net(backbone="vgg16", predict_from=("fc7",), start_from=("start",), **VALUES)
    checkpoint = start.with_name(f"{name}.pt")
    values = Training(
        data=Data(dataset="voc2011-sbd", test="seg11valid", **masks),
        net=net,
        recipe=Recipe(learning_rate=1e-8, iterations=3, validate_every=3, horizontal_flip=True),
    )
    where = {"checkpoint": checkpoint, "curve": checkpoint.with_suffix(".csv"), "device": "cpu"}
    train(values, dataset=world, initial_weights=[start], seed=0, provenance={}, **where)
    return read_tensors(checkpoint)


@pytest.mark.parametrize("mask", MASKS)
def test_the_snapshot_is_picked_on_what_the_test_shows(
    world: Path, start: Path, mask: Mask
) -> None:
    found = [trained(world, start, m, test_mask=m) for m in ("none", mask)]
    assert torch.equal(*(each["state"]["conv1_1.weight"] for each in found))
    assert found[0]["scores"] != found[1]["scores"]
