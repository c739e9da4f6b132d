"""The nets of a figure side by side, and the images where they differ."""

from pathlib import Path

import numpy as np
import pytest
import torch
from fixtures.page import write_dataset, write_net
from fixtures.pictures import has, picture_and_info
from fixtures.scenes import PLACES, ROOM, ByChannel, TwoByRed, write_counts, write_model
from PIL import Image

from fcnlib.core.errors import InputError
from fcnlib.datasets.colours import VOID_COLOUR
from fcnlib.datasets.images import voc_palette
from fcnlib.report.figures.comparison import plot_comparison
from fcnlib.report.figures.info import read_figure_info
from fcnlib.report.figures.inputs import NEAR_TO_FAR, UNSEEN


def test_a_figure_has_its_columns_in_the_order_that_it_says(run):
    info = read_figure_info(run / "results/demo/figures/fig4.json")
    assert "columns Near-sighted <net>, Sharp, Ground truth, Image." in info.alt
    picture = np.asarray(Image.open(run / "results/demo/figures/fig4.png").convert("RGB"))
    columns = np.array_split(picture[: int(0.9 * len(picture))], 4, axis=1)
    void = [has(column, VOID_COLOUR) > 500 for column in columns]
    assert void == [False, False, True, False]
    assert has(columns[3], (40, 90, 160)) > 500  # the ground of the images


def test_the_comparison_takes_the_images_that_gain_most_and_its_caption_states_that(run):
    info = read_figure_info(run / "results/demo/figures/fig4.json")
    assert "gains most from Near-sighted <net> to Sharp" in info.caption
    first, second = info.alt.index("img_0 (+"), info.alt.index("img_1 (+")
    assert first < second and "img_3" not in info.alt
    assert "the run with seed 0." in info.caption


def test_the_comparison_refuses_a_file_without_counts(tmp_path):
    dataset = write_dataset(tmp_path / "toy")
    write_net(tmp_path / "net.ts", blind=0)
    np.savez(tmp_path / "counts.npz", ids=np.array(["img_0"]))
    figure = {
        "name": "f",
        "title": "F",
        "seed": 0,
        "images": 1,
        "nets": [{"experiment": "a", "row": "A"}],
    }
    with pytest.raises(InputError, match=r"counts\.npz: expected confusion counts per image"):
        plot_comparison(
            figure, models=[tmp_path / "net.ts"], counts=[tmp_path / "counts.npz"],
            dataset=dataset, image=tmp_path / "f.png", info=tmp_path / "f.json",
        )  # fmt: skip
    assert not (tmp_path / "f.png").exists()


def compare(folder: Path, dataset: Path, nets: dict[str, Path], counts: list[Path]) -> Path:
    info = folder / "sheet.json"
    plot_comparison(
        {"name": "s", "title": "Sheet", "seed": 0, "images": 1,
         "nets": [{"experiment": row, "row": row} for row in nets]},
        models=list(nets.values()), counts=counts, dataset=dataset,
        image=info.with_suffix(".png"), info=info,
    )  # fmt: skip
    return info


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
    picture, info = picture_and_info(compare(tmp_path, room, nets, [blind, blind, sharp]))
    assert "columns Image, Depth, HHA, Ground truth, RGB, RGB-D, RGB-HHA" in info.alt
    assert "Images: room_0 (+" in info.alt
    columns = np.array_split(picture[70:190], 7, axis=1)
    bed = voc_palette()[2]
    assert has(columns[1], UNSEEN) and not has(columns[0], UNSEEN)
    assert not has(columns[4], bed)  # colours do not determine the class
    assert min(has(columns[i], bed) for i in (3, 5, 6)) > 1000
    for end in (0.0, 1.0):  # of the scale of depths below
        assert has(picture[200:], NEAR_TO_FAR(end, bytes=True)[:3])
    assert "logarithm" in info.caption and "green height above the ground" in info.caption


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
    picture, info = picture_and_info(compare(tmp_path, places, models, [one, two]))
    assert "whose geometric mean IU gains most from Both to Geometric" in info.caption
    assert [entry.task for entry in info.legend] == ["semantic", "geometric"]
    tree, upright, photo = (34, 139, 34), (150, 60, 60), (125, 100, 100)
    middle = 70 + 130 + 40  # below the first row's heading, titles and pictures
    semantic, geometric = (
        np.array_split(rows, 4, axis=1) for rows in (picture[:middle], picture[middle : 2 * middle])
    )
    assert [has(column, tree) > 1000 for column in semantic] == [False, True, True, False]
    assert [has(column, upright) > 1000 for column in geometric] == [False, True, True, True]
    assert has(semantic[0], photo) > 1000 and has(geometric[0], photo) > 1000


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
    info = tmp_path / "sheet.json"
    plot_comparison(
        {"name": "f", "title": "Fig. 7", "seed": 0, "images": 1,
         "nets": [{"experiment": "a", "row": "A", "mask": mask}],
         "columns": ["inputs", "nets"], "note": "Said of it."},
        models=[model], counts=[counts], dataset=dataset,
        image=info.with_suffix(".png"), info=info,
    )  # fmt: skip
    picture, found = picture_and_info(info)
    title = {"shape": "Mask alone", "foreground": "Background alone"}[mask]
    assert f"columns {title}, A (sees {title.lower()})." in found.alt
    assert "Said of it. Masked pixels" in found.caption
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
