"""SIFT Flow: from the synthetic zip, and from small ones made here, to the prepared layout."""

import io
import logging
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from fixtures.archives import jpeg, mat
from hypothesis import given
from hypothesis import strategies as st

from fcn_synthetic.archives import formats
from fcn_synthetic.archives import siftflow as synthetic
from fcn_synthetic.archives.siftflow import label_mat, names, write_siftflow
from fcnlib.archives.members import members
from fcnlib.config.schema_data import ArchiveDataset
from fcnlib.core.errors import InputError
from fcnlib.datasets import images
from fcnlib.datasets.converters.siftflow import TASKS, TRAINVAL, convert_siftflow, read_label
from fcnlib.datasets.converters.siftflow_names import (
    FOLDER,
    GEOMETRIC_CLASSES,
    SEMANTIC_CLASSES,
    released_test,
)
from fcnlib.datasets.reader import PreparedDataset, read_list
from fcnlib.datasets.writer import dataset_writer

SIZE = (12, 16)  # height, width
TEST_ID = released_test()[0]
IDS = ("coast_bea1", "street_urb7", TEST_ID)


def codes(start: int, classes: int, void: int, dtype: type = np.float64) -> np.ndarray:
    label = (np.arange(SIZE[0] * SIZE[1]).reshape(SIZE) + start) % classes + 1
    label[0] = void
    return label.astype(dtype)


def tree(ids: tuple[str, ...] = IDS) -> dict[str, bytes]:
    """The files of a small zip, all of one kind together as in the published one."""
    files = {f"Images/{FOLDER}/{id}.jpg": jpeg((9, 99, 200), SIZE) for id in ids}
    for number, id in enumerate(ids):
        files[f"SemanticLabels/{FOLDER}/{id}.mat"] = mat(S=codes(number, 33, 0, np.uint8))
    for number, id in enumerate(ids):
        files[f"GeoLabels/{FOLDER}/{id}.mat"] = mat(S=codes(number, 3, -1))
    return files


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def prepared(archive: Path, out: Path, *, workers: int = 1, **counts: int) -> PreparedDataset:
    dataset = ArchiveDataset(converter="siftflow", archives=(archive.name,), counts=counts)
    convert_siftflow(dataset, [archive], out, workers=workers)
    return PreparedDataset(out)


def fails(files: dict[str, bytes], folder: Path, message: str, **counts: int) -> None:
    archive = write_zip(folder / "SiftFlowDataset.zip", files)
    with pytest.raises(InputError, match=message) as caught:
        prepared(archive, folder / "out", **counts)
    assert "\n" not in str(caught.value)
    assert [path.name for path in folder.iterdir()] == [archive.name]


def indices(label: np.ndarray) -> np.ndarray:
    return np.where(label > 0, label.astype(int) - 1, 255)


def test_the_released_list_names_200_test_images():
    assert len(set(released_test())) == 200


@pytest.mark.parametrize("workers", [1, 3])
def test_scenes_come_back_label_for_label(workers, tmp_path):
    archive = tmp_path / "SiftFlowDataset.zip"
    write_siftflow(archive, seed=2, size=48, train=16, test=8)
    data = prepared(archive, tmp_path / "out", workers=workers, trainval=16, test=8)
    training, testing = names(seed=2, train=16, test=8)
    assert data.ids("trainval") == training
    assert data.ids("test") == list(released_test()[:8])
    scenes = dict(synthetic._scenes(training, testing, seed=2, size=48))
    for id in (*training, *testing):
        for task, label in {
            "semantic": scenes[id].semantic,
            "geometric": scenes[id].geometric,
        }.items():
            assert np.array_equal(data.label(id, task), indices(label))
        decoded = images.read_image(formats.jpeg(scenes[id].image))
        assert np.array_equal(data.image(id), np.asarray(decoded))
    assert data.info.tasks == {
        "semantic": tuple(SEMANTIC_CLASSES),
        "geometric": tuple(GEOMETRIC_CLASSES),
    }


