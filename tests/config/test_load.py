"""config.yaml: its values, and the message for each mistake in it."""

from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from fixtures.config import refusal, set_at

from fcnlib.archives.catalogue import ARCHIVES
from fcnlib.config.columns import RESULT_KEYS, Metric
from fcnlib.config.load import load_config, read_config
from fcnlib.config.schema import Config
from fcnlib.config.schema_experiments import Released, Trained
from fcnlib.config.schema_nets import STRIDES, Net
from fcnlib.config.studies import read_raw_config
from fcnlib.core.errors import InputError
from fcnlib.evaluation.metrics import METRICS, WITH_BACKGROUND
from fcnlib.models.backbones import BACKBONES
from fcnlib.models.heads import prediction_layers


def trained(config: Config) -> dict[str, Trained]:
    entries = config.experiments.items()
    return {name: entry for name, entry in entries if isinstance(entry, Trained)}


@pytest.mark.parametrize("scale", ["demo", "paper"])
def test_every_scale_of_the_list_loads(raw_config: dict[str, Any], scale: str) -> None:
    config = load_config(raw_config | {"scale": scale})
    assert isinstance(config.experiments["voc-fcn32s"], Trained)


def test_scales_list_the_same_experiments(raw_config: dict[str, Any]) -> None:
    demo, paper = load_config(raw_config), load_config(raw_config | {"scale": "paper"})
    assert list(demo.experiments) == list(paper.experiments)
    assert [e.paper for e in demo.experiments.values()] == [
        e.paper for e in paper.experiments.values()
    ]


def test_paper_scale_has_the_released_solvers_rates(raw_config: dict[str, Any]) -> None:
    config = load_config(raw_config | {"scale": "paper"})
    recipes = {name: entry.recipe for name, entry in trained(config).items()}
    rates = {name: recipe.learning_rate for name, recipe in recipes.items()}
    released = {
        "voc2011-alexnet": 1e-3,
        "voc2011-vgg16": 1e-4,
        "voc2011-vgg19": 1e-4,
        "voc2011-googlenet": 5e-5,
        "voc-fcn32s": 1e-10,
        "voc-fcn16s": 1e-12,
        "voc-fcn8s": 1e-14,
        "voc-fcn8s-atonce": 1e-10,
        "nyud-fcn32s-rgb": 1e-10,
        "nyud-fcn32s-rgbd": 1e-10,
        "nyud-fcn32s-hha": 1e-10,
        "nyud-fcn32s-rgb-hha": 1e-12,
        "siftflow-fcn32s-semantic": 1e-10,
        "siftflow-fcn32s-geometric": 1e-10,
        "siftflow-fcn32s": 1e-10,
        "siftflow-fcn16s": 1e-12,
        "siftflow-fcn8s": 1e-12,
        "context-fcn32s": 1e-10,
        "context-fcn16s": 1e-12,
        "context-fcn8s": 1e-14,
        "voc-alexnet": 1e-4,
    }
    assert {name: rates[name] for name in released} == released
    recipe = recipes["voc-fcn32s"]
    assert (recipe.momentum, recipe.batch_size, recipe.reduction) == (0.99, 1, "sum")
    assert recipe.iterations == 100_000
    recipe = recipes["voc2011-googlenet"]
    assert (recipe.momentum, recipe.batch_size, recipe.reduction) == (0.9, 20, "mean")
    assert recipe.iterations * recipe.batch_size >= 175 * 1112
    assert recipe.weight_decay == 2e-4


def test_a_study_differs_from_its_reference_in_what_it_studies(raw_config: dict[str, Any]) -> None:
    config = load_config(raw_config | {"scale": "paper"})
    reference = config.training("voc-fcn32s").model_dump()
    rows = [name for name, entry in trained(config).items() if "framework" in entry.tables]
    for name in set(rows) - {"voc-fcn32s"}:
        training = config.training(name).model_dump()
        changed = {
            key
            for part in training
            for key, value in training[part].items()
            if value != reference[part][key]
        }
        assert 1 <= len(changed) <= 2, f"{name}: {changed}"


