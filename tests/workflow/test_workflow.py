"""The workflow: which jobs it plans, how it refuses a mistake, and a whole run."""

import re
import subprocess
from pathlib import Path

import pytest
import torch
import yaml
from fixtures.workflow import REPOSITORY, jobs, snakemake
from PIL import Image

from fcnlib.config.load import load_config, read_config
from fcnlib.config.studies import read_raw_config, read_studies
from fcnlib.models.weights.checkpoint import read_checkpoint
from fcnlib.plan.stored import stored_run
from fcnlib.plan.targets import Targets
from fcnlib.report.verification.verify import verify

pytestmark = pytest.mark.slow  # seconds for each dry run


def test_the_studies_plan_one_training_per_net_and_one_bound_per_factor(clone: Path) -> None:
    targets = Targets(read_config([clone / "config.yaml"]))
    planned = jobs(clone, "all")
    assert planned["train"] == len(targets.trained) > 0
    assert planned["upper_bound"] == len(targets.bounds) > 0
    assert planned["synthetic_voc"] == planned["synthetic_sbd"] == 1
    assert planned["time"] == 1
    assert planned["pretrain"] == len(targets.backbones) > 0
    assert planned["publish"] == planned["convert"] == len(targets.released) > 0
    assert "download" not in planned


def test_the_page_counts_what_training_scoring_and_timing_took(clone: Path) -> None:
    page = snakemake(clone, "all", "-n").stdout.partition("rule page:")[2].partition("output:")[0]
    assert all(f"/benchmarks/{kind}/" in page for kind in ("train", "evaluate", "time", "prepare"))


@pytest.mark.parametrize("script", ["", "raise SystemExit(1)"])
def test_a_run_ends_with_its_last_job_and_does_not_wait_for_timers(
    clone: Path, script: str
) -> None:
    if script:
        (clone / "workflow/scripts/architecture.py").write_text(script, "utf-8")
    goal = "results/demo/figures/architecture/fig3.json"
    look_again = ("--max-jobs-per-timespan", "1000/1d")
    done = snakemake(clone, goal, "--cores", "1", *look_again, timeout=300)
    assert (done.returncode, (clone / goal).exists()) == ((1, False) if script else (0, True))


def test_each_figure_is_plotted_by_the_rule_of_its_kind(clone: Path) -> None:
    content, _ = read_raw_config([clone / "config.yaml"])
    nets = ["voc-fcn32s"]
    kinds = {"losses": nets, "momentum": nets, "ablation": [], "comparison": nets}
    content["figures"] = {
        f"a-{kind}": {"kind": kind, "title": kind} | ({"experiments": some} if some else {})
        for kind, some in kinds.items()
    }
    (clone / "config.yaml").write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
    planned = jobs(clone, "all")
    assert all(planned[kind] == 1 for kind in kinds)
    assert planned["times"] == 1 and "gaps" not in planned


def test_make_quick_plans_three_nets_of_table_3_their_figures_and_the_page(clone: Path) -> None:
    make = ["make", "--dry-run", "quick"]
    printed = subprocess.run(make, cwd=REPOSITORY, check=True, capture_output=True, text=True)
    (command,) = re.findall(r"^snakemake (.+)$", printed.stdout, re.M)
    planned = jobs(clone, *command.split())
    figures = ("architecture", "ablation", "curves", "class_iu", "examples")
    data = ("synthetic_voc", "synthetic_sbd", "prepare", "pretrain")
    last = ("table", "results", "claims", "times", "configuration", "page", "report", "all")
    expected = dict.fromkeys((*data, *figures, *last), 1)
    expected |= {"train": 3, "evaluate": 3, "comparison": 2}
    assert planned == {**expected, "total": sum(expected.values())}


def test_paper_scale_downloads_and_plans_the_same_rows(clone: Path) -> None:
    demo, paper = jobs(clone, "all"), jobs(clone, "all", "--config", "scale=paper")
    targets = Targets(read_config([clone / "config.yaml"]))
    archives = {file for name in targets.config.datasets for file in targets.dataset_files(name)}
    # The data sets' archives, four classifiers, and the released nets.
    assert paper["download"] == len(archives) + 4 + paper["convert"]
    assert paper["import_weights"] == 4
    assert not {"pretrain", "synthetic_voc", "publish"} & paper.keys()
    assert paper["verify"] == paper["download"] and "verify" not in demo
    for rule in ("train", "upper_bound", "convert", "evaluate", "table", "page"):
        assert paper[rule] == demo[rule]


