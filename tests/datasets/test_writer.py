"""The writer: what is stored, what is refused, and that it is all or nothing."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fixtures.archives import jpeg, label, png
from fixtures.prepared import TASKS, fill
from PIL import Image

from fcnlib.core.errors import InputError
from fcnlib.datasets.images import voc_palette
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.writer import DatasetWriter, dataset_writer


def test_labels_are_palette_pngs_with_the_voc_colours(things):
    with Image.open(things / "labels/semantic/a.png") as image:
        assert image.mode == "P"
        assert image.getpalette() == [value for colour in voc_palette() for value in colour]


def test_the_digest_sees_pixels_and_lists_but_not_compression(tmp_path, things):
    digest = PreparedDataset(things).info.digest

    def digest_of(change) -> str:
        with dataset_writer(tmp_path / "again", tasks=TASKS) as writer:
            fill(writer)
            change(writer)
        digest = PreparedDataset(tmp_path / "again").info.digest
        shutil.rmtree(tmp_path / "again")
        return digest

    assert digest_of(lambda writer: None) == digest
    same = Image.fromarray(np.full((12, 16, 3), (0, 0, 255), np.uint8))
    same.save(tmp_path / "c.png", compress_level=0)
    content = (tmp_path / "c.png").read_bytes()
    assert digest_of(lambda writer: writer.add_image("c", content, "c")) == digest
    assert digest_of(lambda writer: writer.add_image("c", jpeg((0, 0, 254)), "c")) != digest
    assert digest_of(lambda writer: writer.add_label("c", label(2), "c")) != digest
    assert digest_of(lambda writer: writer.add_split("val", ["a", "c"])) != digest


def test_a_jpeg_stays_byte_for_byte_and_others_become_rgb(tmp_path):
    grey = np.arange(192, dtype=np.uint8).reshape(12, 16)
    pictures = {
        "jpeg": jpeg((1, 2, 3)),
        "grey": png(grey),
        "alpha": png(np.dstack([grey, grey, grey, np.full_like(grey, 255)])),
        "deep": png(grey.astype(np.uint16) * 256 + 7),
    }
    with dataset_writer(tmp_path / "out", tasks=TASKS) as writer:
        for id, content in pictures.items():
            writer.add_image(id, content, id)
            writer.add_label(id, label(1), id)
        writer.add_split("train", pictures)
    data = PreparedDataset(tmp_path / "out")
    assert data.image_path("jpeg").read_bytes() == pictures["jpeg"]
    assert data.image_path("grey").read_bytes() == pictures["grey"]
    for id in ("grey", "alpha", "deep"):
        assert (data.image(id) == grey[:, :, None]).all()


def test_several_tasks_have_labels_of_their_own(tmp_path):
    with dataset_writer(
        tmp_path / "out", tasks={"semantic": ["a", "b"], "geometric": ["x"]}
    ) as writer:
        writer.add_image("1", jpeg((1, 2, 3)), "1")
        writer.add_label("1", label(1), "1")
        writer.add_label("1", label(255), "1", task="geometric")
        writer.add_split("train", ["1"])
    data = PreparedDataset(tmp_path / "out")
    assert set(np.unique(data.label("1", "geometric"))) == {0, 255}
    with pytest.raises(InputError, match="no task 'depth'; known: semantic, geometric"):
        data.label("1", "depth")


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
        dataset_writer(tmp_path / "out", tasks=TASKS) as writer,
    ):
        fill(writer)
    assert set(tmp_path.rglob("*")) == before


def prepare_again(folder: Path) -> None:
    with dataset_writer(folder, tasks=TASKS) as writer:
        fill(writer)


def test_an_earlier_data_set_is_replaced_also_without_its_info(tmp_path):
    with dataset_writer(tmp_path / "out", tasks=TASKS) as writer:
        fill(writer)
        writer.add_split("old", ["a"])
    (tmp_path / "out/dataset.json").unlink()
    (tmp_path / "out/.DS_Store").touch()
    prepare_again(tmp_path / "out")
    lists = (tmp_path / "out/splits").iterdir()
    assert {path.name for path in lists} == {"train.txt", "val.txt"}
    prepare_again(tmp_path / "out")
    (tmp_path / "empty").mkdir()
    prepare_again(tmp_path / "empty")
    assert PreparedDataset(tmp_path / "empty").ids("val") == ["c"]


def test_a_data_set_of_an_earlier_version_is_known_by_its_digest(things):
    (things / "digests.txt").unlink()
    prepare_again(things)
    (things / "digests.txt").unlink()
    (things / "labels/semantic/c.png").write_bytes(png(label(2)))
    with pytest.raises(InputError, match=r"things: not replaced: .*things changed since it was"):
        prepare_again(things)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("images/mine.png", "holds images/mine.png, which would"),
        ("images/a.jpg", r"holds images/a\.jpg \(and 1 more\)"),
        ("splits/mine.txt", "holds splits/mine.txt, which would"),
        ("labels/semantic/old/a.png", "holds labels/semantic/old/a.png, which would"),
        ("hha/mine.png", "holds hha/mine.png, which would"),
        ("notes.txt", "holds notes.txt, which would"),
        ("labels/semantic/a.png", r"things/labels/semantic/a\.png changed since it was prepared"),
        ("images/a.png", r"things/images/a\.png changed since it was prepared"),
        ("splits/val.txt", r"things/splits/val\.txt changed since it was prepared"),
        ("digests.txt", r"holds dataset\.json \(and 9 more\), which would"),
    ],
)
def test_what_a_user_added_or_changed_in_a_data_set_is_not_deleted(things, name, message):
    (things / name).parent.mkdir(parents=True, exist_ok=True)
    (things / name).write_text("mine", "utf-8")
    before = {path: path.read_bytes() for path in things.rglob("*") if path.is_file()}
    with pytest.raises(InputError, match=message) as caught:
        prepare_again(things)
    assert "\n" not in str(caught.value)
    assert before == {path: path.read_bytes() for path in things.rglob("*") if path.is_file()}


def test_what_is_added_while_it_is_prepared_is_not_deleted(things):
    with (
        pytest.raises(InputError, match=r"holds images/mine\.png, which would be deleted"),
        dataset_writer(things, tasks=TASKS) as writer,
    ):
        fill(writer)
        (things / "images/mine.png").touch()
    assert (things / "images/mine.png").exists()


@pytest.mark.parametrize("id", ["../a", "a\nb", "a ", "", "a\u2028b", "a\udcff"])
def test_an_id_that_is_no_line_or_name_is_refused(tmp_path, id):
    with (
        pytest.raises(InputError, match=r"split train: ID .*, expected a file name"),
        dataset_writer(tmp_path / "out", tasks=TASKS) as writer,
    ):
        writer.add_split("train", [id])


TESTS = Path(__file__).parents[1]
DEPTH = np.full((12, 16), 1500, np.uint16)


def only_an_image(writer: DatasetWriter) -> None:
    writer.add_image("d", png(label(0)), "d.png")
    writer.add_split("test", ["d"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda writer: writer.splits.clear(), "out: no split"),
        (lambda writer: writer.add_split("test", []), "out: split test: empty"),
        (lambda writer: writer.add_split("test", ["a", "z"]), "out: split test: no image for z"),
        (lambda writer: writer.add_split("test", "yxz"), r"no image for y \(and 2 more\)"),
        (lambda writer: writer.add_split("test", ["a", "a"]), "out: split test: lists a twice"),
        (only_an_image, "split test: no semantic label for d"),
        (lambda writer: writer.add_depth("a", DEPTH, None, "a.mat"), "split train: no depth for b"),
        (
            lambda writer: writer.add_label("a", label(9), "mine.png"),
            r"mine\.png: value 9 at row 2",
        ),
        (lambda writer: writer.add_label("a", label(1, (9, 9)), "mine.png"), r"mine\.png: 9 x 9"),
    ],
)
def test_parts_that_do_not_fit_leave_nothing(tmp_path, change, message):
    with (
        pytest.raises(InputError, match=message),
        dataset_writer(tmp_path / "out", tasks=TASKS) as writer,
    ):
        fill(writer)
        change(writer)
    assert list(tmp_path.iterdir()) == []


def test_the_sources_are_named_with_their_checksums(tmp_path):
    (tmp_path / "a.tar").write_bytes(b"abc")
    with dataset_writer(tmp_path / "out", tasks=TASKS, archives=[tmp_path / "a.tar"]) as writer:
        fill(writer)
    (source,) = json.loads((tmp_path / "out/dataset.json").read_text("utf-8"))["sources"]
    assert source["file"] == "a.tar" and source["sha256"].startswith("ba7816bf8f01cfea")


def test_other_counts_than_published_are_an_error(tmp_path):
    with (
        pytest.raises(InputError, match="out: split train: 2 images, expected the published 3"),
        dataset_writer(tmp_path / "out", tasks=TASKS, counts={"train": 3}) as writer,
    ):
        fill(writer)
    with (
        pytest.raises(InputError, match="counts: no split 'test'; expected one of: train, val"),
        dataset_writer(tmp_path / "out", tasks=TASKS, counts={"test": 3}) as writer,
    ):
        fill(writer)
    with dataset_writer(tmp_path / "out", tasks=TASKS, counts={"train": 2, "val": 1}) as writer:
        fill(writer)


INTERRUPTED = """if True:
    import os, signal, sys
    from pathlib import Path
    import numpy as np
    from fixtures.archives import label, png
    from fcnlib.datasets.writer import dataset_writer
    here = Path(sys.argv[1])
    tasks = {"semantic": ["a", "b"]}
    with dataset_writer(here / "out", tasks=tasks, archives=[here / "a.tar"]) as writer:
        writer.add_image("a", png(np.zeros((12, 16, 3), np.uint8)), "a.png")
        writer.add_depth("a", np.full((12, 16), 1500, np.uint16), None, "a.png")
        writer.add_label("a", label(1), "a.png")
        writer.add_split("train", ["a", "b"])
        os.kill(os.getpid(), signal.SIGKILL)