def test_one_seed_gives_one_file_and_another_seed_another(tmp_path):
    for name, seed in (("first", 1), ("again", 1), ("other", 2)):
        write_siftflow(tmp_path / name, seed=seed, size=32, train=8, test=2)
    first, again, other = ((tmp_path / n).read_bytes() for n in ("first", "again", "other"))
    assert first == again
    assert first != other


def test_the_synthetic_zip_has_the_published_tree_and_label_files(tmp_path):
    write_siftflow(tmp_path / "synthetic.zip", seed=0, size=32, train=8, test=3)
    with zipfile.ZipFile(tmp_path / "synthetic.zip") as archive:
        assert archive.testzip() is None
        assert {member.date_time for member in archive.infolist()} == {synthetic.RELEASED}
        files = {name: archive.read(name) for name in archive.namelist()}
    listed = files.pop("TestSet1.txt").decode().split()
    assert sorted(listed) == sorted(f"{FOLDER}\\{id}.jpg" for id in released_test()[:3])
    images = {Path(name).stem for name in files if name.startswith(f"Images/{FOLDER}/")}
    assert images >= {"highway_bost181", "street_urb506"} and len(images) == 13
    for kind in ("SemanticLabels", "GeoLabels"):
        labelled = {Path(name).stem for name in files if name.startswith(f"{kind}/{FOLDER}/")}
        assert labelled == images - {"highway_bost181"}
    content = scipy.io.loadmat(io.BytesIO(files[f"GeoLabels/{FOLDER}/{TEST_ID}.mat"]))
    assert content["S"].dtype == np.float64 and content["S"].shape == (32, 32)
    assert [str(name[0]) for name in content["names"][:, 0]] == list(GEOMETRIC_CLASSES)


def test_names_have_the_published_form_and_no_training_image_is_a_test_image():
    training, testing = names(seed=0, train=400, test=200)
    assert len(set(training)) == 400 and set(testing) == set(released_test())
    assert not {*training} & {*testing, synthetic.NO_FILES, synthetic.NO_PIXELS}
    form = re.compile(r"[a-z]+_[a-z]+\d{3,6}")
    assert all(form.fullmatch(name) for name in training)


def test_cow_desert_and_moon_are_absent_from_the_test_images_alone():
    training, testing = names(seed=0, train=160, test=160)
    rare = [list(SEMANTIC_CLASSES).index(name) + 1 for name in ("cow", "desert", "moon")]
    occurring = {False: set(), True: set()}
    for name, scene in synthetic._scenes(training, testing, seed=0, size=24):
        occurring[name in testing] |= set(np.unique(scene.semantic)) & set(rare)
    assert occurring == {False: set(rare), True: set()}


@pytest.mark.parametrize(("train", "test"), [(0, 5), (5, 0), (5, 201)])
def test_sizes_that_cannot_be_are_refused(train, test, tmp_path):
    with pytest.raises(InputError, match=f"{train} training and {test} test scenes"):
        write_siftflow(tmp_path / "synthetic.zip", seed=0, train=train, test=test)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("top", ["", "SiftFlowDataset/", "a\\b\\"])
def test_the_tree_is_found_wherever_it_lies_in_the_zip(top, tmp_path):
    files = {f"{top}{name}": content for name, content in tree().items()}
    data = prepared(write_zip(tmp_path / "any.zip", files), tmp_path / "out")
    assert data.ids("trainval") == ["coast_bea1", "street_urb7"]
    assert data.ids("test") == [TEST_ID]
    assert np.array_equal(data.label("street_urb7", "geometric"), indices(codes(1, 3, -1)))


def test_what_a_mac_adds_to_a_zip_is_passed_over(tmp_path):
    shadows = {f"__MACOSX/{Path(name).parent}/._{Path(name).name}": b"fork" for name in tree()}
    data = prepared(write_zip(tmp_path / "a.zip", shadows | tree()), tmp_path / "out")
    assert data.ids("trainval") == ["coast_bea1", "street_urb7"]


