"""Mean IU by number of training images."""

import json
import re
from pathlib import Path

import pytest
from fixtures.pictures import files
from fixtures.results import write_mean_iu

from fcnlib.core.errors import InputError
from fcnlib.report.figures.info import read_figure_info
from fcnlib.report.figures.learning_curve import plot_learning_curve


def net(name: str, share: float) -> dict[str, object]:
    return {"experiment": name, "row": name, "train": "train", "train_share": share}


def dataset(folder: Path, images: int) -> Path:
    """The `dataset.json` of so many training images."""
    means = {"rgb": [0.0, 0.0, 0.0]}
    content = {
        "name": "own",
        "tasks": {"semantic": ["a"]},
        "palette": {"semantic": [[0, 0, 0]]},
        "means": {"train": means, "val": means},
        "splits": {"train": images, "val": 2},
        "digest": "",
    }
    (folder / "dataset.json").write_text(json.dumps(content), "utf-8")
    return folder / "dataset.json"


NETS = [net("all", 1.0), net("half", 0.5), net("quarter", 0.25)]
SCORES = {"all": [36, 37, 35], "half": [30, 29, 31], "quarter": [20, 22, 21]}


def plotted(folder: Path, images: int = 80, seeds: int = 3) -> tuple[str, str]:
    """The caption and the alternative text."""
    metrics = [
        write_mean_iu(folder, name, score, seed=seed)
        for name, scores in SCORES.items()
        for seed, score in enumerate(scores[:seeds])
    ]
    spec = {"name": "f", "title": "More images", "nets": NETS, "images_of": "own"}
    plot_learning_curve(spec, metrics=metrics, dataset=dataset(folder, images), **files(folder))
    info = read_figure_info(folder / "figure.json")
    assert info.kind == "learning_curve" and (folder / "figure.svg").stat().st_size > 5000
    return info.caption, info.alt


def test_it_says_what_twice_the_images_would_bring_and_how_sure_that_is(tmp_path: Path) -> None:
    caption, alt = plotted(tmp_path)
    assert "20 images 21.0%, 40 images 30.0%, 80 images 36.0%" in alt
    found = re.search(r"With 160 images the curve is at (.+)% \((.+) to (.+)\)\.", caption)
    assert found
    middle, low, high = map(float, found.groups())
    assert 36 < low < middle < high < 60


def test_one_seed_has_a_curve_without_a_band(tmp_path: Path) -> None:
    caption, _ = plotted(tmp_path, seeds=1)
    assert "With 160 images the curve is at" in caption and "no band, as one seed" in caption


def test_shares_that_are_of_as_many_images_are_no_curve(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="its shares are of 0, 1 images; expected a mean IU of ea"):
        plotted(tmp_path, images=1)