def test_seeds_multiply_the_runs_and_not_the_tables(clone: Path) -> None:
    one, three = jobs(clone, "all"), jobs(clone, "all", "--config", "seeds=[0,1,2]")
    assert three["train"] == 3 * one["train"]
    assert three["table"] == one["table"] and three["convert"] == one["convert"]
    assert three["upper_bound"] == one["upper_bound"] and three["time"] == one["time"]


def test_the_zoo_is_downloaded_converted_and_scored_without_training(clone: Path) -> None:
    targets = Targets(read_config([clone / "config.yaml"]))
    planned = jobs(clone, "zoo", "--config", "scale=paper")
    used = {entry.data.dataset for entry in targets.released.values()}
    archives = {file for name in used for file in targets.dataset_files(name)}
    files = len(targets.released)
    assert planned == {
        "download": files + len(archives),
        "prepare": len(used),
        "hha": 1,
        **dict.fromkeys(("convert", "evaluate"), files),
        "table": 4,
        "zoo": 1,
        "total": planned["total"],
    }


def test_a_submission_needs_its_net_and_the_test_images(clone: Path) -> None:
    planned = jobs(clone, "submission")
    assert planned["submit"] == planned["synthetic_voc2012test"] == 1
    assert planned["train"] == 3 and "evaluate" not in planned


def test_nets_that_start_from_nothing_need_no_classifier(clone: Path) -> None:
    content, _ = read_raw_config([clone / "config.yaml"])
    for name in Targets(load_config(content)).trained:
        content["experiments"][name].setdefault("net", {}).setdefault("start_from", "random")
    (clone / "config.yaml").write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
    assert "pretrain" not in jobs(clone, "all")


def test_an_edited_mask_is_prepared_anew(clone: Path) -> None:
    mine = clone / "my-photos"
    for folder in ("images", "masks"):
        (mine / folder).mkdir(parents=True)
    for id in "abcdef":
        Image.new("RGB", (40, 40)).save(mine / "images" / f"{id}.png")
        Image.linear_gradient("L").point(lambda grey: grey // 128).resize((40, 40)).save(
            mine / "masks" / f"{id}.png"
        )
    (mine / "classes.txt").write_text("upper\nlower\n", "utf-8")
    own = yaml.safe_load((REPOSITORY / "examples" / "own-images.yaml").read_text("utf-8"))
    (clone / "own.yaml").write_text(yaml.safe_dump(own, sort_keys=False), "utf-8")
    goal = ("data/mine/mine/dataset.json", "--configfile", "own.yaml")
    assert snakemake(clone, *goal).returncode == 0
    assert jobs(clone, *goal) == {}
    Image.new("L", (40, 40), 1).save(mine / "masks" / "a.png")
    assert jobs(clone, *goal)["prepare"] == 1
    assert snakemake(clone, *goal).returncode == 0  # it deletes dataset.json first
    with Image.open(clone / "data/mine/mine/labels/semantic/a.png") as label:
        assert label.getextrema() == (1, 1)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "studies/4.2-optimization.yaml",
            *("predict_from: [fc7]", "predict_form: [fc7]"),
            "unknown key 'predict_form'; did you mean 'predict_from'?",
        ),
        (
            "config.yaml",
            *("learning_rate: {demo: 2.0e-9, ", "learning_rate: {demo: 2-e9, "),
            "recipes.heavy.learning_rate: '2-e9': Input should be",
        ),
        (
            "studies/4.3-skips.yaml",
            *("start_from: [voc-fcn32s]", "start_from: [voc-fcn23s]"),
            "'voc-fcn23s' is no experiment",
        ),
        (
            "studies/4.3-skips.yaml",
            *("start_from: [voc-fcn32s]", "start_from: [voc-fcn8s]"),
            "must be above it",
        ),
        ("config.yaml", "momentum: 0.99", "momentum: high", "momentum: 'high': Input should be a"),
        ("config.yaml", "\nseeds: ", "\n\tseeds: ", "line 8, column 1"),
        ("studies/4.3-skips.yaml", "\ntables:", "\n\ttables:", "line 5, column 1"),
        (
            "studies/4.3-skips.yaml",
            *("[skips, voc-fcn8s, mean_iu]", "[skips, voc-fcn9s, mean_iu]"),
            "claims.finer-strides",
        ),
    ],
)
def test_a_mistake_stops_the_dry_run_with_one_line(
    clone: Path, file: str, old: str, new: str, message: str
) -> None:
    path = clone / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    done = snakemake(clone, "-n", "all")
    assert done.returncode != 0
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"error: {file}: ") and message in last