def test_images_without_labels_are_left_out_and_named(tmp_path, caplog):
    files = tree((*IDS, "highway_bost181", "street_urb506"))
    for kind, void in (("SemanticLabels", 0), ("GeoLabels", -1)):
        del files[f"{kind}/{FOLDER}/highway_bost181.mat"]
        files[f"{kind}/{FOLDER}/street_urb506.mat"] = mat(S=np.full(SIZE, void))
    with caplog.at_level(logging.INFO):
        data = prepared(write_zip(tmp_path / "a.zip", files), tmp_path / "out", trainval=2, test=1)
    assert "left out without labels: highway_bost181 (and 1 more)" in caplog.text
    stored = {path.stem for path in (tmp_path / "out").rglob("*.png")}
    assert stored == set(IDS) and data.ids("trainval") == ["coast_bea1", "street_urb7"]


def test_an_image_with_labels_of_one_task_alone_is_kept(tmp_path):
    files = tree()
    files[f"GeoLabels/{FOLDER}/coast_bea1.mat"] = mat(S=np.zeros(SIZE))
    data = prepared(write_zip(tmp_path / "a.zip", files), tmp_path / "out")
    assert (data.label("coast_bea1", "geometric") == 255).all()
    assert "coast_bea1" in data.ids("trainval")


def with_file(kind: str, content: bytes | None, id: str = "street_urb7") -> dict[str, bytes]:
    """The small zip's files, one of them exchanged or taken away."""
    suffix = "jpg" if kind == "Images" else "mat"
    files = tree() | {f"{kind}/{FOLDER}/{id}.{suffix}": content}
    return {name: data for name, data in files.items() if data is not None}


SEMANTICS, GEOMETRY = "SemanticLabels", "GeoLabels"
HDF5 = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(384) + b"\x89HDF\r\n\x1a\n"
BAD = {
    "no S": (SEMANTICS, mat(T=1), r"SemanticLabels/street_urb7\.mat: no field 'S' in it"),
    "no mat": (SEMANTICS, b"<html>", r"SemanticLabels/street_urb7\.mat: no readable S in it"),
    "7.3": (SEMANTICS, HDF5, r"street_urb7\.mat: a \.mat file of version 7\.3 \(HDF5\), expected"),
    "text": (SEMANTICS, mat(S="sky"), r"street_urb7\.mat: S is <U3 of shape \(1,\), expected"),
    "cube": (GEOMETRY, mat(S=np.ones((2, 3, 4))), r"of shape \(2, 3, 4\), expected numbers"),
    "34": (SEMANTICS, mat(S=codes(0, 34, 0)), r"S: value 34\.0 at row .*; expected 0\.\.33"),
    "-1": (SEMANTICS, mat(S=codes(0, 33, -1)), r"S: value -1\.0 at row 0, column 0; expected 0"),
    "4": (GEOMETRY, mat(S=codes(0, 4, 0)), r"GeoLabels/street_urb7\.mat: S: value 4\.0 at row"),
    "255": (GEOMETRY, mat(S=codes(0, 3, 255)), r"S: value 255\.0 at .*; expected -1\.\.3"),
    "half": (GEOMETRY, mat(S=codes(0, 3, 0) + 0.5), r"S: value 0\.5 at"),
    "nan": (GEOMETRY, mat(S=np.full(SIZE, np.nan)), r"S: value nan at"),
    "size": (GEOMETRY, mat(S=np.ones((4, 5))), r"street_urb7"),
    "no image": ("Images", None, r"SiftFlowDataset\.zip: split trainval: no image for street_urb7"),
    "bad image": ("Images", b"\xff\xd8\xff", r"street_urb7\.jpg: "),
}


@pytest.mark.parametrize(("kind", "content", "message"), BAD.values(), ids=BAD)
def test_a_bad_file_is_named_in_one_line(kind, content, message, tmp_path):
    fails(with_file(kind, content), tmp_path, message)


