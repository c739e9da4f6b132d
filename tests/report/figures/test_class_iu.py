"""The IU of every class."""

import json

import pytest
from fixtures.marks import write_unavailable
from fixtures.page import NETS, NETS_SPEC, run_metadata
from fixtures.scenes import PLACES

from fcnlib.report.figures.class_iu import plot_class_iu
from fcnlib.report.figures.info import read_figure_info
from fcnlib.report.figures.style import row_style


@pytest.mark.parametrize(("seeds", "expected"), [("0", False), ("[01]", True)])
def test_a_caption_speaks_of_several_runs_where_there_are_several(run, tmp_path, seeds, expected):
    info = tmp_path / "class_iu.json"
    folders = [run / f"results/demo/metrics/{name}" for name in NETS]
    metrics = [path for folder in folders for path in folder.glob(f"{seeds}.json")]
    plot_class_iu(
        NETS_SPEC, metrics=metrics, dataset=run / "data/toy", 
        image=info.with_suffix(".svg"), info=info,
    )  # fmt: skip
    assert ("Several runs are averaged." in read_figure_info(info).caption) is expected


def test_nets_without_the_first_ones_task_have_no_class_iu_of_it(places, tmp_path):
    paths = []
    for name, tasks in (("both", PLACES), ("geometric", {"geometric": PLACES["geometric"]})):
        scores = {task: {"class_iu": [0.5] * len(names)} for task, names in tasks.items()}
        paths.append(tmp_path / f"{name}/0.json")
        paths[-1].parent.mkdir()
        paths[-1].write_text(json.dumps(run_metadata(name, 0) | {"tasks": scores}), "utf-8")
    nets = [{"experiment": name, "row": f"Net {name}"} for name in ("both", "geometric")]
    info = tmp_path / "chart.json"
    plot_class_iu(
        {"table": "t", "nets": nets}, metrics=paths, dataset=places,
        image=info.with_suffix(".svg"), info=info,
    )  # fmt: skip
    assert read_figure_info(info).title == "IU of each semantic class"
    svg = info.with_suffix(".svg").read_text("utf-8").lower()
    both, geometric = (row_style(position).colour for position in (0, 1))
    assert both in svg and geometric not in svg


@pytest.mark.parametrize("lost", [["near"], ["sharp"], ["near", "sharp"]])
def test_nets_that_were_not_available_are_named_and_left_out(run, tmp_path, lost):
    metrics = [
        write_unavailable(tmp_path, name)
        if name in lost
        else run / f"results/demo/metrics/{name}/0.json"
        for name in NETS
    ]
    info = tmp_path / "class_iu.json"
    plot_class_iu(
        NETS_SPEC, metrics=metrics, dataset=run / "data/toy",
        image=info.with_suffix(".svg"), info=info,
    )  # fmt: skip
    found = read_figure_info(info)
    assert f"Not available, so not shown: {', '.join(NETS[name] for name in lost)}." in (
        found.caption
    )
    assert found.title == "IU of each class" and found.table == "nets"
