"""The curve of a training that is not complete, as it grows."""

import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
from fixtures.training import (
    make_trainer,
    read_curve,
    saved_iteration,
    train_net,
    training_config,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from fcnlib.config.schema_nets import Training
from fcnlib.core.errors import InputError
from fcnlib.core.stopping import Stopped
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.training import history
from fcnlib.training.history import LOG_COLUMNS
from fcnlib.training.running_curve import (
    RunningCurve,
    RunningRow,
    read_running_curve,
    running_curve_path,
)
from fcnlib.training.trainer import Trainer

MEASURED = {"seconds", "images_per_second", "time"}  # differ from run to run
RECORD = {
    "iteration": 10,
    "images": 20,
    "seconds": 4.0,
    "loss": "30",
    "loss_per_pixel": "1.5",
    "learning_rate": "1e-10",
    "images_per_second": "5",
}


def curve(folder: Path) -> RunningCurve:
    return RunningCurve(folder / "net.pt.running.csv", LOG_COLUMNS, iterations=40)


def test_a_line_is_there_as_soon_as_it_is_added(tmp_path: Path) -> None:
    running, start = curve(tmp_path), datetime.now(UTC)
    running.restart([])
    assert read_running_curve(running.path) == []
    running.add(RECORD)
    (row,) = read_running_curve(running.path)
    assert timedelta(0) <= row.time - start.replace(microsecond=0) < timedelta(minutes=1)
    assert row == RunningRow(
        iteration=10,
        iterations=40,
        images=20,
        seconds=4.0,
        loss_per_pixel=1.5,
        images_per_second=5.0,
        time=row.time,
    )
    running.add({**RECORD, "iteration": 20, "mean_iu": 0.25})
    assert [(row.iteration, row.mean_iu) for row in read_running_curve(running.path)] == [
        (10, None),
        (20, 0.25),
    ]


def test_a_line_that_is_not_whole_yet_is_left_out(tmp_path: Path) -> None:
    running = curve(tmp_path)
    running.restart([RECORD])
    whole = running.path.read_bytes()
    expected = read_running_curve(running.path)
    for end in range(whole.index(b"\n") + 1, len(whole)):
        running.path.write_bytes(whole + whole[whole.index(b"\n") + 1 : end])
        assert read_running_curve(running.path) == expected
    for end in range(whole.index(b"\n") + 1):  # nor is a header
        running.path.write_bytes(whole[:end])
        assert read_running_curve(running.path) == []


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"net\.pt\.running\.csv: no such file"):
        read_running_curve(tmp_path / "net.pt.running.csv")


def test_a_file_that_was_removed_has_a_header_again(tmp_path: Path) -> None:
    running = curve(tmp_path)
    running.add(RECORD)
    assert [row.iteration for row in read_running_curve(running.path)] == [10]


def test_lines_that_stay_keep_their_time(tmp_path: Path) -> None:
    running = curve(tmp_path)
    running.restart([RECORD])
    hour = "T0{}:00:00+00:00".format
    text = running.path.read_text("utf-8")
    line = text.splitlines()[1]
    old = line.rpartition(",")[0] + ",2026-01-01" + hour(1)
    running.path.write_text(text.replace(line, old), "utf-8")
    running.restart([RECORD, {**RECORD, "iteration": 20}])
    first, second = read_running_curve(running.path)
    assert first.time == datetime(2026, 1, 1, 1, tzinfo=UTC) < second.time


def test_it_is_read_without_torch() -> None:
    """Which takes seconds to import, while a look at a run is to take none."""
    code = "import sys, fcnlib.training.running_curve; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class KeepsItsRunningCurve(Trainer):
    """A trainer that is killed at the very end, before its checkpoint is written."""

    def _write_checkpoint(self, path: Path) -> None:
        raise Stopped


def running_rows(world: Path, folder: Path, config: Training) -> list[RunningRow]:
    """The running curve of a training up to its end, from a saved state where there is one."""
    with torch.random.fork_rng(), pytest.raises(Stopped):
        torch.manual_seed(0)
        trainer = make_trainer(PreparedDataset(world), config, trainer=KeepsItsRunningCurve)
        trainer.fit(folder / "net.pt", folder / "net.csv", resume=True)
    return read_running_curve(running_curve_path(folder / "net.pt"))


