"""The diagram of what nets predict from, and the table of their maps."""

import csv
from pathlib import Path
from typing import Any

import pytest
from fixtures.pictures import files

from fcnlib.config.schema_nets import STRIDES
from fcnlib.core.errors import InputError
from fcnlib.report.figures.architecture import plot_architecture
from fcnlib.report.figures.info import read_figure_info


def named(row: str, backbone: str, predict_from: list[str], **values: Any) -> dict[str, Any]:
    return {"row": row, "net": {"backbone": backbone, "predict_from": predict_from, **values}}


def plot(folder: Path, nets: list[dict[str, Any]], side: int = 128) -> None:
    plot_architecture(
        {"name": "fig3", "title": "Fig. 3", "section": "4.2", "nets": nets, "side": side},
        maps=folder / "maps.csv", **files(folder),
    )  # fmt: skip


def test_the_text_states_what_is_fused_at_which_stride(tmp_path: Path) -> None:
    nets = [
        named("FCN-32s", "vgg16", ["fc7"]),
        named("FCN-8s", "vgg16", ["fc7", "pool4", "pool3"], fusion="max"),
    ]
    plot(tmp_path, nets)
    info = read_figure_info(tmp_path / "figure.json")
    assert "FCN-32s: fc7 (stride 32), upsampled 32 times to the image." in info.alt
    assert "fused by max with pool3 (stride 8), upsampled 8 times to the image." in info.alt
    assert "128 x 128 pixels, are in maps.csv" in info.caption


@pytest.mark.parametrize("backbone", STRIDES)
def test_nets_of_every_backbone_have_a_diagram_of_vectors_alone(
    tmp_path: Path, backbone: str
) -> None:
    coarsest, _, *finer = STRIDES[backbone]
    nets = [
        named("FCN-32s", backbone, [coarsest]),
        named("pool $x$ <b>", backbone, finer[:1]),
        named("late", backbone, [coarsest, *finer], streams=["color", "hha"]),
    ]
    plot(tmp_path, nets)
    svg = (tmp_path / "figure.svg").read_text("utf-8")
    assert "<image" not in svg and "<text" not in svg


def test_the_table_lists_every_map_of_every_net(tmp_path: Path) -> None:
    nets = [named("=FCN-32s", "vgg16", ["fc7"], padding=100), named("b", "vgg16", ["pool3"])]
    plot(tmp_path, nets, side=500)
    with open(tmp_path / "maps.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["net"] for row in rows} == {"'=FCN-32s", "b"}
    fc7 = next(row for row in rows if row["layer"] == "fc7")
    # As published: 16 x 16 cells of 404 pixels each.
    assert (fc7["size"], fc7["stride"], fc7["receptive_field"], fc7["offset"]) == (
        "16", "32", "404", "12.5",
    )  # fmt: skip


def test_nets_that_do_not_score_the_image_leave_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="image of 20 x 20 pixels: expected at least"):
        plot(tmp_path, [named("G", "googlenet", ["inception_5b/output"])], side=20)
    assert not list(tmp_path.iterdir())
