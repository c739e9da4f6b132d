"""Training losses by iteration and by time: averaged, plotted, refused."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.pictures import files

from fcnlib.core.errors import InputError
from fcnlib.report.figures.info import read_figure_info
from fcnlib.report.figures.losses import plot_losses, smoothed
from fcnlib.report.figures.series import mean_of


def write_curve(path: Path, losses: list[float], *, pace: float = 2.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["iteration", "images", "seconds", "loss_per_pixel"])
        for step, loss in enumerate(losses, 1):
            writer.writerow([step, 4 * step, pace * step, loss])
    return path


def test_losses_are_averaged_over_seeds_between_lowest_and_highest(tmp_path: Path) -> None:
    files = [
        write_curve(tmp_path / f"a/{seed}.csv", [seed + 4.0, seed + 2.0, seed + 1.0])
        for seed in (0, 1, 2)
    ]
    band = mean_of([smoothed(path, "images") for path in files])
    assert band.x.tolist() == [4, 8, 12]
    assert band.mean.tolist() == [5, 3, 2]
    assert band.low.tolist() == [4, 2, 1] and band.high.tolist() == [6, 4, 3]


def test_runs_of_different_pace_are_compared_where_all_of_them_are_known(tmp_path: Path) -> None:
    slow = write_curve(tmp_path / "a/0.csv", [4.0, 3.0, 2.0], pace=2)  # at 2, 4, 6
    fast = write_curve(tmp_path / "a/1.csv", [4.0, 3.0, 2.0], pace=1)  # at 1, 2, 3
    band = mean_of([smoothed(path, "seconds") for path in (fast, slow)])
    assert band.x.tolist() == [2, 3]
    np.testing.assert_allclose(band.mean, [(3 + 4) / 2, (2 + 3.5) / 2])


def plot_two(folder: Path, **values: Any) -> dict[str, Path]:
    nets = [{"experiment": name, "row": name.upper()} for name in ("a", "b")]
    figure = {
        "name": "f",
        "title": "Fig. 5",
        "against": ["iteration", "seconds"],
        "nets": nets,
        **values,
    }
    curves = sorted(folder.glob("curves/*/*.csv"))
    plot_losses(figure, curves=curves, **files(folder))
    return files(folder)


def test_losses_have_a_panel_for_each_measure_of_progress(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_curve(tmp_path / f"curves/{name}/0.csv", [4.0, 2.0, 1.0])
    info = read_figure_info(plot_two(tmp_path)["info"])
    assert info.kind == "losses" and "against relative time" in info.alt
    assert "relative to the whole training of A" in info.caption and "band" not in info.caption
    alone = read_figure_info(plot_two(tmp_path, against=["images"])["info"])
    assert alone.width < info.width and "relative" not in alone.caption
    for name in ("a", "b"):
        write_curve(tmp_path / f"curves/{name}/1.csv", [4.0, 3.0, 2.0])
    assert "means of 2 runs" in read_figure_info(plot_two(tmp_path)["info"]).caption


def test_a_run_without_losses_is_named(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_curve(tmp_path / f"curves/{name}/0.csv", [])
    with pytest.raises(InputError, match=r"a/0\.csv: no loss_per_pixel"):
        plot_two(tmp_path)
