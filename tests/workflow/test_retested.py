"""Rows that score the net of another row: what they may have, and that they train nothing."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from fixtures.workflow import jobs, snakemake

from fcnlib.config.load import load_config
from fcnlib.config.schema_experiments import Retested
from fcnlib.core.errors import InputError

TABLES = {"masks": {"title": "Masks", "columns": ["background_accuracy", "mean_iu"]}}
ROW = {"row": "Tested", "tables": ["masks"], "evaluate_of": "voc-fcn32s"}
DATA = {"dataset": "voc2011-sbd", "test": "seg11valid"}
ROWS = {"same": {"row": "Tested", **ROW, "data": DATA}} | {
    mask: {**ROW, "row": mask, "data": {**DATA, "test_mask": mask}}
    for mask in ("foreground", "background", "shape")
}
ROWS["train"] = {**ROW, "row": "training images", "data": {**DATA, "test": "train"}}


def test_a_tested_row_has_the_scores_of_a_net_and_needs_one(raw_config: dict[str, Any]) -> None:
    raw_config["experiments"] |= ROWS
    raw_config["tables"] |= TABLES
    entry = load_config(raw_config).experiments["shape"]
    assert isinstance(entry, Retested) and entry.starts("published") == ("voc-fcn32s",)


def test_a_scale_that_shows_a_tested_row_trains_its_net(raw_config: dict[str, Any]) -> None:
    raw_config["tables"] |= TABLES
    raw_config["experiments"]["shape"] = ROWS["shape"]
    raw_config["scales"]["demo"]["tables"] = ["masks"]
    assert list(load_config(raw_config).experiments) == ["voc-fcn32s", "shape"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"evaluate_of": "voc-fcn23s"}, "x.evaluate_of: 'voc-fcn23s' is no experiment; did you"),
        ({"evaluate_of": "zoo-voc-fcn8s"}, "x.evaluate_of: 'zoo-voc-fcn8s' is no net that is"),
        ({"evaluate_of": "last"}, "x.evaluate_of: 'last' must be above it"),
        ({"evaluate_of": "x"}, "x.evaluate_of: 'x' is no net that is trained"),
        ({"evaluate_of": None}, "x: none; expected one of: "),
        ({"upper_bound": {"factor": 4}}, "x: evaluate_of beside upper_bound; expected one of: "),
        ({"net": {}, "recipe": {"name": "heavy"}}, "x: net beside evaluate_of; expected one"),
        ({"data": None}, "x.data: missing"),
        ({"data": {**DATA, "train_mask": "shape"}}, "x.data.train_mask: expected none, as nothing"),
        ({"data": {**DATA, "test_mask": "grey"}}, "x.data.test_mask: 'grey': Input should be 'non"),
        ({"evaluate_of": "nyud-fcn32s-hha"}, "'nyud-fcn32s-hha' has inputs ['hha']; expected"),
        ({"evaluate_of": "siftflow-fcn32s"}, "has tasks ['semantic', 'geometric']; expected ["),
        (
            {"data": {"dataset": "nyudv2", "test": "test", "test_mask": "shape"}},
            "x.data.test_mask: expected none, as nyudv2 has no background",
        ),
    ],
)
def test_a_row_that_cannot_be_tested_is_refused(
    raw_config: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    last = raw_config["experiments"]["voc-fcn32s"]
    raw_config["tables"] |= TABLES
    raw_config["experiments"] |= {"x": {**ROWS["same"], **change}, "last": last}
    with pytest.raises(InputError) as error:
        load_config(raw_config)
    assert message in str(error.value)
    assert "experiments.x" in str(error.value) and "\n" not in str(error.value)


def test_a_bound_sees_nothing_that_could_be_masked(raw_config: dict[str, Any]) -> None:
    bound = {"row": "Bound", "tables": ["skips"], "upper_bound": {"factor": 4}}
    raw_config["experiments"]["x"] = {**bound, "data": {**DATA, "test_mask": "shape"}}
    with pytest.raises(InputError, match=r"x\.data\.test_mask: expected none, as a bound sees no"):
        load_config(raw_config)


def with_rows(folder: Path) -> Path:
    path = folder / "tested.yaml"
    path.write_text(yaml.safe_dump({"experiments": ROWS, "tables": TABLES}), "utf-8")
    return path


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [1, 3])
def test_tested_rows_are_scored_once_a_seed_and_trained_never(
    clone: Path,
    seeds: int,
) -> None:
    options = ("all", "--config", f"seeds={list(range(seeds))}".replace(" ", ""))
    plain = jobs(clone, *options)
    with_rows(clone)
    planned = jobs(clone, *options, "--configfile", "tested.yaml")
    more = {rule: count - plain.get(rule, 0) for rule, count in planned.items()}
    more = {rule: count for rule, count in more.items() if count and rule != "total"}
    assert more == {
        "evaluate": seeds * len(ROWS),
        **dict.fromkeys(("table", "class_iu", "examples"), 1),
    }


@pytest.mark.slow
def test_tested_on_equal_data_a_net_has_its_own_counts(
    clone: Path,
    world: Path,
    lively_model: Path,
) -> None:
    shutil.copytree(world, clone / "data/demo/voc2011-sbd")
    own = clone / "results/demo/checkpoints/voc-fcn32s/0.pt"
    own.parent.mkdir(parents=True)
    shutil.copy(lively_model, own)
    with_rows(clone)
    names = ("voc-fcn32s", *ROWS)
    files = {name: f"results/demo/metrics/{name}/0.json" for name in names}
    table = "results/demo/tables/masks.md"
    options = ("--configfile", "tested.yaml", "--allowed-rules", "evaluate", "table")
    done = snakemake(clone, *files.values(), table, "--cores", "1", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    counts = {name: np.load(clone / f"results/demo/metrics/{name}/0.npz") for name in files}
    records = {name: json.loads((clone / path).read_text("utf-8")) for name, path in files.items()}
    assert (counts["same"]["semantic"] == counts["voc-fcn32s"]["semantic"]).all()
    assert (counts["shape"]["semantic"] != counts["voc-fcn32s"]["semantic"]).any()
    assert records["same"]["tasks"] == records["voc-fcn32s"]["tasks"]
    assert records["same"]["experiment"] == "same"
    values = records["shape"]["provenance"]["values"]
    assert values["evaluate_of"] == "voc-fcn32s" and values["data"]["test_mask"] == "shape"
    assert values["trained"]["recipe"]["momentum"] == 0.99
    text = (clone / table).read_text("utf-8")
    assert "background acc." in text
    assert "training images: scored at its snapshot with the best mean IU on the valid" in text
