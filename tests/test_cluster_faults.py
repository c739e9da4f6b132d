"""Slurm: what a training survives, on a private cluster of this machine."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from clone_fixture import Clone, tiny
from slurm_fixture import OPTIONS, running_slurm

pytestmark = pytest.mark.slow

NET = "voc-fcn32s"
CHECKPOINT = f"results/demo/checkpoints/{NET}/0.pt"
PATIENCE = 180.0


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Clone]:
    """A clone on a cluster, with its data prepared, of one net that trains for a while."""
    clone = Clone(tmp_path / "clone")
    content = tiny(clone.config(), [NET])
    content["recipes"]["heavy"] |= {"iterations": 3000, "validate_every": 100}
    clone.configure(content)
    clone.run("snakemake", "data")
    with running_slurm() as environment:
        clone.environment |= environment
        yield clone


class Training:
    """`snakemake --profile slurm` at work on the one checkpoint, as if it was typed."""

    def __init__(self, clone: Clone) -> None:
        self.clone, self.said = clone, clone.folder / "said.txt"
        command = ["snakemake", "--profile", "slurm", CHECKPOINT, *OPTIONS, "--retries=3"]
        with open(self.said, "w") as said:
            self.process = subprocess.Popen(
                command,
                **{"cwd": clone.folder, "env": clone.environment, "start_new_session": True},
                **{"stdout": said, "stderr": subprocess.STDOUT},
            )

    def ask(self, number: signal.Signals) -> int:
        """Signal the whole foreground, as a terminal does; the exit code."""
        os.killpg(self.process.pid, number)
        return self.process.wait(PATIENCE)

    def wait_for(self, what: Callable[[], Any]) -> None:
        until = time.monotonic() + PATIENCE
        while not what():
            assert self.process.poll() is None, self.said.read_text()
            assert time.monotonic() < until, self.said.read_text()
            time.sleep(0.2)


def iteration(clone: Clone) -> int:
    stored = clone.folder / f"{CHECKPOINT}.resume"
    if not stored.exists():
        return 0
    done: int = torch.load(stored, weights_only=True)["progress"]["iteration"]
    return done


def log(clone: Clone) -> str:
    path = clone.folder / f"results/demo/logs/train/{NET}/0.log"
    return path.read_text() if path.exists() else ""  # Snakemake removes a failed job's


def weights(clone: Clone) -> dict[str, torch.Tensor]:
    content = torch.load(clone.folder / CHECKPOINT, weights_only=True)
    state: dict[str, torch.Tensor] = content["state"]
    return state


def queue(clone: Clone) -> list[str]:
    return clone.run("squeue", "--noheader", "--format=%i").split()


def gone_on(clone: Clone, since: int) -> Callable[[], bool]:
    """Whether a training has stored more than that, which began where another one ended."""

    def has() -> bool:
        found = re.search(r"going on from iteration (\d+)", log(clone))
        return bool(found) and int(found[1]) >= since and iteration(clone) > since

    return has


def test_a_training_goes_on_after_each_fault_and_ends_in_the_bits_of_a_calm_run(
    clone: Clone,
) -> None:
    clone.run("snakemake", CHECKPOINT)
    calm = weights(clone)
    (clone.folder / CHECKPOINT).unlink()

    # Its Slurm job is cancelled, as one that is pre-empted or out of time: Snakemake tries again.
    training = Training(clone)
    training.wait_for(lambda: iteration(clone))
    clone.run("scancel", *queue(clone))
    training.wait_for(lambda: "asked to stop" in log(clone))
    training.wait_for(gone_on(clone, iteration(clone)))

    # Ctrl-C cancels the job; what it stored stays, and nothing half-done.
    assert training.ask(signal.SIGINT) != 0
    until = time.monotonic() + PATIENCE
    while queue(clone) and time.monotonic() < until:
        time.sleep(0.5)
    assert not queue(clone)
    assert not (clone.folder / CHECKPOINT).exists()
    stored = iteration(clone)
    assert 0 < stored < 3000

    # Snakemake is killed: its job is left to the user, and the lock.
    training = Training(clone)
    training.wait_for(gone_on(clone, stored))
    assert training.ask(signal.SIGKILL) != 0
    clone.run("scancel", *queue(clone))
    clone.run("snakemake", "--unlock")

    said = clone.run("snakemake", "--profile", "slurm", CHECKPOINT, *OPTIONS)
    assert "1 of 1 steps (100%) done" in said
    assert "going on from iteration" in log(clone)
    ended = weights(clone)
    assert all(torch.equal(ended[name], calm[name]) for name in calm)
