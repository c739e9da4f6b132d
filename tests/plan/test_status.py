"""How far a run is, from files that the run itself would have written."""

import os
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fixtures.page import write_curve

from fcnlib.config.load import load_config
from fcnlib.core.errors import InputError
from fcnlib.core.tries import Try, begin_try, end_try, read_tries, tries_file, whole_log
from fcnlib.plan.paths import RunPaths
from fcnlib.plan.status import QUIET_SECONDS, RunStatus, TrainingStatus, run_status
from fcnlib.training.history import LOG_COLUMNS
from fcnlib.training.running_curve import RunningCurve, running_curve_path

PATHS = RunPaths("demo")
NET = "voc-fcn32s"


class Run:
    """A clone's folder with the files of a run of a few iterations."""

    def __init__(self, root: Path, raw: dict[str, Any]) -> None:
        self.root, self.config = root, load_config(raw)
        self.log = root / PATHS.run_log("train", NET, 0)
        self.checkpoint = root / PATHS.checkpoint(NET, 0)
        for path in (self.log, self.checkpoint):
            path.parent.mkdir(parents=True)

    def begin(self, log: Path | None = None) -> Path:
        """A try of this process that has written a line."""
        log = log or self.log
        log.parent.mkdir(parents=True, exist_ok=True)
        begin_try(log)
        whole_log(log).write_text("==== try 1\nat work\n", "utf-8")
        return log

    def train(self, iterations: range, pace: float) -> None:
        """The lines of a running curve, `pace` seconds of the clock apart."""
        path = running_curve_path(self.checkpoint)
        curve = RunningCurve(path, LOG_COLUMNS, 1000)
        for number, iteration in enumerate(iterations):
            curve.add(
                {
                    "iteration": iteration, "images": iteration, "seconds": iteration / 10,
                    "loss": 1.0, "loss_per_pixel": 1 / iteration, "learning_rate": 1e-9,
                    "images_per_second": 10.0, **({"mean_iu": 0.25} if number == 1 else {}),
                }
            )  # fmt: skip
        lines = path.read_text("utf-8").splitlines()
        start = time.time()
        for number, line in enumerate(lines[1:]):
            then = datetime.fromtimestamp(start + pace * number).astimezone().isoformat()
            lines[number + 1] = f"{line.rpartition(',')[0]},{then}"
        path.write_text("\n".join(lines) + "\n", "utf-8")

    def quiet_for(self, seconds: float) -> None:
        """As if it had written nothing for so long."""
        then = time.time() - seconds
        for path in (whole_log(self.log), running_curve_path(self.checkpoint)):
            if path.exists():
                os.utime(path, (then, then))

    def elsewhere(self) -> None:
        """As if its process was one of another machine."""
        (last,) = read_tries(self.log)
        text = last.model_copy(update={"host": "node7"}).model_dump_json()
        tries_file(self.log).write_text(f"[{text}]", "utf-8")

    def status(self) -> RunStatus:
        return run_status(self.root, self.config, now=time.time())

    def training(self) -> TrainingStatus:
        (found,) = (each for each in self.status().trainings if each.experiment == NET)
        return found


@pytest.fixture
def run(tmp_path: Path, raw_config: dict[str, Any]) -> Run:
    return Run(tmp_path, raw_config)


def test_all_trainings_wait_before_anything_was_done(run: Run) -> None:
    found = run.status()
    assert {each.state for each in found.trainings} == {"waiting"}
    assert run.training().iterations == run.config.training(NET).recipe.iterations
    assert len(found.trainings) > 10 and not found.failures


def test_a_running_training_has_its_last_numbers_and_the_time_left(run: Run) -> None:
    run.begin()
    run.train(range(100, 401, 100), pace=30.0)  # of steps alone it would be 10 s
    found = run.training()
    assert (found.state, found.iteration, found.iterations) == ("running", 400, 1000)
    assert (found.loss_per_pixel, found.mean_iu, found.images_per_second) == (1 / 400, 0.25, 10.0)
    assert found.seconds_left == pytest.approx(600 * 30 / 100)