def test_rows_and_tables_of_the_command_line_plan_what_they_need(clone: Path) -> None:
    one = jobs(clone, "all", "--config", "tables=[skips]", "rows=[voc-fcn16s]")
    assert (one["train"], one["evaluate"], one["table"], one["prepare"]) == (2, 2, 1, 1)
    done = snakemake(clone, "-n", "all", "--config", "tables=[skpis]")
    assert "scales.demo.tables: 'skpis' is no table; did you mean 'skips'?" in done.stderr


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("archive_folder=gone", "error: gone: no such folder; expected one with archives"),
        ("archives=gone", "unknown key 'archives'; it is now archive_folder"),
    ],
)
def test_a_folder_of_archives_that_is_not_there_stops_the_dry_run(
    clone: Path, value: str, message: str
) -> None:
    options = ("-n", "all", "--config", "scale=paper")
    done = snakemake(clone, *options, value)
    assert done.returncode != 0 and message in done.stderr.splitlines()[-1]
    (clone / "gone").mkdir()
    assert (snakemake(clone, *options, value).returncode == 0) == ("archive_folder" in value)


def test_an_overlay_takes_rows_away_for_every_job(clone: Path) -> None:
    whole = jobs(clone, "all")
    (clone / "mine.yaml").write_text(
        "experiments: {voc-fcn8s: null, zoo-voc-fcn8s: null}\n", "utf-8"
    )
    less = jobs(clone, "all", "--configfile", "mine.yaml")
    assert (less["train"], less["convert"]) == (whole["train"] - 1, whole["convert"] - 1)


def test_an_unknown_experiment_is_refused(clone: Path) -> None:
    done = snakemake(clone, "-n", "results/demo/models/voc-fcn64s/0.ts")
    assert done.returncode != 0
    assert "'voc-fcn64s' is no experiment" in done.stdout + done.stderr
    assert "did you mean 'voc-fcn16s'?" in done.stdout + done.stderr


