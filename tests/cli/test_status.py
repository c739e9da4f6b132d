"""`fcn status` as people type it, in and beside the folder of a run."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fixtures.hostile import run_fcn

from fcnlib.core.tries import begin_try, end_try, whole_log
from fcnlib.plan.paths import RunPaths

PATHS = RunPaths("demo")
NET = "voc-fcn32s"
ERROR = "error: a\x1b[2J.png: value 9; expected 0..3"


@pytest.fixture
def results(tmp_path: Path, raw_config: dict[str, Any]) -> Path:
    """The results of a run with one training that has failed twice."""
    folder = tmp_path / PATHS.results
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(raw_config), "utf-8")
    log = tmp_path / PATHS.run_log("train", NET, 0)
    log.parent.mkdir(parents=True)
    for _ in range(2):
        end_try(log, begin_try(log), "failed", 1.0)
    whole_log(log).write_text(f"{ERROR}\n", "utf-8")
    return folder


@pytest.mark.parametrize("given", ["results/demo", "results/demo/", ".", "absolute"])
def test_a_run_is_found_from_anywhere(
    results: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], given: str
) -> None:
    monkeypatch.chdir(results if given == "." else results.parents[1])
    code, printed = run_fcn(["status", results if given == "absolute" else given], capfd)
    assert code == 0
    (line,) = (line for line in printed.splitlines() if line.startswith(f"{NET} "))
    assert line.split()[:6] == [NET, "0", "failed,", "try", "2", "0/800"]
    assert "trainings: " in printed and "1 failed" in printed


def test_a_failed_job_is_named_with_its_log_and_its_last_line(
    results: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    code, printed = run_fcn(["status", results, "--failed"], capfd)
    log, last = printed.splitlines()[-2:]
    assert code == 0 and NET not in printed.replace(log, "")
    assert printed.startswith("failed:\n")
    assert log == f"  {PATHS.run_log('train', NET, 0).replace('.log', '.tries.log')}"
    assert last.startswith("    failed, try 2, ") and len(last) == 50 and last.endswith("…")
    monkeypatch.delenv("COLUMNS")
    _, printed = run_fcn(["status", results, "--failed"], capfd)
    assert printed.rstrip().endswith(r"ago: error: a\u001b[2J.png: value 9; expected 0..3")


def test_no_line_is_wider_than_the_terminal(
    results: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    _, printed = run_fcn(["status", results], capfd)
    table = printed.partition("failed:\n")[0].splitlines()
    assert max(map(len, table)) == 40


def test_programs_read_it_as_json(results: Path, capfd: pytest.CaptureFixture[str]) -> None:
    _, printed = run_fcn(["status", results, "--json"], capfd)
    content = json.loads(printed)
    (training,) = (each for each in content["trainings"] if each["experiment"] == NET)
    assert (training["state"], training["tries"], training["mean_iu"]) == ("failed", 2, None)
    assert content["failures"][0]["last_line"] == ERROR


def test_a_run_that_has_kept_no_configuration_has_that_of_its_clone(
    results: Path, repository: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (results / "config.json").unlink()
    content = (repository / "config.yaml").read_text("utf-8")
    content = content.replace("studies: studies", f"studies: {repository}/studies")
    (results.parents[1] / "config.yaml").write_text(content, "utf-8")
    _, printed = run_fcn(["status", results, "--json"], capfd)
    assert len(json.loads(printed)["failures"]) == 1
    paper = results.with_name("paper")  # whatever scale the configuration names
    paper.mkdir()
    _, printed = run_fcn(["status", paper, "--json"], capfd)
    assert {each["iterations"] for each in json.loads(printed)["trainings"]} >= {100_000}


def test_without_a_folder_it_is_of_the_run_that_is_there(
    results: Path,
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name in ("config.yaml", "studies"):
        (results.parents[1] / name).symlink_to(repository / name)
    content = json.loads((results / "config.json").read_text("utf-8")) | {"rows": [NET]}
    (results / "config.json").write_text(json.dumps(content), "utf-8")
    monkeypatch.chdir(results.parents[1])
    assert "trainings: 1 failed" in run_fcn(["status"], capfd)[1]


def test_a_look_at_a_run_takes_no_torch(results: Path) -> None:
    code = (
        "import sys\n"
        "from fcnlib.cli.main import app\n"
        "app(['status', sys.argv[1]], standalone_mode=False)\n"
        "sys.exit(sorted({'torch', 'numpy', 'pandas'} & sys.modules.keys()) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(results)], capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
