"""Slurm: `snakemake --profile slurm all`, for real, on a private cluster of this machine."""

import re
from pathlib import Path

import pytest
from clone_fixture import Clone, tiny
from slurm_fixture import OPTIONS, running_slurm

pytestmark = pytest.mark.slow

ON_GPU = {"pretrain", "train", "evaluate"}
ON_CPU = {"draw_voc", "draw_sbd", "prepare", "upper_bound", "comparison", "examples"}


def ended_jobs(clone: Clone) -> dict[str, dict[str, str]]:
    """What Slurm knows of the jobs that it ran, by rule."""
    lines = clone.run("scontrol", "--oneliner", "show", "jobs").splitlines()
    jobs = [dict(re.findall(r"(\S+?)=(\S+)", line)) for line in lines]
    names = [re.fullmatch(r"rule_(\w+?)_wildcards_.*", job["Comment"]) for job in jobs]
    return {name[1]: job for name, job in zip(names, jobs, strict=True) if name}


def test_training_gets_a_gpu_and_its_time_and_memory(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "clone")
    content = tiny(clone.config(), ["voc-fcn32s", "bound-32"])
    content["scales"]["demo"]["train"] = {"mem_mb": 1500, "runtime": 12}
    clone.configure(content)
    with running_slurm() as environment:
        clone.environment |= environment
        clone.run("snakemake", "--profile", "slurm", "all", *OPTIONS)
        jobs = ended_jobs(clone)
    # The page, tables and plots are made where the command was typed.
    assert jobs.keys() == ON_GPU | ON_CPU
    for rule, job in jobs.items():
        gpus = re.findall(r"gpu[:=](\d+)", job.get("TresPerJob", ""))
        assert job["JobState"] == "COMPLETED", rule
        assert (job["Partition"], gpus) == (("gpu", ["1"]) if rule in ON_GPU else ("cpu", [])), rule
    assert jobs["train"]["TimeLimit"] == "00:12:00" and "mem=1500M" in jobs["train"]["TRES"]
    assert (clone.folder / "results/demo/report.html").exists()
    assert clone.nothing_to_do()
