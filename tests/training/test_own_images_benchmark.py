"""benchmarks/own_images.py: a row a system, and peers that see what our nets see."""

import argparse
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="module")
def benchmark(repository: Path) -> dict[str, Any]:
    return runpy.run_path(str(repository / "benchmarks/own_images.py"))


def options(folder: Path, **changes: Any) -> argparse.Namespace:
    values = {
        "folder": folder, "images": "images", "masks": "labels", "void": [11],
        "train": "train.txt", "test": "val.txt", "iterations": None,
    }  # fmt: skip
    return argparse.Namespace(**values | changes)


def write_photos(folder: Path) -> Path:
    """Six images, bright below and dark above, with labels that say so and a void corner."""
    rng = np.random.default_rng(0)
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True)
    for id in "abcdef":
        label = np.zeros((60, 80), np.uint8)
        label[rng.integers(20, 40) :] = 1
        pixels = np.repeat(60 + 120 * label[..., None], 3, axis=2)
        label[:5, :5] = 11
        Image.fromarray(pixels).save(folder / "images" / f"{id}.png")
        Image.fromarray(label).save(folder / "labels" / f"{id}.png")
    (folder / "classes.txt").write_text("above\nbelow\n", "utf-8")
    (folder / "train.txt").write_text("a\nb\nc\nd\n", "utf-8")
    (folder / "val.txt").write_text("e\nf\n", "utf-8")
    return folder


def test_a_system_has_a_row_of_means_over_its_seeds(benchmark: dict[str, Any]) -> None:
    runs = [
        {"system": "own", "seed": seed, "cpu_seconds": 10.0 + seed, "mean_iu": 0.4 + seed / 10,
         "class_iu": {"sky": 0.8, "pole": seed / 10}}
        for seed in (0, 1)
    ]  # fmt: skip
    lines = benchmark["markdown"]([*runs, {**runs[0], "system": "fpn"}]).splitlines()
    assert lines[0] == "| system | CPU s | seeds | mean IU | sky | pole |"
    assert lines[2] == "| here, recipe `own` | 10 | 2 | 45.0 ± 7.1 | 80 | 5 |"
    assert lines[3].endswith("FPN-resnet18 | 10 | 1 | 40.0 | 80 | 0 |")


@pytest.mark.parametrize("system", ["own", "staged"])
def test_a_template_is_filled_in_for_the_folder(
    benchmark: dict[str, Any], tmp_path: Path, system: str
) -> None:
    folder = write_photos(tmp_path / "photos")
    config = benchmark["configuration"](system, options(folder), tmp_path)
    assert config.datasets["mine"].path == folder.resolve()
    data = next(iter(config.experiments.values())).data
    assert (data.train, data.test) == ("train", "val")


def test_a_slower_machine_is_given_fewer_iterations(
    benchmark: dict[str, Any], tmp_path: Path
) -> None:
    folder = write_photos(tmp_path / "photos")
    config = benchmark["configuration"]("own", options(folder, iterations=7), tmp_path)
    assert config.training("mine-4s").recipe.iterations == 7


@pytest.mark.slow
@pytest.mark.parametrize("system", ["fpn", "unet"])
def test_a_peer_trains_for_its_seconds_and_is_scored(
    benchmark: dict[str, Any], tmp_path: Path, system: str
) -> None:
    pytest.importorskip("segmentation_models_pytorch")
    found = benchmark["run"](system, 0, 1.0, options(write_photos(tmp_path / "photos")))
    assert 1.0 <= found["cpu_seconds"] < 60.0
    assert 0 <= found["mean_iu"] <= 1 and list(found["class_iu"]) == ["above", "below"]
