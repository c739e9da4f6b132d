"""What tables and figures show."""

from typing import Any

import pytest

from fcnlib.config.load import load_config
from fcnlib.plan import specs
from fcnlib.plan.targets import Targets


@pytest.fixture
def targets(raw_config: dict[str, Any]) -> Targets:
    return Targets(load_config(raw_config))


def test_a_table_shows_its_rows_with_their_published_numbers(targets: Targets) -> None:
    table = specs.table(targets, "skips")
    assert [row.experiment for row in table.rows] == targets.rows("skips")
    assert table.section == "4.3" and table.images == "synthetic"
    row = next(row for row in table.rows if row.experiment == "voc-fcn16s")
    assert row.row == "FCN-16s" and row.paper["mean_iu"] == 65.0 and row.stride == 16


def test_a_row_names_its_base(targets: Targets) -> None:
    bases = {row.experiment: row.base for row in specs.table(targets, "skips").rows}
    assert bases["voc-fcn16s"] == "voc-fcn32s" and bases["voc-fcn32s"] == ""


def test_a_row_may_have_another_name_in_another_table(targets: Targets) -> None:
    names = {
        table: next(r.row for r in specs.table(targets, table).rows if r.experiment == "voc-fcn8s")
        for table in ("skips", "voc-test")
    }
    assert names == {"skips": "FCN-8s staged", "voc-test": "FCN-8s"}


@pytest.mark.parametrize(
    ("scale", "table", "images"),
    [
        ("demo", "skips", "synthetic"),
        ("paper", "skips", "published"),
        ("demo", "sliding", "none"),
    ],
)
def test_a_table_knows_whose_images_its_numbers_are_of(
    raw_config: dict[str, Any], scale: str, table: str, images: str
) -> None:
    assert specs.table_images(Targets(load_config({**raw_config, "scale": scale})), table) == images


def test_a_users_images_are_ones_own_whatever_the_archives(raw_config: dict[str, Any]) -> None:
    raw_config["datasets"]["mine"] = {
        "converter": "folder",
        "path": "photos",
        "classes": ["a", "b"],
        "splits": {"train": "train.txt", "val": "val.txt"},
    }
    raw_config["tables"]["mine"] = {"title": "Mine", "columns": ["mean_iu"]}
    raw_config["experiments"]["mine"] = {
        "row": "mine",
        "tables": ["mine"],
        "data": {"dataset": "mine", "test": "val"},
        "upper_bound": {"factor": 8},
    }
    assert specs.table_images(Targets(load_config(raw_config)), "mine") == "own"


def test_a_snapshot_is_picked_on_the_test_images_or_on_others(targets: Targets) -> None:
    nets = {net.experiment: net for net in specs.scored_nets(targets, "more-data").nets}
    assert nets["voc2011-fcn32s"].picked_on == "test"
    assert nets["voc2011-fcn32s-seg11valid"].picked_on == "validation"
    assert {net.picked_on for net in specs.scored_nets(targets, "zoo").nets} == {None}


def test_a_snapshot_that_was_picked_on_what_it_was_trained_on_is_not_called_validated(
    raw_config: dict[str, Any],
) -> None:
    data = raw_config["experiments"]["voc2011-fcn32s"]["data"]
    raw_config["experiments"]["voc2011-fcn32s"]["data"] = data | {"validate_on": "train"}
    nets = specs.scored_nets(Targets(load_config(raw_config)), "more-data").nets
    picked = {net.experiment: net.picked_on for net in nets}
    assert picked["voc2011-fcn32s"] == picked["voc2011-fcn32s-seg11valid"] == "training"
    assert picked["voc-fcn32s"] == "test"


def test_nets_of_a_table_have_the_same_position_in_all_its_charts(targets: Targets) -> None:
    for table in targets.tables_with_curves:
        scored = {net.experiment: net.position for net in specs.scored_nets(targets, table).nets}
        assert list(scored.values()) == list(range(len(scored)))
        for net in specs.trained_nets(targets, table).nets:
            assert net.position == scored[net.experiment]


def test_a_chart_shows_bounds_and_strides(targets: Targets) -> None:
    rows = {row.experiment: row for row in specs.chart(targets, "nets-and-bounds").rows}
    bound = rows["bound-32"].upper_bound
    assert bound and bound.factor == 32 and rows["bound-32"].stride is None
    assert rows["voc-fcn32s"].stride == 32 and rows["voc-fcn32s"].upper_bound is None


def test_figures_show_what_they_name(targets: Targets) -> None:
    comparison = specs.comparison(targets, "fig7")
    assert comparison.columns == ("image", "truth", "nets", "inputs")
    assert [net.mask for net in comparison.nets] == ["shape"]
    fig3 = specs.architecture(targets, "fig3")
    assert [net.row for net in fig3.nets] == ["FCN-32s", "FCN-16s", "FCN-8s staged"]
    assert fig3.side == 128 and fig3.nets[1].net.predict_from == ("fc7", "pool4")
    losses = specs.losses(targets, "fig5")
    assert losses.against == ("iteration", "seconds") and len(losses.nets) == 3
    ablation = specs.ablation(targets, "all-rows")
    assert [table.name for table in ablation.tables] == list(targets.tables_of_figure("all-rows"))


@pytest.mark.parametrize(("scale", "images"), [("demo", "synthetic"), ("paper", "published")])
def test_every_figure_knows_whose_images_it_is_of(
    raw_config: dict[str, Any], scale: str, images: str
) -> None:
    targets = Targets(load_config({**raw_config, "scale": scale}))
    by_kind = {
        "comparison": specs.comparison, "losses": specs.losses, "ablation": specs.ablation,
        "momentum": specs.chart, "gaps": specs.chart, "architecture": specs.architecture,
    }  # fmt: skip
    figures = [by_kind[f.kind](targets, name) for name, f in targets.config.figures.items()]
    figures += [specs.trained_nets(targets, name) for name in targets.tables_with_curves]
    assert {figure.images_of for figure in figures} == {images}
