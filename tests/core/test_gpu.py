"""A GPU for each job of a machine: real processes hold locks on devices that are only names."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from fcnlib.core.errors import InputError
from fcnlib.core.gpu import _on_cpu, claimed_gpu, lock_folder, visible_devices

HOLD = """
import sys
from pathlib import Path
from fcnlib.core.gpu import claimed_gpu

folder, within, *candidates = sys.argv[1:]
with claimed_gpu(candidates, Path(folder), within=within) as device:
    print(device, flush=True)
    sys.stdin.read()
"""
Process = subprocess.Popen[str]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def start(stack: ExitStack, folder: Path, candidates: Sequence[str], within: str = "") -> Process:
    """A process that holds one of the candidates until its input ends."""
    command = [sys.executable, "-c", HOLD, str(folder), within, *candidates]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    return stack.enter_context(process)


def device_of(process: Process) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def test_processes_that_start_at_once_get_a_gpu_each(stack: ExitStack, tmp_path: Path) -> None:
    processes = [start(stack, tmp_path, ["0", "1", "2", "3"]) for _ in range(4)]
    assert sorted(map(device_of, processes)) == ["0", "1", "2", "3"]


def test_a_process_that_is_killed_frees_its_gpu(stack: ExitStack, tmp_path: Path) -> None:
    devices = ["GPU-8932f937", "MIG-GPU-8932f937/1/0"]
    first, second = (start(stack, tmp_path, devices) for _ in range(2))
    assert {device_of(first), device_of(second)} == {*devices}
    first.kill()
    first.wait()
    with claimed_gpu(devices, tmp_path) as device:
        assert second.poll() is None and device != ""
        third = start(stack, tmp_path, devices)
        assert device_of(third) in devices  # the second time, as two processes have one each
    with claimed_gpu(devices, tmp_path) as again:
        assert again == device


def test_more_processes_than_gpus_share_them_evenly_and_it_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    with ExitStack() as stack:
        found = [stack.enter_context(claimed_gpu(["0", "1"], tmp_path)) for _ in range(5)]
    assert found == ["0", "1", "0", "1", "0"]
    assert [record.getMessage() for record in caplog.records] == [
        "each GPU of 0, 1 has a job: GPU 0 now has 2",
        "each GPU of 0, 1 has a job: GPU 1 now has 2",
        "each GPU of 0, 1 has a job: GPU 0 now has 3",
    ]


def test_a_gpu_without_a_job_is_preferred_to_one_whose_first_job_ended(tmp_path: Path) -> None:
    with ExitStack() as shares:
        with claimed_gpu(["0", "1"], tmp_path), claimed_gpu(["0", "1"], tmp_path):
            assert shares.enter_context(claimed_gpu(["0", "1"], tmp_path)) == "0"
        with claimed_gpu(["0", "1"], tmp_path) as device:
            assert device == "1"


def test_slurm_jobs_that_number_their_gpus_from_0_do_not_share(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        claimed_gpu(["0", "1"], tmp_path, within="17") as one,
        claimed_gpu(["0", "1"], tmp_path, within="18") as other,
    ):
        assert one == other == "0"
    assert not caplog.records


def test_a_name_of_a_device_leads_to_no_other_folder(tmp_path: Path) -> None:
    folder = tmp_path / "locks"
    folder.mkdir()
    with claimed_gpu(["../0", ".."], folder), claimed_gpu(["../0", ".."], folder) as device:
        assert device == ".."
    assert [path.name for path in tmp_path.iterdir()] == ["locks"]
    assert len(list(folder.iterdir())) == 3  # one for each, and one to choose


@pytest.mark.parametrize(
    ("named", "devices"),
    [
        ("0,2", ["0", "2"]),
        (" 1 , 0 ", ["1", "0"]),
        ("MIG-a,GPU-b", ["MIG-a", "GPU-b"]),
        ("", []),
        ("-1", []),
        ("0,-1,1", ["0"]),
        ("NoDevFiles", []),
    ],
)
def test_visible_devices_are_read_as_cuda_reads_them(named: str, devices: list[str]) -> None:
    assert visible_devices(named) == devices


def test_a_gpu_that_is_not_there_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(InputError, match=r"CUDA_VISIBLE_DEVICES: no GPU 7 here; expected one"):
        _on_cpu("7", has_cuda=True)
    _on_cpu("7", has_cuda=False)
    assert [record.getMessage() for record in caplog.records] == [
        "computing on the CPU, not on GPU 7: this PyTorch has no CUDA"
    ]


def test_the_folder_of_locks_is_the_users_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = lock_folder()
    assert folder == tmp_path / f"fcn-gpus-{os.getuid()}" and folder.stat().st_mode & 0o777 == 0o700
    assert lock_folder() == folder


@pytest.mark.parametrize("kind", ["a link", "a file", "open to others", "of another user"])
def test_a_folder_of_locks_that_others_made_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = tmp_path / f"fcn-gpus-{os.getuid()}"
    if kind == "a link":
        (tmp_path / "theirs").mkdir(mode=0o700)
        folder.symlink_to(tmp_path / "theirs")
    elif kind == "a file":
        folder.write_bytes(b"")
    else:
        folder.mkdir()
        folder.chmod(0o777 if kind == "open to others" else 0o700)
    if kind == "of another user":
        if os.getuid() != 0:
            pytest.skip("only root can give a folder away")
        os.chown(folder, 12345, -1)
    with pytest.raises(InputError, match=f"{folder.name}: is a link, or others"):
        lock_folder()
