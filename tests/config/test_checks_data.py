"""Impossible data in config.yaml, refused before anything is made."""

from dataclasses import replace
from typing import Any

import pytest
from fixtures.config import refusal, set_at

from fcnlib.archives.catalogue import ARCHIVES
from fcnlib.config.converters import ARCHIVES_INFO
from fcnlib.config.load import load_config
from fcnlib.config.schema_data import ArchiveDataset
from fcnlib.core.errors import InputError

EXPERIMENT, NYUD = "experiments/voc-fcn32s", "datasets/nyudv2"


def added(config: dict[str, Any], name: str, entry: dict[str, Any]) -> None:
    config["experiments"][name] = {"row": name, **entry}


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (f"{EXPERIMENT}/data/test", "val", "data.test: 'val' is no split of voc2011-sbd; known: "),
        (f"{EXPERIMENT}/data/test", "seg12valid", "did you mean 'seg11valid'?"),
        (f"{EXPERIMENT}/data/train", "trainval", "data.train: 'trainval' is no split of voc2011"),
        (f"{EXPERIMENT}/data/validate_on", "x", "data.validate_on: 'x' is no split of voc2011-sbd"),
        (f"{NYUD}/counts", {"all": 1}, "datasets.nyudv2.counts: 'all' is no split; known: train"),
        (f"{NYUD}/archives", [], "nyudv2.archives: []; expected 3: nyu_depth_v2_labeled.mat, spl"),
        (
            f"{NYUD}/archives",
            ["nyu_depth_v2_labeled.mat", "classMapping40.mat", "splits.mat"],
            "nyudv2.archives.1: 'classMapping40.mat' is not for nyudv2; known: splits.mat",
        ),
        (f"{NYUD}/reduced", 8, "nyudv2.reduced: expected none, as synthetic.rooms has its own"),
        ("synthetic/rooms/reduced", 3, "rooms.reduced: 3; expected one of (1, 2, 4, 5, 8, 10)"),
        ("synthetic/rooms/reduced", 16, "rooms.reduced: 16; expected one of"),
        ("synthetic/rooms/train", 1400, "synthetic.rooms: 1500 in all; expected at most 1449"),
        ("synthetic/scenes/size", 31, "synthetic.scenes.size: 31: Input should be greater than"),
        ("synthetic/test/size", 3, "synthetic.test.size: 3: Input should be greater than"),
        (f"{EXPERIMENT}/paper", {"mean_iu": 101.0}, "paper.mean_iu: 101; expected percent from 0"),
        (f"{EXPERIMENT}/paper", {"mean_iu": -1.0}, "paper.mean_iu: -1; expected percent from 0"),
        (f"{EXPERIMENT}/paper", {"forward_ms": -1.0}, "paper.forward_ms: -1; expected 0 or more"),
    ],
)
def test_impossible_data_are_refused(
    raw_config: dict[str, Any], path: str, value: Any, message: str
) -> None:
    set_at(raw_config, path, value)
    assert message in refusal(raw_config)


@pytest.mark.parametrize(
    ("entry", "archive"),
    [
        ({"converter": "nyudv2-release", "archives": ["nyud.tar.gz"]}, "nyud.tar.gz"),
        (
            {"converter": "voc", "archives": ["VOCtrainval_11-May-2012.tar"]},
            "VOCtrainval_11-May-2012.tar",
        ),
    ],
)
def test_a_data_set_without_synthetic_archives_is_of_published_ones_alone(
    raw_config: dict[str, Any], entry: dict[str, Any], archive: str
) -> None:
    raw_config["datasets"]["other"] = entry
    expected = f"datasets.other.archives: {archive}: no rule writes a synthetic one; expected a sca"
    assert expected in refusal(raw_config)
    assert load_config({**raw_config, "scale": "paper"})
    assert "other" not in load_config({**raw_config, "rows": ["voc-fcn32s"]}).datasets


@pytest.mark.parametrize(
    ("lookup", "key", "message"),
    [
        (ARCHIVES_INFO, "siftflow", "siftflow.converter: 'siftflow' is not in ARCHIVES_INFO of "),
        (ARCHIVES, "SiftFlowDataset.zip", "archives.0: 'SiftFlowDataset.zip' is not in ARCHIVES o"),
    ],
)
def test_what_a_new_converter_still_lacks_is_named(
    raw_config: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    lookup: dict[str, Any],
    key: str,
    message: str,
) -> None:
    monkeypatch.delitem(lookup, key)
    assert message in refusal(raw_config)


