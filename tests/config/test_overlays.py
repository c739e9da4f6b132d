"""Overlays: what they take away is gone, and what needed it is named."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from fcnlib.config.load import load_config, read_config
from fcnlib.config.schema import Config
from fcnlib.config.studies import read_raw_config
from fcnlib.core.errors import InputError

WITHOUT_8S: dict[str, Any] = {"voc-fcn8s": None, "zoo-voc-fcn8s": None}


@pytest.fixture(autouse=True)
def _at_the_root(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)


def written(folder: Path, *overlays: dict[str, Any]) -> list[Path]:
    """The project's configuration, and files over it."""
    paths = [folder / f"{number}.yaml" for number, _ in enumerate(overlays)]
    for path, content in zip(paths, overlays, strict=True):
        path.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
    return [Path("config.yaml"), *paths]


def laid_over(folder: Path, *overlays: dict[str, Any], top: Any = None) -> Config:
    """The configuration with overlays, which its copy beside the results gives again."""
    raw, source = read_raw_config(written(folder, *overlays), top)
    config = load_config(raw, source)
    copy = folder / "config.json"
    copy.write_text(json.dumps(raw), "utf-8")
    again, source = read_raw_config(["config.yaml", copy])
    assert again == raw and load_config(again, source) == config
    return config


def refused(folder: Path, *overlays: dict[str, Any]) -> str:
    with pytest.raises(InputError) as error:
        read_config(written(folder, *overlays))
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("part", "name"), [("tables", "zoo"), ("figures", "fig4"), ("claims", "finer-strides")]
)
def test_null_takes_an_entry_away(tmp_path: Path, part: str, name: str) -> None:
    whole = getattr(laid_over(tmp_path), part)
    left = getattr(laid_over(tmp_path, {part: {name: None}}), part)
    assert name in whole and left.keys() == whole.keys() - {name}


@pytest.mark.parametrize("part", ["figures", "claims"])
def test_null_takes_all_of_a_kind_away(tmp_path: Path, part: str) -> None:
    assert getattr(laid_over(tmp_path, {part: None}), part) == {}


def test_a_row_that_is_taken_away_leaves_its_tables_and_figures(tmp_path: Path) -> None:
    whole, config = laid_over(tmp_path), laid_over(tmp_path, {"experiments": WITHOUT_8S})
    assert whole.experiments.keys() - config.experiments.keys() == {"voc-fcn8s", "zoo-voc-fcn8s"}
    assert config.tables == whole.tables
    assert config.figures["fig4"].experiments == ("voc-fcn32s", "voc-fcn16s")
    assert whole.figures["fig6"].experiments == ("voc-fcn8s",)
    assert "fig6" not in config.figures  # which had nothing else
    assert config.claims == whole.claims  # untested, but there


def test_a_table_that_is_taken_away_takes_its_own_rows_along(tmp_path: Path) -> None:
    whole, config = laid_over(tmp_path), laid_over(tmp_path, {"tables": {"skips": None}})
    gone = whole.experiments.keys() - config.experiments.keys()
    assert {"voc-fcn-pool3", "published-cvpr-voc-fcn8s"} <= gone
    assert {table for name in gone for table in whole.experiments[name].tables} == {"skips"}
    assert not gone & {"voc-fcn32s", "voc-fcn16s", "voc-fcn8s"}
    assert not any("skips" in entry.tables for entry in config.experiments.values())


def test_data_that_no_row_needs_any_more_are_not_prepared(tmp_path: Path) -> None:
    entries = laid_over(tmp_path).experiments.items()
    outdoor = {name: None for name, _ in entries if "siftflow" in name}
    tables: dict[str, Any] = {"joint-tasks": None, "zoo-joint-tasks": None}
    config = laid_over(tmp_path, {"experiments": outdoor, "tables": tables})
    assert "siftflow" not in config.datasets and "nyudv2" in config.datasets


def test_counts_rows_and_single_published_numbers_are_taken_away(tmp_path: Path) -> None:
    entry = {"paper": {"mean_iu": None}, "rows": None}
    counts = {"siftflow": {"counts": None}, "voc2011": {"counts": {"val": None}}}
    config = laid_over(tmp_path, {"experiments": {"voc-fcn8s": entry}, "datasets": counts})
    assert config.datasets["siftflow"].counts == {}  # type: ignore[union-attr]
    assert config.datasets["voc2011"].counts == {"train": 1112}  # type: ignore[union-attr]
    net = config.experiments["voc-fcn8s"]
    assert "mean_iu" not in net.paper and net.paper["pixel_accuracy"] == 91.2
    assert net.rows == {}


