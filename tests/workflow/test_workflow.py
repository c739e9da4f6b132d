"""The workflow: what a mistake in the list is told, and what a change re-runs."""

import re
from pathlib import Path

import pytest
import torch
import yaml
from fixtures.workflow import REPOSITORY, jobs, snakemake
from PIL import Image

from fcnlib.config.load import read
from fcnlib.config.schema import Experiment
from fcnlib.models.weights.checkpoint import read_tensors


def test_the_list_plans_one_training_per_net_and_one_bound_per_factor(clone: Path) -> None:
    config = read([clone / "config.yaml"])
    planned = jobs(clone, "all")
    assert planned["train"] == sum(e.net is not None for e in config.experiments.values())
    assert planned["upper_bound"] == sum(e.oracle is not None for e in config.experiments.values())
    assert planned["draw_voc"] == planned["draw_sbd"] == 1
    assert planned["time"] == sum(e.timing is not None for e in config.experiments.values()) > 0
    starts = {e.net.backbone for e in config.experiments.values() if e.net and not e.net.start_from}
    assert planned["pretrain"] == len(starts)
    zoo = sum(e.weights is not None for e in config.experiments.values())
    assert planned["publish"] == planned["convert"] == zoo > 0
    assert "download" not in planned


def test_the_page_counts_what_training_scoring_and_timing_took(clone: Path) -> None:
    page = snakemake(clone, "all", "-n").stdout.partition("rule page:")[2].partition("output:")[0]
    assert all(f"/benchmarks/{kind}/" in page for kind in ("train", "evaluate", "time", "prepare"))


def test_each_figure_is_drawn_by_the_rule_of_its_kind(clone: Path) -> None:
    content = yaml.safe_load((clone / "config.yaml").read_text())
    names = list(content["experiments"])
    nets = [name for name in names if "net" in content["experiments"][name]][:1]
    kinds = {"losses": nets, "momentum": nets, "ablation": [], "comparison": nets}
    content["figures"] = {
        f"a-{kind}": {"kind": kind, "title": kind} | ({"experiments": some} if some else {})
        for kind, some in kinds.items()
    }
    (clone / "config.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    planned = jobs(clone, "all")
    assert all(planned[kind] == 1 for kind in kinds)
    assert planned["times"] == 1 and "gaps" not in planned


def test_paper_scale_downloads_and_plans_the_same_rows(clone: Path) -> None:
    demo, paper = jobs(clone, "all"), jobs(clone, "all", "--config", "scale=paper")
    config = read([clone / "config.yaml"])
    archives = {name for dataset in config.datasets.values() for name in dataset.archives}
    # The data sets' archives, four classifiers, and the released nets.
    assert paper["download"] == len(archives) + 4 + paper["convert"]
    assert paper["import_weights"] == 4
    assert not {"pretrain", "draw_voc", "publish"} & paper.keys()
    for rule in ("train", "upper_bound", "convert", "evaluate", "table", "page"):
        assert paper[rule] == demo[rule]


def test_seeds_multiply_the_runs_and_not_the_tables(clone: Path) -> None:
    one, three = jobs(clone, "all"), jobs(clone, "all", "--config", "seeds=[0,1,2]")
    assert three["train"] == 3 * one["train"]
    assert three["table"] == one["table"] and three["convert"] == one["convert"]
    assert three["upper_bound"] == one["upper_bound"] and three["time"] == one["time"]


def test_the_zoo_is_downloaded_converted_and_scored_without_training(clone: Path) -> None:
    config = read([clone / "config.yaml"])
    files = [e.weights.file for e in config.experiments.values() if e.weights]
    planned = jobs(clone, "zoo", "--config", "scale=paper")
    used = {e.data.dataset for e in config.experiments.values() if e.weights}
    archives = {name for dataset in used for name in config.datasets[dataset].archives}
    assert planned == {
        "download": len(files) + len(archives),
        "prepare": len(used),
        "hha": 1,
        **dict.fromkeys(("convert", "evaluate"), len(files)),
        **{"table": 4, "zoo": 1, "total": planned["total"]},
    }


def test_a_submission_needs_its_net_and_the_test_photographs(clone: Path) -> None:
    planned = jobs(clone, "submission")
    assert planned["submit"] == planned["draw_voc2012test"] == 1
    assert planned["train"] == 3 and "evaluate" not in planned


def test_nets_that_start_from_nothing_need_no_classifier(clone: Path) -> None:
    content = yaml.safe_load((clone / "config.yaml").read_text())
    for entry in content["experiments"].values():
        if "net" in entry:
            entry["net"].setdefault("start_from", "random")
    (clone / "config.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    assert "pretrain" not in jobs(clone, "all")


def test_an_edited_mask_is_prepared_anew(clone: Path) -> None:
    mine = clone / "my-photos"
    for folder in ("images", "masks"):
        (mine / folder).mkdir(parents=True)
    for id in "abcdef":
        Image.new("RGB", (40, 40)).save(mine / "images" / f"{id}.png")
        Image.new("L", (40, 40)).save(mine / "masks" / f"{id}.png")
    (mine / "classes.txt").write_text("only\n")
    own = yaml.safe_load((REPOSITORY / "examples" / "own-images.yaml").read_text())
    own["datasets"]["mine"]["splits"] = {}
    (clone / "own.yaml").write_text(yaml.safe_dump(own, sort_keys=False))
    goal = ("data/mine/mine/dataset.json", "--configfile", "own.yaml")
    assert snakemake(clone, *goal).returncode == 0
    assert jobs(clone, *goal) == {}
    Image.new("L", (40, 40), 255).save(mine / "masks" / "a.png")
    assert jobs(clone, *goal)["prepare"] == 1


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("predict_from: [fc7]", "predict_form: [fc7]", "unknown key 'predict_form'; known: "),
        ("learning_rate: {demo: 2.0e-9, ", "learning_rate: {demo: 2-e9, ", "'2-e9': Input should"),
        ("start_from: [voc-fcn32s]", "start_from: [voc-fcn23s]", "'voc-fcn23s' is no experiment"),
        ("start_from: [voc-fcn32s]", "start_from: [voc-fcn8s]", "must stand above it"),
        ("momentum: 0.99", "momentum: high", "recipe.momentum: 'high': Input should be a valid"),
    ],
)
def test_a_mistake_stops_the_dry_run_with_its_path(
    clone: Path, old: str, new: str, told: str
) -> None:
    config = clone / "config.yaml"
    text = config.read_text()
    assert old in text
    config.write_text(text.replace(old, new, 1))
    done = snakemake(clone, "-n", "all")
    assert done.returncode != 0
    assert told in done.stdout + done.stderr
    assert "experiments." in done.stderr.splitlines()[-1], "the last line is what people read"


