"""Which rows a rehearsal runs: as few as have every kind of net and of data."""

from itertools import chain
from typing import Any

import pytest

from fcnlib.config.load import load_config
from fcnlib.config.schema import Config
from fcnlib.plan.kinds import kinds, of_each_kind, planned
from fcnlib.plan.targets import Targets


@pytest.fixture
def config(raw_config: dict[str, Any]) -> Config:
    return load_config({**raw_config, "scale": "rehearsal", "rows": "one-of-each-kind"})


def test_every_kind_is_there_and_much_less_than_all_is_trained(config: Config) -> None:
    def all_kinds(of: Config) -> set[str]:
        return set(chain.from_iterable(kinds(of, name) for name in of.experiments))

    few = planned(config)
    assert all_kinds(few) == all_kinds(config)
    assert len(Targets(few).trained) < len(Targets(config).trained) / 2
    assert {
        *("backbone alexnet", "backbone vgg16", "backbone vgg19", "backbone googlenet"),
        *("skips in stages", "skips at once", "2 tasks", "masked images", "data pascal-context"),
        *("inputs rgb", "inputs rgb, depth", "inputs hha", "late fusion of rgb, hha"),
        *("upper bound", "released weights", "another row's net", "submission"),
        *("timing, fully-connected", "timing, convolutional"),
        *("timing, shift-and-stitch", "timing, dilated"),
    } <= all_kinds(few)


def test_rows_are_chosen_by_their_values_whatever_they_are_called(
    raw_config: dict[str, Any], config: Config
) -> None:
    rgb = raw_config["experiments"]["nyud-fcn32s-rgb"]
    net = {**rgb["net"], "start_from": "random"}
    changed = {**raw_config, "scale": "rehearsal", "rows": "one-of-each-kind"}
    changed["experiments"]["mine"] = {**rgb, "net": net}
    assert of_each_kind(load_config(changed)) == of_each_kind(config)
    changed["experiments"]["mine"]["data"] = {**rgb["data"], "inputs": ["depth"]}
    assert of_each_kind(load_config(changed)) == [*of_each_kind(config), "mine"]


def test_rows_that_are_asked_for_are_not_chosen(raw_config: dict[str, Any]) -> None:
    config = load_config({**raw_config, "rows": ["bound-32"]})
    assert planned(config) == config
    assert planned(load_config(raw_config)) == load_config(raw_config)
