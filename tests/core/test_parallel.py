"""Work side by side: order, few items ahead, and processes that do not run the script again."""

import math
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest

from fcnlib.core.errors import InputError
from fcnlib.core.parallel import all_at_once, in_processes, in_threads, read_ahead

UNGUARDED = """
import math, sys
from fcnlib.core.parallel import in_processes
print("started")
print(list(in_processes(math.factorial, range(6), 2)))
print(sys.modules["__main__"].__file__ == sys.argv[0])
"""

ENDLESS = """
import time
from fcnlib.core.parallel import in_processes
list(in_processes(time.sleep, [0.01, 0.01, *[600] * 4], 2))
"""


def test_all_at_once_waits_for_all_and_keeps_the_order() -> None:
    everybody = Barrier(20, timeout=30)

    def wait(number: int) -> int:
        everybody.wait()
        return -number

    assert list(all_at_once(wait, range(20))) == [-number for number in range(20)]


def test_an_error_of_one_of_all_is_raised_where_its_result_is_taken() -> None:
    results = all_at_once(lambda number: 1 // number, [1, 0])
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)


@pytest.mark.parametrize("workers", [1, 3])
def test_threads_keep_the_order_and_take_few_items_ahead(workers: int) -> None:
    taken = []

    def items():
        for number in range(100):
            taken.append(number)
            yield number

    results = in_threads(lambda number: number * 2, items(), workers)
    assert next(results) == 0
    assert len(taken) <= 4 * workers
    assert list(results) == list(range(2, 200, 2))


def test_processes_keep_the_order_and_pass_errors_on() -> None:
    assert list(in_processes(math.isqrt, range(20), 2)) == [math.isqrt(n) for n in range(20)]
    with pytest.raises(ValueError, match="nonnegative"):
        list(in_processes(math.isqrt, [4, -1, 9], 2))


def end(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_that_is_killed_is_one_line() -> None:
    """As the system does when memory is short."""
    with pytest.raises(InputError, match=r"was killed; is the memory full\?$"):
        list(in_processes(end, range(8), 2))


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_reading_ahead_keeps_the_order_and_ends_with_its_reader(threads: int) -> None:
    taken: list[int] = []
    with closing(read_ahead(taken.append, range(1000), threads)) as results:
        for _ in range(3):
            next(results)
    assert taken[:3] == [0, 1, 2] and len(taken) <= 3 + 2 * threads
    assert list(read_ahead(math.isqrt, range(50), threads)) == [math.isqrt(n) for n in range(50)]
    with pytest.raises(ValueError, match="nonnegative"):
        list(read_ahead(math.isqrt, [4, -1, 9], threads))


def test_a_script_without_a_guard_runs_once(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(UNGUARDED, "utf-8")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:3] == ["started", "[1, 1, 2, 6, 24, 120]", "True"]


def children(process: int) -> list[int]:
    return [
        int(n) for n in Path(f"/proc/{process}/task/{process}/children").read_text("utf-8").split()
    ]


def is_worker(process: int) -> bool:
    command = Path(f"/proc/{process}/cmdline")
    try:
        return b"spawn_main" in command.read_bytes()
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks processes up in /proc")
@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_with_a_killed_parent(ending: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", ENDLESS]) as parent:
        workers: list[int] = []
        give_up = time.monotonic() + 60
        while len(workers) < 2 and time.monotonic() < give_up:
            workers = [child for child in children(parent.pid) if is_worker(child)]
            time.sleep(0.05)
        assert len(workers) == 2
        time.sleep(1)  # until they are at work
        parent.send_signal(ending)
        parent.wait()
    give_up = time.monotonic() + 20
    while any(map(is_worker, workers)) and time.monotonic() < give_up:
        time.sleep(0.05)
    left = [worker for worker in workers if is_worker(worker)]
    for worker in left:
        os.kill(worker, signal.SIGKILL)
    assert not left
