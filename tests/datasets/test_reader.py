import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fixtures.archives import jpeg, label, png
from PIL import Image

from fcnlib.core.errors import InputError
from fcnlib.datasets.hha.encode import Camera
from fcnlib.datasets.images import voc_palette
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.writer import DatasetWriter, dataset_writer

TASKS = {"semantic": ["ground", "thing", "other"]}


def fill(draft: DatasetWriter) -> None:
    for id, colour in {"a": (100, 50, 0), "b": (200, 150, 30), "c": (0, 0, 255)}.items():
        draft.add_image(id, png(np.full((12, 16, 3), colour, np.uint8)), f"{id}.png")
        draft.add_label(id, label(1), f"{id}-label.png")
    draft.add_split("train", ["b", "a"])
    draft.add_split("val", ["c"])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    with dataset_writer(tmp_path / "things", tasks=TASKS) as draft:
        fill(draft)
    return tmp_path / "things"


def test_the_reader_gives_back_what_was_put_in(root):
    data = PreparedDataset(root)
    assert data.ids("train") == ["b", "a"] and data.ids("val") == ["c"]
    image, truth = data.pair("b")
    assert image.dtype == truth.dtype == np.uint8
    assert (image == (200, 150, 30)).all() and image.shape == (12, 16, 3)
    assert (truth == label(1)).all()
    assert data.size("b") == (12, 16)


def test_the_arrays_may_be_written_to(root):
    image, truth = PreparedDataset(root).pair("a")
    image += 1
    truth += 1


def test_the_info_counts_and_averages_the_training_split(root):
    info = PreparedDataset(root).info
    assert info.name == "things" and info.void == 255 and info.depth_unit is None
    assert info.tasks == {"semantic": ("ground", "thing", "other")}
    assert info.palette == {"semantic": ((0, 0, 0), (128, 0, 0), (0, 128, 0))}
    assert info.means == {"train": {"rgb": (150, 100, 15)}, "val": {"rgb": (0, 0, 255)}}
    assert info.splits == {"train": 2, "val": 1}


def test_labels_are_palette_pngs_with_the_voc_colours(root):
    with Image.open(root / "labels/semantic/a.png") as image:
        assert image.mode == "P"
        assert image.getpalette() == [value for colour in voc_palette() for value in colour]


def test_the_voc_palette_is_the_official_one():
    palette = voc_palette()
    assert palette[:4] == ((0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0))
    assert palette[15] == (192, 128, 128) and palette[20] == (0, 64, 128)
    assert palette[255] == (224, 224, 192)


def test_the_digest_sees_pixels_and_lists_but_not_compression(tmp_path, root):
    digest = PreparedDataset(root).info.digest

    def digest_of(change) -> str:
        with dataset_writer(tmp_path / "things", tasks=TASKS) as draft:
            fill(draft)
            change(draft)
        return PreparedDataset(tmp_path / "things").info.digest

    assert digest_of(lambda draft: None) == digest
    same = Image.fromarray(np.full((12, 16, 3), (0, 0, 255), np.uint8))
    same.save(tmp_path / "c.png", compress_level=0)
    content = (tmp_path / "c.png").read_bytes()
    assert digest_of(lambda draft: draft.add_image("c", content, "c")) == digest
    assert digest_of(lambda draft: draft.add_image("c", jpeg((0, 0, 254)), "c")) != digest
    assert digest_of(lambda draft: draft.add_label("c", label(2), "c")) != digest
    assert digest_of(lambda draft: draft.add_split("val", ["a", "c"])) != digest


def test_a_jpeg_stays_byte_for_byte_and_others_become_rgb(tmp_path):
    grey = np.arange(192, dtype=np.uint8).reshape(12, 16)
    pictures = {
        "jpeg": jpeg((1, 2, 3)),
        "grey": png(grey),
        "alpha": png(np.dstack([grey, grey, grey, np.full_like(grey, 255)])),
        "deep": png(grey.astype(np.uint16) * 256 + 7),
    }
    with dataset_writer(tmp_path / "out", tasks=TASKS) as draft:
        for id, content in pictures.items():
            draft.add_image(id, content, id)
            draft.add_label(id, label(1), id)
        draft.add_split("train", pictures)
    data = PreparedDataset(tmp_path / "out")
    assert data.image_path("jpeg").read_bytes() == pictures["jpeg"]
    assert data.image_path("grey").read_bytes() == pictures["grey"]
    for id in ("grey", "alpha", "deep"):
        assert (data.image(id) == grey[:, :, None]).all()


def test_several_tasks_have_labels_of_their_own(tmp_path):
    with dataset_writer(
        tmp_path / "out", tasks={"semantic": ["a", "b"], "geometric": ["x"]}
    ) as draft:
        draft.add_image("1", jpeg((1, 2, 3)), "1")
        draft.add_label("1", label(1), "1")
        draft.add_label("1", label(255), "1", task="geometric")
        draft.add_split("train", ["1"])
    data = PreparedDataset(tmp_path / "out")
    assert set(np.unique(data.label("1", "geometric"))) == {0, 255}
    with pytest.raises(InputError, match="no task 'depth'; known: semantic, geometric"):
        data.label("1", "depth")


