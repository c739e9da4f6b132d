"""Masks as annotation tools write them, prepared and checked."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.archives import BLACK, GREEN, RED, indexed, jpeg, label, png
from PIL import Image

from fcnlib.config.schema_data import FolderDataset
from fcnlib.core.errors import InputError
from fcnlib.datasets.checks.check import check
from fcnlib.datasets.converters.registry import prepare
from fcnlib.datasets.reader import PreparedDataset

COLOURS = np.array([BLACK, RED, GREEN], np.uint8)
NAMES = {"ground": BLACK, "cat": RED, "dog": GREEN}
CVAT = "# label:color_rgb:parts:actions\nground:0,0,0::\ncat:255,0,0::\ndog:0,255,0::\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Four images, and no masks yet."""
    folder = tmp_path / "own"
    (folder / "images").mkdir(parents=True)
    (folder / "masks").mkdir()
    for number in range(4):
        (folder / f"images/p{number}.jpg").write_bytes(jpeg((40 * number, 9, 9)))
    return folder


def write(root: Path, *contents: bytes, suffix: str = ".png") -> None:
    """Masks of all images, in turn the contents."""
    for number in range(4):
        (root / f"masks/p{number}{suffix}").write_bytes(contents[number % len(contents)])


def labels(root: Path, **values: Any) -> list[list[int]]:
    """The classes found in each prepared label."""
    out = root.parent / "out"
    prepare({"converter": "folder", "path": root, **values}, [], out)
    data = PreparedDataset(out)
    return [np.unique(data.label(f"p{number}")).tolist() for number in range(4)]


def refused(root: Path, **values: Any) -> str:
    with pytest.raises(InputError) as caught:
        labels(root, **values)
    checked = check(FolderDataset.model_validate({"converter": "folder", "path": root, **values}))
    assert "\n" not in str(caught.value) and checked.failed
    return str(caught.value)


def rgba(mask: np.ndarray) -> bytes:
    alpha = np.full((*mask.shape, 1), 128, np.uint8)
    return png(np.concatenate([COLOURS[mask], alpha], axis=2))


@pytest.mark.parametrize(
    "palette",
    [[BLACK, RED, GREEN], NAMES, "labelmap.txt", "classes.csv", "label_colors.txt", "hex.txt"],
)
def test_masks_in_colours_are_read_by_the_palette_of_any_form(root, palette):
    (root / "labelmap.txt").write_text(CVAT, "utf-8")
    (root / "classes.csv").write_text(
        "name,r,g,b\nground,0,0,0\ncat, 255, 0, 0\ndog,0,255,0\n", "utf-8"
    )
    (root / "label_colors.txt").write_text("0 0 0 ground\n255 0 0 cat\n0 255 0\tdog\n", "utf-8")
    (root / "hex.txt").write_text("ground #000000\ncat #ff0000\ndog #00FF00\n", "utf-8")
    one, two = label(1), label(2)
    contents = (png(COLOURS[one]), rgba(two), indexed(label(1), GREEN, BLACK, RED))
    write(root, contents[0], contents[1], contents[2])
    classes = {"classes": list(NAMES)} if isinstance(palette, list) else {}
    assert labels(root, palette=palette, **classes) == [[0, 1], [0, 2], [0, 2], [0, 1]]
    info = PreparedDataset(root.parent / "out").info
    assert info.tasks["semantic"] == tuple(NAMES)
    assert info.palette["semantic"] == (BLACK, RED, GREEN)


def test_the_order_of_classes_is_that_of_their_own_list(root):
    write(root, png(COLOURS[label(1)]), png(COLOURS[label(2)]))
    found = labels(root, palette=NAMES, classes=["dog", "cat", "ground"])
    assert found == [[1, 2], [0, 2], [1, 2], [0, 2]]


def test_a_colour_that_the_palette_lacks_is_named_with_file_and_pixel(root):
    wrong = COLOURS[label(1)].copy()
    wrong[7, 3] = (254, 1, 0)
    write(root, png(COLOURS[label(2)]), png(COLOURS[label(1)]))
    (root / "masks/p1.png").write_bytes(png(wrong))
    told = refused(root, palette=NAMES)
    assert told.endswith(
        "p1.png: colour (254, 1, 0) at row 7, column 3; expected one of the 3 colours of "
        "`palette` and void"
    )
    result = check(FolderDataset(converter="folder", path=root, palette=NAMES))
    (finding,) = (each for each in result.findings if each.level == "error")
    assert finding.value == "(254, 1, 0) first at row 7, column 3 (1 pixels)"


