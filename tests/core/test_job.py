"""What every job of the workflow shares."""

import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tqdm import tqdm

from fcnlib.core.errors import InputError
from fcnlib.core.job import job
from fcnlib.models.weights.checkpoint import write_tensors


def test_messages_of_a_step_go_into_its_log(tmp_path: Path) -> None:
    with job(str(tmp_path / "logs" / "a.log"), 1) as device:
        assert device in ("cpu", "cuda")
        logging.getLogger("x").info("hello")
        for _ in tqdm(range(2), desc="bar"):
            pass
    text = (tmp_path / "logs" / "a.log").read_text("utf-8")
    assert "hello" in text and "bar: 100%" in text


def test_a_message_after_a_step_is_no_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with job(str(tmp_path / "a.log"), 1):
        pass
    logging.getLogger("x").warning("late")
    assert "Logging error" not in capsys.readouterr().err


def test_a_users_mistake_ends_the_step_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as stop, job(str(tmp_path / "a.log"), 1):
        raise InputError("a.png: value 9; expected 0..3")
    assert stop.value.code == "error: a.png: value 9; expected 0..3"
    assert (tmp_path / "a.log").read_text("utf-8") == "error: a.png: value 9; expected 0..3\n"


def test_a_stopped_step_reports_what_is_kept(tmp_path: Path) -> None:
    with (
        pytest.raises(SystemExit, match="the next run resumes from it"),
        job(str(tmp_path / "l"), 1),
    ):
        raise KeyboardInterrupt
    assert "Traceback" not in (tmp_path / "l").read_text("utf-8")


def test_a_step_that_slurm_ends_reports_it_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="stopped; a training"), job(str(tmp_path / "l"), 1):
        signal.raise_signal(signal.SIGTERM)
    assert (tmp_path / "l").read_text("utf-8").startswith("stopped; ")


def test_a_mistake_of_ours_is_traced_in_the_log(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), job(str(tmp_path / "a.log"), 1):
        print(1 / 0)
    assert "Traceback" in (tmp_path / "a.log").read_text("utf-8")


FULL = """
import sys, torch, resource
from pathlib import Path
from fcnlib.core.job import job
from fcnlib.models.fcn import build_fcn
from fcnlib.models.weights.checkpoint import write_tensors
from fcnlib.inference.torchscript import export_torchscript

folder = Path(sys.argv[1])
net = build_fcn(width=1 / 16)
with job(str(folder / "log"), 1):
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
    {write}
"""


@pytest.mark.parametrize(
    "write",
    [
        "write_tensors(folder / 'net.pt', {'state': net.state_dict()})",
        "export_torchscript(net, folder / 'net.ts')",
    ],
)
def test_a_full_disk_is_reported_in_one_line_and_leaves_no_half_file(
    tmp_path: Path, write: str
) -> None:
    code = FULL.replace("{write}", write)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode != 0
    assert done.stderr.startswith("error: ") and len(done.stderr.splitlines()) == 1
    of_the_job = ["log", "log.tries.json", "log.tries.log"]
    assert sorted(path.name for path in tmp_path.iterdir()) == of_the_job


def test_a_checkpoint_is_replaced_atomically(tmp_path: Path) -> None:
    for value in (1, 2):
        write_tensors(tmp_path / "a.pt", {"state": {"x": torch.tensor(value)}})
    assert [path.name for path in tmp_path.iterdir()] == ["a.pt"]
    assert torch.load(tmp_path / "a.pt", weights_only=True)["state"]["x"] == 2


# As a PyTorch without CUDA does, which computes on the CPU instead of a GPU that is not there.
WITHOUT_CUDA = "import torch; torch.backends.cuda.is_built = lambda: False\n"
USES_GPU = """
import os, sys, torch
from fcnlib.core.job import job

with job(sys.argv[1], 1, gpus=int(sys.argv[2])) as device:
    print(device, os.environ["CUDA_VISIBLE_DEVICES"], flush=True)
    sys.stdin.read()
"""


def test_a_job_takes_a_gpu_of_its_own_only_if_it_asks_for_one(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path), "CUDA_VISIBLE_DEVICES": "0,1"}
    environment.pop("SLURM_JOB_ID", None)

    def start(log: str, gpus: int) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-c", WITHOUT_CUDA + USES_GPU, str(tmp_path / log), str(gpus)],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    locks = tmp_path / f"fcn-gpus-{os.getuid()}"
    with start("none.log", 0) as without:
        assert without.stdout and without.stdout.readline() == "cpu 0,1\n"
        assert not locks.exists()
    with start("a.log", 1) as one, start("b.log", 1) as other:
        assert one.stdout and other.stdout
        seen = [process.stdout.readline().split()[1] for process in (one, other)]
        assert sorted(seen) == ["0", "1"]


def test_a_gpu_that_is_not_there_is_not_silently_the_cpu(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path), "CUDA_VISIBLE_DEVICES": "97"}
    done = subprocess.run(
        [sys.executable, "-c", USES_GPU, str(tmp_path / "a.log"), "1"],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip
    if torch.backends.cuda.is_built():
        assert done.stderr.startswith("error: CUDA_VISIBLE_DEVICES: no GPU 97 here; expected")
    else:
        assert "computing on the CPU, not on GPU 97: this PyTorch has no CUDA" in (
            tmp_path / "a.log"
        ).read_text("utf-8")


def test_garbage_is_collected_in_a_step_and_not_while_its_script_imports(tmp_path: Path) -> None:
    script = (
        "import gc\n"
        "default = gc.get_threshold()\n"
        "from fcnlib.core.job import job\n"
        "assert gc.get_threshold()[0] > 300_000\n"
        f"with job({str(tmp_path / 'a.log')!r}, 1):\n"
        "    assert gc.isenabled() and gc.get_threshold() == default\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
