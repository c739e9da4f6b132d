"""A table's training curves."""

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
