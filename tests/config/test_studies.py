"""The studies: merged, laid over, and the message for each mistake in them."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from fcnlib.config.load import load_config, read_config
from fcnlib.config.studies import read_raw_config, read_studies
from fcnlib.core.errors import InputError

TABLE = {"title": "Mine", "columns": ["mean_iu"]}
BASED = {"row": "Mine", "tables": ["skips"], "base": "voc-fcn32s"}


@pytest.fixture
def copied(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's configuration and studies, to be changed."""
    monkeypatch.chdir(tmp_path)
    for path in [repository / "config.yaml", *(repository / "studies").glob("*.yaml")]:
        copy = tmp_path / path.relative_to(repository)
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(path.read_text("utf-8"), "utf-8")
    return tmp_path


def add(path: Path, **content: Any) -> None:
    """Lay content over a file, whose comments are lost."""
    known = yaml.safe_load(path.read_text("utf-8")) if path.exists() else {}
    for part, entries in content.items():
        known[part] = {**known.get(part, {}), **entries}
    path.write_text(yaml.safe_dump(known, sort_keys=False), "utf-8")


def refused(folder: Path, *overlays: Path) -> str:
    with pytest.raises(InputError) as error:
        read_config([Path("config.yaml"), *overlays])
    assert "\n" not in str(error.value)
    return str(error.value)


def test_every_study_knows_its_section_and_the_pages_order_is_that_of_the_files(
    raw_config: dict[str, Any],
) -> None:
    config = load_config(raw_config)
    sections = [table.section for table in config.tables.values() if table.section]
    assert sections == sorted(sections) and set(sections) >= {"3", "4.3", "5", "6.3"}
    assert config.claims["finer-strides"].section == "4.3: skips (Table 3)"


def test_a_full_configuration_read_again_is_itself(copied: Path) -> None:
    whole, _ = read_raw_config(["config.yaml"])
    (copied / "config.json").write_text(yaml.safe_dump(whole, sort_keys=False), "utf-8")
    add(copied / "studies/4.3-skips.yaml", experiments={"another": BASED})
    again, _ = read_raw_config(["config.yaml", "config.json"])
    assert again == whole and load_config(again) == load_config(whole)


def test_an_overlay_names_an_experiment_whatever_its_study(copied: Path) -> None:
    claim = {"section": "mine", "statement": "So.", "untested": "No."}
    entry = {**BASED, "tables": ["mine"], "net": {"dropout": 0.0}}
    own = {
        "experiments": {"voc-fcn16s": {"row": "Renamed"}, "mine": entry},
        "tables": {"mine": TABLE},
        "figures": {"mine": {"title": "Mine", "experiments": ["mine"]}},
        "claims": {"mine": claim},
    }
    (copied / "own.yaml").write_text(yaml.safe_dump(own, sort_keys=False), "utf-8")
    config = read_config([Path("config.yaml"), Path("own.yaml")])
    assert config.experiments["voc-fcn16s"].row == "Renamed"
    assert list(config.experiments)[-1] == list(config.claims)[-1] == "mine"
    mine, reference = (config.training(name) for name in ("mine", "voc-fcn32s"))
    assert mine.net == reference.net.model_copy(update={"dropout": 0.0})
    assert (mine.data, mine.recipe) == (reference.data, reference.recipe)


def test_a_hidden_file_is_no_study(copied: Path) -> None:
    (copied / "studies/._4.3-skips.yaml").write_bytes(b"\x00\x05")
    (copied / "studies/.#4.3-skips.yaml").symlink_to("nobody@nowhere")
    assert read_config([Path("config.yaml")]).experiments


def test_a_recipe_with_a_name_takes_the_place_of_the_bases(raw_config: dict[str, Any]) -> None:
    raw_config["experiments"]["voc-fcn32s"]["recipe"]["iterations"] = 7
    for name, recipe in {"a": {"momentum": 0.5}, "b": {"name": "heavy", "momentum": 0.5}}.items():
        raw_config["experiments"][name] = {**BASED, "recipe": recipe}
    config = load_config(raw_config)
    recipes = [config.training(name).recipe for name in "ab"]
    assert [recipe.iterations for recipe in recipes] == [7, 800]
    assert [recipe.momentum for recipe in recipes] == [0.5, 0.5]


def test_a_released_net_has_the_published_numbers_of_the_net_that_it_is(
    raw_config: dict[str, Any],
) -> None:
    config = load_config(raw_config)
    ours, released = (config.experiments[name] for name in ("voc-fcn8s", "zoo-voc-fcn8s"))
    assert (
        released.paper == ours.paper and "paper" not in raw_config["experiments"]["zoo-voc-fcn8s"]
    )


