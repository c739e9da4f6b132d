"""A rehearsal: what it plans, and one that is run whole, with narrow nets on small images."""

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml
from fixtures.workflow import jobs, snakemake

from fcnlib.inference.model_info import warn_of_training_images
from fcnlib.models.weights.checkpoint import read_checkpoint

pytestmark = pytest.mark.slow  # seconds for each dry run

SMALL = {
    "scales": {
        "rehearsal": {"net": {"width": 0.125, "padding": 1, "fc6_kernel": 3}, "forward_side": 64}
    },
    "synthetic": {
        "scenes": {"size": 64},
        "context": {"size": 64},
        "rooms": {"reduced": 8},
        "outdoor": {"size": 64},
        "test": {"size": 64},
    },
    "experiments": {
        "sliding-windows": {"timing": {"width": 0.0625, "batch": 2}},
        "sliding-map": {"timing": {"side": 300}},
        "dense-alexnet-stitched": {"timing": {"width": 0.0625, "side": 96}},
    },
}


def test_a_rehearsal_needs_no_option_and_is_much_smaller_than_all_of_its_scale(clone: Path) -> None:
    few, every = jobs(clone, "rehearsal"), jobs(clone, "all", "--config", "scale=rehearsal")
    paper = jobs(clone, "all", "--config", "scale=paper")
    assert every["train"] == paper["train"] and every["evaluate"] == paper["evaluate"]
    assert 0 < few["train"] < every["train"] / 2
    assert few["stand_in"] == few["import_weights"] == 4
    assert few["submit"] == few["export"] == few["rehearsal_report"] == 1
    assert not {"pretrain", "download", "verify"} & (few.keys() | every.keys())
    given = jobs(clone, "rehearsal", "--config", "scale=rehearsal", "rows=[bound-32]")
    assert given["upper_bound"] == 1 and "train" not in given


def test_a_rehearsal_on_a_cluster_asks_for_what_the_whole_run_asks_for(
    clone: Path, repository: Path
) -> None:
    (clone / "slurm").symlink_to(repository / "slurm")

    def trainings(*arguments: str) -> set[str]:
        printed = snakemake(clone, "--profile", "slurm", *arguments, "-n").stdout
        job = printed.partition("rule train:")[2].partition("resources:")[2]
        return set(job.partition("\n")[0].strip().split(", "))

    asked = trainings("rehearsal")
    assert "mem_mb=9000" in asked and asked == trainings("all", "--config", "scale=paper")


def test_without_a_scale_that_rehearses_the_command_ends_in_one_line(clone: Path) -> None:
    content = yaml.safe_load((clone / "config.yaml").read_text("utf-8"))
    del content["scales"]["rehearsal"]
    (clone / "config.yaml").write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
    done = snakemake(clone, "rehearsal", "-n")
    assert done.returncode != 0
    assert "error: scales: none of them rehearses another; expected one" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.nightly
def test_a_rehearsal_runs_whole_and_none_of_its_numbers_is_a_result(clone: Path) -> None:
    (clone / "small.yaml").write_text(yaml.safe_dump(SMALL), "utf-8")
    done = snakemake(clone, "rehearsal", "--cores", "2", "--configfile", "small.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    run = clone / "results/rehearsal"

    found = json.loads((run / "rehearsal.json").read_text("utf-8"))
    measured = {each["rule"]: each for each in found["jobs"]}
    assert {"stand_in", "import_weights", "train", "evaluate", "submit"} <= measured.keys()
    assert measured["train"]["whole"] > measured["train"]["jobs"] and found["not_rehearsed"] == []
    text = (run / "rehearsal.md").read_text("utf-8")
    assert found["scale"] == "paper" and text.startswith("# Rehearsal of scale paper: ")

    page = (run / "index.html").read_text("utf-8")
    assert "no number of the tables and figures below is a result" in page
    assert 'id="rehearsal"' in page and ">paper</th>" not in page
    results = pd.read_csv(run / "results.csv")
    assert set(results["scale"]) == set(results["images"]) == {"rehearsal"}
    assert results["paper"].isna().all() and results["measured"].notna().any()
    claims = json.loads((run / "claims.json").read_text("utf-8"))
    assert claims and {claim["holds"] for claim in claims} == {None}
    for table in (run / "tables").glob("*.md"):
        text = table.read_text("utf-8")
        assert text.startswith("**No results: ") and "no number here is a result" in text
    pictures = [*(run / "figures").rglob("*.svg"), *(run / "figures").rglob("*.png")]
    unmarked = {path.parent.name for path in pictures if b"no result" not in path.read_bytes()}
    assert len(pictures) > 20 and unmarked == {"architecture"}  # which shows no number of a run
    assert "Nothing to be done" in (
        snakemake(clone, "rehearsal", "-n", "--configfile", "small.yaml").stdout
    )


@pytest.mark.nightly
def test_the_net_of_a_rehearsal_says_what_it_is(
    clone: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (clone / "small.yaml").write_text(yaml.safe_dump(SMALL), "utf-8")
    net = "results/rehearsal/checkpoints/voc2011-alexnet/0.pt"
    options = ["--config", "scale=rehearsal", "--configfile", "small.yaml"]
    done = snakemake(clone, net, "--cores", "2", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    warn_of_training_images(clone / net, read_checkpoint(clone / net).provenance)
    assert "of a rehearsal, which trains nothing" in caplog.text
