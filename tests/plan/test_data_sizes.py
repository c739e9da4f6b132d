"""How many images of what size a data set will have, before it is there."""

from pathlib import Path
from typing import Any

import pytest
from fixtures.own_files import own

from fcn_synthetic.archives import siftflow, voc
from fcnlib.config.load import load_config
from fcnlib.config.nyudv2_images import NYUD_CROP
from fcnlib.core.errors import InputError
from fcnlib.plan.data_sizes import (
    count_of,
    data_size,
    data_sizes,
)


def test_synthetic_archives_hold_as_many_images_as_their_writers_make(
    raw_config: dict[str, Any],
) -> None:
    config = load_config(raw_config)
    sizes, synthetic = data_sizes(config), config.synthetic
    scenes = synthetic.scenes
    lists = voc.splits(seed=synthetic.seed, train=scenes.train, validation=scenes.validation)
    assert sizes["voc2011"].splits["train"] == len(lists.voc_train)
    assert sizes["voc2011"].splits["val"] == len(lists.voc_val)
    assert sizes["voc2011-sbd"].splits["train"] == len(lists.sbd_train)
    left = set(lists.voc_val) - set(lists.sbd_train)
    assert sizes["voc2011-sbd"].splits["seg11valid"] == len(left)
    outdoor = synthetic.outdoor
    train, test = siftflow.names(seed=0, train=outdoor.train, test=outdoor.test)
    assert dict(sizes["siftflow"].splits) == {"trainval": len(train), "test": len(test)}
    _, main = voc.context_lists(
        seed=0, train=synthetic.context.train, validation=synthetic.context.validation
    )
    assert sizes["pascal-context"].splits == {key: len(main[key]) for key in ("train", "val")}


def test_synthetic_rooms_are_cropped_as_the_published_ones(raw_config: dict[str, Any]) -> None:
    for reduced in (1, 4):
        raw_config["synthetic"]["rooms"]["reduced"] = reduced
        edges = [round(edge / reduced) for edge in NYUD_CROP]
        height, width = edges[1] - edges[0], edges[3] - edges[2]
        assert data_sizes(load_config(raw_config))["nyudv2"].sizes == ((height, width),)


def test_published_archives_hold_the_published_numbers(raw_config: dict[str, Any]) -> None:
    sizes = data_sizes(load_config({**raw_config, "scale": "paper"}))
    assert sizes["nyudv2"].images == 1449
    assert sizes["voc2011"].images == 2223
    assert sizes["nyudv2"].sizes == ((425, 560),)
    assert all(max(size) == 500 for size in sizes["voc2011-sbd"].sizes)


def test_published_archives_without_numbers_are_named(raw_config: dict[str, Any]) -> None:
    raw_config["datasets"]["siftflow"]["counts"] = {}
    config = load_config({**raw_config, "scale": "paper"})
    with pytest.raises(InputError, match=r"datasets\.siftflow\.counts: none; expected"):
        data_sizes(config)


def test_a_split_without_a_number_is_named(raw_config: dict[str, Any]) -> None:
    del raw_config["datasets"]["siftflow"]["counts"]["test"]
    size = data_size(load_config({**raw_config, "scale": "paper"}), "siftflow")
    with pytest.raises(InputError, match="no number of split 'test'; known: trainval"):
        count_of(size, "test", "siftflow")


def test_a_folder_of_your_own_is_counted(raw_config: dict[str, Any], tmp_path: Path) -> None:
    own(tmp_path / "mine", images=10)
    raw_config["datasets"]["mine"] = {"converter": "folder", "path": str(tmp_path / "mine")}
    size = data_size(load_config(raw_config), "mine")
    assert size.images == 10 and dict(size.splits) == {"train": 8, "val": 2}
    assert size.classes == {"semantic": 2} and size.pixels > 0