def test_other_counts_than_the_published_are_an_error(tmp_path):
    fails(tree(), tmp_path, "split trainval: 2 images, expected the published 3", trainval=3)


def test_other_images_than_the_published_are_named(tmp_path):
    listed = released("trainval")
    lacking = (
        r"split trainval: 1 images, expected the published 2486: lacks forest_for121 \(and 2484"
    )
    fails(tree((listed[1], "highway_bost181")), tmp_path, lacking, trainval=2486)


def published(folder: Path, **changed: bytes | None) -> PreparedDataset:
    """What is prepared of a zip with every image of the released lists and two more."""
    ids = (*released("trainval"), *released("test"), "highway_bost181", "street_urb506")
    image, content = jpeg((9, 99, 200), SIZE), {}
    for kind, label in ((SEMANTICS, codes(0, 33, 0, np.uint8)), (GEOMETRY, codes(0, 3, -1))):
        content |= dict.fromkeys((f"{kind}/{FOLDER}/{id}.mat" for id in ids), mat(S=label))
    content |= dict.fromkeys((f"Images/{FOLDER}/{id}.jpg" for id in ids), image)
    content |= {f"{name.replace('__', f'/{FOLDER}/')}.mat": data for name, data in changed.items()}
    archive = write_zip(folder / "a.zip", {n: data for n, data in content.items() if data})
    return prepared(archive, folder / "out", trainval=2486, test=200)


def released(split: str) -> list[str]:
    return read_list(TRAINVAL) if split == "trainval" else list(released_test())


@pytest.mark.slow
def test_the_published_splits_are_the_released_lists_whatever_else_is_labelled(tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        data = published(
            tmp_path,
            # Left out, though it has a labelled pixel; and kept, though it has no geometric one.
            SemanticLabels__street_urb506=mat(S=np.zeros(SIZE)),
            GeoLabels__forest_for121=None,
        )
    assert data.ids("trainval") == sorted(released("trainval"))
    assert data.ids("test") == released("test")
    assert (data.label("forest_for121", "geometric") == 255).all()
    assert np.array_equal(data.label("forest_for121"), indices(codes(0, 33, 0)))
    assert "no geometric labels, so that all is void: forest_for121" in caplog.text
    assert "left out without labels or unlisted: highway_bost181 (and 1 more)" in caplog.text


@pytest.mark.parametrize(("kind", "task"), [(SEMANTICS, "semantic"), (GEOMETRY, "geometric")])
def test_an_image_with_one_label_file_counts_for_its_task(kind, task, tmp_path, caplog):
    data = prepared(write_zip(tmp_path / "a.zip", with_file(kind, None)), tmp_path / "out")
    assert data.ids("trainval") == ["coast_bea1", "street_urb7"]
    void = {name: bool((data.label("street_urb7", name) == 255).all()) for name in TASKS}
    assert void == {name: name == task for name in TASKS}
    assert f"a.zip: no {task} labels, so that all is void: street_urb7" in caplog.text


def test_a_zip_without_any_label_of_a_task_is_refused(tmp_path):
    files = {name: data for name, data in tree().items() if not name.startswith(GEOMETRY)}
    fails(files, tmp_path, r"SiftFlowDataset\.zip: no labels in it, expected GeoLabels/")


def test_a_zip_without_labels_is_refused(tmp_path):
    images = {name: data for name, data in tree().items() if name.startswith("Images")}
    fails(images, tmp_path, r"SiftFlowDataset\.zip: no labels in it, expected SemanticLabels/")


def test_an_archive_too_many_is_refused(tmp_path):
    dataset = ArchiveDataset(converter="siftflow", archives=("a", "b"))
    with pytest.raises(InputError, match="2 archives, expected 1"):
        convert_siftflow(dataset, [tmp_path / "a", tmp_path / "b"], tmp_path / "out")


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95, 0.999])
def test_a_cut_zip_is_refused_in_one_line(share, tmp_path):
    archive = write_zip(tmp_path / "a.zip", tree())
    content = archive.read_bytes()
    archive.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(InputError, match=r"a\.zip: not a zip archive or cut short \(") as caught:
        prepared(archive, tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_zip_damaged_in_the_middle_is_refused(tmp_path):
    archive = write_zip(tmp_path / "a.zip", tree())
    content = bytearray(archive.read_bytes())
    content[300] ^= 0xFF
    archive.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.zip: not a zip archive or cut short \(Bad CRC"):
        prepared(archive, tmp_path / "out")


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "..\\x", "C:\\x"])
def test_a_member_that_would_land_outside_is_refused(name, tmp_path):
    archive = write_zip(tmp_path / "a.zip", {"good": b"", name: b""})
    with pytest.raises(InputError, match=r"a\.zip: unsafe member: "):
        list(members(archive, re.compile("nothing")))