def test_null_stays_a_value_of_nets_and_recipes(tmp_path: Path) -> None:
    entry = {"base": "voc-fcn32s", "row": "Mine", "tables": ["skips"], "net": {"padding": 50}}
    own = {"experiments": {"mine": entry}}
    over = {"experiments": {"mine": {"net": {"padding": None}}}}
    assert laid_over(tmp_path, own).training("mine").net.padding == 50
    assert laid_over(tmp_path, own, over).training("mine").net.padding is None


def test_a_later_file_brings_back_what_an_earlier_one_took(tmp_path: Path) -> None:
    none = {"datasets": {"siftflow": {"counts": None}}, "experiments": {"zoo-voc-alexnet": None}}
    row = {"experiments": {"zoo-voc-alexnet": {"row": "Again"}}}
    assert laid_over(tmp_path, none, row).experiments["zoo-voc-alexnet"].row == "Again"
    mine = {"base": "voc-fcn32s", "row": "Mine", "tables": ["skips"]}
    gone: dict[str, Any] = {"experiments": {"mine": None}}
    assert "mine" not in laid_over(tmp_path, {"experiments": {"mine": mine}}, gone).experiments


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"experiments": {"voc-fcn32s": None}},
            "studies/4.2-optimization.yaml + {}: experiments.voc-fcn32s: null; expected it to "
            "stay, as experiments.voc-fcn16s.base names it",
        ),
        (
            {"experiments": {"voc-fcn8s": None}},
            "studies/4.3-skips.yaml + {}: experiments.voc-fcn8s: null; expected it to stay, "
            "as experiments.zoo-voc-fcn8s.released.demo_source names it",
        ),
        (
            {"experiments": {"voc-fcn16s": None, "zoo-voc-fcn16s": None}},
            "experiments.voc-fcn16s: null; expected it to stay, as "
            "experiments.voc-fcn8s.net.start_from names it",
        ),
        (
            {"datasets": {"siftflow": None}},
            "config.yaml + {}: datasets.siftflow: null; expected it to stay, as",
        ),
        ({"recipes": {"heavy": None}}, "recipes.heavy: null; expected it to stay, as"),
        ({"weights": {"vgg16": None}}, "weights.vgg16: null; expected it to stay, as"),
        (
            {"experiments": {"voc-fcn9s": None}},
            "{}: experiments.voc-fcn9s: null; expected an entry; did you mean 'voc-fcn8s'?",
        ),
        (
            {"tables": {"skpis": None}},
            "tables.skpis: null; expected an entry; did you mean 'skips'",
        ),
        ({"datasets": {"voc2011": {"counts": {"vla": None}}}}, "voc2011.counts.vla: None: Input"),
        (
            {"experiments": {"voc-fcn8s": {"paper": {"mean_ui": None}}}},
            "voc-fcn8s.paper.mean_ui: 'mean_ui': did you mean 'mean_iu'?",
        ),
        (
            {
                "experiments": {
                    name: None for name in ("sliding-windows", "sliding-window", "sliding-map")
                }
            },
            "tables.sliding: no experiment names it as one of its tables; set it to null as its",
        ),
    ],
)
def test_what_cannot_be_taken_away_is_named_with_its_overlay(
    tmp_path: Path, content: dict[str, Any], message: str
) -> None:
    assert message.format(tmp_path / "0.yaml") in refused(tmp_path, content)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (["skips", "voc-fcn8s", "mean_iu"], ""),
        (["zoo", "zoo-voc-fcn8s", "mean_iu"], ""),
        (["skips", "voc-fcn9s", "mean_iu"], "'voc-fcn9s' is no row of table skips; did you mean"),
        (["skpis", "voc-fcn8s", "mean_iu"], "'skpis' is no table; did you mean 'skips'?"),
        (["sliding", "sliding-mab", "forward_ms"], "'sliding-mab' is no experiment; did you"),
    ],
)
def test_claims_on_what_is_taken_away_stay_and_misspelt_ones_are_refused(
    tmp_path: Path, place: list[str], message: str
) -> None:
    claim = {"section": "x", "statement": "x", "holds": "a > 1", "numbers": {"a": place}}
    gone = {"experiments": WITHOUT_8S, "tables": {"sliding": None}}
    if message:
        assert message in refused(tmp_path, gone | {"claims": {"mine": claim}})
    else:
        assert "mine" in laid_over(tmp_path, gone | {"claims": {"mine": claim}}).claims