def test_a_released_net_has_no_published_numbers_where_ours_has_none(
    raw_config: dict[str, Any],
) -> None:
    raw_config["experiments"]["voc-fcn8s"]["paper"] = None
    assert load_config(raw_config).experiments["zoo-voc-fcn8s"].paper == {}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"base": "voc-fcn33s"}, "mine.base: 'voc-fcn33s' is no experiment; did you mean 'voc-fcn"),
        ({"base": "voc-fcn16s"}, "mine.base: 'voc-fcn16s' has the base 'voc-fcn32s' itself; expec"),
        ({"base": "context-fcn32s"}, "mine.base: 'context-fcn32s' must be above it"),
        ({"base": ["voc-fcn32s"]}, "mine.base: ['voc-fcn32s'] is no experiment; did you mean 'voc"),
        ({"timing": {"side": 224}}, "mine.base: 'voc-fcn32s' is not timed; expected one that is"),
        ({"base": "mine"}, "mine.base: 'mine' must be above it"),
        ({"oracle": {"factor": 8}}, "mine: unknown key 'oracle'; it is now upper_bound"),
        ({"tested": {"net": "x"}}, "mine: unknown key 'tested'; it is now evaluate_of"),
        ({"weights": {}}, "mine: unknown key 'weights'; it is now released"),
        ({"recipe": {"mirror": True}}, "recipe: unknown key 'mirror'; it is now horizontal_flip"),
        ({"recipe": {"objective": "x"}}, "unknown key 'objective'; it is now loss (cross_entropy"),
        ({"recipe": {"loss": "sum"}}, "mine.recipe.loss: 'sum': it is now reduction: sum"),
        ({"released": {"written_from": "voc-fcn8s"}, "recipe": None}, "it is now demo_source"),
    ],
)
def test_a_mistake_in_a_study_is_named_with_its_file(
    copied: Path, entry: dict[str, Any], message: str
) -> None:
    study = copied / "studies/4.3-skips.yaml"
    add(study, experiments={"mine": {**BASED, **entry}})
    line = refused(copied)
    assert line.startswith("studies/4.3-skips.yaml: experiments.mine") and message in line


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("3-x", {"recipes": {}}, "studies/3-x.yaml: unknown key 'recipes'; known: section, title"),
        ("3-x", {"tabels": {}}, "studies/3-x.yaml: unknown key 'tabels'; did you mean 'tables'?"),
        ("3-x", {"title": 3}, "studies/3-x.yaml: title: 3; expected text"),
        ("3-x", {"section": 4.1}, "studies/3-x.yaml: section: 4.1; expected text, such as '4.3'"),
        ("3-x", {"section": "four", "tables": {"a": TABLE}}, "tables.a.section: 'four'"),
        ("3-x", {"tables": []}, "studies/3-x.yaml: tables: []; expected a mapping of names"),
        (
            "9-x",
            {"experiments": {"voc-fcn16s": BASED}},
            "9-x.yaml: experiments.voc-fcn16s: is in studies/4.3-skips.yaml too; expected once",
        ),
        (
            "9-x",
            {
                "claims": {
                    "c": {"statement": "x", "numbers": {"a": ["skips", "voc-fcn8s", "stride"]}}
                }
            },
            "studies/9-x.yaml: claims.c",
        ),
        (
            "9-x",
            {
                "claims": {
                    "c": {
                        "statement": "x",
                        "holds": "a > 1",
                        "numbers": {"a": ["skips", "voc-alexnet", "mean_iu"]},
                    }
                }
            },
            "claims.c.numbers.a: 'voc-alexnet' is no row of table skips; ",
        ),
    ],
)
def test_an_impossible_study_is_named_with_its_file(
    copied: Path, file: str, content: dict[str, Any], message: str
) -> None:
    study = {"title": "x", **content}
    (copied / f"studies/{file}.yaml").write_text(yaml.safe_dump(study, sort_keys=False), "utf-8")
    assert message in refused(copied)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"drawn": {}}, "unknown key 'drawn'; it is now synthetic"),
        ({"archives": "here"}, "unknown key 'archives'; it is now archive_folder"),
        ({"scales": {"demo": {"like": "demo"}}}, "unknown key 'like'; it is now preset, and arch"),
        ({"recipes": {"heavy": {"decay_from": 1}}}, "recipes.heavy: unknown key 'decay_from'; it"),
        ({"scales": {"demo": {"recipe": {"keep": 1}}}}, "scales.demo.recipe: unknown key 'keep'; "),
        ({"scales": {"demo": {"recipe": {"workers": -1}}}}, "scales.demo.recipe.workers: -1: Inp"),
        ({"tables": {"skips": {"compete": True}}}, "unknown key 'compete'; it is now highlight_be"),
        ({"studies": 3}, "config.yaml: studies: 3; expected a folder"),
        ({"studies": "nowhere"}, "nowhere: no study in it; expected a folder of .yaml files"),
    ],
)
def test_old_keys_and_mistakes_of_an_overlay_are_named(
    copied: Path, content: dict[str, Any], message: str
) -> None:
    (copied / "own.yaml").write_text(yaml.safe_dump(content), "utf-8")
    assert message in refused(copied, Path("own.yaml"))


def test_a_claim_may_be_of_another_studys_row(copied: Path) -> None:
    claim = {
        "statement": "x",
        "holds": "a > 1",
        "numbers": {"a": ["skips", "voc-fcn8s", "mean_iu"]},
    }
    add(copied / "studies/3-dense-prediction.yaml", claims={"c": claim})
    assert (
        read_config([Path("config.yaml")]).claims["c"].section == "3: fully convolutional networks"
    )


def test_a_mistake_in_the_syntax_of_a_study_is_named_with_its_line(copied: Path) -> None:
    study = copied / "studies/4.3-skips.yaml"
    study.write_text(study.read_text("utf-8").replace("experiments:", "experiments: [", 1), "utf-8")
    assert refused(copied).startswith("studies/4.3-skips.yaml: while parsing")
    assert "line " in refused(copied)


def test_no_published_number_is_typed_twice(repository: Path) -> None:
    rows = [
        tuple(sorted((name, value) for name, value in entry["paper"].items()))
        for entry in read_studies(repository / "studies")["experiments"].values()
        if len(entry.get("paper", {})) > 1
    ]
    assert len(rows) > 20 and len(set(rows)) == len(rows)


def test_dvc_watches_every_study(repository: Path) -> None:
    content = yaml.safe_load((repository / "dvc.yaml").read_text("utf-8"))
    studies = sorted(str(p.relative_to(repository)) for p in (repository / "studies").iterdir())
    assert content["params"] == ["config.yaml", *studies]
    inputs = {"config.yaml", "studies", "Snakefile", "workflow", "fcnlib", "fcn_synthetic"}
    assert all(inputs <= {*stage["deps"]} for stage in content["stages"].values())