def test_colours_and_classes_may_be_void(root):
    write(root, png(COLOURS[label(1)]), png(COLOURS[label(2)]))
    two = {"ground": BLACK, "cat": RED}
    assert labels(root, palette=two, void=[GREEN]) == [[0, 1], [0, 255], [0, 1], [0, 255]]
    assert labels(root, palette=NAMES, void=["cat"]) == [[0, 255], [0, 1], [0, 255], [0, 1]]
    assert PreparedDataset(root.parent / "out").info.tasks["semantic"] == ("ground", "dog")
    write(root, png(label(1)), png(label(2)))
    classes = list(NAMES)
    assert labels(root, classes=classes, void=["cat"]) == [[0, 255], [0, 1], [0, 255], [0, 1]]


def test_the_colours_of_voc_have_a_name(root):
    voc = np.array([BLACK, (128, 0, 0), (0, 128, 0), (224, 224, 192)], np.uint8)
    edged = label(2)
    edged[0] = 3
    write(root, png(voc[label(1)]), png(voc[edged]))
    assert labels(root, palette="voc", classes=list(NAMES))[:2] == [[0, 1], [0, 2, 255]]


def test_values_may_have_names_and_several_of_them_one_class(root):
    def of(**values: int) -> bytes:
        return png(np.array([*values.values()], np.uint16)[label(1) + label(2) // 2])

    write(root, of(a=7, b=8, c=300), of(a=7, b=300, c=8))
    ids = {7: "road", 8: "pavement", "300": "road"}
    assert {x for each in labels(root, ids=ids) for x in each} == {0, 1}
    info = PreparedDataset(root.parent / "out").info
    assert info.tasks["semantic"] == ("road", "pavement")


def test_0_and_255_are_two_classes_where_ids_name_them(root):
    write(root, png(label(255)))
    values = {"ids": {0: "background", 255: "object"}}
    assert labels(root, **values) == [[0, 1]] * 4
    assert not check(FolderDataset(converter="folder", path=root, **values)).findings


def test_a_value_below_0_may_be_void(root):
    mask = label(1).astype(np.int32)
    mask[0] = -1
    for number in range(4):
        Image.fromarray(mask).save(root / f"masks/p{number}.tif")
    assert labels(root, classes=["a", "b"], void=[-1]) == [[0, 1, 255]] * 4


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"ids": {0: "a", 1: "b"}}, "p1.png: value 2 at row 2, column 3; expected 0..1 or void"),
        ({"ids": {0: "a", 7: "b"}}, "p0.png: value 1 at row 2, column 3; expected 0, 7 or void"),
        ({"ids": {0: "a", 1: "b"}, "classes": ["a", "c"]}, "ids: 'b' is no class"),
        ({"ids": {0: "a", 1: "b"}, "void": [1]}, "void: 1 is 'b' in `ids`"),
        ({"classes": ["a", "b", "c"], "void": ["d"]}, "void: 'd' is no class"),
        ({"classes": ["a", "b", "c"], "void": [[1, 2, 3]]}, "(1, 2, 3) is a colour; expected `pal"),
        ({"classes": ["a"], "void": ["a"]}, "no class, as all are void"),
        ({"palette": {"a": RED, "b": RED}}, "palette: colour (255, 0, 0) twice"),
        ({"palette": {"a": RED}, "classes": ["a", "b"]}, "palette: no colour of class 'b'"),
        ({"palette": "gone.txt"}, "gone.txt: no such file"),
        ({"palette": "bad.txt"}, "bad.txt: line 2: 'road'; expected a class and its colour"),
        ({"palette": "far.txt"}, "far.txt: line 1: colour (300, 0, 0); expected bytes"),
        ({"classes": [f"c{i}" for i in range(300)]}, "classes: 300 classes, expected 1 to 255"),
        ({"masks": "images"}, "images and masks in one place; expected a folder of each"),
    ],
)
def test_what_cannot_be_meant_is_one_line(root, values, message):
    (root / "bad.txt").write_text("ground:0,0,0\nroad\n", "utf-8")
    (root / "far.txt").write_text("ground:300,0,0\n", "utf-8")
    write(root, png(label(1)), png(label(2)))
    assert message in refused(root, **values)


