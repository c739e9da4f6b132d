"""The IU of every class."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from fixtures.marks import write_unavailable
from fixtures.page import NETS, NETS_SPEC, run_metadata
from fixtures.scenes import PLACES
from PIL import Image

from fcnlib.datasets.images import encode_png
from fcnlib.datasets.writer import dataset_writer
from fcnlib.report.figures.class_iu import plot_class_iu
from fcnlib.report.figures.info import read_figure_info
from fcnlib.report.figures.style import COLUMN_WIDTH, PAGE_WIDTH, row_style


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


def plot_scores(folder: Path, scores: Mapping[str, Sequence[float | None]], names: list[str]):
    """The chart of nets with these IUs of each class, and its info."""
    with dataset_writer(folder / "data", tasks={"semantic": names}) as writer:
        writer.add_image("a", encode_png(Image.new("RGB", (4, 4))), "a")
        writer.add_label("a", np.zeros((4, 4), np.uint8), "a")
        writer.add_split("test", ["a"])
    paths = []
    for name, class_iu in scores.items():
        paths.append(folder / f"{name}/0.json")
        paths[-1].parent.mkdir()
        record = run_metadata(name, 0) | {"tasks": {"semantic": {"class_iu": list(class_iu)}}}
        paths[-1].write_text(json.dumps(record), "utf-8")
    nets = [{"experiment": name, "row": f"Net {name}, trained otherwise"} for name in scores]
    info = folder / "chart.json"
    plot_class_iu(
        {"table": "t", "nets": nets}, metrics=paths, dataset=folder / "data",
        image=info.with_suffix(".svg"), info=info,
    )  # fmt: skip
    return read_figure_info(info), info.with_suffix(".svg").read_text("utf-8")


@pytest.mark.parametrize(
    ("nets", "classes", "width"),
    [(2, 21, COLUMN_WIDTH), (8, 60, PAGE_WIDTH), (14, 250, PAGE_WIDTH), (1, 1, COLUMN_WIDTH)],
)
def test_many_nets_and_classes_fit_the_width_of_a_page(tmp_path, nets, classes, width):
    names = [f"{'long_' * (i % 20)}{i} $x$ <b>" for i in range(classes)]
    scores = {str(net): [i / classes for i in range(classes)] for net in range(nets)}
    info, svg = plot_scores(tmp_path, scores, names)
    assert f'width="{72 * width:g}pt"' in svg
    assert "<image" not in svg and "<text" not in svg  # vectors alone, of no font of the reader's
    assert info.height > 12 * classes


def test_classes_are_sorted_by_their_mean_and_those_that_never_occur_are_left_out(tmp_path):
    scores = {"a": [0.5, 0.9, None, None], "b": [0.5, 0.3, 0.2, None]}
    info, _ = plot_scores(tmp_path, scores, ["cat", "dog", "cow", "horse"])
    assert "highest: dog; lowest: cow." in info.alt
    assert info.caption.endswith("Never occur, so left out: horse.")


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