"""


def rest(writer: DatasetWriter, *, all_of_it: bool) -> None:
    """What the interrupted conversion had not stored."""
    writer.add_split("train", ["a", "b"])
    for id in "ab" if all_of_it else "b":
        writer.add_image(id, png(np.zeros((12, 16, 3), np.uint8)), f"{id}.png")
        writer.add_depth(id, DEPTH, None, f"{id}.png")
        writer.add_label(id, label(1), f"{id}.png")


def test_an_interrupted_conversion_resumes_and_gives_the_same(tmp_path):
    (tmp_path / "a.tar").write_bytes(b"abc")
    values = {"tasks": {"semantic": ["a", "b"]}, "archives": [tmp_path / "a.tar"]}
    command = [sys.executable, "-c", INTERRUPTED, str(tmp_path)]
    assert subprocess.run(command, cwd=TESTS, check=False).returncode == -signal.SIGKILL
    with dataset_writer(tmp_path / "out", **values) as writer:
        for kind in ("image", "depth", "labels/semantic"):
            assert writer.has(kind, "a") and not writer.has(kind, "b")
        rest(writer, all_of_it=False)
    with dataset_writer(tmp_path / "calm", **values) as writer:
        assert not writer.has("image", "a")
        rest(writer, all_of_it=True)
    resumed, calm = (PreparedDataset(tmp_path / name) for name in ("out", "calm"))
    assert resumed.info == calm.info.model_copy(update={"name": "out"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar", "calm", "out"]
    assert not (tmp_path / "out/journal.jsonl").exists()


def test_two_processes_do_not_prepare_the_same(tmp_path):
    (tmp_path / "a.tar").write_bytes(b"abc")
    values = {"tasks": TASKS, "archives": [tmp_path / "a.tar"]}
    with dataset_writer(tmp_path / "out", **values) as writer:
        message = rf"^{tmp_path}/out: another process is writing it; wait for its end$"
        with pytest.raises(InputError, match=message), dataset_writer(tmp_path / "out", **values):
            pass
        fill(writer)
    assert PreparedDataset(tmp_path / "out").ids("val") == ["c"]


def test_what_was_stored_of_another_archive_is_not_taken(tmp_path):
    (tmp_path / "a.tar").write_bytes(b"abc")
    command = [sys.executable, "-c", INTERRUPTED, str(tmp_path)]
    assert subprocess.run(command, cwd=TESTS, check=False).returncode == -signal.SIGKILL
    (tmp_path / "a.tar").write_bytes(b"abd")
    values = {"tasks": {"semantic": ["a", "b"]}, "archives": [tmp_path / "a.tar"]}
    with dataset_writer(tmp_path / "out", **values) as writer:
        assert not writer.has("image", "a")
        rest(writer, all_of_it=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar", "out"]
