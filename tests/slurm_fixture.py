"""A private Slurm on this machine alone: no root, no systemd, no database, no open port."""

import getpass
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).parent / "cluster"
NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "sinfo", "scontrol")
# Faster than on a real cluster, and without the database that Slurm's `sacct` asks there.
OPTIONS = (
    "--slurm-status-command=squeue",
    "--slurm-init-seconds-before-status-checks=5",
    "--latency-wait=5",
    "--retries=0",
)
HOST = socket.gethostname().partition(".")[0]
NODE = f"nodename={HOST}"
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"], "/usr/sbin"])


@contextmanager
def running_slurm() -> Iterator[dict[str, str]]:
    """A cluster, up until the end; yields its user's variables."""
    if missing := [name for name in NEEDED if not shutil.which(name, path=PATH)]:
        packages = "apt-get install slurmctld slurmd slurm-client munge"
        pytest.skip(f"Slurm is not installed: no {', '.join(missing)} ({packages})")
    address = socket.gethostbyname(HOST)
    if not address.startswith("127."):
        pytest.skip(f"the name {HOST} is {address}, which is no loopback address")
    with ExitStack() as stack:
        # Not pytest's folder: munge wants a short path that others may enter.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slurm")))
        folder.chmod(0o755)
        _write_settings(folder, address)
        environment = {
            "SLURM_CONF": f"{folder}/slurm.conf",
            "PATH": f"{folder}/bin{os.pathsep}{PATH}",
        }
        munge = [
            f"--{what}={folder}/munge.{what}" for what in ("key-file", "seed-file", "pid-file")
        ]
        for command in (
            ["munged", "--foreground", f"--socket={folder}/munge.socket", *munge],
            ["slurmctld", "-D", "-c", "-f", environment["SLURM_CONF"]],
            ["slurmd", "-D", "-c", "-f", environment["SLURM_CONF"]],
        ):
            stack.enter_context(_daemon(command, folder, environment))
        _wait_for_node(folder, environment)
        stack.callback(_cancel_all, environment)
        yield environment


def _write_settings(folder: Path, address: str) -> None:
    controller_port, node_port = _free_ports(address, 2)
    for template in TEMPLATES.glob("*.conf"):
        text = template.read_text().format(
            folder=folder,
            host=HOST,
            address=address,
            user=getpass.getuser(),
            controller_port=controller_port,
            node_port=node_port,
        )
        (folder / template.name).write_text(text)
    (folder / "munge.key-file").write_bytes(os.urandom(1024))
    (folder / "munge.key-file").chmod(0o400)
    # Snakemake's job step drops SLURM_CONF before it calls srun.
    shim = folder / "bin" / "srun"
    shim.parent.mkdir()
    srun = shutil.which("srun", path=PATH)
    shim.write_text(f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {srun} "$@"\n')
    shim.chmod(0o755)


def _free_ports(address: str, count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server((address, 0))) for _ in range(count)]
        return [opened.getsockname()[1] for opened in sockets]


@contextmanager
def _daemon(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    with open(folder / f"{command[0]}.out", "w") as out:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=out, stderr=subprocess.STDOUT
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


def _wait_for_node(folder: Path, environment: Mapping[str, str]) -> None:
    for _ in range(60):
        state = _asked(environment, "sinfo", "--noheader", "--format=%T", "--partition=gpu")
        if state == "idle":
            return
        time.sleep(0.5)
    said = "\n".join(path.read_text() for path in folder.glob("*.out"))
    pytest.fail(f"Slurm did not come up: {state}\n{said}")


def _cancel_all(environment: Mapping[str, str]) -> None:
    """End what a failed test left, as jobs outlive Slurm's daemons."""
    _asked(environment, "scancel", "--user", getpass.getuser())
    for _ in range(60):
        if not _asked(environment, "squeue", "--noheader"):
            return
        time.sleep(0.5)


def _asked(environment: Mapping[str, str], *command: str) -> str:
    done = subprocess.run(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.stdout.strip()
