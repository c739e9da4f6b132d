import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from fixtures.page import NETS, NETS_SPEC, draw_all, finished_run, write_dataset, write_net
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fcnlib.core.errors import InputError
from fcnlib.datasets.colours import (
    VOID_COLOUR,
    WRONG,
    colour,
    mistakes,
    overlay,
)
from fcnlib.report.figures.curves import draw_class_iu, draw_curves
from fcnlib.report.figures.grid import DPI, Row, draw_grid
from fcnlib.report.figures.info import read_figure_info
from fcnlib.report.figures.samples import at_even_steps, draw_comparison
from fcnlib.report.figures.style import (
    legend_above,
    looks,
    new_figure,
    save,
)

PALETTE = [(0, 0, 0), (128, 0, 0), (0, 128, 0)]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    finished_run(folder)
    return folder


def has(picture: np.ndarray, rgb) -> int:
    """How many pixels have exactly this colour."""
    return int((picture == np.array(rgb)).all(axis=2).sum())


def test_labels_become_the_colours_of_their_classes():
    labels = np.array([[0, 1], [2, 255]], np.uint8)
    assert colour(labels, PALETTE).tolist() == [
        [[0, 0, 0], [128, 0, 0]],
        [[0, 128, 0], [*VOID_COLOUR]],
    ]


def test_an_overlay_mixes_paint_and_photo_and_leaves_black_classes_unpainted():
    photo = np.full((3, 6, 3), 100, np.uint8)
    labels = np.array([[0, 0, 0, 1, 1, 1]] * 3, np.uint8)
    painted = overlay(photo, labels, PALETTE, opacity=0.5)
    assert painted[:, :3].tolist() == photo[:, :3].tolist()
    assert painted[:, 3].tolist() == [[255, 255, 255]] * 3  # the line between two classes
    assert painted[:, 4:].reshape(-1, 3).tolist() == [[114, 50, 50]] * 6


def test_mistakes_are_orange_and_void_is_not_judged():
    photo = np.full((1, 3, 3), 100, np.uint8)
    labels, truth = np.array([[1, 1, 1]], np.uint8), np.array([[1, 2, 255]], np.uint8)
    drawn = mistakes(photo, labels, truth, 3)
    assert drawn[0, 1:].tolist() == [[*WRONG], [*VOID_COLOUR]]
    assert len(set(drawn[0, 0].tolist())) == 1


def test_a_grid_shows_each_picture_in_its_place_with_its_own_colours(tmp_path):
    solid = [[(255, 0, 0), (0, 255, 0)], [(0, 0, 255), (10, 20, 30)]]
    pictures = [[np.full((10, 20, 3), rgb, np.uint8) for rgb in row] for row in solid]
    rows = [Row(row, ["a", "b"]) for row in pictures] + [Row(pictures[0], ["a", "c"])]
    with new_figure(4.0, 1.0) as canvas:
        draw_grid(canvas, rows, {"": (("red", "#ff0000"),)})
        save(
            canvas, tmp_path / "grid.png", tmp_path / "grid.json", dpi=DPI,
            kind="examples", title="", caption="", alt="",
        )  # fmt: skip
    drawn = np.asarray(Image.open(tmp_path / "grid.png").convert("RGB"))
    # 33 pixels of titles, rows of 147 + 6, titles again above the last, as its are others.
    middles = [33 + 73, 33 + 153 + 73, 2 * 33 + 2 * 153 + 73]
    centres = [[drawn[y, 150 + 300 * column] for column in (0, 1)] for y in middles]
    assert np.array(centres).tolist() == [[[*rgb] for rgb in row] for row in [*solid, solid[0]]]
    card = read_figure_info(tmp_path / "grid.json")
    assert (card.height, card.width) == drawn.shape[:2]


def test_a_figure_has_its_columns_in_the_order_that_it_says(run):
    card = read_figure_info(run / "results/demo/figures/fig4.json")
    assert "columns Near-sighted <net>, Sharp, Ground truth, Image." in card.alt
    drawn = np.asarray(Image.open(run / "results/demo/figures/fig4.png").convert("RGB"))
    columns = np.array_split(drawn[: int(0.9 * len(drawn))], 4, axis=1)
    void = [has(column, VOID_COLOUR) > 500 for column in columns]
    assert void == [False, False, True, False]
    assert has(columns[3], (40, 90, 160)) > 500  # the ground of the photographs


def test_examples_show_all_nets_of_a_table_from_the_worst_image_to_the_best(run):
    card = read_figure_info(run / "results/demo/figures/examples.json")
    assert card.table == "nets" and "columns Image, Ground truth, Near" in card.alt
    assert "4 test images at even steps of rank" in card.caption
    assert "mean IU, averaged over the nets" in card.caption
    # Blind in the first columns: they see nothing of the animal that starts at the left edge.
    assert "Images: img_0 (rank 1 of 5, mean IU" in card.alt and "(rank 5 of 5" in card.alt
    (legend,) = card.legend
    assert (legend.dataset, legend.task) == ("toy", "semantic")
    assert legend.colours == (("background", "#000000"), ("cat", "#800000"), ("dog", "#008000"))
    assert "the run with seed 0." in card.caption


def test_the_comparison_takes_the_images_that_gain_most_and_says_so(run):
    card = read_figure_info(run / "results/demo/figures/fig4.json")
    assert "gains most from Near-sighted <net> to Sharp" in card.caption
    first, second = card.alt.index("img_0 (+"), card.alt.index("img_1 (+")
    assert first < second and "img_3" not in card.alt
    assert "the run with seed 0." in card.caption