def test_synthetic_archives_need_the_images_that_their_writers_make(
    raw_config: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    without = replace(ARCHIVES_INFO["siftflow"], synthetic=None)
    monkeypatch.setitem(ARCHIVES_INFO, "siftflow", without)
    assert "siftflow.converter: 'siftflow': no `synthetic` of it in ARCHIVES" in refusal(raw_config)


def test_synthetic_rooms_are_reduced_and_not_counted_as_the_published_ones_are(
    raw_config: dict[str, Any],
) -> None:
    set_at(raw_config, "synthetic/rooms/reduced", 8)
    found = load_config(raw_config).dataset("nyudv2")
    assert isinstance(found, ArchiveDataset) and (found.reduced, found.counts) == (8, {})
    found = load_config(raw_config | {"scale": "paper"}).dataset("nyudv2")
    assert isinstance(found, ArchiveDataset) and found.reduced == 1 and found.counts["test"] == 654


def test_published_numbers_go_together_with_synthetic_archives(raw_config: dict[str, Any]) -> None:
    paper = raw_config["scales"]["paper"]
    raw_config["scales"]["rehearsal"] = {**paper, "archives": "synthetic"}
    config = load_config(raw_config | {"scale": "rehearsal"})
    assert config.training("voc-fcn32s").recipe.iterations == 100_000
    assert config.dataset("voc2011").counts == {}  # type: ignore[union-attr]
    assert config.experiments["zoo-voc-fcn8s"].starts(config.archives) == ("voc-fcn8s",)


def test_images_are_those_of_the_archives_or_a_users_own(raw_config: dict[str, Any]) -> None:
    raw_config["datasets"]["mine"] = {"converter": "folder", "path": "photos"}
    for scale, images in {"demo": "synthetic", "paper": "published"}.items():
        config = load_config(raw_config | {"scale": scale})
        assert (config.images("voc2011"), config.images("mine")) == (images, "own")


def test_the_splits_of_a_folder_are_those_that_it_lists(raw_config: dict[str, Any]) -> None:
    raw_config["datasets"]["mine"] = {"converter": "folder", "path": "photos"}
    data = {"dataset": "mine", "test": "val"}
    added(raw_config, "x", {"tables": ["skips"], "data": data, "upper_bound": {"factor": 8}})
    assert load_config(raw_config)
    raw_config["datasets"]["mine"]["splits"] = {"train": "a.txt", "held": "b.txt"}
    with pytest.raises(InputError, match="'val' is no split of mine; known: train, held"):
        load_config(raw_config)


def test_the_held_out_split_of_voc_is_of_the_archives_year(raw_config: dict[str, Any]) -> None:
    raw_config["scale"] = "paper"
    archives = ["VOCtrainval_11-May-2012.tar", "benchmark.tgz"]
    raw_config["datasets"]["voc2012"] = {"converter": "voc-sbd", "archives": archives}
    data = {"dataset": "voc2012", "test": "seg12valid"}
    added(raw_config, "x", {"tables": ["skips"], "data": data, "upper_bound": {"factor": 8}})
    assert load_config(raw_config)


def test_a_published_row_shows_one_of_its_numbers(raw_config: dict[str, Any]) -> None:
    added(raw_config, "theirs", {"tables": ["skips"], "paper": {"forward_ms": 1.0}})
    with pytest.raises(InputError, match=r"theirs\.paper: forward_ms; expected a column of skips"):
        load_config(raw_config)


@pytest.mark.parametrize(
    "column", ["mean_iu_without_background", "mean_iu_foreground_truth", "background_accuracy"]
)
def test_no_column_leaves_out_a_background_that_no_row_has(
    raw_config: dict[str, Any], column: str
) -> None:
    raw_config["tables"]["joint-tasks"]["columns"] = [column]
    with pytest.raises(InputError, match=f"joint-tasks.columns: '{column}'; expected one that"):
        load_config(raw_config)


def test_a_head_alone_does_not_start_from_that_of_another_task(raw_config: dict[str, Any]) -> None:
    net = {"backbone": "vgg16", "predict_from": ["fc7"], "start_from": ["siftflow-fcn32s"]}
    data = {"dataset": "siftflow", "tasks": ["geometric"], "train": "trainval", "test": "test"}
    entry = {"tables": ["joint-tasks"], "data": data, "net": net, "recipe": {"name": "heavy"}}
    added(raw_config, "alone", entry)
    assert load_config(raw_config)  # of two heads, which have names
    other = {**entry, "net": {**net, "start_from": ["alone"]}}
    added(raw_config, "other", {**other, "data": {**data, "tasks": ["semantic"]}})
    with pytest.raises(
        InputError, match=r"other\.net\.start_from: alone predicts geometric; expected s"
    ):
        load_config(raw_config)
    raw_config["experiments"]["other"]["data"]["tasks"] = ["semantic", "geometric"]
    assert load_config(raw_config)