def test_an_unknown_split_or_id_names_the_known(root):
    with pytest.raises(InputError, match=r"things: no split 'test'; known: train, val"):
        PreparedDataset(root).ids("test")
    with pytest.raises(InputError, match=r"things: no file for ID 'z'"):
        PreparedDataset(root).image("z")


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("dataset.json", None, r"things: no dataset\.json in it; prepare it again"),
        ("dataset.json", b"{", r"dataset\.json: file: Invalid JSON"),
        ("dataset.json", b'{"name": 5}', r"dataset\.json: name: Input should be"),
        ("splits/val.txt", None, r"splits/val\.txt: No such file"),
        ("splits/val.txt", b"", r"splits/val\.txt: empty split"),
        ("splits/val.txt", b"\xff\xfe", r"splits/val\.txt: not a text file"),
        ("splits/val.txt", b"c\na\n", r"splits/val\.txt: 2 IDs, but dataset\.json says 1"),
        ("splits/val.txt", b"z\n", r"splits/val\.txt: no image file for z"),
        ("images/c.png", None, r"splits/val\.txt: no image file for c"),
        ("labels/semantic/c.png", None, r"splits/val\.txt: no semantic label file for c"),
    ],
)
def test_a_folder_that_lacks_something_does_not_open(root, file, content, message):
    (root / file).unlink()
    if content is not None:
        (root / file).write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        PreparedDataset(root)
    assert "\n" not in str(caught.value)


def test_another_folder_is_no_data_set(tmp_path):
    with pytest.raises(InputError, match=r"dataset\.json: no such file; is this a prepared"):
        PreparedDataset(tmp_path)


@pytest.mark.parametrize(
    "files",
    [
        ["thesis.tex"],
        ["images/a.jpg", "labels/a.png"],
        ["dataset.json", "imagesTr/a.jpg"],
        ["dataset.json", "images/a.png", "labels/a.png", "splits/train.txt", "thesis.tex"],
    ],
)
def test_a_folder_that_holds_anything_else_is_not_replaced(tmp_path, files):
    for file in files:
        (tmp_path / "out" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / file).touch()
    before = set(tmp_path.rglob("*"))
    with (
        pytest.raises(InputError, match=r"out: holds .*, which would be deleted; expected a new"),
        dataset_writer(tmp_path / "out", tasks=TASKS) as draft,
    ):
        fill(draft)
    assert set(tmp_path.rglob("*")) == before


def test_an_earlier_data_set_is_replaced_also_without_its_info(tmp_path, root):
    (root / "splits" / "old.txt").touch()
    (root / "dataset.json").unlink()
    with dataset_writer(root, tasks=TASKS) as draft:
        fill(draft)
    assert {path.name for path in (root / "splits").iterdir()} == {"train.txt", "val.txt"}
    with dataset_writer(root, tasks=TASKS) as draft:
        fill(draft)
    (tmp_path / "empty").mkdir()
    with dataset_writer(tmp_path / "empty", tasks=TASKS) as draft:
        fill(draft)
    assert PreparedDataset(tmp_path / "empty").ids("val") == ["c"]


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
def test_a_file_that_was_spoilt_later_is_named(root, file, content, message):
    (root / file).write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        PreparedDataset(root).pair("c")
    assert "\n" not in str(caught.value)


DEPTH = np.full((12, 16), 1500, np.uint16)


def only_an_image(draft: DatasetWriter) -> None:
    draft.add_image("d", png(label(0)), "d.png")
    draft.add_split("test", ["d"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda draft: draft.splits.clear(), "out: no split"),
        (lambda draft: draft.add_split("test", []), "out: split test: empty"),
        (lambda draft: draft.add_split("test", ["a", "z"]), "out: split test: no image for z"),
        (lambda draft: draft.add_split("test", "yxz"), r"no image for y \(and 2 more\)"),
        (lambda draft: draft.add_split("test", ["a", "a"]), "out: split test: lists a twice"),
        (only_an_image, "split test: no semantic label for d"),
        (lambda draft: draft.add_depth("a", DEPTH, None, "a.mat"), "split train: no depth for b"),
        (lambda draft: draft.add_label("a", label(9), "mine.png"), r"mine\.png: value 9 at row 2"),
        (lambda draft: draft.add_label("a", label(1, (9, 9)), "mine.png"), r"mine\.png: 9 x 9"),
    ],
)
def test_parts_that_do_not_fit_leave_nothing(tmp_path, change, message):
    with (
        pytest.raises(InputError, match=message),
        dataset_writer(tmp_path / "out", tasks=TASKS) as draft,
    ):
        fill(draft)
        change(draft)
    assert list(tmp_path.iterdir()) == []


