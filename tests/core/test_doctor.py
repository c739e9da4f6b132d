"""What a machine has for a run, and what of it would hurt."""

import subprocess
from pathlib import Path

import pytest

from fcnlib.core.doctor import (
    dvc,
    judge_disk,
    judge_shared_memory,
    judge_threads,
    package,
    repository,
    slurm,
)


@pytest.mark.parametrize(
    ("cores", "seen", "used", "load", "word"),
    [
        (2, 2, 8, 0.1, "OMP_NUM_THREADS=2"),
        (2, 64, 2, 0.1, "--cores 2"),
        (2, 2, 2, 3.5, "load average is 3.5 on 2 cores"),
    ],
)
def test_more_work_than_cores_would_hurt(
    cores: int, seen: int, used: int, load: float, word: str
) -> None:
    (hurt,) = judge_threads(cores, seen, used, load).hurts
    assert word in hurt


def test_as_many_threads_as_cores_would_not() -> None:
    assert not judge_threads(4, 4, 4, 3.9).hurts


def test_a_disk_without_room_for_the_demo_is_named() -> None:
    (hurt,) = judge_disk({"/here": 10**12, "/tmp": 10**8}).hurts
    assert hurt == "/tmp: 0.1 GB free; the demo wants 3"


@pytest.mark.parametrize(("size", "small"), [(0, True), (64 * 2**20, True), (2**30, False)])
def test_the_shared_memory_that_docker_gives_is_small(size: int, small: bool) -> None:
    assert bool(judge_shared_memory(size).hurts) is small


def test_a_repository_around_the_folder_would_hurt(tmp_path: Path) -> None:
    assert repository(tmp_path).found == "no repository"
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    copy = tmp_path / "copy"
    copy.mkdir()
    assert not repository(tmp_path).hurts
    (hurt,) = repository(copy).hurts
    assert str(tmp_path) in hurt


def test_a_package_that_is_not_that_of_the_folder_would_hurt(tmp_path: Path) -> None:
    assert not package(Path(__file__).parents[2]).hurts
    (tmp_path / "fcnlib").mkdir()
    assert package(tmp_path).hurts


def test_remotes_are_listed_without_passwords(tmp_path: Path) -> None:
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_text(
        "[core]\n    remote = store\n['remote \"store\"']\n    url = https://me:secret@h.org/a?t=1\n"
        "['remote \"disk\"']\n    url = /mnt/100%\n",
        "utf-8",
    )
    (tmp_path / ".dvc/config.local").write_text(
        "['remote \"store\"']\n    password = secret\n", "utf-8"
    )
    assert dvc(tmp_path).found.endswith("store: https://h.org/a, disk: /mnt/100%")


@pytest.mark.parametrize("content", ["no section\n", "\udcff"])
def test_remotes_that_cannot_be_read_are_said_to_be(tmp_path: Path, content: str) -> None:
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_text(content, "utf-8", errors="surrogateescape")
    assert "cannot be read" in dvc(tmp_path).found


@pytest.mark.parametrize(
    ("script", "found"),
    [("printf 'cpu*\\ngpu\\n'", "partitions cpu*, gpu"), ("exit 1", "does not answer")],
)
def test_a_cluster_is_known_by_its_partitions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, found: str
) -> None:
    program = tmp_path / "sinfo"
    program.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    assert slurm(tmp_path).found == found
    assert bool(slurm(tmp_path).hurts) is (script == "exit 1")
