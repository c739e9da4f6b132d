"""The reader: what it gives back, and how it names what is wrong."""

import json
from pathlib import Path

import numpy as np
import pytest
from fixtures.archives import label, png
from fixtures.prepared import TASKS, fill

from fcnlib.core.errors import InputError
from fcnlib.datasets.hha.encode import Camera
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.writer import dataset_writer


def test_the_reader_gives_back_what_was_put_in(things):
    data = PreparedDataset(things)
    assert data.ids("train") == ["b", "a"] and data.ids("val") == ["c"]
    image, truth = data.pair("b")
    assert image.dtype == truth.dtype == np.uint8
    assert (image == (200, 150, 30)).all() and image.shape == (12, 16, 3)
    assert (truth == label(1)).all()
    assert data.size("b") == (12, 16)


def test_the_arrays_may_be_written_to(things):
    image, truth = PreparedDataset(things).pair("a")
    image += 1
    truth += 1


def test_the_info_counts_and_averages_the_training_split(things):
    info = PreparedDataset(things).info
    assert info.name == "things" and info.void == 255 and info.depth_unit is None
    assert info.tasks == {"semantic": ("ground", "thing", "other")}
    assert info.palette == {"semantic": ((0, 0, 0), (128, 0, 0), (0, 128, 0))}
    assert info.means == {"train": {"rgb": (150, 100, 15)}, "val": {"rgb": (0, 0, 255)}}
    assert info.splits == {"train": 2, "val": 1}


def test_an_unknown_split_or_id_names_the_known(things):
    with pytest.raises(InputError, match=r"things: no split 'test'; known: train, val"):
        PreparedDataset(things).ids("test")
    with pytest.raises(InputError, match=r"things: no file for ID 'z'"):
        PreparedDataset(things).image("z")


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("dataset.json", None, r"things: no dataset\.json in it; prepare it again"),
        ("dataset.json", b"{", r"dataset\.json: file: Invalid JSON"),
        ("dataset.json", b'{"name": 5}', r"dataset\.json: name: Input should be"),
        ("splits/val.txt", None, r"splits/val\.txt: no such file"),
        ("splits/val.txt", b"", r"splits/val\.txt: empty split"),
        ("splits/val.txt", b"\xff\xfe", r"splits/val\.txt: not a text file"),
        ("splits/val.txt", b"c\na\n", r"splits/val\.txt: 2 IDs, but dataset\.json lists 1"),
        ("splits/val.txt", b"z\n", r"splits/val\.txt: no image file for z"),
        ("images/c.png", None, r"splits/val\.txt: no image file for c"),
        ("labels/semantic/c.png", None, r"splits/val\.txt: no semantic label file for c"),
    ],
)
def test_a_folder_that_lacks_something_does_not_open(things, file, content, message):
    (things / file).unlink()
    if content is not None:
        (things / file).write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        PreparedDataset(things)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tasks": {}}, "expected at least one task and one split"),
        ({"splits": {}}, "expected at least one task and one split"),
        ({"palette": {}}, "semantic: expected 1 to 255 classes with a colour each"),
        ({"tasks": {"semantic": []}}, "semantic: expected 1 to 255 classes"),
        ({"palette": {"semantic": [[0, 0, 0], [1, 1, 1], [1, 1, 300]]}}, r"palette\.semantic"),
        ({"means": {"train": {"rgb": [1, 2, 3]}}}, "val: expected the mean of each channel"),
        ({"means": {"train": {"rgb": [1]}, "val": {"rgb": [1]}}}, "train: expected the mean of"),
        ({"means": {"train": {"rgb": [1, 2, float("nan")]}}}, r"means\.train\.rgb\.2: "),
        ({"inputs": ["rgb", "depth"]}, "train: expected the mean of each channel of each input"),
        ({"void": 0}, "void: Input should be 255"),
    ],
)
def test_parts_of_the_info_that_do_not_fit_are_named(things, change, message):
    info = json.loads((things / "dataset.json").read_text("utf-8"))
    (things / "dataset.json").write_text(json.dumps(info | change), "utf-8")
    with pytest.raises(InputError, match=rf"dataset\.json: .*{message}") as caught:
        PreparedDataset(things)
    assert "\n" not in str(caught.value)


