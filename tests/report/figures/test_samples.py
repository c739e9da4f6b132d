"""Sheets of nets that see more than colours, and of nets with several tasks."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from fixtures.page import facts, write_dataset
from fixtures.scenes import (
    PLACES,
    ROOM,
    ByChannel,
    TwoByRed,
    stairs,
    write_counts,
    write_model,
    write_places,
    write_room,
)
from PIL import Image

from fcnlib.core.errors import InputError
from fcnlib.datasets.colours import WRONG
from fcnlib.datasets.images import voc_palette
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.report.figures.curves import draw_class_iu
from fcnlib.report.figures.info import FigureInfo, read_figure_info
from fcnlib.report.figures.inputs import (
    NEAR_TO_FAR,
    UNSEEN,
    DepthScale,
    depth_picture,
    depth_scale,
)
from fcnlib.report.figures.samples import draw_comparison, draw_examples
from fcnlib.report.figures.sheets import load_nets, predict
from fcnlib.report.figures.style import looks
from fcnlib.report.specs import NetSpec

A = NetSpec(experiment="a", row="A")


@pytest.fixture(scope="module")
def room(tmp_path_factory) -> Path:
    return write_room(tmp_path_factory.mktemp("room") / "room")


@pytest.fixture(scope="module")
def places(tmp_path_factory) -> Path:
    return write_places(tmp_path_factory.mktemp("places") / "places")


def drawn(card: Path) -> tuple[np.ndarray, FigureInfo]:
    picture = np.asarray(Image.open(card.with_suffix(".png")).convert("RGB"))
    return picture, read_figure_info(card)


def has(picture: np.ndarray, rgb) -> int:
    return int((picture == np.array(rgb)).all(axis=2).sum())


def compare(folder: Path, dataset: Path, nets: dict[str, Path], counts: list[Path]) -> Path:
    card = folder / "sheet.json"
    draw_comparison(
        {"title": "Sheet", "images": 1,
         "nets": [{"experiment": row, "row": row} for row in nets]},
        models=list(nets.values()), counts=counts, dataset=dataset,
        image=card.with_suffix(".png"), card=card,
    )  # fmt: skip
    return card


def seeing(folder: Path, name: str, net: ByChannel, inputs: list[str]) -> Path:
    return write_model(folder / name / "0.ts", net, inputs=inputs, classes={"semantic": ROOM})


def test_nets_with_different_inputs_stand_side_by_side_after_what_they_see(room, tmp_path):
    nets = {
        "RGB": seeing(tmp_path, "rgb", ByChannel(0, 200, 5), ["rgb"]),
        "RGB-D": seeing(tmp_path, "rgbd", ByChannel(3, 1000, 5), ["rgb", "depth"]),
        "RGB-HHA": seeing(tmp_path, "late", ByChannel(3, 55, 5), ["rgb", "hha"]),
    }
    blind = write_counts(tmp_path / "0.npz", room, [32, 20, 8, 8], ["semantic"])
    sharp = write_counts(tmp_path / "1.npz", room, [0, 0, 0, 8], ["semantic"])
    picture, card = drawn(compare(tmp_path, room, nets, [blind, blind, sharp]))
    assert "columns Image, Depth, HHA, Ground truth, RGB, RGB-D, RGB-HHA" in card.alt
    assert "Images: room_0 (+" in card.alt
    columns = np.array_split(picture[70:190], 7, axis=1)
    bed = voc_palette()[2]
    assert has(columns[1], UNSEEN) and not has(columns[0], UNSEEN)
    assert not has(columns[4], bed)  # colours do not tell
    assert min(has(columns[i], bed) for i in (3, 5, 6)) > 1000
    for end in (0.0, 1.0):  # of the scale of depths below
        assert has(picture[200:], NEAR_TO_FAR(end, bytes=True)[:3])
    assert "logarithm" in card.caption and "green height above the ground" in card.caption


def test_a_sheet_speaks_only_of_what_is_on_it(places, tmp_path):
    classes = {"semantic": PLACES["semantic"]}
    model = write_model(tmp_path / "0.ts", ByChannel(0, 60, 4), inputs=["rgb"], classes=classes)
    counts = write_counts(tmp_path / "0.npz", places, [1, 2, 3, 4], ["semantic"])
    card = tmp_path / "sheet.json"
    draw_examples(
        {"table": "t", "nets": [A]}, models=[model], counts=[counts], dataset=places,
        image=card.with_suffix(".png"), card=card,
    )  # fmt: skip
    caption = read_figure_info(card).caption
    assert "Depth" not in caption and "HHA" not in caption and "averaged" not in caption
    assert "by mean IU" in caption  # of the only task: no need to name it
    assert [entry.task for entry in read_figure_info(card).legend] == ["semantic"]


def test_a_second_task_has_rows_of_its_own_with_the_nets_that_have_it(places, tmp_path):
    models = {
        "Both": write_model(tmp_path / "two/0.ts", TwoByRed(), inputs=["rgb"], classes=PLACES),
        "Geometric": write_model(
            tmp_path / "geo/0.ts", ByChannel(0, 60, 3), inputs=["rgb"],
            classes={"geometric": PLACES["geometric"]},
        ),
    }  # fmt: skip
    one = write_counts(tmp_path / "1.npz", places, [8, 9, 8, 8], list(PLACES))
    two = write_counts(tmp_path / "2.npz", places, [8, 0, 8, 8], ["geometric"])
    picture, card = drawn(compare(tmp_path, places, models, [one, two]))
    assert "whose geometric mean IU gains most from Both to Geometric" in card.caption
    assert [entry.task for entry in card.legend] == ["semantic", "geometric"]
    tree, upright, photo = (34, 139, 34), (150, 60, 60), (125, 100, 100)
    middle = 70 + 130 + 40  # below the first row's heading, titles and pictures
    semantic, geometric = (
        np.array_split(rows, 4, axis=1) for rows in (picture[:middle], picture[middle : 2 * middle])
    )
    assert [has(column, tree) > 1000 for column in semantic] == [False, True, True, False]
    assert [has(column, upright) > 1000 for column in geometric] == [False, True, True, True]
    assert has(semantic[0], photo) > 1000 and has(geometric[0], photo) > 1000


def test_one_net_alone_shows_more_images_and_the_mistakes_of_each_task(places, tmp_path):
    class Half(TwoByRed):
        def forward(self, seen):
            step = seen[:, 0] // 60
            return {"semantic": step * 0, "geometric": step.clamp(0, 2)}

    model = write_model(tmp_path / "0.ts", Half(), inputs=["rgb"], classes=PLACES)
    counts = write_counts(tmp_path / "0.npz", places, [20, 3, 2, 1], list(PLACES))
    card = tmp_path / "sheet.json"
    draw_examples(
        {"table": "t", "nets": [A]}, models=[model], counts=[counts], dataset=places,
        image=card.with_suffix(".png"), card=card,
    )  # fmt: skip
    picture, found = drawn(card)
    assert "Images: place_0 (rank 1 of 4" in found.alt and "by semantic mean IU" in found.caption
    rows = np.array_split(picture[50 : int(0.92 * len(picture))], 8)
    wrong = [has(np.array_split(row, 4, axis=1)[3], WRONG) > 500 for row in rows]
    assert wrong == [True, False] * 4


def test_many_nets_go_on_below_and_a_file_is_read_once(places, tmp_path):
    classes = {"semantic": PLACES["semantic"]}
    model = write_model(tmp_path / "0.ts", ByChannel(0, 60, 4), inputs=["rgb"], classes=classes)
    counts = write_counts(tmp_path / "0.npz", places, [1, 2, 3, 4], ["semantic"])
    shown = [NetSpec(experiment=f"n{i}", row=f"N{i}") for i in range(9)]
    loaded = load_nets([model] * 9, shown, PreparedDataset(places))
    assert len({id(net.segment) for net in loaded}) == 1
    card = tmp_path / "sheet.json"
    draw_examples(
        {"table": "t", "nets": shown}, models=[model] * 9, counts=[counts] * 9, dataset=places,
        image=card.with_suffix(".png"), card=card,
    )  # fmt: skip
    picture, found = drawn(card)
    assert found.width == 6 * 1.2 * 150  # image, truth and nine nets: six, and five below
    last = np.array_split(picture, 6, axis=1)[5]
    assert has(last, (255, 255, 255)) > 0.5 * last.shape[0] * last.shape[1]


def test_nets_tested_on_other_images_are_named_and_not_shown(places, tmp_path):
    classes = {"semantic": PLACES["semantic"]}
    model = write_model(tmp_path / "0.ts", ByChannel(0, 60, 4), inputs=["rgb"], classes=classes)
    mine = write_counts(tmp_path / "0.npz", places, [1, 2, 3, 4], ["semantic"])
    with np.load(mine) as file:
        np.savez(tmp_path / "1.npz", ids=["w", "x", "y", "z"], semantic=file["semantic"])
    card = tmp_path / "sheet.json"
    draw_examples(
        {"table": "t", "nets": [A, NetSpec(experiment="b", row="Elsewhere")]},
        models=[model, model], counts=[mine, tmp_path / "1.npz"], dataset=places,
        image=card.with_suffix(".png"), card=card,
    )  # fmt: skip
    found = read_figure_info(card)
    assert "Tested on other images, so not shown: Elsewhere." in found.caption
    assert "columns Image, Ground truth, A." in found.alt


@pytest.mark.parametrize("mask", ["shape", "foreground"])
def test_a_masked_net_stands_beside_what_it_sees(tmp_path, mask):
    class Blank(ByChannel):
        @torch.jit.export
        def blank(self):
            return torch.tensor([11.0, 22.0, 33.0])

    dataset = write_dataset(tmp_path / "toy", images=2)
    classes = {"semantic": ("background", "cat", "dog")}
    model = write_model(tmp_path / "0.ts", Blank(0, 80, 3), inputs=["rgb"], classes=classes)
    counts = write_counts(tmp_path / "0.npz", dataset, [1, 2], ["semantic"])
    card = tmp_path / "sheet.json"
    draw_comparison(
        {"title": "Fig. 7", "images": 1, "nets": [{"experiment": "a", "row": "A", "mask": mask}],
         "columns": ["inputs", "nets"], "note": "Said of it."},
        models=[model], counts=[counts], dataset=dataset,
        image=card.with_suffix(".png"), card=card,
    )  # fmt: skip
    picture, found = drawn(card)
    title = {"shape": "Mask alone", "foreground": "Background alone"}[mask]
    assert f"columns {title}, A (sees {title.lower()})." in found.alt
    assert "Said of it. Hidden pixels" in found.caption
    seen = np.array_split(picture[60 : int(0.8 * len(picture))], 2, axis=1)[0]
    assert (has(seen, (11, 22, 33)) > 500) == (mask == "foreground")


def test_a_net_without_a_task_in_common_with_the_first_is_refused(places, tmp_path):
    models = {
        task: write_model(
            tmp_path / f"{task}/0.ts", ByChannel(0, 60, 3), inputs=["rgb"],
            classes={task: PLACES[task]},
        )
        for task in PLACES
    }  # fmt: skip
    counts = [write_counts(tmp_path / f"{t}.npz", places, [1] * 4, [t]) for t in PLACES]
    with pytest.raises(InputError, match=r"geometric\.npz: no task in common with .*semantic\.npz"):
        compare(tmp_path, places, models, counts)
    assert not (tmp_path / "sheet.png").exists()


def test_a_net_that_sees_what_the_data_set_lacks_is_refused(places, tmp_path):
    classes = {"semantic": PLACES["semantic"]}
    model = write_model(tmp_path / "0.ts", ByChannel(0, 60, 4), inputs=["hha"], classes=classes)
    with pytest.raises(InputError, match=r"no hha in it; it has rgb"):
        predict(
            load_nets([model], [A], PreparedDataset(places))[0], PreparedDataset(places), "place_0"
        )


def test_a_model_that_does_not_say_what_it_sees_is_named(places, tmp_path):
    torch.jit.save(torch.jit.script(TwoByRed()), str(tmp_path / "0.ts"))
    with pytest.raises(InputError, match=r"0\.ts: does not say what it sees; expected a model"):
        load_nets([tmp_path / "0.ts"], [A], PreparedDataset(places))


def test_counts_of_another_task_are_named(places, tmp_path):
    classes = {"semantic": PLACES["semantic"]}
    model = write_model(tmp_path / "0.ts", ByChannel(0, 60, 4), inputs=["rgb"], classes=classes)
    counts = write_counts(tmp_path / "0.npz", places, [1] * 4, ["geometric"])
    with pytest.raises(InputError, match=r"0\.npz: .*counts per image of one of: semantic"):
        draw_examples(
            {"table": "t", "nets": [A]}, models=[model], counts=[counts], dataset=places,
            image=tmp_path / "s.png", card=tmp_path / "s.json",
        )  # fmt: skip
    assert not (tmp_path / "s.png").exists()


def test_nets_without_the_first_ones_task_have_no_class_iu_of_it(places, tmp_path):
    paths = []
    for name, tasks in (("both", PLACES), ("geometric", {"geometric": PLACES["geometric"]})):
        scores = {task: {"class_iu": [0.5] * len(names)} for task, names in tasks.items()}
        paths.append(tmp_path / f"{name}/0.json")
        paths[-1].parent.mkdir()
        paths[-1].write_text(json.dumps(facts(name, 0) | {"tasks": scores}))
    nets = [{"experiment": name, "row": f"Net {name}"} for name in ("both", "geometric")]
    card = tmp_path / "chart.json"
    draw_class_iu(
        {"name": "t", "nets": nets}, metrics=paths, dataset=places, order=["both", "geometric"],
        image=card.with_suffix(".svg"), card=card,
    )  # fmt: skip
    assert read_figure_info(card).title == "IU of each semantic class"
    drawn = card.with_suffix(".svg").read_text().lower()
    both, geometric = (look.colour.lower() for look in looks(["both", "geometric"]).values())
    assert both in drawn and geometric not in drawn


def test_depth_is_bright_where_near_and_equal_steps_are_equal_ratios():
    depth = np.array([[500, 1000, 2000, 4000, 8000, 0]], np.uint16)
    scale = DepthScale(1000, 4000)
    painted = depth_picture(depth, np.zeros((1, 6), bool), scale).astype(int)
    light = painted.sum(axis=2)[0]
    assert light[1] > light[2] > light[3]
    assert (painted[0, 0] == painted[0, 1]).all() and (painted[0, 5] == painted[0, 1]).all()
    assert (painted[0, 4] == painted[0, 3]).all()  # beyond the ends: as the ends
    middle = depth_picture(np.array([[2000]], np.uint16), np.zeros((1, 1), bool), scale)
    ends = DepthScale(500, 8000)
    assert (
        depth_picture(np.array([[2000]], np.uint16), np.zeros((1, 1), bool), ends) == middle
    ).all()


def test_hatching_covers_what_was_not_measured_and_lets_its_filling_show():
    depth = np.full((20, 20), 2000, np.uint16)
    missing = np.zeros((20, 20), bool)
    missing[:10] = True
    painted = depth_picture(depth, missing, DepthScale(1000, 4000))
    assert not has(painted[10:], UNSEEN)
    assert 50 <= has(painted[:10], UNSEEN) <= 150


@pytest.mark.parametrize("value", [0, 1, 2000, 65535])
def test_a_flat_or_empty_depth_is_drawn_too(value):
    depth = np.full((4, 6), value, np.uint16)
    scale = depth_scale([depth])
    assert 0 < scale.near < scale.far
    assert depth_picture(depth, depth > 0, scale).shape == (4, 6, 3)


def test_the_fixture_has_every_class():
    assert set(np.unique(stairs(0, 5))) == {0, 1, 2, 3, 4, 255}
