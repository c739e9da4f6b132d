"""`fcn estimate` as people type it."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest
import yaml
from fixtures.commands import fcn

from fcnlib.config.load import load_config, read_config
from fcnlib.config.studies import read_raw_config
from fcnlib.plan.costs import Probe, write_probe
from fcnlib.plan.targets import Targets
from fcnlib.plan.work import Work
from fcnlib.training.workload import Cost, Measured, Piece, SceneKind

BY_HAND = "train=0.1,validate=0.05,evaluate=0.05"


@pytest.fixture
def paper(repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """`fcn estimate --scale paper` by hand, with further options."""
    monkeypatch.chdir(repository)

    def run(*options: object) -> tuple[int | str, str]:
        by_hand = () if "--probe" in options else ("--seconds-per-image", BY_HAND)
        return fcn(capsys, "estimate", "--scale", "paper", *by_hand, *options)

    return run


def test_it_prints_rows_hours_wall_time_and_disk(paper) -> None:
    code, out = paper("--gpus", "1,24")
    assert code == 0
    row = next(line for line in out.splitlines() if line.startswith("voc-fcn8s "))
    assert row.split()[1:5] == ["100,000", "18,400", "736", "3.04"]
    assert "GPU hours" in out and "with 24 (GPUs); the longest chain takes" in out
    assert "checkpoints" in out and "not counted start" in out


def test_json_holds_the_same(paper) -> None:
    found = json.loads(paper("--json", "--seeds", "0,1")[1])
    once = json.loads(paper("--json")[1])
    assert found["learnt"] == 2 * once["learnt"] > 16e6 and found["seeds"] == [0, 1]
    assert {"voc-fcn8s", "zoo-voc-fcn8s", "bound-8"} <= {row["experiment"] for row in found["rows"]}


def test_a_budget_writes_an_overlay_of_the_rows_that_it_pays_for(paper, tmp_path: Path) -> None:
    overlay = tmp_path / "overlay.yaml"
    code, out = paper("--budget", "12h", "--out", overlay)
    assert code == 0 and "claims that are decided" in out
    content = yaml.safe_load(overlay.read_text("utf-8"))
    assert content["scale"] == "paper" and content["seeds"] == [0]
    known = read_config([Path("config.yaml")]).experiments
    assert content["rows"] and set(content["rows"]) <= known.keys()
    assert len(content["rows"]) == len(set(content["rows"]))
    spent = re.findall(r"([\d.]+) in all", out)
    assert 0 < float(spent[-1]) <= 12


def test_an_estimate_is_kept_beside_the_results(
    repository: Path, tmp_path: Path, monkeypatch, capsys
) -> None:
    for name in ("config.yaml", "studies"):
        (tmp_path / name).symlink_to(repository / name)
    monkeypatch.chdir(tmp_path)
    assert fcn(capsys, "estimate", "--seconds-per-image", BY_HAND, "--save")[0] == 0
    kept = json.loads((tmp_path / "results/demo/estimate.json").read_text("utf-8"))
    targets = Targets(load_config(*read_raw_config([Path("config.yaml")])))
    trained = [job for job in Work.of(targets).jobs.values() if job.rule == "train"]
    assert kept["scale"] == "demo" and kept["jobs"]["train"]["jobs"] == len(trained) > 50


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--scale", "papr"], "'papr' is not declared; did you mean 'paper'?"),
        (["--gpus", "0"], "--gpus: '0'; expected numbers from 1 on"),
        (["--gpus", "1,,2"], "--gpus: '1,,2'; expected"),
        (["--seeds", "a"], "seeds"),
        (["--budget", "24"], "--budget: '24'; expected minutes, hours or days"),
        (["--budget", "0h"], "--budget: '0h'; expected"),
        (["--out", "x.yaml"], "--out: expected --budget beside it"),
        (["--seconds-per-image", "trian=1"], "expected such as train=0.1"),
        (["--save-probe", "x.json"], "expected no --probe and no --save-probe"),
        (["--probe", "no-such.json"], "no-such.json"),
    ],
)
def test_bad_input_ends_in_one_line(paper, options: list[str], message: str) -> None:
    error, out = paper(*options)
    assert isinstance(error, str) and message in error and "\n" not in error
    assert out == "" and not Path("x.yaml").exists()


def test_a_probe_of_another_configuration_is_refused(paper, tmp_path: Path) -> None:
    path, cost = tmp_path / "probe.json", Cost(seconds=0.1, cpu_seconds=0.1)
    kinds = [kind for kind in work_of_paper().kinds if not isinstance(kind, SceneKind)]
    pieces = dict.fromkeys(get_args(Piece), cost)
    measured = tuple(Measured(of=kind, costs=pieces) for kind in kinds)
    written = Probe(device="cuda", machine="a GPU", date="today", steps=20, measured=measured)
    write_probe(path, written)
    code, out = paper("--probe", path)
    assert code == 0 and out.startswith("paper, seeds 0: measured on a GPU, today")
    assert "not counted" not in out
    write_probe(path, written.model_copy(update={"measured": measured[1:]}))
    error, out = paper("--probe", path)
    assert f"lacks 1 of this run's {len(kinds)} kinds of work" in str(error) and out == ""
    error, _ = paper("--probe", path.with_name("none.json"))
    assert "none.json: no such file" in str(error)


def work_of_paper() -> Work:
    raw = read_raw_config([Path("config.yaml")], {"scale": "paper"})
    return Work.of(Targets(load_config(*raw)))


def test_a_busy_machine_is_not_probed(paper, monkeypatch, capsys) -> None:
    monkeypatch.setattr("os.getloadavg", lambda: (1000.0, 0.0, 0.0))
    error, _ = fcn(capsys, "estimate", "--device", "cpu")
    assert "cpu: load average 1000.0" in str(error) and "--busy" in str(error)
