"""What rules are handed: what a changed value of the configuration reaches."""

import copy
import json
from typing import Any

import pytest
from fixtures.config import set_at

from fcnlib.config.load import load_config
from fcnlib.config.schema import Config
from fcnlib.plan import specs, values
from fcnlib.plan.targets import Targets

FIGURES = {
    "comparison": specs.comparison,
    "losses": specs.losses,
    "ablation": specs.ablation,
    "momentum": specs.chart,
    "gaps": specs.chart,
    "architecture": specs.architecture,
}


def handed(config: Config) -> dict[tuple[str, str], str]:
    """Everything that rules are handed, by rule and name, as text."""
    targets = Targets(config)
    plain = {
        "prepare": (values.dataset, config.datasets),
        "train": (values.training, targets.trained),
        "evaluate": (values.evaluation, targets.scored),
        "upper_bound": (values.upper_bound, targets.bounds),
        "time": (values.timing, targets.timed),
    }
    of_tables = {
        "table": (specs.table, config.tables),
        "curves": (specs.trained_nets, targets.tables_with_curves),
        "class_iu": (specs.scored_nets, targets.tables_with_scores),
    }
    found: dict[tuple[str, str], Any] = {}
    for rule, (made, names) in plain.items():
        found |= {(rule, name): made(config, name) for name in names}
    for rule, (spec, names) in of_tables.items():
        found |= {(rule, name): spec(targets, name).model_dump(mode="json") for name in names}
    for name, figure in config.figures.items():
        spec = FIGURES[figure.kind](targets, name)
        found[figure.kind, name] = spec.model_dump(mode="json")
    found |= {("claims", name): claim for name, claim in values.claims(config).items()}
    found["synthetic", "scenes"] = values.synthetic(config, config.synthetic.scenes)
    found["synthetic", "rooms"] = values.synthetic(config, config.synthetic.rooms)
    return {place: json.dumps(value) for place, value in found.items()}


def reached(raw: dict[str, Any], path: str, value: Any) -> set[tuple[str, str]]:
    """The rules, and what they make, that another value is handed to."""
    before, changed = handed(load_config(raw)), copy.deepcopy(raw)
    set_at(changed, path, value)
    after = handed(load_config(changed))
    return {place for place in before | after if before.get(place) != after.get(place)}


def names_of(rule: str, found: set[tuple[str, str]]) -> set[str]:
    return {name for other, name in found if other == rule}


def test_a_learning_rate_reaches_its_net_and_all_rows_that_score_it(
    raw_config: dict[str, Any],
) -> None:
    found = reached(raw_config, "experiments/voc-fcn16s/recipe/learning_rate", 1.0e-9)
    assert found == {("train", "voc-fcn16s"), ("evaluate", "voc-fcn16s")}
    found = reached(raw_config, "experiments/voc2011-fcn32s/recipe/learning_rate", 1.0e-9)
    assert names_of("train", found) == {"voc2011-fcn32s"}
    assert names_of("evaluate", found) == {"voc2011-fcn32s", "voc2011-fcn32s-seg11valid"}


def test_a_published_number_reaches_what_shows_it(raw_config: dict[str, Any]) -> None:
    found = reached(raw_config, "experiments/bound-32/paper/mean_iu", 86.2)
    assert found == {("table", "upper-bounds"), ("gaps", "nets-and-bounds")}


def test_a_new_entry_reaches_the_table_that_it_is_a_row_of(raw_config: dict[str, Any]) -> None:
    mine = {"base": "voc-fcn32s", "row": "mine", "tables": ["framework"]}
    entries: dict[str, Any] = {}
    for name, entry in raw_config["experiments"].items():
        entries[name] = entry
        if name == "voc-fcn32s":
            entries["mine"] = mine
    found = reached(raw_config, "experiments", entries)
    assert {place for place in found if place[1] != "mine"} == {
        ("table", "framework"),
        ("curves", "framework"),
        ("class_iu", "framework"),
    }
    assert {("train", "mine"), ("evaluate", "mine")} <= found


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("synthetic/scenes/size", 64, {("synthetic", "scenes")}),
        ("synthetic/rooms/reduced", 8, {("synthetic", "rooms"), ("prepare", "nyudv2")}),
        ("claims/finer-strides/statement", "Other words.", {("claims", "finer-strides")}),
        ("figures/fig4/images", 2, {("comparison", "fig4")}),
        ("tables/skips/note", "Other words.", {("table", "skips")}),
    ],
)
def test_a_value_reaches_its_own_rule(
    raw_config: dict[str, Any], path: str, value: Any, expected: set[tuple[str, str]]
) -> None:
    assert reached(raw_config, path, value) == expected


def test_a_recipe_reaches_all_nets_that_name_it(raw_config: dict[str, Any]) -> None:
    found = reached(raw_config, "recipes/online/momentum", 0.8)
    named = {
        name
        for name, entry in raw_config["experiments"].items()
        if entry.get("recipe", {}).get("name") == "online"
    }
    assert named and named <= names_of("train", found)
    assert {rule for rule, _ in found} == {"train", "evaluate"}


def test_a_retested_row_is_handed_how_its_net_was_trained(raw_config: dict[str, Any]) -> None:
    config = load_config(raw_config)
    handed = values.evaluation(config, "voc2011-fcn32s-seg11valid")
    assert handed["evaluate_of"] == "voc2011-fcn32s" and handed["data"]["test"] == "seg11valid"
    assert handed["trained"] == values.training(config, "voc2011-fcn32s")