def learnt(rows: list[RunningRow]) -> list[dict[str, Any]]:
    """What of these lines is the same on every machine."""
    return [row.model_dump(exclude=MEASURED) for row in rows]


def test_it_has_the_lines_of_the_learning_curve_until_that_takes_its_place(
    world: Path, tmp_path: Path
) -> None:
    config = training_config()
    rows = running_rows(world, tmp_path, config)
    running = running_curve_path(tmp_path / "net.pt")
    lines = read_curve(running)
    assert list(lines[0]) == [*LOG_COLUMNS, "iterations", "time"]
    whole = [{name: line[name] for name in LOG_COLUMNS} for line in lines]
    assert whole == read_curve(tmp_path / "net.csv")
    assert [row.iteration for row in rows] == list(range(1, 13))
    assert {row.iterations for row in rows} == {12}
    assert [row.iteration for row in rows if row.mean_iu is not None] == [4, 8, 12]
    train_net(world, tmp_path, config)
    assert not running.exists()


def test_the_running_curve_of_a_training_that_fails_stays(world: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the loss is"):
        train_net(world, tmp_path, training_config(learning_rate=1e6, iterations=40))
    assert read_running_curve(running_curve_path(tmp_path / "net.pt"))


@pytest.mark.parametrize("content", [None, b"", b"<html>\n</html>\n"])
def test_a_lost_or_damaged_running_curve_is_whole_again(
    world: Path, tmp_path: Path, content: bytes | None
) -> None:
    config = training_config()
    calm = running_rows(world, tmp_path / "calm", config)
    run_until(world, tmp_path, config, iteration=7, within=0, saves=True, save_minutes=5)
    running = running_curve_path(tmp_path / "net.pt")
    running.unlink() if content is None else running.write_bytes(content)
    assert learnt(running_rows(world, tmp_path, config)) == learnt(calm)


def run_until(
    world: Path,
    folder: Path,
    config: Training,
    *,
    iteration: int,
    within: int,
    saves: bool,
    save_minutes: float,
) -> None:
    """Train up to an iteration, or into its validation by so many images, and end there."""

    class Ends(Trainer):
        asked = 0

        def _raise_if_stop_requested(self) -> None:
            self.asked += self.state.iteration == iteration
            if self.asked > within:
                raise Stopped

        def _save_state(self, path: Path) -> None:
            if saves or self.asked <= within:  # a killed process saves nothing at its end
                super()._save_state(path)

    with torch.random.fork_rng(), pytest.raises(Stopped):
        torch.manual_seed(0)
        data = PreparedDataset(world)
        trainer = make_trainer(data, config, trainer=Ends, save_minutes=save_minutes)
        trainer.fit(folder / "net.pt", folder / "net.csv", resume=True)


@pytest.fixture(scope="module")
def calm(world: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(history, "LOG_RECORDS", 6)
        config = training_config(validate_every=5)
        return learnt(running_rows(world, tmp_path_factory.mktemp("calm"), config))


@settings(max_examples=12, deadline=None)
@given(
    ends=st.lists(
        st.tuples(st.integers(1, 12), st.sampled_from([0, 2]), st.booleans()), max_size=3
    ),
    save_minutes=st.sampled_from([0, 5]),
)
def test_however_often_a_training_ends_early_no_line_is_missing_or_there_twice(
    world: Path,
    calm: list[dict[str, Any]],
    ends: list[tuple[int, int, bool]],
    save_minutes: float,
) -> None:
    """Killed or asked to stop, between iterations or within a validation, in the middle of a line.

    Lines are of every second iteration, and of the validations at 5, 10 and 12.
    """
    config = training_config(validate_every=5)
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(history, "LOG_RECORDS", 6)
        folder = Path(name)
        for iteration, within, saves in ends:
            is_validation = iteration in (5, 10, 12)
            if iteration <= saved_iteration(folder / "net.pt.resume"):
                continue  # it has come further
            if within and not is_validation:
                continue  # nothing asks so often there
            run_until(
                world,
                folder,
                config,
                iteration=iteration,
                within=within,
                saves=saves,
                save_minutes=save_minutes,
            )
            running = running_curve_path(folder / "net.pt")
            rows = learnt(read_running_curve(running))
            assert rows == calm[: len(rows)]
            with open(running, "a", encoding="utf-8") as file:
                file.write("4,8")
        assert learnt(running_rows(world, folder, config)) == calm
