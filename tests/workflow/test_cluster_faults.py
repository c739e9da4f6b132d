"""Slurm: what trainings survive, on a private cluster of this machine."""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator

import pytest
import torch
from fixtures.clone import Clone, jobs, tiny
from fixtures.slurm import NODE, OPTIONS, running_slurm

pytestmark = [pytest.mark.slow, pytest.mark.nightly]

NET = "voc-fcn32s"
# The same training three times, each for another fault; all at once, as Slurm is asked seldom.
LATE, CANCELLED, KILLED = NETS = ("late", "cancelled", "killed")
ITERATIONS = 8000
PATIENCE = 900.0  # seconds until a machine that does other work too has surely got there


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """A clone on a cluster, with its data prepared, of nets that train for a while."""
    clone = Clone(tmp_path_factory.mktemp("faults") / "clone")
    content = tiny(clone.config(), [NET])
    content["recipes"]["heavy"] |= {"iterations": ITERATIONS, "validate_every": 100}
    content["experiments"] |= dict.fromkeys(NETS, content["experiments"][NET])
    content["scales"]["demo"]["save_minutes"] = 0.02
    clone.configure(content)
    clone.run("snakemake", "data")
    with running_slurm() as environment:
        clone.environment |= environment
        yield clone


@pytest.fixture(autouse=True)
def nothing_is_left(clone: Clone) -> Iterator[None]:
    """A test that fails must leave the next one no Snakemake at work, no job and no lock."""
    yield
    clone.kill_started()
    cancel_all(clone)
    clone.run("snakemake", "--unlock")


def checkpoint(net: str) -> str:
    return f"results/demo/checkpoints/{net}/0.pt"


def iteration(clone: Clone, net: str) -> int:
    """The saved state of a net that is not done."""
    stored = clone.folder / f"{checkpoint(net)}.resume"
    if not stored.exists():
        return 0
    done: int = torch.load(stored, weights_only=True)["training_state"]["iteration"]
    return done


def log(clone: Clone, net: str) -> str:
    """What all tries of a net's training wrote."""
    path = clone.folder / f"results/demo/logs/train/{net}/0.tries.log"
    return path.read_text("utf-8") if path.exists() else ""


def weights(clone: Clone, net: str) -> dict[str, torch.Tensor]:
    content = torch.load(clone.folder / checkpoint(net), weights_only=True)
    state: dict[str, torch.Tensor] = content["state"]
    return state


def queue(clone: Clone) -> dict[str, str]:
    """Slurm's numbers of the trainings that it has to do."""
    lines = clone.run("squeue", "--noheader", "--partition=gpu", "--format=%k %i").splitlines()
    found = [re.fullmatch(r"rule_net-(\w+)-0_train (\d+)", line.strip()) for line in lines]
    return {match[1]: match[2] for match in found if match}


class Run:
    """`snakemake --profile slurm` at work on the nets, as if it was typed."""

    def __init__(self, clone: Clone, *options: str) -> None:
        self.clone = clone
        goals = map(checkpoint, NETS)
        self.process = clone.start("snakemake", "--profile", "slurm", *goals, *OPTIONS, *options)

    def wait_for(self, what: Callable[[], object]) -> None:
        until = time.monotonic() + PATIENCE
        while not what():
            logs = [log(self.clone, net) for net in NETS]
            assert self.process.poll() is None, self.clone.printed()
            assert time.monotonic() < until, "\n".join([self.clone.printed(), *logs])
            time.sleep(0.2)

    def have_gone_on(self) -> Callable[[], bool]:
        """Whether other processes resumed from this state or a later one, and saved a later one."""
        stored = {net: iteration(self.clone, net) for net in NETS}
        begun = {net: len(log(self.clone, net)) for net in NETS}

        def has(net: str) -> bool:
            since = log(self.clone, net)[begun[net] :]
            found = re.search(r"resuming from iteration (\d+)", since)
            new = bool(found) and int(found[1]) >= stored[net]
            return new and iteration(self.clone, net) > int(found[1])

        def have() -> bool:
            for net in list(filter(has, stored)):
                del stored[net]
            return not stored

        return have

    def fall(self, number: signal.Signals) -> None:
        """Signal the whole foreground, as a terminal does."""
        os.killpg(self.process.pid, number)
        assert self.process.wait(PATIENCE) != 0