@pytest.mark.parametrize("scale", ["demo", "paper"])
def test_ways_to_optimise_see_as_many_images_in_one_order(
    raw_config: dict[str, Any], scale: str
) -> None:
    config = load_config(raw_config | {"scale": scale})
    tables = {"optimisation", "rates", "batches-momentum"}
    recipes = [e.recipe for e in trained(config).values() if tables & {*e.tables}]
    assert len({recipe.iterations * recipe.batch_size for recipe in recipes}) == 1
    assert len({recipe.horizontal_flip for recipe in recipes}) == 1


@pytest.mark.parametrize("scale", ["demo", "paper"])
def test_momentum_and_rate_follow_from_the_batch_size(
    raw_config: dict[str, Any], scale: str
) -> None:
    config = load_config(raw_config | {"scale": scale})
    recipes = [e.recipe for e in trained(config).values() if "batches-momentum" in e.tables]
    for recipe in recipes:
        assert recipe.momentum ** (1 / recipe.batch_size) == pytest.approx(0.99, abs=1e-4)
        share = recipe.learning_rate / (1 - recipe.momentum)
        assert share == pytest.approx(recipes[0].learning_rate / 0.01, rel=2e-3)


def test_the_common_momentum_of_batches_is_about_the_heavy_one(raw_config: dict[str, Any]) -> None:
    recipes = {name: entry.recipe for name, entry in trained(load_config(raw_config)).items()}
    accumulated, heavy = recipes["voc-fcn32s-accum"], recipes["voc-fcn32s"]
    assert (accumulated.batch_size, heavy.batch_size) == (20, 1)
    assert accumulated.momentum ** (1 / 20) == pytest.approx(heavy.momentum, abs=0.006)


def test_every_file_that_is_downloaded_is_known(raw_config: dict[str, Any]) -> None:
    config = load_config(raw_config | {"scale": "paper"})
    files = {*config.weights.values()}
    files |= {name for d in config.datasets.values() for name in d.archives}  # type: ignore[union-attr]
    entries = config.experiments.values()
    files |= {entry.released.file for entry in entries if isinstance(entry, Released)}
    assert files <= set(ARCHIVES)


def test_a_backbone_may_be_trained_for_a_shorter_time_and_others_do_not_see_it(
    raw_config: dict[str, Any],
) -> None:
    config = load_config(raw_config)
    raw_config["pretraining"]["backbones"] = {"alexnet": {"iterations": 7}}
    changed = load_config(raw_config)
    assert changed.pretraining_of("vgg16") == config.pretraining_of("vgg16")
    assert changed.pretraining_of("alexnet").iterations == 7
    assert changed.pretraining_of("alexnet").windows == config.pretraining.windows


