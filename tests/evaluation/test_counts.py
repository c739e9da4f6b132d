"""Metrics files whose numbers are not those of the counts beside them."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.page import run_metadata, write_dataset, write_net

from fcnlib.core.errors import InputError
from fcnlib.evaluation.evaluate import evaluate
from fcnlib.evaluation.record import RunMetadata, by_experiment, read_record

Change = Callable[[Any], Any]


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a metrics file and its counts."""
    folder = tmp_path_factory.mktemp("evaluated")
    write_net(folder / "net.ts", blind=9)
    evaluate(
        folder / "net.ts", dataset=write_dataset(folder / "toy"), split="test", device="cpu",
        metrics=folder / "0.json", counts=folder / "0.npz",
        run=RunMetadata(**run_metadata("a", 0)), trust=True,
    )  # fmt: skip
    return folder


@pytest.fixture
def metrics(evaluated: Path, tmp_path: Path) -> Path:
    for name in ("0.json", "0.npz"):
        (tmp_path / name).write_bytes((evaluated / name).read_bytes())
    return tmp_path / "0.json"


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as error:
        read_record(path)
    assert "\n" not in str(error.value)
    return str(error.value)


def scored(metrics: Path) -> Any:
    return json.loads(metrics.read_text("utf-8"))


def test_scores_are_those_of_the_counts_with_or_without_them(metrics: Path) -> None:
    record = read_record(metrics)
    metrics.with_suffix(".npz").unlink()
    assert read_record(metrics) == record


def test_scores_are_held_against_counts_without_torch(metrics: Path) -> None:
    """Each step of the report would take a second longer."""
    code = (
        "import sys; from fcnlib.evaluation.record import read_record;"
        "read_record(sys.argv[1]); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code, str(metrics)], check=True)


@pytest.mark.parametrize(
    "metric", ["pixel_accuracy", "mean_accuracy", "mean_iu", "frequency_weighted_iu"]
)
def test_one_digit_that_differs_from_the_counts_is_refused(metrics: Path, metric: str) -> None:
    content = scored(metrics)
    content["tasks"]["semantic"][metric] += 0.001 if metric == "mean_iu" else -0.4
    metrics.write_text(json.dumps(content), "utf-8")
    assert refusal(metrics) == f"{metrics}: semantic.{metric}: expected what follows from 0.npz"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tasks": {"semantic": {"class_iu": [0.5]}}}, "semantic.class_iu: expected what follows"),
        ({"tasks": {"semantic": {"mean_iu": None}}}, "semantic.mean_iu: expected what follows"),
        ({"tasks": {"other": {"mean_iu": 0.5}}}, "counts per image of one of: other"),
        ({"tasks": {"semantic": {"mean_iu": 1.5}}}, "tasks.semantic.mean_iu"),
        ({"tasks": {"semantic": {"mean_iu": -0.1}}}, "tasks.semantic.mean_iu"),
        ({"images": 4}, "images: 4; expected 5, as 0.npz"),
        ({"images": -1}, "images: "),
        ({"seed": -1}, "seed: "),
        ({"costs": {"forward_ms": -1.0}}, "costs.forward_ms"),
    ],
)
def test_other_values_that_cannot_be_are_refused(
    metrics: Path, change: dict[str, Any], message: str
) -> None:
    metrics.write_text(json.dumps(scored(metrics) | change), "utf-8")
    assert message in refusal(metrics)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000])
def test_what_is_no_finite_number_is_refused(metrics: Path, number: str) -> None:
    text = json.dumps(scored(metrics) | {"costs": {"forward_ms": "HERE"}})
    metrics.write_text(text.replace('"HERE"', number), "utf-8")
    assert str(metrics) in refusal(metrics)


def test_a_metrics_file_without_an_end_of_brackets_is_refused(metrics: Path) -> None:
    metrics.write_text("[" * 100_000, "utf-8")
    assert f"{metrics}: expected JSON" in refusal(metrics)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda counts: -counts, "expected numbers of pixels, 0 or more"),
        (lambda counts: counts.astype(float), "expected numbers of pixels, 0 or more"),
        (lambda counts: counts + 2**50, "expected numbers of pixels, 0 or more"),
        (lambda counts: counts[:, :2, :2], "expected what follows from 0.npz"),
        (lambda counts: counts[:, :2], "5 x 2 x 3 counts; expected 5 x classes x classes"),
        (lambda counts: counts[:4], "4 x 3 x 3 counts; expected 5 x classes x classes"),
        (lambda counts: counts * np.array([2, 1, 1])[:, None], "expected what follows"),
        (lambda counts: counts.astype(object), "expected confusion counts per image"),
    ],
)
def test_counts_that_cannot_be_are_refused(metrics: Path, change: Change, message: str) -> None:
    path = metrics.with_suffix(".npz")
    with np.load(path) as file:
        ids, counts = file["ids"], file["semantic"]
    np.savez(path, ids=ids, semantic=change(counts))
    assert message in refusal(metrics)


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"\x93NUMPY", b"0" * 100])
def test_counts_that_are_no_counts_are_refused(metrics: Path, content: bytes) -> None:
    metrics.with_suffix(".npz").write_bytes(content)
    assert "0.npz: expected confusion counts per image" in refusal(metrics)


def test_a_copy_of_a_run_makes_no_second_seed(metrics: Path) -> None:
    other = metrics.with_name("1.json")
    other.write_bytes(metrics.read_bytes())
    with pytest.raises(InputError, match=r"1\.json: seed 0, as .*0\.json; expected each seed once"):
        by_experiment([metrics, other])