def test_another_folder_is_no_data_set(tmp_path):
    with pytest.raises(InputError, match=r"dataset\.json: no such file; expected a prepared"):
        PreparedDataset(tmp_path)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("images/c.png", png(label(1))[:60], r"images/c\.png: damaged or cut short"),
        ("images/c.png", b"hello", r"images/c\.png: not an image"),
        ("images/c.png", b"", r"images/c\.png: not an image"),
        ("images/c.png", png(label(1, (9, 9))), r"c\.png: 16 x 12 pixels, but .* has 9 x 9"),
        ("labels/semantic/c.png", b"hello", r"semantic/c\.png: not an image"),
        ("labels/semantic/c.png", png(label(3)), r"c\.png: value 3 at row 2, column 3; .*0\.\.2"),
        (
            "labels/semantic/c.png",
            png(np.zeros((12, 16, 3), np.uint8)),
            r"semantic/c\.png: is RGB, expected 8-bit class indices",
        ),
        (
            "labels/semantic/c.png",
            png(np.zeros((12, 16), np.uint16)),
            r"semantic/c\.png: is I;16, expected 8-bit class indices",
        ),
    ],
)
def test_a_file_that_was_spoilt_later_is_named(things, file, content, message):
    (things / file).write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        PreparedDataset(things).pair("c")
    assert "\n" not in str(caught.value)


@pytest.fixture
def depth_root(tmp_path: Path) -> Path:
    """A data set with depth, of which a column is missing in image b."""
    with dataset_writer(
        tmp_path / "rooms", tasks=TASKS, camera=Camera(500.0, 501.0, 8.0, 6.0)
    ) as writer:
        fill(writer)
        for number, id in enumerate("abc"):
            missing = np.zeros((12, 16), bool)
            missing[:, 3] = id == "b"
            writer.add_depth(
                id, np.full((12, 16), 1000 * 2**number, np.uint16), missing, f"{id}.mat"
            )
    return tmp_path / "rooms"


def test_depth_comes_back_in_millimetres_with_what_was_missing(depth_root):
    data = PreparedDataset(depth_root)
    assert data.inputs == ("rgb", "depth") and data.info.depth_unit == "mm"
    assert data.info.camera == (500.0, 501.0, 8.0, 6.0)
    assert data.depth("b").dtype == np.uint16 and (data.depth("b") == 2000).all()
    assert data.missing("b")[:, 3].all() and data.missing("b").sum() == 12
    assert not data.missing("a").any()
    assert data.mean("depth", "train") == pytest.approx((np.log(1000 * 2000) / 2,))


def test_a_sample_holds_what_a_net_sees(depth_root):
    seen, labels = PreparedDataset(depth_root).sample("b", ["rgb", "depth"], ["semantic"])
    assert seen.shape == (4, 12, 16) and seen.dtype == np.int32
    assert seen[:, 0, 0].tolist() == [200, 150, 30, 2000]
    assert (labels["semantic"] == label(1)).all()
    assert PreparedDataset(depth_root).stack("b", ["rgb"]).dtype == np.uint8


def test_hha_counts_once_it_is_complete(depth_root):
    without = PreparedDataset(depth_root)
    with pytest.raises(InputError, match=r"rooms: no hha in it; it has rgb, depth"):
        without.stack("a", ["rgb", "hha"])
    with pytest.raises(InputError, match=r"rooms: no hha in it"):
        without.mean("hha", "train")
    (depth_root / "hha").mkdir()
    for id in "abc":
        (depth_root / f"hha/{id}.png").write_bytes(png(np.full((12, 16, 3), (9, 8, 7), np.uint8)))
    means = {"train": [9, 8, 7], "val": [9, 8, 7]}
    info = {"images": 3, "means": means, "digest": "abc"}
    (depth_root / "hha.json").write_text(json.dumps(info), "utf-8")
    data = PreparedDataset(depth_root)
    assert data.inputs == ("rgb", "depth", "hha") and data.mean("hha", "val") == (9, 8, 7)
    assert data.stack("a", ["hha", "rgb"])[:, 0, 0].tolist() == [9, 8, 7, 100, 50, 0]
    assert data.digest(["rgb"]) == without.digest(["rgb"]) != data.digest(["rgb", "hha"])


def test_depth_that_was_spoilt_later_is_named(depth_root):
    (depth_root / "depth/c.png").write_bytes(png(np.zeros((12, 16), np.uint8)))
    with pytest.raises(InputError, match=r"depth/c\.png: is L, expected 16-bit depth in milli"):
        PreparedDataset(depth_root).depth("c")
    (depth_root / "depth/c.png").write_bytes(png(np.ones((9, 9), np.uint16)))
    with pytest.raises(InputError, match=r"depth/c\.png: 9 x 9 pixels, but .* 16 x 12"):
        PreparedDataset(depth_root).stack("c", ["rgb", "depth"])
    (depth_root / "depth/c.png").unlink()
    with pytest.raises(InputError, match=r"splits/val\.txt: no depth file for c"):
        PreparedDataset(depth_root)
