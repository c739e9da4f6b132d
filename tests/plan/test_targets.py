"""Which nets are trained and scored, and what a table and a figure are made of."""

from pathlib import Path
from typing import Any, get_args

import pytest
from fixtures.workflow import rules

from fcnlib.config.load import load_config
from fcnlib.config.schema_resources import SyntheticRule
from fcnlib.core.errors import InputError
from fcnlib.plan.targets import Targets


@pytest.fixture
def targets(raw_config: dict[str, Any]) -> Targets:
    return Targets(load_config(raw_config))


def test_every_experiment_is_of_one_kind_and_all_but_published_ones_are_measured(
    targets: Targets,
) -> None:
    kinds = [targets.trained, targets.released, targets.bounds, targets.timed]
    names = [name for kind in kinds for name in kind]
    assert len(set(names)) == len(names)
    retested = [name for name in targets.scored if targets.net_of(name) != name]
    assert retested and not set(retested) & set(targets.nets)
    assert set(targets.measured) == {*names, *retested}
    published_only = targets.config.experiments.keys() - set(targets.measured)
    assert published_only and not published_only & targets.scored.keys()


def test_nets_are_those_that_are_trained_or_released(targets: Targets) -> None:
    assert set(targets.nets) == targets.trained.keys() | targets.released.keys()
    assert targets.nets[0] == next(iter(targets.scored))  # in their order


def test_classifiers_are_trained_for_nets_that_start_from_one(raw_config: dict[str, Any]) -> None:
    assert Targets(load_config(raw_config)).backbones == ["alexnet", "googlenet", "vgg16", "vgg19"]
    raw_config["scales"]["demo"]["tables"] = ["skips"]
    assert Targets(load_config(raw_config)).backbones == ["vgg16"]


def test_a_classifier_is_shared_by_the_nets_that_are_made_of_it(targets: Targets) -> None:
    shares = {backbone: targets.share_of_nets(backbone) for backbone in targets.backbones}
    assert sum(shares.values()) == pytest.approx(1)
    assert max(shares, key=lambda backbone: shares[backbone]) == "vgg16"
    assert shares["alexnet"] * len(targets.trained) == pytest.approx(
        sum(entry.net.backbone == "alexnet" for entry in targets.trained.values())
    )


def test_no_net_is_made_of_a_classifier_where_none_is_trained(raw_config: dict[str, Any]) -> None:
    raw_config["scales"]["demo"]["tables"] = ["sliding"]
    assert Targets(load_config(raw_config)).share_of_nets("vgg16") == 0


def test_only_what_is_trained_runs_once_a_seed(raw_config: dict[str, Any]) -> None:
    targets = Targets(load_config({**raw_config, "seeds": [3, 4]}))
    assert targets.seeds_of("voc-fcn8s") == (3, 4)
    assert targets.seeds_of("voc-reference-fg") == (3, 4)  # scores a net that is trained twice
    assert targets.seeds_of("zoo-voc-fcn8s") == targets.seeds_of("bound-32") == (3,)
    assert targets.runs(targets.paths.metrics, ["bound-32", "voc-fcn8s"]) == [
        "results/demo/metrics/bound-32/3.json",
        "results/demo/metrics/voc-fcn8s/3.json",
        "results/demo/metrics/voc-fcn8s/4.json",
    ]
    net = targets.net_of("voc-reference-fg")
    assert targets.first_checkpoints(["voc-reference-fg"]) == [
        f"results/demo/checkpoints/{net}/3.pt"
    ]


def test_a_net_starts_from_a_classifier_from_other_nets_or_from_nothing(targets: Targets) -> None:
    assert targets.starting_weights("voc-fcn32s", 0) == ["data/demo/weights/vgg16.pt"]
    assert targets.starting_weights("voc-fcn16s", 1) == ["results/demo/checkpoints/voc-fcn32s/1.pt"]
    assert targets.starting_weights("voc-fcn32s-scratch", 0) == []
    assert len(targets.starting_weights("nyud-fcn32s-rgb-hha", 0)) == 2