def test_the_time_left_after_a_resume_leaves_out_the_time_between(run: Run) -> None:
    run.begin()
    run.train(range(100, 401, 100), pace=-50_000.0)  # all before this try began
    assert run.training().seconds_left == pytest.approx(600 / 10)


def test_a_training_of_another_machine_runs_as_long_as_it_writes(run: Run) -> None:
    run.begin()
    run.elsewhere()
    run.train(range(100, 201, 100), pace=1.0)
    assert run.training().state == "running"
    run.quiet_for(QUIET_SECONDS + 100)
    found = run.training()
    assert found.state == "no news" and found.seconds_left is None
    assert found.quiet_seconds == pytest.approx(QUIET_SECONDS + 100, abs=60)
    assert [each.state for each in run.status().failures] == ["no news"]


def test_a_process_of_this_machine_that_is_gone_was_killed(run: Run) -> None:
    run.begin()
    (last,) = read_tries(run.log)
    gone = last.model_copy(update={"pid": 2**22 + 1})  # more than a system has
    tries_file(run.log).write_text(f"[{gone.model_dump_json()}]", "utf-8")
    assert run.training().state == "killed"


@pytest.mark.parametrize("end", ["failed", "stopped"])
def test_of_a_job_that_failed_the_log_and_its_last_line_are_named(run: Run, end: Any) -> None:
    end_try(run.log, begin_try(run.log), "failed", 1.0)
    end_try(run.log, begin_try(run.log), end, 1.0)
    text = "==== try 2\n\ra bar\ranother state\nerror: a.png: 9\n\n==== failed after 1 s\n"
    whole_log(run.log).write_text("x" * 10_000 + text, "utf-8")
    (failure,) = run.status().failures
    assert (failure.state, failure.tries, failure.last_line) == (end, 2, "error: a.png: 9")
    assert failure.log == PATHS.run_log("train", NET, 0).replace(".log", ".tries.log")
    assert (run.training().state, run.training().tries) == (end, 2)


def test_jobs_of_data_fail_too(run: Run) -> None:
    log = run.begin(run.root / PATHS.data_log("prepare", "siftflow"))
    end_try(log, read_tries(log), "failed", 1.0)
    (failure,) = run.status().failures
    assert failure.log == "data/demo/logs/prepare-siftflow.tries.log"
    assert failure.last_line == "at work"


def test_a_training_that_is_done_has_failed_no_more(run: Run) -> None:
    end_try(run.begin(), read_tries(run.log), "failed", 1.0)
    write_curve(run.root / PATHS.curve(NET, 0))
    run.checkpoint.write_bytes(b"")
    found = run.training()
    assert (found.state, found.iteration, found.mean_iu) == ("done", 80, 0.5)
    assert (found.loss_per_pixel, found.images_per_second) == (0.25, None)
    assert not run.status().failures


def test_a_file_that_goes_while_it_is_looked_at_was_never_there(run: Run) -> None:
    """A link to nothing is seen as a file is that has just been removed."""
    running_curve_path(run.checkpoint).symlink_to("gone")
    whole_log(run.log).symlink_to("gone")
    found = run.training()
    assert (found.state, found.iteration, found.quiet_seconds) == ("waiting", 0, None)


def test_a_score_that_is_no_number_is_not_known(run: Run) -> None:
    write_curve(run.root / PATHS.curve(NET, 0))
    run.checkpoint.write_bytes(b"")
    curve = run.root / PATHS.curve(NET, 0)
    curve.write_text("iteration,mean_iu\n10,nan\n", "utf-8")
    assert (run.training().iteration, run.training().mean_iu) == (10, None)


@pytest.mark.parametrize("content", ["", "[", '[{"pid": 1}]'])
def test_damaged_records_are_named(run: Run, content: str) -> None:
    tries_file(run.log).write_text(content, "utf-8")
    with pytest.raises(InputError, match=r"voc-fcn32s/0\.tries\.json: "):
        run.status()


def test_what_ended_well_is_no_failure(run: Run) -> None:
    log = run.begin(run.root / PATHS.log("page"))
    end_try(log, read_tries(log), "done", 1.0)
    assert not run.status().failures
    assert isinstance(read_tries(log)[0], Try)
