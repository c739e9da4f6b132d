"""Slurm: `snakemake --profile slurm all`, for real, on a private cluster of this machine."""

import json
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from fixtures.clone import Clone, tiny
from fixtures.slurm import NODE, OPTIONS, running_slurm

pytestmark = pytest.mark.slow

NET = "voc-fcn32s"
ALL = ("snakemake", "--profile", "slurm", "all", *OPTIONS)
CHAIN = [NET, "voc-fcn16s", "voc-fcn8s"]
ON_GPU = {"pretrain", "train", "evaluate"}
ON_CPU = {
    *("synthetic_voc", "synthetic_sbd", "prepare"),
    *("upper_bound", "comparison", "examples"),
}


def all_jobs(clone: Clone) -> list[dict[str, str]]:
    """What Slurm knows of the jobs that it was given for this clone."""
    lines = clone.run("scontrol", "--oneliner", "show", "jobs").splitlines()
    jobs = [dict(re.findall(r"(\S+?)=(\S+)", line)) for line in lines]
    return [job for job in jobs if job.get("WorkDir") == str(clone.folder)]


def ended_jobs(clone: Clone) -> dict[str, dict[str, str]]:
    """The same of single jobs, by rule."""
    own = all_jobs(clone)
    names = [re.fullmatch(r"rule_(\w+?)(?:_wildcards_.*)?", job["Comment"]) for job in own]
    return {name[1]: job for name, job in zip(names, own, strict=True) if name}


def numbers(clone: Clone) -> list[str]:
    """The lines of the results that depend on no clock."""
    lines = (clone.folder / "results/demo/results.csv").read_text("utf-8").splitlines()
    return [line for line in lines if not re.search(r",(\w+_ms|training_s),", line)]


def weights(clone: Clone) -> dict[str, Any]:
    path = clone.folder / f"results/demo/checkpoints/{NET}/0.pt"
    state: dict[str, Any] = torch.load(path, weights_only=True)["state"]
    return state


def test_two_clones_at_once_wait_for_a_drained_node_and_get_gpu_time_and_memory(
    tmp_path: Path,
) -> None:
    clones = [Clone(tmp_path / name) for name in ("one", "other")]
    content = tiny(clones[0].config(), [NET, "bound-32"])
    # Of other rules the scale says nothing: they ask for the profile's defaults.
    content["scales"]["demo"]["resources"] = {"train": {"mem_mb": 1500, "runtime": 12}}
    for clone in clones:
        clone.configure(content)
    with running_slurm() as environment:
        for clone in clones:
            clone.environment |= environment
        clones[0].run("scontrol", "update", NODE, "state=drain", "reason=repair")
        running = [clone.start(*ALL) for clone in clones]
        wait_for_jobs(clones[0], len(running))
        assert "LockException" in refusal(clones[0])
        states = clones[0].run("squeue", "--noheader", "--format=%T").split()
        assert set(states) == {"PENDING"}
        clones[0].run("scontrol", "update", NODE, "state=resume")
        for clone, process in zip(clones, running, strict=True):
            assert process.wait(600) == 0, clone.printed()
        jobs = ended_jobs(clones[0])

    # The page, tables and plots are made where the command was typed.
    assert jobs.keys() == ON_GPU | ON_CPU
    for rule, job in jobs.items():
        gpus = re.findall(r"gpu[:=](\d+)", job.get("TresPerJob", ""))
        assert job["JobState"] == "COMPLETED", rule
        assert (job["Partition"], gpus) == (("gpu", ["1"]) if rule in ON_GPU else ("cpu", [])), rule
    assert jobs["train"]["TimeLimit"] == "00:12:00" and "mem=1500M" in jobs["train"]["TRES"]
    assert jobs["prepare"]["TimeLimit"] == "01:00:00" and "mem=4000M" in jobs["prepare"]["TRES"]

    one, other = map(weights, clones)
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert numbers(clones[0]) == numbers(clones[1])
    assert all((clone.folder / "results/demo/report.html").exists() for clone in clones)
    assert all(clone.nothing_to_do() for clone in clones)


def wait_for_jobs(clone: Clone, count: int) -> None:
    """Until each of so many Snakemakes has queued its first jobs."""
    until = time.monotonic() + 120
    while len(set(clone.run("squeue", "--noheader", "--format=%Z").split())) < count:
        assert time.monotonic() < until, clone.printed()
        time.sleep(0.5)


def refusal(clone: Clone) -> str:
    """What a second Snakemake in the same folder prints."""
    done = subprocess.run(
        ALL, cwd=clone.folder, env=clone.environment, capture_output=True, text=True
    )
    assert done.returncode != 0
    return done.stdout + done.stderr


def test_a_short_training_and_its_evaluation_are_one_job_and_a_long_one_stays_alone(
    tmp_path: Path,
) -> None:
    clone = Clone(tmp_path / "clone")
    content = tiny(clone.config(), CHAIN)
    clone.configure(content)
    clone.run("snakemake", "data")
    goals = [f"results/demo/metrics/{name}/0.json" for name in CHAIN]
    with running_slurm() as environment:
        clone.environment |= environment
        clone.run("snakemake", "--profile", "slurm", *goals, *OPTIONS)
        jobs = {job["Comment"]: job for job in all_jobs(clone)}

    assert jobs.keys() == {f"rule_net-{name}-0_evaluate_train" for name in CHAIN}
    asked = content["scales"]["demo"]["resources"]["default"]
    for job in jobs.values():
        assert job["JobState"] == "COMPLETED"
        assert job["TimeLimit"] == f"{2 * asked['runtime'] // 60:02}:00:00"  # one after the other
        assert f"mem={asked['mem_mb']}M" in job["TRES"]
        assert re.findall(r"gpu[:=](\d+)", job["TresPerJob"]) == ["1"]
    assert all((clone.folder / goal).exists() for goal in goals)
    status = json.loads(clone.run("fcn", "status", "--json"))
    assert [each["experiment"] for each in status["trainings"]] == CHAIN
    assert {each["state"] for each in status["trainings"]} == {"done"}

    # Of which a failed evaluation must not cost days.
    asked["runtime"] = 31
    clone.configure(content)
    planned = clone.run("snakemake", "--profile", "slurm", "-n", "--forceall", *goals)
    assert "rule train:" in planned and "Group job" not in planned