def test_a_row_in_no_table_is_there_to_start_from(tmp_path: Path) -> None:
    config = laid_over(tmp_path, {"experiments": {"voc-fcn16s": {"tables": []}}})
    assert config.training("voc-fcn8s").net.start_from == ("voc-fcn16s",)
    assert config.experiments["voc-fcn16s"].tables == ()


@pytest.mark.parametrize("scale", ["demo", "paper"])
@pytest.mark.parametrize("tables", [["skips"], "skips", " skips"])
def test_tables_are_chosen_on_the_command_line(tmp_path: Path, scale: str, tables: Any) -> None:
    config = laid_over(tmp_path, top={"scale": scale, "tables": tables})
    assert list(config.tables) == ["skips"]
    own = {"scales": {scale: {"tables": ["skips"]}}}
    assert config == laid_over(tmp_path, own, top={"scale": scale})


def test_what_is_laid_over_tables_holds_where_some_are_chosen(tmp_path: Path) -> None:
    own = {
        "tables": {"mine": {"title": "Mine", "columns": ["mean_iu"]}, "skips": {"note": "Mine."}},
        "experiments": {"my-net": {"base": "voc-fcn32s", "row": "Mine", "tables": ["mine"]}},
    }
    chosen = {"tables": ["mine", "skips"]}
    config = laid_over(tmp_path, own, top=chosen)
    assert {*config.tables} == {"mine", "skips"} and config.tables["skips"].note == "Mine."
    assert laid_over(tmp_path, chosen, own) == laid_over(tmp_path, own, chosen) == config


def test_a_table_that_is_taken_away_cannot_be_chosen(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'sliding' is no table"):
        laid_over(tmp_path, {"tables": {"sliding": None}}, top={"tables": ["sliding"]})


def test_tables_are_chosen_in_the_first_file_too(tmp_path: Path, repository: Path) -> None:
    first = yaml.safe_load((repository / "config.yaml").read_text("utf-8"))
    first |= {"tables": ["skips"], "studies": str(repository / "studies")}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(first), "utf-8")
    raw, source = read_raw_config([tmp_path / "config.yaml"])
    assert list(load_config(raw, source).tables) == ["skips"]
    whole, source = read_raw_config([tmp_path / "config.yaml"], {"tables": ["zoo"]})
    assert list(load_config(whole, source).tables) == ["zoo"]


@pytest.mark.parametrize("tables", [{}, {"tables": ["skips"]}])
def test_rows_are_chosen_with_what_they_start_from(tmp_path: Path, tables: dict[str, Any]) -> None:
    config = laid_over(tmp_path, top=tables | {"rows": ["voc-fcn16s"]})
    assert list(config.experiments) == ["voc-fcn32s", "voc-fcn16s"]
    assert list(config.tables) == (["skips"] if tables else ["skips", "skip-controls"])
    assert list(config.datasets) == ["voc2011-sbd"]
    for text in ("voc-fcn16s", "voc-fcn16s, voc-fcn32s"):
        as_text = laid_over(tmp_path, top=tables | {"rows": text})
        assert as_text.experiments == config.experiments


@pytest.mark.parametrize(
    ("top", "message"),
    [
        ({"tables": ["skpis"]}, "scales.demo.tables: 'skpis' is no table; did you mean 'skips'?"),
        ({"rows": ["voc-fcn9s"]}, "rows: 'voc-fcn9s' is no experiment; did you mean 'voc-fcn8s'?"),
        (
            {"tables": ["sliding"], "rows": ["voc-fcn8s"]},
            "rows: 'voc-fcn8s' is no row of the tables of this run; known: sliding-windows, ",
        ),
        ({"rows": []}, "rows: []: Tuple should have at least 1 item"),
        ({"rows": 3}, "rows: 3: expected a list"),
        ({"rows": "voc-fcn8s,"}, "rows: '' is no experiment"),
        ({"tables": []}, "scales.demo.tables: []: Tuple should have at least 1 item"),
        ({"scale": ["demo"], "tables": ["skips"]}, "scale: ['demo']: Input should be a valid"),
        ({"tables": [3]}, "scales.demo.tables.0: 3: Input should be a valid string"),
        ({"tables": 3}, "tables: 3: Input should be a valid dictionary"),
        ({"scale": "huge", "tables": ["skips"]}, "'huge' is not declared; known: demo, paper"),
    ],
)
def test_what_cannot_be_chosen_is_named(top: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        load_config(*read_raw_config(["config.yaml"], top))
    assert message in str(error.value) and "\n" not in str(error.value)
