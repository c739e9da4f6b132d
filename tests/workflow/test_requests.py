"""Memory: what jobs ask for, here and on a cluster."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from fixtures.workflow import snakemake

from fcnlib.core.memory import memory_mb

pytestmark = pytest.mark.slow  # seconds for each Snakemake

GOAL = "results/demo/config.json"
TOO_MUCH = 10 * memory_mb()


def ask_for(clone: Path, mem_mb: int) -> None:
    """Let all jobs ask for so much memory."""
    path = clone / "config.yaml"
    content = yaml.safe_load(path.read_text("utf-8"))
    content["scales"]["demo"]["resources"] = {"default": {"mem_mb": mem_mb, "runtime": 5}}
    path.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")


@pytest.fixture
def greedy(clone: Path) -> Path:
    """A workflow whose jobs ask for more memory than there is."""
    ask_for(clone, TOO_MUCH)
    return clone


def test_jobs_share_the_machines_memory_and_one_that_asks_for_more_runs_alone(greedy: Path) -> None:
    done = snakemake(greedy, GOAL)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (greedy / GOAL).exists()
    assert f"mem_mb={memory_mb()}" in done.stdout + done.stderr
    assert f"mem_mb={TOO_MUCH}" not in done.stdout + done.stderr


def test_a_limit_of_ones_own_is_kept(greedy: Path) -> None:
    done = snakemake(greedy, GOAL, "--resources", "mem_mb=100")
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(re.findall(r"mem_mb=(\d+)", done.stdout + done.stderr)) == {"100"}


def test_a_cluster_is_asked_for_all_of_it(greedy: Path, repository: Path) -> None:
    (greedy / "slurm").symlink_to(repository / "slurm")
    planned = snakemake(greedy, "--profile", "slurm", GOAL, "-n").stdout
    assert set(re.findall(r"mem_mb=(\d+)", planned)) == {str(TOO_MUCH)}


@pytest.mark.parametrize("mem_mb", [1, 7])
def test_an_odd_number_of_megabytes_is_asked_for_whole(clone: Path, mem_mb: int) -> None:
    """A job of 1 must not ask for 0, which Slurm takes for all that a node has."""
    ask_for(clone, mem_mb)
    planned = snakemake(clone, GOAL, "-n").stdout
    assert set(re.findall(r"mem_mb=(\d+)", planned)) == {str(mem_mb)}


@pytest.mark.nightly
def test_the_bytes_that_snakemake_hashes_are_counted(repository: Path, tmp_path: Path) -> None:
    counted = tmp_path / "counted.json"
    program = repository / "benchmarks/hashing.py"
    command = [sys.executable, program, "--scale", "demo", "--json", counted]
    subprocess.run([*command, "--limits", "4GB", "1MB"], check=True, capture_output=True)
    found = json.loads(counted.read_text("utf-8"))["limits"]
    every, small = (found[limit]["rules"] for limit in ("4GB", "1MB"))
    assert every["evaluate"] > 2 * small["evaluate"] > 0
    assert every["table"] == small["table"] > 0  # of small files
    assert found["4GB"]["all"] == sum(every.values()) > found["4GB"]["most"] > 0


def test_what_is_timed_waits_for_all_cores_and_comes_first(clone: Path, repository: Path) -> None:
    goals = [f"results/demo/metrics/{name}/0.json" for name in ("sliding-map", "sliding-window")]
    planned = snakemake(clone, *goals, "-n", "--cores", "3").stdout
    assert re.findall(r"threads: (\d+)", planned) == ["3"]
    assert re.findall(r"priority: (\d+)", planned) == ["3"]
    (clone / "slurm").symlink_to(repository / "slurm")
    planned = snakemake(clone, "--profile", "slurm", *goals, "-n").stdout
    assert "rule time:" in planned and "threads: " not in planned


def test_no_preparation_waits_for_all_cores_and_what_most_nets_wait_for_comes_first(
    clone: Path, repository: Path
) -> None:
    goals = [
        "data/demo/nyudv2/hha.json",
        "data/demo/weights/vgg16.pt",
        "data/demo/weights/vgg19.pt",
    ]
    planned = snakemake(clone, *goals, "-n", "--cores", "8").stdout
    threads = dict(re.findall(r"rule (prepare|hha):\n(?:    .*\n)*?    threads: (\d+)", planned))
    assert threads == {"prepare": "2", "hha": "4"}
    first, second = (
        float(re.findall(rf"weights/{name}.pt\n(?:    .*\n)*?    priority: (\S+)", planned)[0])
        for name in ("vgg16", "vgg19")
    )
    assert 1 > first > second > 0.01
    (clone / "slurm").symlink_to(repository / "slurm")
    planned = snakemake(clone, "--profile", "slurm", *goals, "-n", "--cores", "16").stdout
    assert re.findall(r"threads: (\d+)", planned) == ["2", "16"]