def test_a_claim_on_a_row_that_is_not_there_stops_the_dry_run(clone: Path) -> None:
    claims = clone / "claims.yaml"
    place = "[skips, voc-fcn8s, mean_iu]"
    claims.write_text(claims.read_text().replace(place, place.replace("8s", "9s"), 1))
    done = snakemake(clone, "-n", "all")
    assert done.returncode != 0
    last = done.stderr.splitlines()[-1]
    assert last == "error: claims.yaml: claims.finer-strides: 'voc-fcn9s' is no row of table skips"


def test_an_unknown_experiment_is_refused(clone: Path) -> None:
    done = snakemake(clone, "-n", "results/demo/models/voc-fcn64s/0.ts")
    assert done.returncode != 0
    assert "voc-fcn64s" in done.stdout + done.stderr


def listed(folder: Path) -> dict[str, Experiment]:
    """The experiments of the list."""
    return read([folder / "config.yaml"]).experiments


def numbers(folder: Path) -> int:
    """How many numbers the tables have: each column of each row."""
    config = read([folder / "config.yaml"])
    rows = [table for entry in config.experiments.values() for table in entry.tables]
    return sum(len(table.columns) * rows.count(name) for name, table in config.tables.items())


TINY = {
    "drawn": {
        "scenes": {"size": 48, "train": 20, "validation": 6},
        "context": {"size": 48, "train": 8, "validation": 4},
        "rooms": {"reduced": 8, "train": 8, "test": 4},
        "outdoor": {"size": 48, "train": 8, "test": 4},
        "test": {"size": 48, "images": 2},
    },
    "datasets": {"nyudv2": {"reduced": 8}},
    "pretraining": {
        **{"windows": 64, "held_out": 16, "iterations": 4},
        "backbones": {
            name: {"windows": 64, "iterations": 4} for name in ("alexnet", "vgg19", "googlenet")
        },
    },
    "scales": {"tiny": {"like": "demo", "net": {"width": 0.0625, "padding": 1, "fc6_kernel": 3}}},
    "scale": "tiny",
    "recipes": {
        "heavy": {"iterations": 8, "validate_every": 4},
        "staged": {"iterations": 8, "validate_every": 4},
        "accumulate": {"iterations": 4, "validate_every": 2},
        "accum": {"iterations": 2, "validate_every": 1},
        "online": {"iterations": 8, "validate_every": 4},
    },
}