def jump_the_queue(clone: Clone) -> None:
    """A job of others that needs the whole node for a moment."""
    clone.run("sbatch", "--partition=urgent", "--exclusive", "--output=none", "--wrap=true")


def cancel_all(clone: Clone) -> None:
    if left := queue(clone):
        clone.run("scancel", *left.values())
    wait_for_empty_queue(clone)


def wait_for_empty_queue(clone: Clone) -> None:
    until = time.monotonic() + PATIENCE
    while clone.run("squeue", "--noheader"):
        assert time.monotonic() < until
        time.sleep(0.5)


def test_trainings_resume_after_every_fault_and_end_in_the_bits_of_an_undisturbed_one(
    clone: Clone,
) -> None:
    run = Run(clone, "--retries=2")
    run.wait_for(lambda: all(iteration(clone, net) for net in NETS))
    first = queue(clone)

    # Pre-empted without grace: the same jobs again, when there is room.
    gone_on = run.have_gone_on()
    jump_the_queue(clone)
    run.wait_for(gone_on)
    assert queue(clone) == first

    # Their node goes down, and comes back: the same jobs again.
    gone_on = run.have_gone_on()
    clone.run("scontrol", "update", NODE, "state=down", "reason=test")
    clone.run("scontrol", "update", NODE, "state=resume")
    run.wait_for(gone_on)
    assert queue(clone) == first

    # Pre-empted with time to store: Snakemake tries again.
    clone.run("scontrol", "update", "partition=gpu", "GraceTime=30")
    gone_on = run.have_gone_on()
    jump_the_queue(clone)
    run.wait_for(gone_on)
    second = queue(clone)
    assert not set(second.values()) & set(first.values())

    # Soon out of time, which Slurm sees within half a minute; cancelled; killed without a word.
    gone_on = run.have_gone_on()
    clone.run("scontrol", "update", f"job={second[LATE]}", "EndTime=now+125")
    run.wait_for(lambda: LATE not in queue(clone))
    clone.run("scancel", second[CANCELLED])
    clone.run("scancel", "--signal=KILL", "--full", second[KILLED])
    run.wait_for(gone_on)
    third = queue(clone)
    assert not set(third.values()) & set(second.values())
    assert "status is: 'CANCELLED'" in clone.printed()

    # Snakemake is killed: its jobs are left to the user, and the lock.
    run.fall(signal.SIGKILL)
    cancel_all(clone)
    clone.run("snakemake", "--unlock")

    # Ctrl-C cancels the jobs; what they stored stays, and nothing half-done.
    run = Run(clone)
    run.wait_for(run.have_gone_on())
    run.fall(signal.SIGINT)
    wait_for_empty_queue(clone)
    assert not any((clone.folder / checkpoint(net)).exists() for net in NETS)
    assert all(0 < iteration(clone, net) < ITERATIONS for net in NETS)

    run = Run(clone)
    assert run.process.wait(PATIENCE) == 0, clone.printed()
    assert f"{len(NETS)} of {len(NETS)} steps (100%) done" in clone.printed()
    assert all("resuming from iteration" in log(clone, net) for net in NETS)
    clone.run("snakemake", checkpoint(NET))
    calm = weights(clone, NET)
    for net in NETS:
        ended = weights(clone, net)
        assert all(torch.equal(ended[name], calm[name]) for name in calm), net


def test_a_failed_jobs_reason_is_printed_where_snakemake_was_typed(clone: Clone) -> None:
    for net in NETS:
        (clone.folder / checkpoint(net)).unlink(missing_ok=True)
    images = clone.folder / "data/demo/voc2011-sbd/images"
    whole = {path: path.read_bytes() for path in images.iterdir()}
    for path, content in whole.items():
        path.write_bytes(content[:100])
    run = Run(clone)
    assert run.process.wait(PATIENCE) != 0
    assert re.search(r"error: data/demo/voc2011-sbd/images/\S+: ", clone.printed()), clone.printed()
    assert "Traceback" not in clone.printed()
    assert not any((clone.folder / checkpoint(net)).exists() for net in NETS)
    for path, content in whole.items():
        path.write_bytes(content)
    assert jobs(clone.run("snakemake", "-n", *map(checkpoint, NETS))) == {
        ("train", net) for net in NETS
    }