def test_masks_beside_images_are_told_apart_by_patterns(root):
    write(root, png(label(1)), png(label(2)))
    for number in range(4):
        (root / f"masks/p{number}.png").rename(root / f"images/p{number}_mask.png")
    Image.new("RGB", (16, 12)).save(root / "images/p0.png")
    (root / "images/p0.jpg").unlink()
    (root / "train.txt").write_text("p0\np1.jpg\n", "utf-8")
    (root / "val.txt").write_text("images/p2.jpg\np3\n", "utf-8")
    values = {"classes": list(NAMES), "splits": {"train": "train.txt", "val": "val.txt"}}
    found = labels(root, images="images", masks="images/*_mask.png", **values)
    assert found == [[0, 1], [0, 2], [0, 1], [0, 2]]


def test_lossy_masks_in_colours_are_refused(root):
    write(root, png(COLOURS[label(1)]), png(COLOURS[label(2)]))
    Image.fromarray(COLOURS[label(1)]).save(root / "masks/p1.png", "JPEG")
    assert "JPEG inside, which changes" in refused(root, palette=NAMES)


def drawing(*shapes: dict[str, Any], size: tuple[int, int] = (12, 16)) -> bytes:
    content = {"imagePath": "x.jpg", "imageHeight": size[0], "imageWidth": size[1]}
    return json.dumps({**content, "shapes": shapes, "flags": {}}).encode()


def shape(name: str, *points: tuple[float, float], kind: str = "polygon", **more: Any) -> dict:
    return {"label": name, "points": points, "shape_type": kind, **more}


def png_in_base_64(mode: str) -> str:
    file = io.BytesIO()
    Image.new(mode, (2, 2)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def test_shapes_of_labelme_are_drawn_one_over_the_other(root):
    file = io.BytesIO()
    Image.fromarray(np.array([[1, 0], [1, 1]], np.uint8)).save(file, "PNG")  # as labelme writes it
    content = drawing(
        shape("cat", (1, 1), (14, 1), (14, 10), (1, 10)),
        shape("dog", (3, 3), (5, 5), kind="rectangle"),
        shape("__ignore__", (8, 3), (9, 4), kind="rectangle"),
        shape(
            "ground", (11, 7), (12, 8), kind="mask", mask=base64.b64encode(file.getvalue()).decode()
        ),
    )
    write(root, content, suffix=".json")
    classes = ["ground", "cat", "dog", "_background_"]
    prepare(
        {"converter": "folder", "path": root, "masks": "masks/*.json", "classes": classes},
        [],
        root.parent / "out",
    )
    found = PreparedDataset(root.parent / "out").label("p0")
    assert found[0, 0] == 3 and found[1, 1] == found[10, 14] == 1
    assert (found[3:6, 3:6] == 2).all() and (found == 2).sum() == 9
    assert (found == 255).sum() == 4
    assert found[7:9, 11:13].tolist() == [[0, 1], [0, 0]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (drawing(shape("cow", (1, 1), (5, 1), (5, 5))), "shapes.0.label: 'cow' is no class"),
        (drawing(shape("cat", (1, 1), (5, 1))), "shapes.0.points: 2; expected more of a polygon"),
        (drawing(shape("cat", (1, 1), (5, 1), kind="star")), "shapes.0.shape_type"),
        (drawing(shape("cat", (1, 1), (9, 9), kind="mask", mask="?")), "not in base 64"),
        (
            drawing(shape("cat", (1, 1), (9, 9), kind="mask", mask=png_in_base_64("RGB"))),
            "shapes.0.mask: of RGB; expected a PNG of one channel",
        ),
        (drawing(size=(12, 15)), "15 x 12 pixels, but its image"),
        (b"{", "no JSON; expected a file of labelme"),
        (b"[]", "expected a file of labelme"),
    ],
)
def test_a_bad_file_of_labelme_is_named(root, content, message):
    good = drawing(shape("cat", (1, 1), (5, 1), (5, 5)))
    write(root, good, suffix=".json")
    (root / "masks/p2.json").write_bytes(content)
    told = refused(root, masks="masks/*.json", classes=["background", "cat"])
    assert "p2.json" in told and message in told