def test_released_weights_are_downloaded_or_written_from_a_net_of_ours(
    raw_config: dict[str, Any],
) -> None:
    name = "zoo-voc-fcn8s"
    demo = Targets(load_config(raw_config))
    file = demo.released[name].released.file
    assert demo.released_weights(name, 0) == f"results/demo/checkpoints/{name}/0/{file}"
    assert demo.demo_source(name, 0) == "results/demo/checkpoints/voc-fcn8s/0.pt"
    assert demo.downloaded_nets == []
    paper = Targets(load_config({**raw_config, "scale": "paper"}))
    assert paper.released_weights(name, 0) == f"data/paper/archives/{file}"
    assert file in paper.downloaded_nets
    assert len(paper.downloaded_nets) == len(paper.released)


def test_a_table_has_the_rows_that_name_it_in_their_order(targets: Targets) -> None:
    table = "upper-bounds"
    entries = targets.config.experiments.items()
    rows = [name for name, entry in entries if table in entry.tables]
    assert targets.rows(table) == rows
    assert set(targets.measured_rows(table)) == targets.bounds.keys()
    assert not targets.scored_rows(table)
    assert set(targets.trained_rows("skips")) <= set(targets.scored_rows("skips"))


def test_tables_have_the_figures_that_their_rows_allow(targets: Targets) -> None:
    assert "upper-bounds" in targets.tables_with_bounds
    assert "upper-bounds" not in targets.tables_with_scores
    zoo = targets.tables_of_released
    assert "zoo" in zoo and "skips" not in zoo
    assert not set(zoo) & {*targets.tables_with_examples, *targets.tables_with_curves}
    assert set(zoo) <= set(targets.tables_with_scores)
    infos = targets.figure_infos
    assert len(set(infos)) == len(infos) > len(targets.config.figures)
    assert "results/demo/figures/comparison/fig4.json" in infos
    assert "results/demo/figures/examples/skips.json" in infos


def test_a_figure_of_all_tables_has_those_with_a_mean_iu(targets: Targets) -> None:
    [figure] = targets.figures_of("ablation")
    tables = targets.tables_of_figure(figure)
    assert "skips" in tables and "sliding" not in tables


def test_nets_with_scores_of_the_evaluation_server_are_submitted(targets: Targets) -> None:
    assert set(targets.submitted) == set(targets.trained_rows("voc-test"))


def test_depth_is_encoded_for_nets_that_see_hha(targets: Targets) -> None:
    assert targets.datasets_with_hha == ["nyudv2"]
    assert targets.hha_of(["nyud-fcn32s-rgb", "voc-fcn32s"]) == []
    assert targets.hha_of(["nyud-fcn32s-hha", "nyud-fcn32s-rgb-hha"]) == [
        "data/demo/nyudv2/hha.json"
    ]


def test_a_data_set_is_prepared_from_archives_or_from_a_users_folders(
    raw_config: dict[str, Any],
) -> None:
    raw_config["datasets"]["mine"] = {
        "converter": "folder",
        "path": "photos",
        "classes": ["a", "b"],
        "splits": {"train": "train.txt", "val": "val.txt"},
    }
    targets = Targets(load_config(raw_config))
    assert targets.dataset_files("siftflow") == ["data/demo/archives/SiftFlowDataset.zip"]
    assert targets.folders("siftflow") == []
    assert Path("photos/masks") in targets.folders("mine")
    assert targets.dataset_files("mine") == targets.folders("mine")


def test_every_job_that_takes_long_is_measured_once(targets: Targets) -> None:
    files = [file for files in targets.benchmarks.values() for file in files]
    assert len(set(files)) == len(files)
    assert {kind: len(logs) for kind, logs in targets.logs.items()} == {
        kind: len(benchmarks) for kind, benchmarks in targets.benchmarks.items()
    }
    assert len(targets.benchmarks["train"]) == len(targets.trained)
    assert len(targets.benchmarks["evaluate"]) == len(targets.scored)
    assert len(targets.benchmarks["publish"]) == len(targets.released)


