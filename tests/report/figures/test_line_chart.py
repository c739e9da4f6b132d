"""The specification of a chart to explore: its points, its styles, its selections."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fcnlib.report.figures.line_chart import Panel, write_line_chart
from fcnlib.report.figures.series import Band, thinned
from fcnlib.report.figures.style import row_style

STYLES = [("A, b", row_style(0)), ('"C" \\ <d>', row_style(8))]


def band(values: list[float], spread: float = 0.0) -> Band:
    mean = np.array(values)
    return Band(10 * np.arange(1.0, len(values) + 1), mean, mean - spread, mean + spread)


def written(path: Path, panels: list[Panel]) -> dict[str, Any]:
    write_line_chart(path, panels, x="iteration", styles=STYLES, description="Lines.")
    specification = json.loads(path.read_text("utf-8"))
    assert isinstance(specification, dict)
    return specification


def points(specification: dict[str, Any]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(specification["data"]["values"])))


def losses(**lines: Band) -> Panel:
    named = list(zip([net for net, _ in STYLES], lines.values(), strict=False))
    return Panel("loss", "Loss", 100, log=True, markers=False, lines=named)


def test_a_chart_has_its_points_with_the_lowest_and_the_highest(tmp_path: Path) -> None:
    found = points(written(tmp_path / "c.vl.json", [losses(a=band([2, 1.23456789], 0.5))]))
    first = {"panel": "loss", "net": "A, b", "x": "10", "value": "2", "low": "1.5", "high": "2.5"}
    assert found[0] == first
    assert (found[1]["value"], found[1]["low"]) == ("1.2346", "0.73457")


def test_a_net_has_the_colour_that_it_has_in_the_pictures(tmp_path: Path) -> None:
    specification = written(tmp_path / "c.vl.json", [losses(a=band([2, 1]), b=band([3, 2]))])
    nets = {net: (colour, dash) for net, colour, dash in specification["usermeta"]["nets"]}
    assert nets == {"A, b": ("#0072b2", [1, 0]), '"C" \\ <d>': (row_style(8).colour, [6, 3])}
    line = specification["vconcat"][0]["layer"][2]["encoding"]
    assert line["color"]["scale"]["domain"] == list(nets)
    assert line["color"]["scale"]["range"] == [colour for colour, _ in nets.values()]
    assert line["strokeDash"]["scale"]["range"] == [dash for _, dash in nets.values()]


def test_a_log_axis_gets_no_number_that_it_cannot_show(tmp_path: Path) -> None:
    found = points(written(tmp_path / "c.vl.json", [losses(a=band([1.0, 0.0, np.nan, np.inf], 0))]))
    assert [each["value"] for each in found] == ["1", "", "", ""]


def test_a_log_axis_of_less_than_a_decade_has_all_its_labels(tmp_path: Path) -> None:
    for values, some in (([1.5, 0.7], False), ([15.0, 0.7], True)):
        specification = written(tmp_path / "c.vl.json", [losses(a=band(values))])
        axis = specification["vconcat"][0]["layer"][2]["encoding"]["y"]["axis"]
        assert ("datum.label" in axis["labelExpr"]) is some


def test_a_panel_without_lines_is_left_out_and_the_last_one_names_the_axis(tmp_path: Path) -> None:
    empty = Panel("score", "Score", 80, log=False, markers=True, lines=[])
    specification = written(tmp_path / "c.vl.json", [losses(a=band([2, 1])), empty])
    assert specification["usermeta"]["panels"] == ["loss"]
    assert specification["vconcat"][-1]["layer"][2]["encoding"]["x"]["title"] == "iteration"


@pytest.mark.parametrize("count", [0, 1, 2, 300, 5000])
def test_no_more_points_are_kept_than_a_screen_shows(count: int) -> None:
    given = band([float(i) for i in range(count)])
    found = thinned(given)
    assert len(found.x) == min(count, 300)
    assert found.x[:1].tolist() == given.x[:1].tolist()
    assert found.x[-1:].tolist() == given.x[-1:].tolist()
    assert len(set(found.x)) == len(found.x)


def test_the_same_points_make_the_same_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        written(tmp_path / name, [losses(a=band([2, 1]))])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
