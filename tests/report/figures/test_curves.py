"""A table's training curves."""

import json

import pytest
from fixtures.page import NETS_SPEC

from fcnlib.core.errors import InputError
from fcnlib.report.figures.curves import plot_curves
from fcnlib.report.figures.info import read_figure_info
from fcnlib.report.figures.style import row_style


@pytest.mark.parametrize("picked_on", ["test", "validation"])
def test_the_curves_name_the_images_that_the_score_is_of(run, tmp_path, picked_on):
    nets = [net | {"picked_on": picked_on} for net in NETS_SPEC["nets"]]
    info = tmp_path / "curves.json"
    plot_curves(
        NETS_SPEC | {"nets": nets}, curves=sorted((run / "results/demo/curves").glob("*/*.csv")),
        image=info.with_suffix(".svg"), info=info, chart=info.with_suffix(".vl.json"),
    )  # fmt: skip
    assert f"mean IU on the {picked_on} images" in read_figure_info(info).alt
    assert f"Mean IU on the {picked_on} images (%)" in info.with_suffix(".svg").read_text("utf-8")


def test_scores_of_another_task_are_not_plotted_among_the_others(run, tmp_path):
    """A mean IU of 3 classes does not compare with one of 33."""
    tasks = (["geometric"], ["semantic", "geometric"])
    nets = [net | {"tasks": each} for net, each in zip(NETS_SPEC["nets"], tasks, strict=True)]
    pictures = []
    for name, spec in (("all", NETS_SPEC), ("one", NETS_SPEC | {"nets": nets})):
        info = tmp_path / f"{name}.json"
        plot_curves(
            spec, curves=sorted((run / "results/demo/curves").glob("*/0.csv")),
            image=info.with_suffix(".svg"), info=info, chart=info.with_suffix(".vl.json"),
        )  # fmt: skip
        pictures.append(info.with_suffix(".svg").read_text("utf-8").lower())
    near = row_style(0).colour
    assert pictures[0].count(near) > pictures[1].count(near) > 1
    assert "Without semantic labels, so without a score: Near" in read_figure_info(info).caption


def test_a_curve_without_its_columns_is_named(tmp_path):
    path = tmp_path / "near/0.csv"
    path.parent.mkdir()
    path.write_text("iteration,loss\n1,2\n", "utf-8")
    with pytest.raises(InputError, match=r"near/0\.csv: no column loss_per_pixel"):
        plot_curves(
            NETS_SPEC, curves=[path, path],
            image=tmp_path / "c.svg", info=tmp_path / "c.json", chart=tmp_path / "c.vl.json",
        )  # fmt: skip


def curve_files(folder, rows: list[str]) -> list:
    paths = [folder / f"{net}.csv" for net in ("near", "sharp")]
    for path in paths:
        path.write_text("\n".join(["iteration,loss_per_pixel,mean_iu", *rows]) + "\n", "utf-8")
    return paths


@pytest.mark.parametrize(
    ("rows", "charts", "words"),
    [
        (["20,2.0,", "40,1.0,0.25", "60,0.5,0.5"], ["loss", "mean IU (%)"], []),
        (
            ["20,2.0,", "40,1.0,0.25"],
            ["loss"],
            ["Mean IU on the test images (%), one number of each net and so no curve: "
             "Near-sighted <net> 25, Sharp 25."],
        ),
        (["20,2.0,"], [], ["Training loss per pixel, one number of each net and so no curve: "]),
        ([], [], ["Nothing was logged while training."]),
    ],
)  # fmt: skip
def test_what_has_one_number_is_no_chart_but_words(tmp_path, rows, charts, words):
    info, chart = tmp_path / "curves.json", tmp_path / "curves.vl.json"
    plot_curves(
        NETS_SPEC, curves=curve_files(tmp_path, rows), image=info.with_suffix(".svg"), info=info,
        chart=chart,
    )  # fmt: skip
    found = read_figure_info(info)
    assert all(each in found.caption for each in words)
    assert json.loads(chart.read_text("utf-8"))["usermeta"]["panels"] == charts
    assert found.chart == (chart.name if charts else "")
    drawing = info.with_suffix(".svg").read_text("utf-8")
    assert drawing.count('id="axes_') == len(charts)
    assert ("Mean IU on the test" in drawing) == ("mean IU (%)" in charts)


def test_a_single_validation_is_explained_where_all_nets_have_but_one(run, tmp_path):
    captions = []
    for name, last in (("once", ["80,0.25,0.5"]), ("twice", ["60,0.5,0.4", "80,0.25,0.5"])):
        curves = [tmp_path / name / f"{net}.csv" for net in ("near", "sharp")]
        for path in curves:
            path.parent.mkdir(exist_ok=True)
            rows = ["iteration,loss_per_pixel,mean_iu", "20,2.0,", *last]
            path.write_text("\n".join(rows) + "\n", "utf-8")
        info = tmp_path / f"{name}.json"
        plot_curves(
            NETS_SPEC, curves=curves, image=info.with_suffix(".svg"), info=info,
            chart=info.with_suffix(".vl.json"),
        )  # fmt: skip
        captions.append(read_figure_info(info).caption)
    assert "validated once, at its end" in captions[0] and "once" not in captions[1]