def test_an_overlay_may_bring_entries_of_its_own(clone: Path) -> None:
    overlay = {
        "tables": {"mine": {"title": "Mine", "columns": ["mean_iu"]}},
        "experiments": {
            "mine-32s": {
                "base": "voc-fcn32s",
                "row": "mine",
                "tables": ["mine"],
                "recipe": {"momentum": 0.9},
            },
            "mine-plain": {"base": "voc-fcn32s", "row": "plain", "tables": ["mine"]},
        },
        "figures": {"mine": {"title": "Mine", "experiments": ["mine-32s"]}},
        "claims": {
            "mine": {
                "section": "mine",
                "statement": "Mine is better.",
                "numbers": {
                    "mine": ["mine", "mine-32s", "mean_iu"],
                    "theirs": ["mine", "mine-plain", "mean_iu"],
                },
                "holds": "mine > theirs",
            }
        },
        "scales": {"demo": {"tables": ["mine"]}},
    }
    (clone / "mine.yaml").write_text(yaml.safe_dump(overlay), "utf-8")
    options = ("--configfile", "mine.yaml", "--config", "seeds=[0,1]")
    planned = jobs(clone, "all", *options)
    assert planned["train"] == planned["evaluate"] == 4
    assert planned["comparison"] == planned["table"] == planned["claims"] == 1
    copy = "results/demo/config.json"
    done = snakemake(clone, copy, *options, "--cores", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert jobs(clone, copy, "--configfile", copy) == {}, "the copy is all that was laid over"


def numbers(folder: Path) -> int:
    """How many numbers the tables have: each column of each row."""
    targets = Targets(read_config([folder / "config.yaml"]))
    tables = targets.config.tables.items()
    return sum(len(table.columns) * len(targets.rows(name)) for name, table in tables)


TINY = {
    "synthetic": {
        "scenes": {"size": 48, "train": 20, "validation": 6},
        "context": {"size": 48, "train": 8, "validation": 4},
        "rooms": {"reduced": 8, "train": 8, "test": 4},
        "outdoor": {"size": 48, "train": 8, "test": 4},
        "test": {"size": 48, "images": 2},
    },
    "pretraining": {
        "windows": 64,
        "held_out": 16,
        "iterations": 4,
        "backbones": {
            name: {"windows": 64, "iterations": 4} for name in ("alexnet", "vgg19", "googlenet")
        },
    },
    "scales": {
        "tiny": {
            "preset": "demo",
            "archives": "synthetic",
            "net": {"width": 0.0625, "padding": 1, "fc6_kernel": 3},
            "recipe": {
                "score_lr_multiplier": 30.0,
                "lr_decay_start": 0.5,
                "horizontal_flip": True,
            },
        }
    },
    "scale": "tiny",
    "recipes": {
        "heavy": {"iterations": 8, "validate_every": 4},
        "staged": {"iterations": 8, "validate_every": 4},
        "accumulate": {"iterations": 4, "validate_every": 2},
        "accum": {"iterations": 2, "validate_every": 1},
        "online": {"iterations": 8, "validate_every": 4},
    },
}


@pytest.mark.nightly
def test_from_nothing_to_the_page_and_then_only_what_changed(clone: Path) -> None:
    """All studies, tiny; then each row of the table of changes in the docs."""
    tiny = clone / "tiny.yaml"
    content = yaml.safe_load(yaml.safe_dump(TINY))
    short = {"iterations": 4, "validate_every": 2}
    entries = read_studies(clone / "studies")["experiments"]
    content["experiments"] = {
        name: {"recipe": dict(short)}
        for name, e in entries.items()
        if "iterations" in e.get("recipe", ())
    }
    tiny.write_text(yaml.safe_dump(content), "utf-8")
    options = ("--configfile", "tiny.yaml", "--cores", "2")
    done = snakemake(clone, "all", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    results = clone / "results" / "tiny"
    for name in ("index.html", "report.html", "results.csv", "config.json"):
        assert (results / name).stat().st_size > 0, name
    lines = (results / "results.csv").read_text("utf-8").splitlines()
    header = "table,row,experiment,task,metric,measured,std,seeds,paper,unit"
    assert lines[0].startswith(header) and len(lines) == 1 + numbers(clone)
    targets = Targets(read_config([clone / "config.yaml"]))
    for name in (*targets.trained, *targets.released):
        checkpoint = read_checkpoint(results / "checkpoints" / name / "0.pt")
        assert checkpoint.provenance["images"] == "synthetic", name
    for name, entry in targets.released.items():
        # Written in the released format and read back: the same net.
        ours, theirs = (
            dict(read_checkpoint(results / "checkpoints" / source / "0.pt").state)
            for source in (entry.released.demo_source, name)
        )
        # The format knows no scale of the input: the first layers have it.
        scale = ours.pop("input_scale")
        for key in ours:
            if re.fullmatch(r"conv1(_1)?(_color|_hha)?\.weight", key):
                ours[key] *= scale
        assert any(tensor.any() for key, tensor in ours.items() if key.startswith("score_fr"))
        assert all(torch.equal(tensor, theirs[key]) for key, tensor in ours.items())
    assert "index.html" in (results / "report.html").read_text("utf-8")
    assert 'href="report.html"' in (results / "index.html").read_text("utf-8")
    assert verify(stored_run(results)).problems == []
    assert jobs(clone, "all", *options) == {}

    study = clone / "studies/5-table6-siftflow.yaml"
    text = study.read_text("utf-8")
    number = "geometric_pixel_accuracy: 90.8"
    assert text.count(number) == 1
    study.write_text(text.replace(number, "geometric_pixel_accuracy: 90.9"), "utf-8")
    changed = jobs(clone, "all", *options)
    assert changed["table"] == 1
    last = {"table", "results", "claims", "ablation", "page", "configuration", "report"}
    assert set(changed) <= {*last, "all", "total"}

    train = clone / "fcnlib/training/history.py"
    code = train.read_text("utf-8")
    train.write_text(code.replace('"""', '"""A changed docstring. ', 1) + "# a comment\n", "utf-8")
    assert code != train.read_text("utf-8")
    study.write_text(text, "utf-8")
    assert jobs(clone, "all", *options) == {}
    train.write_text(code.replace("LOG_RECORDS = 100", "LOG_RECORDS = 101"), "utf-8")
    changed = jobs(clone, "all", *options)
    assert changed["train"] == len(targets.trained)
    assert not {"pretrain", "prepare", "upper_bound"} & changed.keys()
    train.write_text(code, "utf-8")

    content["experiments"]["voc-fcn16s"] = {"recipe": {"momentum": 0.5}}
    tiny.write_text(yaml.safe_dump(content), "utf-8")
    changed = jobs(clone, "all", *options)
    # 16s and the 8s that starts from it, and their two files.
    assert changed["train"] == 2 and changed["evaluate"] == 4 and "pretrain" not in changed