@pytest.mark.slow
@pytest.mark.nightly
def test_from_nothing_to_the_page_and_then_only_what_changed(clone: Path) -> None:
    """The whole list, tiny; then each row of the README's table of changes."""
    tiny = clone / "tiny.yaml"
    content = yaml.safe_load(yaml.safe_dump(TINY))
    short = {"iterations": 4, "validate_every": 2}
    entries = yaml.safe_load((clone / "config.yaml").read_text())["experiments"]
    content["experiments"] = {
        name: {"recipe": dict(short)}
        for name, e in entries.items()
        if "iterations" in e.get("recipe", ())
    }
    tiny.write_text(yaml.safe_dump(content))
    options = ("--configfile", "tiny.yaml", "--cores", "2")
    done = snakemake(clone, "all", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    results = clone / "results" / "tiny"
    for name in ("index.html", "report.html", "results.csv", "config.json"):
        assert (results / name).stat().st_size > 0, name
    lines = (results / "results.csv").read_text().splitlines()
    header = "table,row,experiment,task,metric,measured,std,seeds,paper,unit"
    assert lines[0] == header and len(lines) == 1 + numbers(clone)
    for name, entry in listed(clone).items():
        if entry.weights:  # written in the published format and read back: the same net
            ours, theirs = (
                read_tensors(results / "checkpoints" / source / "0.pt")["state"]
                for source in (entry.weights.written_from, name)
            )
            # The format knows no scale of the input: the first layers have it.
            scale = ours.pop("input_scale")
            for key in ours:
                if re.fullmatch(r"conv1(_1)?(_color|_hha)?\.weight", key):
                    ours[key] *= scale
            assert any(tensor.any() for key, tensor in ours.items() if key.startswith("score_fr"))
            assert all(torch.equal(tensor, theirs[key]) for key, tensor in ours.items())
    assert "index.html" in (results / "report.html").read_text()
    assert 'href="report.html"' in (results / "index.html").read_text()
    assert jobs(clone, "all", *options) == {}

    config = clone / "config.yaml"
    text = config.read_text()
    number = "geometric_pixel_accuracy: 90.8"
    assert text.count(number) == 1
    config.write_text(text.replace(number, "geometric_pixel_accuracy: 90.9"))
    changed = jobs(clone, "all", *options)
    assert changed["table"] == 1
    shown = {"table", "results", "claims", "ablation", "page", "configuration", "report"}
    assert set(changed) <= {*shown, "all", "total"}

    trained = sum(entry.net is not None for entry in listed(clone).values())
    train = clone / "fcnlib" / "train.py"
    code = train.read_text()
    train.write_text(code.replace('"""Train', '"""A changed docstring. Train') + "# a comment\n")
    assert code != train.read_text()
    config.write_text(text)
    assert jobs(clone, "all", *options) == {}
    train.write_text(code.replace("CURVE_LINES = 100", "CURVE_LINES = 101"))
    changed = jobs(clone, "all", *options)
    assert (
        changed["train"] == trained and not {"pretrain", "prepare", "upper_bound"} & changed.keys()
    )
    train.write_text(code)

    content["experiments"]["voc-fcn16s"] = {"recipe": {"momentum": 0.5}}
    config.write_text(text)
    tiny.write_text(yaml.safe_dump(content))
    changed = jobs(clone, "all", *options)
    # 16s and the 8s that starts from it, and their two files.
    assert changed["train"] == 2 and changed["evaluate"] == 4 and "pretrain" not in changed
