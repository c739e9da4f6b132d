"""benchmarks/gpu.py: on a machine without a GPU it says so, and can be tried on the CPU."""

import argparse
import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import torch

pytestmark = pytest.mark.slow  # full nets in processes of their own
CHECKS = [
    *("loss and gradients", "waits", "bf16", "store and resume", "evaluation", "exported model"),
]


def run(repository: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "benchmarks/gpu.py", *options]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_there_is_one_line(repository: Path) -> None:
    done = run(repository)
    assert done.returncode == 1 and not done.stdout
    assert done.stderr == f"no cuda here, torch {torch.__version__}: nothing was checked\n"


def test_every_check_has_a_line_with_figures(repository: Path, tmp_path: Path) -> None:
    done = run(repository, "--device", "cpu", "--json", str(tmp_path / "gpu.json"))
    lines = done.stdout.splitlines()[1:]
    assert [line[7:27].strip() for line in lines] == CHECKS
    assert all(line.startswith("ok ") for line in lines) and done.returncode == 0
    content = json.loads((tmp_path / "gpu.json").read_text("utf-8"))
    assert [check["name"] for check in content["checks"]] == CHECKS


def test_the_checks_pass_on_a_pretended_gpu(
    repository: Path, tmp_path: Path, pretended_gpu: None
) -> None:
    module = runpy.run_path(str(repository / "benchmarks/gpu.py"))
    options = argparse.Namespace(device="cuda", width=0.125, side=64, iterations=12)
    checks = module["Checks"](tmp_path, options)
    for check in (
        checks.gradients,
        checks.waits,
        checks.bf16,
        checks.resume,
        checks.evaluation,
        checks.exported,
    ):
        found, passed = check()
        assert passed, found
