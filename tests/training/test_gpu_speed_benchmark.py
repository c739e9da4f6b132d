"""benchmarks/gpu_speed.py: a row for each way, and its count of multiplications."""

import json
import runpy
import subprocess
import sys
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from fcnlib.models.fcn import build_fcn

# Nets in processes of their own: minutes.
pytestmark = [pytest.mark.slow, pytest.mark.nightly]


def test_every_way_has_a_row(repository: Path, tmp_path: Path) -> None:
    options = ["--device", "cpu", "--width", "small", "--rounds", "1"]
    command = [sys.executable, "benchmarks/gpu_speed.py", *options, "--json", "speed.json"]
    command[-1] = str(tmp_path / "speed.json")
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    content = json.loads((tmp_path / "speed.json").read_text("utf-8"))
    found = [
        (row["work"], row["batch"], row["precision"], row["layout"]) for row in content["rows"]
    ]
    layouts = ["channels last", "channels first"]
    assert found == [
        *product(["training"], [1, 16], ["fp32", "bf16"], layouts),
        *product(["labelling"], [1, 16], ["fp32", "bf16"], layouts[:1]),
    ]
    assert all(row["images_per_second"] > 0 and row["share"] > 0 for row in content["rows"])
    assert len(done.stdout.splitlines()) == 4 + len(found)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_there_is_one_line(repository: Path) -> None:
    command = [sys.executable, "benchmarks/gpu_speed.py"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True)
    assert done.returncode == 1 and not done.stdout
    assert done.stderr == f"no cuda here, torch {torch.__version__}: nothing was measured\n"


def test_multiplications_are_those_of_the_layers(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(repository / "benchmarks"))
    module = runpy.run_path(str(repository / "benchmarks/gpu_speed.py"))
    values, counted = module["NETS"]["small"], []

    def count(layer: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        cells = inputs[0] if isinstance(layer, nn.ConvTranspose2d) else output
        counted.append(prod(cells.shape[2:]) * layer.weight.numel())

    net = build_fcn(**values)
    for layer in net.values():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            layer.register_forward_hook(count)
    net(torch.zeros(1, 3, 64, 64))
    found = module["multiplications"](values, 64)
    assert found["labelling"] * 1e9 == pytest.approx(sum(counted))
    assert 2.5 < found["training"] / found["labelling"] < 3
