"""Data that config.yaml asks for and that cannot be, told before anything is made."""

from typing import Any

import pytest
from fixtures.config import refusal, set_at

from fcnlib.config.load import load
from fcnlib.core.errors import InputError

EXPERIMENT, NYUD = "experiments/voc-fcn32s", "datasets/nyudv2"


def added(config: dict[str, Any], name: str, entry: dict[str, Any]) -> None:
    config["experiments"][name] = {"row": name, **entry}


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (f"{EXPERIMENT}/data/test", "val", "data.test: 'val' is no split of voc2011-sbd; known: "),
        (f"{EXPERIMENT}/data/test", "seg12valid", "known: train, seg11valid"),
        (f"{EXPERIMENT}/data/train", "trainval", "data.train: 'trainval' is no split of voc2011"),
        (f"{EXPERIMENT}/data/validate_on", "x", "data.validate_on: 'x' is no split of voc2011-sbd"),
        (f"{NYUD}/counts", {"all": 1}, "datasets.nyudv2.counts: 'all' is no split; known: train"),
        (f"{NYUD}/archives", [], "nyudv2.archives: []; expected 3: nyu_depth_v2_labeled.mat, spl"),
        (
            f"{NYUD}/archives",
            ["nyu_depth_v2_labeled.mat", "classMapping40.mat", "splits.mat"],
            "nyudv2.archives.1: 'classMapping40.mat' is not for nyudv2; known: splits.mat",
        ),
        (f"{NYUD}/reduced", 8, "nyudv2.reduced: 8; expected 4, as drawn.rooms.reduced"),
        ("drawn/rooms/reduced", 3, "nyudv2.reduced: 4; expected 3, as drawn.rooms.reduced"),
        ("drawn/rooms/train", 1400, "drawn.rooms: 1500 in all; expected at most 1449"),
        ("drawn/scenes/size", 31, "drawn.scenes.size: 31; expected 32 pixels or more"),
        ("drawn/test/size", 3, "drawn.test.size: 3; expected 32 pixels or more"),
        (f"{EXPERIMENT}/paper", {"mean_iu": 101.0}, "paper.mean_iu: 101; expected percent from 0"),
        (f"{EXPERIMENT}/paper", {"mean_iu": -1.0}, "paper.mean_iu: -1; expected percent from 0"),
        (f"{EXPERIMENT}/paper", {"forward_ms": -1.0}, "paper.forward_ms: -1; expected 0 or more"),
    ],
)
def test_data_that_cannot_be_are_told(
    raw_config: dict[str, Any], path: str, value: Any, told: str
) -> None:
    set_at(raw_config, path, value)
    assert told in refusal(raw_config)


@pytest.mark.parametrize(
    ("scale", "reduced", "told"),
    [
        ("demo", 3, r"drawn\.rooms\.reduced: 3; expected one of \(1, 2, 4, 5, 8, 10\)"),
        ("demo", 16, r"drawn\.rooms\.reduced: 16; expected one of"),
        ("paper", 4, r"nyudv2\.reduced: 4; expected 1, as published"),
    ],
)
def test_rooms_are_reduced_to_whole_images_and_published_ones_not_at_all(
    raw_config: dict[str, Any], scale: str, reduced: int, told: str
) -> None:
    set_at(raw_config, f"{NYUD}/reduced", reduced)
    if scale == "demo":
        set_at(raw_config, "drawn/rooms/reduced", reduced)
    with pytest.raises(InputError, match=told):
        load(raw_config | {"scale": scale})


def test_the_splits_of_a_folder_are_those_that_it_lists(raw_config: dict[str, Any]) -> None:
    raw_config["datasets"]["mine"] = {"converter": "folder", "path": "photos"}
    data = {"dataset": "mine", "test": "val"}
    added(raw_config, "x", {"tables": ["skips"], "data": data, "oracle": {"factor": 8}})
    assert load(raw_config)
    raw_config["datasets"]["mine"]["splits"] = {"train": "a.txt", "held": "b.txt"}
    with pytest.raises(InputError, match="'val' is no split of mine; known: train, held"):
        load(raw_config)


def test_the_held_out_split_of_voc_is_of_the_archives_year(raw_config: dict[str, Any]) -> None:
    archives = ["VOCtrainval_11-May-2012.tar", "benchmark.tgz"]
    raw_config["datasets"]["voc2012"] = {"converter": "voc-sbd", "archives": archives}
    data = {"dataset": "voc2012", "test": "seg12valid"}
    added(raw_config, "x", {"tables": ["skips"], "data": data, "oracle": {"factor": 8}})
    assert load(raw_config)


def test_a_published_row_shows_one_of_its_numbers(raw_config: dict[str, Any]) -> None:
    added(raw_config, "theirs", {"tables": ["skips"], "paper": {"forward_ms": 1.0}})
    with pytest.raises(InputError, match=r"theirs\.paper: forward_ms; expected a column of skips"):
        load(raw_config)


@pytest.mark.parametrize(
    "column", ["mean_iu_without_background", "mean_iu_foreground_truth", "background_accuracy"]
)
def test_no_column_leaves_out_a_background_that_no_row_has(
    raw_config: dict[str, Any], column: str
) -> None:
    raw_config["tables"]["joint-tasks"]["columns"] = [column]
    with pytest.raises(InputError, match=f"joint-tasks.columns: '{column}'; expected one that"):
        load(raw_config)


def test_a_head_alone_does_not_start_from_that_of_another_task(raw_config: dict[str, Any]) -> None:
    net = {"backbone": "vgg16", "predict_from": ["fc7"], "start_from": ["siftflow-fcn32s"]}
    data = {"dataset": "siftflow", "tasks": ["geometric"], "train": "trainval", "test": "test"}
    entry = {"tables": ["joint-tasks"], "data": data, "net": net, "recipe": {"name": "heavy"}}
    added(raw_config, "alone", entry)
    assert load(raw_config)  # of two heads, which have names
    other = {**entry, "net": {**net, "start_from": ["alone"]}}
    added(raw_config, "other", {**other, "data": {**data, "tasks": ["semantic"]}})
    with pytest.raises(
        InputError, match=r"other\.net\.start_from: alone says geometric; expected s"
    ):
        load(raw_config)
    raw_config["experiments"]["other"]["data"]["tasks"] = ["semantic", "geometric"]
    assert load(raw_config)
