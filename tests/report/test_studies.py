"""Charts across tables: losses, gaps, momentum, overview; and the time of all jobs."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.page import facts, write_benchmark
from hypothesis import given
from hypothesis import strategies as st

from fcnlib.core.errors import InputError
from fcnlib.report.figures.bounds import draw_bounds, draw_gaps
from fcnlib.report.figures.info import read_figure_info
from fcnlib.report.figures.losses import draw_losses, mean_of, smoothed
from fcnlib.report.figures.overview import alike, draw_ablation, draw_momentum
from fcnlib.report.job_times import write_times
from fcnlib.report.results import Line, write_lines


def out(folder: Path) -> dict[str, Path]:
    return {"image": folder / "chart.svg", "card": folder / "chart.json"}


def write_curve(path: Path, losses: list[float], *, pace: float = 2.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="") as file:
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


def draw_two(folder: Path, **values: Any) -> dict[str, Path]:
    nets = [{"experiment": name, "row": name.upper()} for name in ("a", "b")]
    figure = {"title": "Fig. 5", "against": ["iteration", "seconds"], "nets": nets, **values}
    curves = sorted(folder.glob("curves/*/*.csv"))
    draw_losses(figure, curves=curves, order=["a", "b"], **out(folder))
    return out(folder)


def test_losses_are_drawn_in_a_panel_for_each_way_to_tell_progress(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_curve(tmp_path / f"curves/{name}/0.csv", [4.0, 2.0, 1.0])
    card = read_figure_info(draw_two(tmp_path)["card"])
    assert card.kind == "losses" and "against relative time" in card.alt
    assert "relative to the whole training of A" in card.caption and "band" not in card.caption
    alone = read_figure_info(draw_two(tmp_path, against=["images"])["card"])
    assert alone.width < card.width and "relative" not in alone.caption
    write_curve(tmp_path / "curves/b/1.csv", [4.0, 3.0, 2.0])
    assert "means of 2 runs" in read_figure_info(draw_two(tmp_path)["card"]).caption


def test_a_run_without_losses_is_named(tmp_path: Path) -> None:
    write_curve(tmp_path / "curves/a/0.csv", [])
    with pytest.raises(InputError, match=r"a/0\.csv: no loss_per_pixel"):
        draw_two(tmp_path)


def write_metrics(folder: Path, name: str, score: float, *, seed: int = 0, **recipe: float) -> Path:
    path = folder / f"metrics/{name}/{seed}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    content = facts(name, seed)
    content["settings"] = recipe
    path.write_text(json.dumps(content | {"tasks": {"semantic": {"mean_iu": score / 100}}}))
    return path


def test_a_gap_is_from_the_net_to_the_first_bound_of_its_stride(tmp_path: Path) -> None:
    rows = [
        {"experiment": "b", "row": "32", "oracle": {"factor": 32}, "paper": {"mean_iu": 86.1}},
        {"experiment": "c", "row": "c", "oracle": {"factor": 32}},
        {"experiment": "n", "row": "Net", "stride": 32, "paper": {"mean_iu": 63.6}},
        {"experiment": "m", "row": "New", "stride": 32},
    ]
    numbers = [("b", 80, 0), ("c", 60, 0), ("n", 40, 0), ("n", 50, 1), ("m", 70, 0)]
    metrics = [write_metrics(tmp_path, name, score, seed=s) for name, score, s in numbers]
    draw_gaps({"title": "6.3", "rows": rows}, metrics=metrics, **out(tmp_path))
    alt = read_figure_info(tmp_path / "chart.json").alt
    assert "Net 35.0 points below it (paper: 22.5); New 10.0 points" in alt
    assert "New 10.0 points below it (paper: no number)" in alt


def line(table: str, row: str, measured: float | None, paper: float | None, **more: Any) -> Line:
    base = Line(table, row, row, "semantic", "mean_iu", measured, None, 1, paper, "%")
    return base._replace(**more)


def test_every_way_to_resample_has_its_line_beside_the_published_one(tmp_path: Path) -> None:
    card = draw_rules(tmp_path, "drawn")
    assert "50% at 8 by the rule “area, bilinear”; 1 more rules beside it" in card.alt
    assert "does not say how it resamples" in card.caption and "closest" not in card.caption


def test_the_rule_closest_to_the_published_numbers_is_told_where_the_images_are(
    tmp_path: Path,
) -> None:
    caption = draw_rules(tmp_path, "published").caption
    assert "“corner, nearest” comes closest to the published numbers: 15.0 points" in caption


def draw_rules(folder: Path, images: str) -> Any:
    """Two rules at two factors."""
    rows = [{"experiment": f"{x}", "row": f"{x}", "oracle": {"factor": x}} for x in (32, 8)]
    other = {"metric": "mean_iu_corner_nearest"}
    lines = [
        part
        for row, best in zip(rows, (80.0, 90.0), strict=True)
        for part in (line("b", row["row"], 50.0, best), line("b", row["row"], 70.0, None, **other))
    ]
    write_lines(folder / "b.csv", lines)
    columns = ["mean_iu", "mean_iu_corner_nearest"]
    table = {"name": "b", "title": "B", "columns": columns, "images": images, "rows": rows}
    draw_bounds(table, results=folder / "b.csv", **out(folder))
    return read_figure_info(folder / "chart.json")


def test_the_overview_has_each_row_with_a_number_below_its_table(tmp_path: Path) -> None:
    lines = [
        line("t", "A", 40.0, 50.0, std=1.0, seeds=3),
        line("t", "B", None, 60.0),
        line("t", "no number", None, None),
        line("t", "accuracy", 40.0, None, metric="pixel_accuracy"),
    ]
    write_lines(tmp_path / "t.csv", lines)
    write_lines(tmp_path / "u.csv", [line("u", "C", 10.0, None)])
    figure = {"title": "All", "tables": [{"name": x, "title": f"Table {x}"} for x in "tu"]}
    draw_ablation(figure, results=[tmp_path / "t.csv", tmp_path / "u.csv"], **out(tmp_path))
    card = read_figure_info(tmp_path / "chart.json")
    assert "mean IU of 3 rows of 2 tables" in card.alt and "standard deviation" in card.caption
    write_lines(tmp_path / "v.csv", lines[2:])
    with pytest.raises(InputError, match=r"v\.csv: no mean_iu of any row"):
        draw_ablation(figure, results=[tmp_path / "v.csv"], **out(tmp_path))


def test_more_rows_make_the_overview_longer_and_not_denser(tmp_path: Path) -> None:
    heights = []
    for count in (10, 60):
        write_lines(tmp_path / "t.csv", [line("t", f"row {i}", i, i + 3) for i in range(count)])
        figure = {"title": "All", "tables": [{"name": "t", "title": "T"}]}
        draw_ablation(figure, results=[tmp_path / "t.csv"], **out(tmp_path))
        heights.append(read_figure_info(tmp_path / "chart.json").height)
    assert (heights[1] - heights[0]) / 50 > 15  # pixels a row


def test_many_rows_stand_in_two_columns_with_no_table_torn_apart(tmp_path: Path) -> None:
    sizes = []
    for tables in ("tu", "tuvw"):
        for name in tables:
            rows = [line(name, f"{name}{i}", 10 + i, 12 + i) for i in range(12)]
            write_lines(tmp_path / f"{name}.csv", rows)
        figure = {"title": "All", "tables": [{"name": x, "title": x} for x in tables]}
        results = [tmp_path / f"{name}.csv" for name in tables]
        draw_ablation(figure, results=results, **out(tmp_path))
        sizes.append(read_figure_info(tmp_path / "chart.json"))
    assert sizes[1].height == sizes[0].height and sizes[1].width > 1.8 * sizes[0].width


def test_momentum_of_a_batch_is_that_of_as_many_images_one_by_one() -> None:
    assert alike(0.9, 20, 1) == pytest.approx(0.99475, abs=1e-5)
    assert alike(0.9, 20, 20) == pytest.approx(0.9)


@given(st.floats(0.01, 0.999), st.integers(1, 64), st.integers(1, 64))
def test_the_relation_goes_both_ways(momentum: float, batch: int, other: int) -> None:
    there = alike(momentum, batch, other)
    assert alike(there, other, batch) == pytest.approx(momentum, rel=1e-6)


def test_momenta_and_batches_are_those_that_the_runs_were_made_with(tmp_path: Path) -> None:
    metrics = [
        write_metrics(tmp_path, "a", 30, momentum=0.9, batch_size=20),
        write_metrics(tmp_path, "b", 40, momentum=0.99475, batch_size=1),
        write_metrics(tmp_path, "b", 50, seed=1, momentum=0.99475, batch_size=1),
    ]
    figure = {"title": "6.2", "rows": [{"experiment": x, "row": x.upper()} for x in "ab"]}
    draw_momentum(figure, metrics=metrics, **out(tmp_path))
    card = read_figure_info(tmp_path / "chart.json")
    assert "A (p 0.9, k 20) 30.0%, B (p 0.99475, k 1) 45.0%" in card.alt
    assert "as for A" in card.caption
    plain = write_metrics(tmp_path, "a", 30)
    with pytest.raises(InputError, match=r"a/0\.json: settings: no momentum"):
        draw_momentum(figure, metrics=[plain, *metrics[1:]], **out(tmp_path))


def test_times_are_summed_by_kind_the_costliest_first(tmp_path: Path) -> None:
    files = [tmp_path / f"benchmarks/{name}.tsv" for name in ("time/a/0", "train/a/0", "train/b/0")]
    for path, seconds in zip(files, (5.0, 60.0, 75.0), strict=True):
        write_benchmark(path, seconds)
    write_times(files, tmp_path / "times.md")
    text = (tmp_path / "times.md").read_text()
    assert re.findall(
        r"^\| (\w+) \| (\d) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|", text, re.M
    ) == [
        ("train", "2", "2 min 15 s", "96 %", "1 min 8 s", "1 min 15 s"),
        ("time", "1", "5 s", "4 %", "5 s", "5 s"),
    ]
    assert "3 jobs took 2 min 20 s, one after the other" in text