def test_the_comparison_refuses_a_file_without_counts(tmp_path):
    dataset = write_dataset(tmp_path / "toy")
    write_net(tmp_path / "net.ts", blind=0)
    np.savez(tmp_path / "counts.npz", ids=np.array(["img_0"]))
    figure = {"title": "F", "images": 1, "nets": [{"experiment": "a", "row": "A"}]}
    with pytest.raises(InputError, match=r"counts\.npz: expected confusion counts per image"):
        draw_comparison(
            figure, models=[tmp_path / "net.ts"], counts=[tmp_path / "counts.npz"],
            dataset=dataset, image=tmp_path / "f.png", card=tmp_path / "f.json",
        )  # fmt: skip
    assert not (tmp_path / "f.png").exists()


def test_figures_are_the_same_bytes_each_time(run):
    figures = run / "results/demo/figures"
    before = {path.name: path.read_bytes() for path in figures.iterdir()}
    draw_all(run / "results/demo", run / "data/toy")
    assert {path.name: path.read_bytes() for path in figures.iterdir()} == before
    assert len(before) == 10


def test_an_experiment_has_the_same_colour_in_every_chart(run):
    figures = run / "results/demo/figures"
    for look in list(looks(["near", "sharp"]).values()):
        for name in ("curves.svg", "class_iu.svg"):
            assert look.colour.lower() in (figures / name).read_text().lower()


@pytest.mark.parametrize("length", [4, 12, 31, 60])
def test_a_legend_of_long_names_stays_within_the_figure(length):
    with new_figure(5.4, 4.0) as figure:
        axes = figure.subplots()
        for index in range(8):
            axes.plot([0, 1], label=f"{index}".ljust(length, "e"))
        legend_above(figure, axes)
        figure.draw_without_rendering()
        (legend,) = figure.legends
        assert legend.get_window_extent().x1 <= figure.bbox.x1
        assert axes.get_window_extent().height > 2.6 * figure.dpi  # the chart pays nothing for it


@given(st.integers(1, 28))
def test_no_two_experiments_look_alike(count):
    drawn = looks([str(index) for index in range(count)]).values()
    assert len({(look.colour, look.dash) for look in drawn}) == count
    assert len({(look.colour, look.marker) for look in drawn}) == count


@pytest.mark.parametrize(("seeds", "said"), [("0", False), ("[01]", True)])
def test_a_caption_speaks_of_several_runs_where_there_are_several(run, tmp_path, seeds, said):
    card = tmp_path / "class_iu.json"
    folders = [run / f"results/demo/metrics/{name}" for name in NETS]
    metrics = [path for folder in folders for path in folder.glob(f"{seeds}.json")]
    draw_class_iu(
        NETS_SPEC, metrics=metrics, dataset=run / "data/toy", order=list(NETS),
        image=card.with_suffix(".svg"), card=card,
    )  # fmt: skip
    assert ("Several runs are averaged." in read_figure_info(card).caption) is said


def test_the_bounds_are_described_for_those_who_cannot_see_them(run):
    card = json.loads((run / "results/demo/figures/bounds.json").read_text())
    assert "% at 8" in card["alt"] and "% at 4" in card["alt"]


@pytest.mark.parametrize("picked_on", ["test", "validation"])
def test_the_curves_say_which_images_the_score_is_of(run, tmp_path, picked_on):
    nets = [net | {"picked_on": picked_on} for net in NETS_SPEC["nets"]]
    card = tmp_path / "curves.json"
    draw_curves(
        NETS_SPEC | {"nets": nets}, curves=sorted((run / "results/demo/curves").glob("*/*.csv")),
        order=list(NETS), image=card.with_suffix(".svg"), card=card,
    )  # fmt: skip
    assert f"mean IU on the {picked_on} images" in read_figure_info(card).alt
    assert f"Mean IU on the {picked_on} images (%)" in card.with_suffix(".svg").read_text()


def test_scores_of_another_task_are_not_drawn_among_the_others(run, tmp_path):
    """The one net's mean IU of 3 classes says nothing beside the other's of 33."""
    tasks = (["geometric"], ["semantic", "geometric"])
    nets = [net | {"tasks": each} for net, each in zip(NETS_SPEC["nets"], tasks, strict=True)]
    pictures = []
    for name, shown in (("all", NETS_SPEC), ("one", NETS_SPEC | {"nets": nets})):
        card = tmp_path / f"{name}.json"
        draw_curves(
            shown, curves=sorted((run / "results/demo/curves").glob("*/0.csv")),
            order=list(NETS), image=card.with_suffix(".svg"), card=card,
        )  # fmt: skip
        pictures.append(card.with_suffix(".svg").read_text().lower())
    near = looks(list(NETS))["near"].colour.lower()
    assert pictures[0].count(near) > pictures[1].count(near) > 1
    assert "Without semantic labels, so without a score: Near" in read_figure_info(card).caption


def test_a_curve_without_its_columns_is_named(tmp_path):
    path = tmp_path / "near/0.csv"
    path.parent.mkdir()
    path.write_text("iteration,loss\n1,2\n")
    with pytest.raises(InputError, match=r"near/0\.csv: no column loss_per_pixel"):
        draw_curves(
            NETS_SPEC, curves=[path], order=["near"],
            image=tmp_path / "c.svg", card=tmp_path / "c.json",
        )  # fmt: skip


@given(st.dictionaries(st.text(), st.floats(0, 100), min_size=1), st.integers(2, 9))
def test_even_steps_go_from_the_worst_to_the_best_and_show_no_image_twice(scores, count):
    found = at_even_steps(scores, count)
    ranks, names = zip(*found, strict=True)
    assert len(set(names)) == len(names) == min(count, len(scores))
    assert [scores[name] for name in names] == sorted(scores[name] for name in names)
    assert (ranks[0], ranks[-1]) == (1, len(scores))
    steps = [b - a for a, b in pairwise(ranks)]
    assert not steps or max(steps) - min(steps) <= 1