@pytest.mark.parametrize("scale", ["demo", "paper", "rehearsal"])
def test_a_run_or_more_than_a_run_measures_every_rule_with_a_benchmark(
    raw_config: dict[str, Any], scale: str
) -> None:
    targets = Targets(load_config(raw_config | {"scale": scale}))
    measured = {**targets.benchmarks, **targets.optional_benchmarks}
    elsewhere = {
        "demo": {"stand_in", "import_weights", "download", "verify"},
        "paper": {"stand_in", "pretrain", "publish", *get_args(SyntheticRule)},
        "rehearsal": {"pretrain", "download", "verify"},
    }
    own = {rule for rule, files in measured.items() if files}
    with_benchmark = {name for name, text in rules().items() if "benchmark:" in text}
    assert own == with_benchmark - elsewhere[scale]
    assert not targets.benchmarks.keys() & targets.optional_benchmarks.keys()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("voc-fcn64s", "'voc-fcn64s' is no net that is trained; did you mean 'voc-fcn"),
        ("bound-32", "'bound-32' is no net that is trained; "),
    ],
)
def test_what_is_no_net_starts_from_nothing(targets: Targets, name: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        targets.starting_weights(name, 0)
    assert str(error.value).startswith(message)


def test_a_run_can_do_without_released_nets_and_without_no_other_download(
    raw_config: dict[str, Any],
) -> None:
    paper = Targets(load_config({**raw_config, "scale": "paper"}))
    optional = paper.optional_downloads
    assert list(optional) == paper.downloaded_nets
    assert optional["fcn8s-heavy-pascal.caffemodel"] == "fcn8s_from_caffe.pth"
    assert optional["fcn-alexnet-pascal.caffemodel"] == ""
    assert sum(map(bool, optional.values())) == 4
    assert Targets(load_config(raw_config)).optional_downloads == {}


def test_claims_learn_of_their_nets_which_is_missing_or_collapsed(
    raw_config: dict[str, Any],
) -> None:
    raw_config["claims"] = {}
    assert Targets(load_config(raw_config)).scored_in_claims == []
    raw_config["claims"]["mine"] = {
        "section": "4.3",
        "statement": "So.",
        "numbers": {
            "a": ["zoo", "zoo-voc-fcn8s", "mean_iu"],
            "b": ["skips", "voc-fcn8s", "mean_iu"],
            "c": ["upper-bounds", "bound-8", "mean_iu"],  # of no net
        },
        "holds": "a > b > c",
    }
    assert Targets(load_config(raw_config)).scored_in_claims == ["voc-fcn8s", "zoo-voc-fcn8s"]


def test_claims_on_times_learn_how_busy_the_machine_was(raw_config: dict[str, Any]) -> None:
    raw_config["claims"] = {
        "mine": {
            "section": "3",
            "statement": "So.",
            "numbers": {
                "way": ["sliding", "sliding-map", "forward_ms"],
                "score": ["skips", "voc-fcn16s", "mean_iu"],
                "bound": ["upper-bounds", "bound-8", "mean_iu"],
            },
            "reached": {
                "took": {"experiment": "voc-fcn8s-atonce", "score": "score", "cost": "seconds"}
            },
            "holds": "took > way * score * bound",
        }
    }
    targets = Targets(load_config(raw_config))
    assert targets.scored_in_claims == ["voc-fcn16s"]
    assert targets.timed_in_claims == ["sliding-map", "voc-fcn8s-atonce"]


def test_no_chart_beside_the_papers_numbers_is_made_where_it_has_none(
    raw_config: dict[str, Any],
) -> None:
    def figures(table: str) -> list[str]:
        raw_config["scales"]["demo"]["tables"] = [table]
        return list(load_config(raw_config).figures)

    assert "all-rows" in figures("skips")
    raw_config["tables"]["mine"] = {"title": "Mine", "columns": ["mean_iu"]}
    own = {"base": "voc-fcn32s", "row": "Mine", "tables": ["mine"]}
    raw_config["experiments"]["mine"] = {**own, "recipe": {"momentum": 0.5}}
    assert "all-rows" not in figures("mine")


def test_a_title_has_the_name_beside_it(raw_config: dict[str, Any]) -> None:
    targets = Targets(load_config(raw_config))
    assert targets.title("table", "skips") == f"{raw_config['tables']['skips']['title']} (skips)"
