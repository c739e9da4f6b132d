"""What runs where people find it is what .ci/run and everybody runs."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).parents[1]
WORKFLOWS = sorted((REPOSITORY / ".github/workflows").glob("*.yml"))
MAKEFILE = (REPOSITORY / "Makefile").read_text("utf-8")
CI = (REPOSITORY / ".ci/run").read_text("utf-8")
TARGETS = set(re.findall(r"^([a-z]+):", MAKEFILE, re.M))
PYTHONS = ["3.11", "3.12", "3.13"]


def jobs(path: Path) -> dict[str, Any]:
    content = yaml.safe_load(path.read_text("utf-8"))
    assert "permissions" in content, "as little as it needs"
    found: dict[str, Any] = content["jobs"]
    return found


def workflow(name: str) -> dict[str, Any]:
    return jobs(REPOSITORY / ".github/workflows" / f"{name}.yml")


def targets(job: dict[str, Any]) -> set[str]:
    """The targets of make that a job's steps run, by .ci/run or alone."""
    matrix = job.get("strategy", {}).get("matrix", {})
    found: set[str] = set()
    for step in job["steps"]:
        for command in re.findall(r"^(?:\.ci/run|make) (.+)$", step.get("run", ""), re.M):
            filled = re.sub(r"\$\{\{ matrix\.(\w+) \}\}", lambda m: " ".join(matrix[m[1]]), command)
            found |= {word for word in filled.split() if "=" not in word}
    return found


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_runs_targets_that_are_there_and_ends_in_time(path: Path) -> None:
    for job in jobs(path).values():
        assert targets(job) <= TARGETS
        assert "timeout-minutes" in job


def test_the_workflows_run_all_that_ci_runs() -> None:
    default = re.search(r"set -- (.+)$", CI, re.M)
    assert default
    run = targets(workflow("tests")["tests"]) | targets(workflow("nightly")["tests"])
    assert run >= {*default[1].split(), "nightly"}


def test_every_python_that_is_locked_is_tested() -> None:
    assert workflow("tests")["tests"]["strategy"]["matrix"]["python"] == PYTHONS
    assert f"for python in {' '.join(PYTHONS)};" in MAKEFILE
    for python in PYTHONS:
        assert f"python{python}" in MAKEFILE


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_of_others_have_a_version(path: Path) -> None:
    for job in jobs(path).values():
        for step in job["steps"]:
            assert "uses" not in step or re.fullmatch(r"[\w./-]+@v\d+", step["uses"])


def test_the_text_of_a_release_is_its_part_of_the_changelog(tmp_path: Path) -> None:
    [release] = workflow("release").values()
    commands = [step["run"] for step in release["steps"] if "run" in step]
    [command] = [command for command in commands if "CHANGELOG.md" in command]
    [form] = [step["with"] for step in release["steps"] if "gh-release" in step.get("uses", "")]
    parts = ["Unreleased", "1.10.0 (2027-01-02)", "1.0.0 (2026-11-30)"]
    text = "".join(f"## {part}\n\n### Runs\n\n- of {part}\n\n" for part in parts)
    (tmp_path / "CHANGELOG.md").write_text(f"# Changelog\n\n{text}", "utf-8")
    for part in parts[1:]:
        tag = {"GITHUB_REF_NAME": f"v{part.split()[0]}", "PATH": os.environ["PATH"]}
        subprocess.run(["sh", "-c", command], cwd=tmp_path, env=tag, check=True)
        found = (tmp_path / form["body_path"]).read_text("utf-8")
        assert found.strip() == f"### Runs\n\n- of {part}"


def test_hooks_run_the_programs_of_make_check() -> None:
    hooks = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text("utf-8"))
    checked = re.search(r"^check:.*\n((?:\t.*\n)+)", MAKEFILE, re.M)
    assert checked
    for hook in (hook for repo in hooks["repos"] for hook in repo["hooks"]):
        program = Path(hook["entry"].split()[0])
        assert program.parent == Path(".venv/bin")
        assert program.name in checked[1] or program.name.startswith("check-")


def test_a_report_of_a_bug_asks_what_the_machine_has() -> None:
    form = yaml.safe_load((REPOSITORY / ".github/ISSUE_TEMPLATE/bug.yml").read_text("utf-8"))
    (doctor,) = (field for field in form["body"] if field["id"] == "doctor")
    assert "fcn doctor" in doctor["attributes"]["label"]
    assert doctor["validations"]["required"]