def test_names_allowed_in_two_places_are_the_same() -> None:
    assert set(get_args(Net.model_fields["backbone"].annotation)) == set(BACKBONES)
    assert {RESULT_KEYS[name][1] for name in get_args(Metric)} == set(METRICS | WITH_BACKGROUND)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_layers_to_predict_from_are_those_that_a_net_accepts(backbone: str) -> None:
    with torch.device("meta"):
        trunk = BACKBONES[backbone].layers()
    assert list(STRIDES[backbone].items()) == list(prediction_layers(trunk).items())


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("experiments/voc-fcn8s/net/strde", 3, "experiments.voc-fcn8s.net: unknown key 'strde'"),
        ("experiments/voc-fcn8s/recipe/lr", 3, "experiments.voc-fcn8s.recipe: unknown key 'lr'"),
        ("tables/skips/titel", "x", "tables.skips: unknown key 'titel'; did you mean 'title'?"),
        ("colour", 1, "unknown key 'colour'; known: scale, "),
        (
            "synthetic/scenes/size",
            "128",
            "synthetic.scenes.size: '128': Input should be a valid integer",
        ),
        (
            "synthetic/scenes/size",
            True,
            "synthetic.scenes.size: True: Input should be a valid integer",
        ),
        ("seeds", 0, "seeds: 0: expected a list, such as [a, b]"),
        ("experiments/voc-fcn32s/net/backbone", "vgg17", "backbone: 'vgg17': Input should be"),
        ("experiments/voc-fcn32s/data/dataset", "voc", "data.dataset: 'voc' is no data set; known"),
        ("experiments/voc-fcn32s/tables", ["t9"], "tables: 't9' is no table; known: sliding"),
        (
            "experiments/voc-fcn32s/paper",
            {"receptive_field": "5"},
            "voc-fcn32s.paper.receptive_field: '5'",
        ),
        ("tables/skips/columns", ["mean_iu", "speed"], "tables.skips.columns.1: 'speed'"),
        ("experiments/voc-fcn32s/data", None, "experiments.voc-fcn32s.data: missing"),
        ("experiments/zoo-voc-fcn8s/released/to", "fcn4s-vgg16", "released.to: 'fcn4s-vgg16'"),
        (
            "experiments/zoo-voc-fcn8s/released/fill",
            "x",
            "unknown key 'fill'; did you mean 'file'?",
        ),
        (
            "experiments/zoo-voc-fcn8s/released/demo_source",
            "fcn8s",
            "zoo-voc-fcn8s.released.demo_source: 'fcn8s' is no experiment",
        ),
        (
            "experiments/zoo-voc-fcn8s/released/demo_source",
            "zoo-voc-fcn16s",
            "'zoo-voc-fcn16s' is no net that is trained; did you mean 'voc-fcn16s'?",
        ),
        (
            "experiments/zoo-voc-fcn8s/upper_bound",
            {"factor": 2},
            "8s: released beside upper_bound; expected one of: net and",
        ),
        ("pretraining/backbones", {"vgg17": {}}, "pretraining.backbones.vgg17"),
        ("experiments/voc-fcn32s/paper", {"miou": 1.0}, "experiments.voc-fcn32s.paper.miou"),
        (
            "experiments/voc-fcn32s/recipe/name",
            "hevy",
            "'hevy' is no recipe; did you mean 'heavy'?",
        ),
        ("datasets/voc2011-sbd/converter", "voc2", "datasets.voc2011-sbd"),
        ("experiments/voc-fcn8s/net/predict_from", ["pool4", "fc7"], "from coarse to fine"),
        ("experiments/voc-fcn8s/net/predict_from", [], "expected layers from coarse to fine"),
        ("experiments/voc-fcn8s/net/skip_scales", [1.0], "skip_scales: expected 2 values"),
        ("experiments/voc-fcn32s/net/width", 0.25, "expected {'width': 0.125, 'fc6_kernel': 3}"),
        ("experiments/voc-fcn16s/net/width", 0.25, "as it starts from voc-fcn32s"),
        ("experiments/fcn+", {}, "experiments.fcn+"),
        (
            "tables/empty",
            {"title": "x", "columns": ["mean_iu"]},
            "tables.empty: no experiment names it",
        ),
        ("figures/fig4/experiments", [], "figures.fig4.experiments: []"),
        (
            "tables/skips/columns",
            ["mean_ui"],
            "tables.skips.columns.0: 'mean_ui': did you mean 'mean_iu'?",
        ),
        (
            "experiments/voc-fcn8s/paper/field",
            404,
            "voc-fcn8s.paper.field: 'field': it is now receptive_field",
        ),
        (
            "datasets/voc2011/converter",
            "vok",
            "datasets.voc2011.converter: 'vok': expected one of: voc, ",
        ),
        ("datasets/mine", {"path": "x"}, "datasets.mine.converter: missing"),
        (
            "experiments/voc-fcn16s/net/start_from",
            "voc-fcn32s",
            "voc-fcn16s.net.start_from: 'voc-fcn32s': expected a list",
        ),
        ("claims/a b", {}, "claims.a b: "),
        ("claims/a\nb", {}, "claims.a\\nb: "),
        ("experiments/voc-fcn8s", {"demo": 3, "paper": 4}, "experiments.voc-fcn8s: 3: Input"),
        ("recipes/heavy/learning_rate", float("inf"), "recipes.heavy.learning_rate: inf: Input"),
        ("experiments/voc-fcn8s/row", "FCN\n8s", "voc-fcn8s.row: 'FCN\\n8s': expected one line"),
        ("tables/skips/title", "Table 3\n", "tables.skips.title: 'Table 3\\n': expected one line"),
        ("figures/fig4/title", "a\rb", "figures.fig4.title: 'a\\rb': expected one line"),
        ("seeds", [0, 1, 0], "seeds: [0, 1, 0]: expected each of them once"),
        ("seeds", [-1], "seeds.0: -1: Input should be greater than or equal to 0"),
        ("seeds", ["0", 0], "seeds: ['0', 0]: expected each of them once"),
        ("seeds", [], "seeds: []: Tuple should have at least 1 item"),
        ("scale", ["demo"], "scale: ['demo']: Input should be a valid string"),
        ("scales", 3, "scales: 3: Input should be a valid dictionary"),
        ("scales/demo", {}, "scales.demo.preset: missing"),
        (
            "scales/demo/net/widht",
            1.0,
            "scales.demo.net: unknown key 'widht'; did you mean 'width'?",
        ),
        ("recipes/heavy", 3, "recipes.heavy: 3: Input should be a valid dictionary"),
        (
            "experiments/voc2011-vgg16/net",
            False,
            "experiments.voc2011-vgg16.net: False: Input should",
        ),
        ("experiments", [1], "experiments: [1]: Input should be a valid dictionary"),
        ("experiments/voc-fcn32s", 3, "experiments.voc-fcn32s: 3: Input should be a valid"),
        (
            "experiments/voc-fcn32s",
            None,
            "voc-fcn32s: null; expected it to stay, as experiments.voc-fcn16s.base names it",
        ),
        ("scale", "huge", "scale: 'huge' is not declared; known: demo, paper"),
        ("figures/fig4/experiments", ["bound-8"], "figures.fig4.experiments: 'bound-8' is no net"),
    ],
)
def test_a_mistake_is_named_with_its_path(
    raw_config: dict[str, Any], path: str, value: Any, message: str
) -> None:
    set_at(raw_config, path, value)
    assert message in refusal(raw_config)


