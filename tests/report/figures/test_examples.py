"""The nets of a table side by side on a few images."""

import numpy as np
import pytest
from fixtures.marks import marked
from fixtures.pictures import has, picture_and_info
from fixtures.scenes import PLACES, ByChannel, TwoByRed, write_counts, write_model

from fcnlib.core.errors import InputError
from fcnlib.datasets.colours import WRONG
from fcnlib.report.figures.examples import plot_examples
from fcnlib.report.figures.info import read_figure_info
from fcnlib.report.specs import NetSpec

A = NetSpec(experiment="a", row="A")


def test_examples_show_all_nets_of_a_table_from_the_worst_image_to_the_best(run):
    info = read_figure_info(run / "results/demo/figures/examples.json")
    assert info.table == "nets" and "columns Image, Ground truth, Near" in info.alt
    assert "4 test images at even steps of rank" in info.caption
    assert "mean IU, averaged over the nets" in info.caption
    # Blind in the first columns: they see nothing of the animal that starts at the left edge.
    assert "Images: img_0 (rank 1 of 5, mean IU" in info.alt and "(rank 5 of 5" in info.alt
    (legend,) = info.legend
    assert (legend.dataset, legend.task) == ("toy", "semantic")
    assert legend.colours == (("background", "#000000"), ("cat", "#800000"), ("dog", "#008000"))
    assert "the run with seed 0." in info.caption


def test_a_sheet_speaks_only_of_what_is_on_it(places, tmp_path):
    classes = {"semantic": PLACES["semantic"]}
    model = write_model(tmp_path / "0.ts", ByChannel(0, 60, 4), inputs=["rgb"], classes=classes)
    counts = write_counts(tmp_path / "0.npz", places, [1, 2, 3, 4], ["semantic"])
    info = tmp_path / "sheet.json"
    plot_examples(
        {"table": "t", "seed": 0, "nets": [A]}, models=[model], counts=[counts], dataset=places,
        image=info.with_suffix(".png"), info=info, images=tmp_path / "images.json",
    )  # fmt: skip
    caption = read_figure_info(info).caption
    assert "Depth" not in caption and "HHA" not in caption and "averaged" not in caption
    assert "by mean IU" in caption  # of the only task: no need to name it
    assert [entry.task for entry in read_figure_info(info).legend] == ["semantic"]


def test_one_net_alone_shows_more_images_and_the_mistakes_of_each_task(places, tmp_path):
    class Half(TwoByRed):
        def forward(self, seen):
            step = seen[:, 0] // 60
            return {"semantic": step * 0, "geometric": step.clamp(0, 2)}

    model = write_model(tmp_path / "0.ts", Half(), inputs=["rgb"], classes=PLACES)
    counts = write_counts(tmp_path / "0.npz", places, [20, 3, 2, 1], list(PLACES))
    info = tmp_path / "sheet.json"
    plot_examples(
        {"table": "t", "seed": 0, "nets": [A]}, models=[model], counts=[counts], dataset=places,
        image=info.with_suffix(".png"), info=info, images=tmp_path / "images.json",
    )  # fmt: skip
    picture, found = picture_and_info(info)
    assert "Images: place_0 (rank 1 of 4" in found.alt and "by semantic mean IU" in found.caption
    rows = np.array_split(picture[50 : int(0.92 * len(picture))], 8)
    wrong = [has(np.array_split(row, 4, axis=1)[3], WRONG) > 500 for row in rows]
    assert wrong == [True, False] * 4


def test_nets_tested_on_other_images_are_named_and_not_shown(places, tmp_path):
    classes = {"semantic": PLACES["semantic"]}
    model = write_model(tmp_path / "0.ts", ByChannel(0, 60, 4), inputs=["rgb"], classes=classes)
    mine = write_counts(tmp_path / "0.npz", places, [1, 2, 3, 4], ["semantic"])
    with np.load(mine) as file:
        np.savez(tmp_path / "1.npz", ids=["w", "x", "y", "z"], semantic=file["semantic"])
    info = tmp_path / "sheet.json"
    plot_examples(
        {"table": "t", "seed": 0, "nets": [A, NetSpec(experiment="b", row="Elsewhere")]},
        models=[model, model], counts=[mine, tmp_path / "1.npz"], dataset=places,
        image=info.with_suffix(".png"), info=info, images=tmp_path / "images.json",
    )  # fmt: skip
    found = read_figure_info(info)
    assert "Tested on other images, so not shown: Elsewhere." in found.caption
    assert "columns Image, Ground truth, A." in found.alt


def test_counts_of_another_task_are_named(places, tmp_path):
    classes = {"semantic": PLACES["semantic"]}
    model = write_model(tmp_path / "0.ts", ByChannel(0, 60, 4), inputs=["rgb"], classes=classes)
    counts = write_counts(tmp_path / "0.npz", places, [1] * 4, ["geometric"])
    with pytest.raises(InputError, match=r"0\.npz: .*counts per image of one of: semantic"):
        plot_examples(
            {"table": "t", "seed": 0, "nets": [A]}, models=[model], counts=[counts], dataset=places,
            image=tmp_path / "s.png", info=tmp_path / "s.json", images=tmp_path / "i.json",
        )  # fmt: skip
    assert not (tmp_path / "s.png").exists()


@pytest.mark.parametrize("lost", [["a"], ["a", "b"]])
def test_nets_that_were_not_available_are_named_and_left_out(places, tmp_path, lost):
    classes = {"semantic": PLACES["semantic"]}
    there = write_model(tmp_path / "0.ts", ByChannel(0, 60, 4), inputs=["rgb"], classes=classes)
    counts = write_counts(tmp_path / "0.npz", places, [1, 2, 3, 4], ["semantic"])
    np.savez(tmp_path / "none.npz", ids=np.array([]))
    models = [marked(tmp_path / f"{x}.pt") if x in lost else there for x in "ab"]
    info = tmp_path / "sheet.json"
    plot_examples(
        {"table": "t", "seed": 0, "nets": [A, {"experiment": "b", "row": "B"}]}, models=models,
        counts=[tmp_path / "none.npz" if x in lost else counts for x in "ab"], dataset=places,
        image=info.with_suffix(".png"), info=info, images=tmp_path / "images.json",
    )  # fmt: skip
    found = read_figure_info(info)
    assert f"Not available, so not shown: {', '.join(lost).upper()}." in found.caption
    assert found.title == "Examples" and ("Grid of" in found.alt) is (lost == ["a"])
