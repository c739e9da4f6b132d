"""Trainings that were killed, stopped or interrupted resume to the same bits."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from fixtures.tasks import trained, training
from fixtures.training import (
    RECIPE_VARIANTS,
    equal_bits,
    interrupt,
    make_trainer,
    read_curve,
    saved_iteration,
    stops_at,
    train_net,
    training_config,
    weights_of,
)

from fcnlib.core.stopping import Stopped
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.training.history import LOG_COLUMNS
from fcnlib.training.trainer import Trainer

STOPPED = """
import sys, torch
from pathlib import Path
from fcnlib.config.schema_nets import Training
from fcnlib.training.trainer import train

torch.set_num_threads(1)
world, folder = map(Path, sys.argv[1:3])
train(Training.model_validate_json(sys.argv[3]), dataset=world, initial_weights=[], seed=0,
      checkpoint=folder / "net.pt", curve=folder / "net.csv", device="cpu", provenance={},
      save_minutes=0)
"""
ALL: dict[str, Any] = {}
for values in (*RECIPE_VARIANTS[:3], *RECIPE_VARIANTS[4:]):
    ALL |= values


def test_a_killed_training_resumes_to_the_same_bits(world: Path, tmp_path: Path) -> None:
    """SIGKILL somewhere after the first saved state; dropout, momentum and decay all count."""
    values = training_config(iterations=200, validate_every=20)
    calm = weights_of(train_net(world, tmp_path / "calm", values))
    killed = tmp_path / "killed"
    command = [sys.executable, "-W", "ignore", "-c", STOPPED, str(world), str(killed)]
    process = subprocess.Popen([*command, values.model_dump_json()], stderr=subprocess.DEVNULL)
    stored = killed / "net.pt.resume"
    while not stored.exists():
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (killed / "net.pt").exists()
    assert 0 < saved_iteration(stored) < 200
    assert equal_bits(weights_of(train_net(world, killed, values)), calm)
    assert not stored.exists()
    deterministic = [name for name in LOG_COLUMNS if "second" not in name]
    first, second = (
        [[line[name] for name in deterministic] for line in read_curve(folder / "net.csv")]
        for folder in (tmp_path / "calm", killed)
    )
    assert first == second


def test_a_training_at_full_width_resumes_to_the_same_bits(world: Path, tmp_path: Path) -> None:
    """It multiplies less (fcnlib/models/fast), which must not depend on where it began."""
    net = {"predict_from": ["pool3"], "width": 1.0, "padding": 60, "fc6_kernel": None}
    values = training_config(net, iterations=3, validate_every=3)
    calm = weights_of(train_net(world, tmp_path / "calm", values))
    (tmp_path / "stopped").mkdir()
    interrupt(PreparedDataset(world), tmp_path / "stopped", values, 2)
    assert saved_iteration(tmp_path / "stopped/net.pt.resume") == 1
    assert equal_bits(weights_of(train_net(world, tmp_path / "stopped", values)), calm)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "workers"), [(signal.SIGTERM, 2), (signal.SIGINT, 0)])
def test_a_training_that_is_asked_to_stop_resumes_to_the_same_bits(
    world: Path, tmp_path: Path, number: signal.Signals, workers: int
) -> None:
    """The whole process group is asked, as Slurm and a terminal do."""
    values = training_config(iterations=300, validate_every=9, workers=workers)
    calm = weights_of(train_net(world, tmp_path / "calm", values))
    stopped = tmp_path / "stopped"
    command = [sys.executable, "-W", "ignore", "-c", STOPPED, str(world), str(stopped)]
    stored = stopped / "net.pt.resume"
    for _ in range(2):
        before = saved_iteration(stored)
        process = subprocess.Popen(
            [*command, values.model_dump_json()],
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        while saved_iteration(stored) == before:
            assert process.poll() is None, "the run ended before it could be stopped"
            time.sleep(0.01)
        os.killpg(process.pid, number)
        _, errors = process.communicate(timeout=60)
        assert process.returncode != 0
        assert f"asked to stop: saved iteration {saved_iteration(stored)}" in errors
    assert saved_iteration(stored) < 300 and not (stopped / "net.pt").exists()
    assert equal_bits(weights_of(train_net(world, stopped, values)), calm)


def test_a_validation_that_was_stopped_is_done_first(world: Path, tmp_path: Path) -> None:
    values = training_config(validate_every=1)
    calm = train_net(world, tmp_path / "calm", values)
    folder = tmp_path / "stopped"
    stopped = make_trainer(PreparedDataset(world), values)
    stopped.stop_requested.set()
    with pytest.raises(Stopped):
        stopped._train(folder / "net.pt")
    assert stopped.state.iteration == 1 and "mean_iu" not in stopped.state.records[-1]
    stopped._save_state(folder / "net.pt.resume")
    path = train_net(world, folder, values)
    assert equal_bits(weights_of(path), weights_of(calm))
    scores = [[line["mean_iu"] for line in read_curve(p.with_suffix(".csv"))] for p in (path, calm)]
    assert scores[0] == scores[1] and all(scores[0])


@pytest.mark.parametrize(
    "values",
    [
        *RECIPE_VARIANTS,
        ALL,
        ALL | {"batch_size": 2, "workers": 1},
        {"workers": 2, "precision": "bf16"},
        RECIPE_VARIANTS[6] | {"precision": "bf16"},
    ],
    ids=str,
)
def test_a_training_of_every_recipe_resumes_to_the_same_bits(
    world: Path, tmp_path: Path, values: dict[str, Any]
) -> None:
    recipe = training_config(**values)
    calm = train_net(world, tmp_path / "calm", recipe)
    (tmp_path / "stopped").mkdir()
    interrupt(PreparedDataset(world), tmp_path / "stopped", recipe, 7)
    assert saved_iteration(tmp_path / "stopped/net.pt.resume") == 6
    resumed = train_net(world, tmp_path / "stopped", recipe)
    assert equal_bits(weights_of(calm), weights_of(resumed))
    losses = [
        [(line["loss"], line["loss_per_pixel"]) for line in read_curve(path.with_suffix(".csv"))]
        for path in (calm, resumed)
    ]
    assert losses[0] == losses[1]


@pytest.mark.parametrize("inputs", [("rgb", "depth"), ("rgb",)])
@pytest.mark.parametrize("batch_size", [1, 2])
def test_a_training_of_two_tasks_resumes_to_the_same_bits(
    rooms: PreparedDataset, tmp_path: Path, inputs: Sequence[str], batch_size: int
) -> None:
    values = training(inputs, net={"dropout": 0.5}, batch_size=batch_size)
    calm = trained(rooms, tmp_path / "calm", values)
    interrupt(rooms, tmp_path, values, 8)
    assert saved_iteration(tmp_path / "net.pt.resume") == 7
    resumed = trained(rooms, tmp_path, values)
    assert equal_bits(weights_of(calm), weights_of(resumed))


class SavesAreCounted(Trainer):
    """A trainer that notes of which iterations it saves its state."""

    def _save_state(self, path: Path) -> None:
        self.__dict__.setdefault("saved", []).append(self.state.iteration)
        super()._save_state(path)


@pytest.mark.parametrize(("minutes", "expected"), [(0, [*range(1, 12)]), (5, [])])
def test_a_state_is_saved_after_some_minutes_but_not_at_the_end(
    world: Path, tmp_path: Path, minutes: float, expected: list[int]
) -> None:
    """The checkpoint follows at once, and a state may have gigabytes."""
    data = PreparedDataset(world)
    trainer = make_trainer(data, training_config(), trainer=SavesAreCounted, save_minutes=minutes)
    trainer.fit(tmp_path / "net.pt", tmp_path / "net.csv", resume=True)
    assert trainer.__dict__.get("saved", []) == expected


def test_a_state_that_was_saved_at_another_interval_is_resumed(world: Path, tmp_path: Path) -> None:
    config, data = training_config(), PreparedDataset(world)
    calm = weights_of(train_net(world, tmp_path / "calm", config))
    with torch.random.fork_rng(), pytest.raises(Stopped):
        torch.manual_seed(0)
        stopped = make_trainer(data, config, trainer=stops_at(7), save_minutes=0)
        stopped._train(tmp_path / "net.pt")
    resumed = make_trainer(data, config, save_minutes=30)
    resumed._restore_state(tmp_path / "net.pt.resume")
    assert resumed.state.iteration == 6
    assert equal_bits(weights_of(train_net(world, tmp_path, config)), calm)


def test_a_training_that_is_killed_before_its_checkpoint_ends_in_the_same_bits(
    world: Path, tmp_path: Path
) -> None:
    """It goes on from the last saved state, as none was saved at the end."""
    config = training_config()
    calm = weights_of(train_net(world, tmp_path / "calm", config))

    class Killed(Trainer):
        def _write_checkpoint(self, path: Path) -> None:
            raise SystemExit

    with torch.random.fork_rng(), pytest.raises(SystemExit):
        torch.manual_seed(0)
        trainer = make_trainer(PreparedDataset(world), config, trainer=Killed)
        trainer.fit(tmp_path / "net.pt", tmp_path / "net.csv", resume=True)
    assert saved_iteration(tmp_path / "net.pt.resume") == 11
    assert equal_bits(weights_of(train_net(world, tmp_path, config)), calm)
    assert not (tmp_path / "net.pt.resume").exists()


def test_a_training_that_was_killed_as_it_saved_leaves_nothing_of_that(
    world: Path, tmp_path: Path
) -> None:
    """Once it is resumed and ends; a state may have gigabytes."""
    killed = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from fcnlib.core.files import atomic_write\n"
        "with atomic_write(Path(sys.argv[1])) as half:\n"
        "    half.write_text('half')\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", killed, str(tmp_path / "net.pt.resume")])
    assert [path.suffix for path in tmp_path.iterdir()] == [".tmp"]
    train_net(world, tmp_path, training_config())  # which saves no state, as it takes no minutes
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.csv", "net.pt"]


def test_a_saved_state_of_other_values_is_not_resumed(
    world: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "a"
    other = make_trainer(PreparedDataset(world), training_config(momentum=0.5))
    folder.mkdir()
    other._save_state(folder / "net.pt.resume")
    values = training_config()
    resumed = weights_of(train_net(world, folder, values))
    assert "starting anew" in caplog.text
    assert equal_bits(resumed, weights_of(train_net(world, tmp_path / "b", values)))


def test_a_saved_state_of_other_code_is_not_resumed(world: Path, tmp_path: Path) -> None:
    """Half a run under one code and half under another would be a run of neither."""
    values = training_config()
    other = make_trainer(PreparedDataset(world), values)
    other.identity["code"] = "another"
    other._train(tmp_path / "net.pt")
    assert (tmp_path / "net.pt.resume").exists()
    again = make_trainer(PreparedDataset(world), values)
    again._restore_state(tmp_path / "net.pt.resume")
    assert again.state.iteration == 0


def test_a_saved_state_belongs_to_the_data_of_its_inputs(rooms: PreparedDataset) -> None:
    """HHA of another camera has another digest, which is nothing to a net that sees none."""
    colours, hha = (
        make_trainer(rooms, training((name,))).identity["data"] for name in ("rgb", "hha")
    )
    assert colours == rooms.info.digest and hha == rooms.digest(["hha"]) and hha != colours


def test_without_resume_a_training_starts_anew(world: Path, tmp_path: Path) -> None:
    values = training_config()
    calm = weights_of(train_net(world, tmp_path / "calm", values))
    (tmp_path / "net.pt.resume").write_bytes(b"whatever")
    assert equal_bits(weights_of(train_net(world, tmp_path, values, resume=False)), calm)


def test_a_damaged_saved_state_is_set_aside_and_the_training_starts_anew(
    world: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    values = training_config()
    calm = weights_of(train_net(world, tmp_path / "calm", values))
    for content, kind, aside in ((b"", "empty", "damaged"), (b"cut", "text", "damaged2")):
        (tmp_path / "net.pt.resume").write_bytes(content)
        assert equal_bits(weights_of(train_net(world, tmp_path, values)), calm)
        assert f"net.pt.resume: is {kind}" in caplog.text and "starting anew" in caplog.text
        assert (tmp_path / f"net.pt.resume.{aside}").read_bytes() == content
        assert not (tmp_path / "net.pt.resume").exists()