def test_a_scales_value_is_blamed_where_a_net_is_chosen_by_the_preset(
    raw_config: dict[str, Any],
) -> None:
    net = {"backbone": "googlenet", "predict_from": ["inception_5b/output"], "padding": None}
    entry = {**raw_config["experiments"]["voc-fcn32s"], "net": net}
    recipe = {"demo": {"name": "heavy"}, "paper": {"name": "staged"}}
    blamed = "scales.demo.net.fc6_kernel: 3: expected null, as googlenet has no fc6"
    for chosen in (
        {"demo": entry, "paper": {}},
        {**entry, "net": {"demo": net, "paper": {}}, "recipe": recipe},
    ):
        raw_config["experiments"]["mine"] = chosen
        assert f"{blamed} (experiments.mine)" in refusal(raw_config)
    raw_config["experiments"]["mine"] = {**entry, "net": {"demo": {**net, "fc6_kernel": 3}}}
    assert "experiments.mine.net: fc6_kernel: expected null" in refusal(raw_config)


def test_seeds_of_the_command_line_are_text(raw_config: dict[str, Any]) -> None:
    assert load_config(raw_config | {"seeds": ["0", "1"]}).seeds == (0, 1)


@pytest.mark.parametrize("number", ["2e-9", "2e-09", "+2E-9", "2.0e-9"])
def test_a_number_is_one_however_its_exponent_is_written(
    tmp_path: Path, repository: Path, number: str
) -> None:
    (tmp_path / "own.yaml").write_text(
        f"recipes: {{heavy: {{learning_rate: {number}}}}}\n", "utf-8"
    )
    config = read_config([repository / "config.yaml", tmp_path / "own.yaml"])
    assert config.training("voc-fcn32s").recipe.learning_rate == 2.0e-9


def test_text_for_a_number_is_refused(raw_config: dict[str, Any]) -> None:
    set_at(raw_config, "experiments/voc-fcn8s/recipe/learning_rate", "0.1")
    with pytest.raises(InputError, match=r"recipe\.learning_rate: '0.1': Input should be a valid"):
        load_config(raw_config)


def test_an_unknown_start_lists_the_known(raw_config: dict[str, Any]) -> None:
    set_at(raw_config, "experiments/voc-fcn8s/net/start_from", ["voc-fcn64s"])
    with pytest.raises(
        InputError, match=r"'voc-fcn64s' is no experiment; did you mean 'voc-fcn\d+s'?"
    ):
        load_config(raw_config)


@pytest.mark.parametrize("start", ["voc-fcn32s", "voc-fcn16s", "voc-fcn8s"])
def test_a_cycle_is_refused(raw_config: dict[str, Any], start: str) -> None:
    set_at(raw_config, "experiments/voc-fcn32s/net/start_from", [start])
    with pytest.raises(InputError, match="must be above it"):
        load_config(raw_config)


