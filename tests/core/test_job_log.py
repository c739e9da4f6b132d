"""The log of a job over its tries, and the records of what each took."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tqdm import tqdm

from fcnlib.core.errors import InputError
from fcnlib.core.job import job
from fcnlib.core.job_log import SHOWN_LINES, last_state
from fcnlib.core.tries import Try, begin_try, read_tries, tries_file, whole_log


def fail(log: Path, message: str) -> None:
    with pytest.raises(SystemExit), job(str(log), 1):
        raise InputError(message)


def notes(log: Path) -> list[str]:
    return re.findall(r"^==== (try \d|\w+ after)", whole_log(log).read_text("utf-8"), re.MULTILINE)


def test_a_retry_appends_to_the_log_although_snakemake_removes_its_own(tmp_path: Path) -> None:
    log = tmp_path / "0.log"
    for number in (1, 2):
        log.unlink(missing_ok=True)
        fail(log, f"a.png: {number}; expected none")
        assert log.read_text("utf-8") == f"error: a.png: {number}; expected none\n"
    text = whole_log(log).read_text("utf-8")
    assert "a.png: 1;" in text and "a.png: 2;" in text
    assert notes(log) == ["try 1", "failed after", "try 2", "failed after"]
    assert re.search(r"^==== try 2, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}, \S", text, re.M)


def test_a_run_after_a_success_begins_a_new_log(tmp_path: Path) -> None:
    log = tmp_path / "0.log"
    fail(log, "a.png: 1; expected none")
    with job(str(log), 1):
        pass
    assert [each.end for each in read_tries(log)] == ["failed", "done"]
    fail(log, "a.png: 2; expected none")
    assert [each.end for each in read_tries(log)] == ["failed"]
    assert "a.png: 1;" not in whole_log(log).read_text("utf-8")


def test_snakemake_shows_the_last_lines_without_the_states_of_a_bar(tmp_path: Path) -> None:
    log = tmp_path / "0.log"
    with pytest.raises(SystemExit), job(str(log), 1):
        for number in range(100):
            print(f"line {number}", file=sys.stderr)
        for _ in tqdm(range(50), desc="bar", mininterval=0):
            pass
        raise InputError("a.png: 9; expected none")
    shown = log.read_text("utf-8")
    assert "\r" not in shown
    first, *lines = shown.splitlines()
    assert first == f"the last lines; all of them: {whole_log(log)}"
    assert len(lines) == SHOWN_LINES - 1 and lines[0] == "line 73"
    assert lines[-2].startswith("bar: 100%") and lines[-1] == "error: a.png: 9; expected none"
    assert "line 0\n" in whole_log(log).read_text("utf-8")


def test_a_message_is_no_part_of_the_line_of_a_bar(tmp_path: Path) -> None:
    log = tmp_path / "0.log"
    with job(str(log), 1):
        bar = tqdm(range(2), desc="bar", mininterval=0)
        print("a message", file=sys.stderr)
        bar.close()
    assert "a message" in log.read_text("utf-8").splitlines()


@pytest.mark.parametrize(
    ("line", "state"), [("a", "a"), ("\ra\rb  ", "b"), ("a\r", "a"), ("\r", ""), ("", "")]
)
def test_of_a_progress_bar_its_last_state_is_kept(line: str, state: str) -> None:
    assert last_state(line) == state


KILLED = """
import logging, os, signal, sys, time
from fcnlib.core.job import job

with job(sys.argv[1], 1):
    logging.info("at work")
    time.sleep(1.2)
    logging.info("still at work")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_try_lasted_until_it_last_wrote_to_its_log(tmp_path: Path) -> None:
    log = tmp_path / "0.log"
    done = subprocess.run([sys.executable, "-c", KILLED, str(log)])
    assert done.returncode == -9
    (only,) = read_tries(log)
    assert only.end is None and only.runs() is False
    assert "still at work" in log.read_text("utf-8").splitlines()[-1]
    with job(str(log), 1):
        pass
    killed, last = read_tries(log)
    assert (killed.end, killed.peak_mb, last.end) == ("killed", None, "done")
    assert killed.seconds is not None and killed.seconds >= 1
    assert last.seconds is not None and last.peak_mb is not None and last.peak_mb > 1


def test_a_process_of_this_machine_runs_or_not_and_of_another_nobody_knows(tmp_path: Path) -> None:
    begun = begin_try(tmp_path / "0.log")[-1]
    assert begun.runs() is True and begun.pid == os.getpid()
    assert begun.model_copy(update={"host": "elsewhere"}).runs() is None
    assert begun.model_copy(update={"end": "done"}).runs() is False


@pytest.mark.parametrize(
    "content",
    ["", "{", "[1]", '[{"started": "yesterday"}]', '{"started": 1}', "\udcff", "[" * 100_000],
)
def test_damaged_records_are_named_and_end_no_job(tmp_path: Path, content: str) -> None:
    log = tmp_path / "0.log"
    tries_file(log).write_text(content, "utf-8", errors="surrogateescape")
    with pytest.raises(InputError, match=r"0\.tries\.json: .*the tries of a job; remove it$"):
        read_tries(log)
    with job(str(log), 1):
        pass
    assert [each.end for each in read_tries(log)] == ["done"]


def test_a_full_disk_hides_no_message_and_ends_no_job(tmp_path: Path) -> None:
    code = (
        "import resource, sys, logging\n"
        "from fcnlib.core.job import job\n"
        "from fcnlib.core.errors import InputError\n"
        "with job(sys.argv[1], 1):\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "    for _ in range(100): logging.info('x' * 80)\n"
        "    raise InputError('a.png: 9; expected none')\n"
    )
    log = tmp_path / "0.log"
    done = subprocess.run([sys.executable, "-c", code, str(log)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "error: a.png: 9; expected none\n")


def test_a_log_that_may_not_grow_loses_no_last_line_for_snakemake(tmp_path: Path) -> None:
    log = tmp_path / "0.log"
    code = (
        "import resource, sys\n"
        "from fcnlib.core.job import job\n"
        "with job(sys.argv[1], 1):\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "    for number in range(1000): print('line', number, file=sys.stderr)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(log)], check=True)
    assert whole_log(log).stat().st_size == 1000
    assert log.read_text("utf-8").splitlines()[-1] == "line 999"


def test_a_log_that_was_written_before_the_try_gives_no_negative_time(tmp_path: Path) -> None:
    log = tmp_path / "0.log"
    begin_try(log)
    whole_log(log).write_bytes(b"")
    os.utime(whole_log(log), (0, time.time() - 10_000))
    killed, _ = begin_try(log)
    assert killed == Try(**{**killed.model_dump(), "end": "killed", "seconds": 0.0})