def test_the_sources_are_named_with_their_checksums(tmp_path):
    (tmp_path / "a.tar").write_bytes(b"abc")
    with dataset_writer(tmp_path / "out", tasks=TASKS, archives=[tmp_path / "a.tar"]) as draft:
        fill(draft)
    (source,) = json.loads((tmp_path / "out/dataset.json").read_text())["sources"]
    assert source["file"] == "a.tar" and source["sha256"].startswith("ba7816bf8f01cfea")


def test_other_counts_than_published_are_an_error(tmp_path):
    with (
        pytest.raises(InputError, match="out: split train: 2 images, expected the published 3"),
        dataset_writer(tmp_path / "out", tasks=TASKS, counts={"train": 3}) as draft,
    ):
        fill(draft)
    with (
        pytest.raises(InputError, match="counts: no split 'test'; expected one of: train, val"),
        dataset_writer(tmp_path / "out", tasks=TASKS, counts={"test": 3}) as draft,
    ):
        fill(draft)
    with dataset_writer(tmp_path / "out", tasks=TASKS, counts={"train": 2, "val": 1}) as draft:
        fill(draft)


INTERRUPTED = """if True:
    import os, signal, sys
    from pathlib import Path
    import numpy as np
    from fixtures.archives import label, png
    from fcnlib.datasets.writer import dataset_writer
    here = Path(sys.argv[1])
    tasks = {"semantic": ["a", "b"]}
    with dataset_writer(here / "out", tasks=tasks, archives=[here / "a.tar"]) as draft:
        draft.add_image("a", png(np.zeros((12, 16, 3), np.uint8)), "a.png")
        draft.add_depth("a", np.full((12, 16), 1500, np.uint16), None, "a.png")
        draft.add_label("a", label(1), "a.png")
        draft.add_split("train", ["a", "b"])
        os.kill(os.getpid(), signal.SIGKILL)
"""


def rest(draft: DatasetWriter, *, all_of_it: bool) -> None:
    """What the interrupted conversion had not stored."""
    draft.add_split("train", ["a", "b"])
    for id in "ab" if all_of_it else "b":
        draft.add_image(id, png(np.zeros((12, 16, 3), np.uint8)), f"{id}.png")
        draft.add_depth(id, DEPTH, None, f"{id}.png")
        draft.add_label(id, label(1), f"{id}.png")


def test_an_interrupted_conversion_goes_on_and_gives_the_same(tmp_path):
    here = Path(__file__).parent
    (tmp_path / "a.tar").write_bytes(b"abc")
    values = {"tasks": {"semantic": ["a", "b"]}, "archives": [tmp_path / "a.tar"]}
    command = [sys.executable, "-c", INTERRUPTED, str(tmp_path)]
    assert subprocess.run(command, cwd=here, check=False).returncode == -signal.SIGKILL
    with dataset_writer(tmp_path / "out", **values) as draft:
        for kind in ("image", "depth", "labels/semantic"):
            assert draft.has(kind, "a") and not draft.has(kind, "b")
        rest(draft, all_of_it=False)
    with dataset_writer(tmp_path / "calm", **values) as draft:
        assert not draft.has("image", "a")
        rest(draft, all_of_it=True)
    resumed, calm = (PreparedDataset(tmp_path / name) for name in ("out", "calm"))
    assert resumed.info == calm.info.model_copy(update={"name": "out"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar", "calm", "out"]
    assert not (tmp_path / "out/journal.jsonl").exists()


def test_two_processes_do_not_prepare_the_same(tmp_path):
    (tmp_path / "a.tar").write_bytes(b"abc")
    values = {"tasks": TASKS, "archives": [tmp_path / "a.tar"]}
    with dataset_writer(tmp_path / "out", **values) as draft:
        message = rf"^{tmp_path}/out: another process is writing it; wait for its end$"
        with pytest.raises(InputError, match=message), dataset_writer(tmp_path / "out", **values):
            pass
        fill(draft)
    assert PreparedDataset(tmp_path / "out").ids("val") == ["c"]


def test_what_was_stored_of_another_archive_is_not_taken(tmp_path):
    (tmp_path / "a.tar").write_bytes(b"abc")
    command = [sys.executable, "-c", INTERRUPTED, str(tmp_path)]
    subprocess.run(command, cwd=Path(__file__).parent, check=False)
    (tmp_path / "a.tar").write_bytes(b"abd")
    values = {"tasks": {"semantic": ["a", "b"]}, "archives": [tmp_path / "a.tar"]}
    with dataset_writer(tmp_path / "out", **values) as draft:
        assert not draft.has("image", "a")
        rest(draft, all_of_it=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar", "out"]


@pytest.fixture
def depth_root(tmp_path: Path) -> Path:
    """A data set with depth, of which a column is missing in image b."""
    with dataset_writer(
        tmp_path / "rooms", tasks=TASKS, camera=Camera(500.0, 501.0, 8.0, 6.0)
    ) as draft:
        fill(draft)
        for number, id in enumerate("abc"):
            missing = np.zeros((12, 16), bool)
            missing[:, 3] = id == "b"
            draft.add_depth(
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
    (depth_root / "hha.json").write_text(json.dumps(info))
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
