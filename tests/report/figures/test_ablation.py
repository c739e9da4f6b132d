"""The overview of all rows."""

import re
from pathlib import Path

import pytest
from fixtures.pictures import files
from fixtures.results import result, write_rows

from fcnlib.core.errors import InputError
from fcnlib.report.figures.ablation import plot_ablation
from fcnlib.report.figures.info import read_figure_info


def overview(folder: Path) -> dict[str, Path]:
    return files(folder) | {"narrow": folder / "narrow.svg"}


def test_the_overview_has_each_row_with_a_number_below_its_table(tmp_path: Path) -> None:
    lines = [
        result("t", "A", 40.0, 50.0, std=1.0, seeds=3),
        result("t", "B", None, 60.0),
        result("t", "no number", None, None),
        result("t", "accuracy", 40.0, None, metric="pixel_accuracy"),
    ]
    write_rows(tmp_path / "t.csv", lines)
    write_rows(tmp_path / "u.csv", [result("u", "C", 10.0, None)])
    figure = {
        "name": "f",
        "title": "All",
        "tables": [{"name": x, "title": f"Table {x}"} for x in "tu"],
    }
    plot_ablation(figure, results=[tmp_path / "t.csv", tmp_path / "u.csv"], **overview(tmp_path))
    info = read_figure_info(tmp_path / "figure.json")
    assert "mean IU of 3 rows of 2 tables" in info.alt and "standard deviation" in info.caption
    write_rows(tmp_path / "v.csv", lines[2:])
    with pytest.raises(InputError, match=r"v\.csv: no mean_iu of any row"):
        plot_ablation(figure, results=[tmp_path / "v.csv"], **overview(tmp_path))


def test_more_rows_make_the_overview_longer_and_not_denser(tmp_path: Path) -> None:
    heights = []
    for count in (10, 60):
        write_rows(tmp_path / "t.csv", [result("t", f"row {i}", i, i + 3) for i in range(count)])
        figure = {"name": "f", "title": "All", "tables": [{"name": "t", "title": "T"}]}
        plot_ablation(figure, results=[tmp_path / "t.csv"], **overview(tmp_path))
        heights.append(read_figure_info(tmp_path / "figure.json").height)
    assert (heights[1] - heights[0]) / 50 > 15  # pixels a row


def test_many_rows_stand_in_two_columns_with_no_table_torn_apart(tmp_path: Path) -> None:
    sizes = []
    for tables in ("tu", "tuvw"):
        for name in tables:
            rows = [result(name, f"{name}{i}", 10 + i, 12 + i) for i in range(12)]
            write_rows(tmp_path / f"{name}.csv", rows)
        figure = {"name": "f", "title": "All", "tables": [{"name": x, "title": x} for x in tables]}
        results = [tmp_path / f"{name}.csv" for name in tables]
        plot_ablation(figure, results=results, **overview(tmp_path))
        sizes.append(read_figure_info(tmp_path / "figure.json"))
    assert sizes[1].height == sizes[0].height and sizes[1].width > 1.8 * sizes[0].width


def test_the_narrow_overview_is_one_column_and_no_title_is_cut(tmp_path: Path) -> None:
    title = "A table whose title is far too long to stand on a single line of a column of a page"
    for name in "tuvw":
        rows = [result(name, f"{name}{i} of a name on two lines", i, i + 2) for i in range(12)]
        write_rows(tmp_path / f"{name}.csv", rows)
    figure = {
        "name": "f",
        "title": "All",
        "tables": [{"name": x, "title": f"{title} {x}"} for x in "tuvw"],
    }
    results = [tmp_path / f"{name}.csv" for name in "tuvw"]
    plot_ablation(figure, results=results, **overview(tmp_path))
    info = read_figure_info(tmp_path / "figure.json")
    assert info.narrow and info.narrow.image == "narrow.svg"
    assert info.narrow.width == 420 and info.width == 840  # pixels; a phone's are 390
    assert info.narrow.height > 1.7 * info.height
    for name in ("figure.svg", "narrow.svg"):
        drawing = (tmp_path / name).read_text("utf-8")
        lines = re.findall("<!-- (.*?) -->", drawing, re.S)  # what each group of outlines says
        assert " ".join("\n".join(lines).split()).count(title) == 4