def test_an_entry_is_a_net_or_a_bound(raw_config: dict[str, Any]) -> None:
    raw_config["experiments"]["x"] = {"row": "x", "tables": [], "data": {"dataset": "voc2011"}}
    with pytest.raises(
        InputError, match="x: none; expected one of: net and recipe; released; evaluate_of"
    ):
        load_config(raw_config)


def test_an_experiment_overrides_single_values_of_its_recipe(raw_config: dict[str, Any]) -> None:
    set_at(raw_config, "experiments/voc-fcn32s/recipe", {"name": "heavy", "momentum": 0.9})
    recipe = load_config(raw_config).training("voc-fcn32s").recipe
    assert (recipe.momentum, recipe.batch_size) == (0.9, 1)


def test_a_users_scale_shows_only_its_tables_and_what_they_need(
    raw_config: dict[str, Any],
) -> None:
    raw_config["scales"]["mine"] = {**raw_config["scales"]["demo"], "tables": ["own"]}
    raw_config["tables"]["own"] = {"title": "Own", "columns": ["mean_iu"]}
    raw_config["experiments"]["voc-fcn8s"]["tables"] += ["own"]
    config = load_config(raw_config | {"scale": "mine"})
    assert list(config.tables) == ["own"]
    # What an experiment starts from is trained too, without a row of its own.
    assert list(config.experiments) == ["voc-fcn32s", "voc-fcn16s", "voc-fcn8s"]


@pytest.mark.parametrize(("preset", "above"), [("demo", ["voc-alexnet"]), ("paper", [])])
def test_only_where_files_are_written_does_the_zoo_need_trained_nets(
    raw_config: dict[str, Any], preset: str, above: list[str]
) -> None:
    raw_config["scales"]["mine"] = {**raw_config["scales"][preset], "tables": ["mine"]}
    raw_config["tables"]["mine"] = {"title": "Mine", "columns": ["mean_iu"]}
    raw_config["experiments"]["zoo-voc-alexnet"]["tables"] = ["mine"]
    config = load_config(raw_config | {"scale": "mine"})
    assert list(config.experiments) == [*above, "zoo-voc-alexnet"]


def test_a_users_file_is_laid_over_the_list(
    tmp_path: Any, repository: Any, raw_config: dict[str, Any]
) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("synthetic: {scenes: {train: 7}}\n", "utf-8")
    config = read_config([repository / "config.yaml", own])
    assert (config.synthetic.scenes.train, config.synthetic.scenes.size) == (
        7,
        load_config(raw_config).synthetic.scenes.size,
    )


def test_an_overlay_keeps_the_lists_order(
    tmp_path: Path, repository: Path, raw_config: dict[str, Any]
) -> None:
    """Snakemake hands over a merged configuration in which the overlay's keys come first."""
    own = tmp_path / "own.yaml"
    own.write_text("experiments: {voc-fcn8s: {row: mine}}\n", "utf-8")
    experiments = raw_config["experiments"]
    first = {"voc-fcn8s": {**experiments["voc-fcn8s"], "row": "mine"}}
    del raw_config["studies"]
    mixed = raw_config | {"experiments": first | {**experiments, **first}}
    config = load_config(*read_raw_config([repository / "config.yaml", own], mixed))
    assert list(config.experiments) == list(experiments)
    assert config.experiments["voc-fcn8s"].row == "mine"


def test_a_key_that_is_given_twice_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("tables:\n  a: {title: x}\n  b: {}\n  a: {title: y}\n", "utf-8")
    with pytest.raises(InputError, match=r"own\.yaml: tables\.a: given twice; expected once"):
        read_config([own])


def test_an_alias_of_what_is_around_it_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("experiments: &all {mine: *all}\n", "utf-8")
    with pytest.raises(InputError, match=r"own\.yaml: nested too deeply"):
        read_config([own])


@pytest.mark.parametrize("content", ["a: [1", "- a\n", "\xff\xfe"])
def test_a_file_that_is_no_configuration_is_named(tmp_path: Any, content: str) -> None:
    own = tmp_path / "own.yaml"
    own.write_bytes(content.encode("latin-1"))
    with pytest.raises(InputError, match=r"own\.yaml: ") as error:
        read_config([own])
    assert "\n" not in str(error.value)
