"""Upper bounds by factor and by the way to resample."""

import json
from pathlib import Path
from typing import Any

from fixtures.pictures import files
from fixtures.results import result, write_rows

from fcnlib.report.figures.bounds import plot_bounds
from fcnlib.report.figures.info import read_figure_info


def plot_rules(folder: Path, images: str) -> Any:
    """Two rules at two factors."""
    rows = [{"experiment": f"{x}", "row": f"{x}", "upper_bound": {"factor": x}} for x in (32, 8)]
    other = {"metric": "mean_iu_corner_nearest"}
    lines = [
        part
        for row, best in zip(rows, (80.0, 90.0), strict=True)
        for part in (
            result("b", row["row"], 50.0, best),
            result("b", row["row"], 70.0, None, **other),
        )
    ]
    write_rows(folder / "b.csv", lines)
    columns = ["mean_iu", "mean_iu_corner_nearest"]
    table = {"name": "b", "title": "B", "columns": columns, "images": images, "rows": rows}
    plot_bounds(table, results=folder / "b.csv", **files(folder))
    return read_figure_info(folder / "figure.json")


def test_every_way_to_resample_has_its_line_beside_the_published_one(tmp_path: Path) -> None:
    info = plot_rules(tmp_path, "synthetic")
    assert "50% at 8 by the rule “area, bilinear”; 1 more rules beside it" in info.alt
    assert "does not state how it resamples" in info.caption and "closest" not in info.caption


def test_the_rule_closest_to_the_published_numbers_is_named_where_the_images_are(
    tmp_path: Path,
) -> None:
    caption = plot_rules(tmp_path, "published").caption
    assert "“corner, nearest” comes closest to the published numbers: 15.0 points" in caption


def test_the_bounds_are_described_for_those_who_cannot_see_them(run):
    info = json.loads((run / "results/demo/figures/bounds.json").read_text("utf-8"))
    assert "% at 8" in info["alt"] and "% at 4" in info["alt"]
