"""What folders of people's own images seem to hold, as tools and people lay them out."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.archives import BLACK, GREEN, RED, indexed, jpeg, label, png

from fcnlib.core.errors import InputError
from fcnlib.datasets.checks.check import check
from fcnlib.datasets.folder_layout import find_layout
from fcnlib.datasets.survey import Survey, survey

COLOURS = np.array([BLACK, RED, GREEN], np.uint8)


def folder(root: Path, masks: list[bytes], images: str = "images/{}.jpg", at: str = "") -> Path:
    """A folder of as many images; `at` is the pattern of the masks' names."""
    for number, mask in enumerate(masks):
        for place, content in ((images, jpeg((40 * number, 9, 9))), (at, mask)):
            path = root / place.format(f"p{number}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return root


def found(root: Path) -> Survey:
    """What is found, which the check takes as it is."""
    surveyed = survey(root, find_layout(root))
    errors = [str(x) for x in check(surveyed.dataset()).findings if x.level == "error"]
    assert errors == []
    return surveyed


def entry(root: Path) -> dict[str, Any]:
    return {key: value for key, value in found(root).entry.items() if value}


INDICES = [png(label(1)), png(label(2))] * 2


@pytest.mark.parametrize(
    ("images", "at", "expected"),
    [
        ("images/{}.jpg", "masks/{}.png", ("images", "masks")),
        ("JPEGImages/{}.jpg", "SegmentationClass/{}.png", ("JPEGImages", "SegmentationClass")),
        ("data/img/{}.jpg", "data/ann/{}.png", ("data/img", "data/ann")),
        ("photos/{}.jpg", "labels/{}_L.png", ("photos", "labels/*_L.png")),
        ("{}.jpg", "{}_mask.png", (".", "*_mask.png")),
        ("{}.jpg", "{}.png", ("*.jpg", "*.png")),
        ("all/{}.jpg", "all/{}-seg.png", ("all", "all/*-seg.png")),
    ],
)
def test_images_and_masks_are_found_by_their_names(tmp_path, images, at, expected):
    root = folder(tmp_path / "own", INDICES, images, at)
    (root / "classes.txt").write_text("a\nb\nc\n", "utf-8")
    got = entry(root)
    assert (got["images"], got["masks"], got["classes"]) == (*expected, "classes.txt")


def test_the_masks_of_classes_are_taken_of_an_export_of_voc_with_its_lists(tmp_path):
    root = folder(tmp_path / "own", INDICES, "JPEGImages/{}.jpg", "SegmentationClass/{}.png")
    folder(root, INDICES, "JPEGImages/{}.jpg", "SegmentationObject/{}.png")
    (root / "classes.txt").write_text("a\nb\nc\n", "utf-8")
    (root / "ImageSets/Segmentation").mkdir(parents=True)
    (root / "ImageSets/Segmentation/train.txt").write_text("p0\np1\n", "utf-8")
    got = entry(root)
    assert got["masks"] == "SegmentationClass"
    assert got["splits"] == {"train": "ImageSets/Segmentation/train.txt"}


@pytest.mark.parametrize(
    ("images", "at"),
    [("a/{}.png", "b/{}.png"), ("all/{}.png", "all/x{}.png"), ("images/{}.jpg", "images/x/q.png")],
)
def test_where_names_do_not_tell_masks_from_images_they_are_asked_for(tmp_path, images, at):
    root = folder(tmp_path / "own", INDICES, images, at)
    with pytest.raises(InputError, match="names; expected --images and --masks, each a folder or"):
        find_layout(root)
    assert find_layout(root, "x", "y*.png").masks == "y*.png"


def test_two_folders_of_masks_are_asked_about(tmp_path):
    root = folder(tmp_path / "own", INDICES, "images/{}.jpg", "masks/{}.png")
    folder(root, INDICES, "images/{}.jpg", "labels/{}.png")
    with pytest.raises(InputError, match="several may be of masks; expected --images and --masks"):
        find_layout(root)


def of_values(root: Path, *values: int, names: str = "") -> Path:
    """A folder whose masks hold these values in equal shares."""
    mask = np.resize(np.array(values, np.uint16), (12, 16))
    folder(root, [png(mask), png(mask[::-1].copy())] * 2, at="masks/{}.png")
    if names:
        (root / "classes.txt").write_text("\n".join(names), "utf-8")
    return root


@pytest.mark.parametrize(
    ("values", "names", "expected", "said"),
    [
        ((0, 1, 2), "abc", {"classes": "classes.txt"}, ""),
        ((0, 1, 255), "ab", {"classes": "classes.txt", "void": [255]}, ""),
        ((0, 1, 2, 11), "abc", {"classes": "classes.txt", "void": [11]}, "Value 11, on 2"),
        ((0, 255), "ab", {"ids": {0: "a", 255: "b"}}, "0 is a, 255 is b"),
        ((0, 255), "", {"ids": {0: "background", 255: "object"}}, "rename them"),
        ((1, 2, 3), "abc", {"ids": {1: "a", 2: "b", 3: "c"}}, "hold 1 to 3 and no 0: 1 is a"),
        ((7, 8, 300), "", {"ids": {7: "class 7", 8: "class 8", 300: "class 300"}}, "No list names"),
    ],
)
def test_values_are_laid_out_as_ids_or_void_and_it_is_said(tmp_path, values, names, expected, said):
    surveyed = found(of_values(tmp_path / "own", *values, names=names))
    got = {key: surveyed.entry.get(key) or None for key in ("classes", "ids", "void")}
    assert {key: value for key, value in got.items() if value} == expected
    assert said in " ".join(surveyed.assumed)


@pytest.mark.parametrize(
    ("values", "names", "message"),
    [
        (
            (0, 1, 5, 9),
            "ab",
            r"p0\.png: value 5; classes\.txt names 2 classes, and masks also",
        ),
        (tuple(range(90)), "", r"p0\.png: value 89, and 89 others in the masks; expected a few"),
        (tuple(range(0, 5000, 1)), "", "different indices up to this mask|others in the masks"),
    ],
)
def test_what_cannot_be_labels_is_refused_with_the_reason(tmp_path, values, names, message):
    root = of_values(tmp_path / "own", *values, names=names)
    with pytest.raises(InputError, match=message) as caught:
        survey(root, find_layout(root))
    assert "\n" not in str(caught.value)


def test_colours_are_named_by_the_tools_label_map(tmp_path):
    contents = [png(COLOURS[label(1)]), png(COLOURS[label(2)])] * 2
    root = folder(tmp_path / "own", contents, at="SegmentationClass/{}.png")
    surveyed = survey(root, find_layout(root))
    assert surveyed.entry["palette"] == {
        "class 0": [0, 0, 0],
        "class 1": [0, 255, 0],
        "class 2": [255, 0, 0],
    }
    assert "rename `class 0`" in " ".join(surveyed.assumed)
    (root / "labelmap.txt").write_text("a:0,0,0::\ncat:255,0,0::\nvoid:0,255,0::\n", "utf-8")
    got = entry(root)
    assert got["palette"] == "labelmap.txt" and got["void"] == ["void"]


def test_palettes_that_differ_are_read_by_colours(tmp_path):
    contents = [indexed(label(1), BLACK, RED, GREEN), indexed(label(2), GREEN, BLACK, RED)] * 2
    root = folder(tmp_path / "own", contents, at="masks/{}.png")
    (root / "labelmap.txt").write_text("a:0,0,0::\ncat:255,0,0::\ndog:0,255,0::\n", "utf-8")
    assert entry(root)["palette"] == "labelmap.txt"


def test_the_colours_of_voc_are_recognised(tmp_path):
    voc = np.array([BLACK, (128, 0, 0), (0, 128, 0)], np.uint8)
    contents = [png(voc[label(1)]), png(voc[label(2)])] * 2
    root = folder(tmp_path / "own", contents, at="masks/{}.png")
    (root / "class_names.txt").write_text("_background_\ncat\ndog\n", "utf-8")
    assert entry(root)["palette"] == "voc"


def test_drawings_of_labelme_beside_their_images(tmp_path):
    shapes = [{"label": name, "points": [[1, 1], [9, 1], [9, 9]]} for name in ("dog", "cat")]
    content = json.dumps({"shapes": shapes, "imageHeight": 12, "imageWidth": 16}).encode()
    root = folder(tmp_path / "own", [content] * 4, "{}.jpg", "{}.json")
    got = entry(root)
    assert got["masks"] == "*.json" and got["classes"] == ["_background_", "cat", "dog"]
    (root / "labels.txt").write_text("__ignore__\n_background_\ndog\ncat\n", "utf-8")
    assert entry(root)["classes"] == ["_background_", "dog", "cat"]