def test_a_link_in_a_zip_is_refused(tmp_path):
    link = zipfile.ZipInfo("link")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc")
    with pytest.raises(InputError, match="unsafe member: link"):
        list(members(tmp_path / "a.zip", re.compile(".*")))


def test_members_of_a_zip_come_in_its_order_whatever_it_is_called(tmp_path):
    path = write_zip(tmp_path / "a.tar", {"b/2": b"two", "b/": b"", "a/1": b"one", "c": b"three"})
    found = [(match[1], data) for match, data in members(path, re.compile(r"./(.?)"))]
    assert found == [("2", b"two"), ("1", b"one")]


def test_a_stopped_conversion_resumes_where_it_was(tmp_path):
    archive = write_zip(tmp_path / "a.zip", tree())
    colours = {task: tuple(classes.values()) for task, classes in TASKS.items()}
    tasks = {task: tuple(classes) for task, classes in TASKS.items()}
    marked = np.full(SIZE, 2, np.uint8)  # what the zip does not hold shows what was kept
    stopped = dataset_writer(
        tmp_path / "out", tasks=tasks, palette=colours, archives=[archive], counts={}
    )
    with pytest.raises(KeyboardInterrupt), stopped as writer:
        for task in TASKS:
            writer.add_label("coast_bea1", marked, "an earlier run", task)
        raise KeyboardInterrupt
    assert not (tmp_path / "out").exists()
    data = prepared(archive, tmp_path / "out")
    assert np.array_equal(data.label("coast_bea1", "geometric"), marked)
    assert np.array_equal(data.label("street_urb7", "geometric"), indices(codes(1, 3, -1)))


@given(st.data())
def test_codes_map_to_indices_and_back_in_any_type_of_number(data):
    task, classes, voids = data.draw(
        st.sampled_from([("semantic", 33, [0]), ("geometric", 3, [-1, 0])])
    )
    values = data.draw(st.lists(st.sampled_from([*voids, *range(1, classes + 1)]), min_size=1))
    dtype = data.draw(st.sampled_from([np.float64, np.float32, np.int8, np.int16]))
    label = read_label(mat(S=np.array([values], dtype)), task, "a")
    assert label.dtype == np.uint8
    assert label.tolist() == [[255 if value < 1 else value - 1 for value in values]]


@given(st.floats().filter(lambda value: value not in (-1, 0, 1, 2, 3)))
def test_any_other_number_is_refused_before_it_can_wrap(value):
    with pytest.raises(InputError, match=r"a: S: value .* row 0, column 1; expected -1\.\.3"):
        read_label(mat(S=np.array([[1.0, value]])), "geometric", "a")


def test_a_label_file_reads_back_as_written():
    geometric = np.array([[-1, 0, 1], [2, 3, 1]], np.int8)
    content = label_mat(geometric, list(GEOMETRIC_CLASSES))
    assert read_label(content, "geometric", "a").tolist() == [[255, 255, 0], [1, 2, 0]]
