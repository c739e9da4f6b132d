"""Synthetic archives: the published trees and formats, byte for byte the same for one seed."""

import io
import tarfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from scipy.io import loadmat

from fcn_synthetic.archives.formats import jpeg, with_void
from fcn_synthetic.archives.voc import (
    SBD_ROOT,
    VOC2010_ROOT,
    VOC2012_ROOT,
    VOC_ROOT,
    archive_scenes,
    context_lists,
    context_scenes,
    splits,
    write_context,
    write_sbd,
    write_voc2010,
    write_voc2011,
    write_voc2012_test,
)
from fcnlib.core.errors import InputError
from fcnlib.datasets.converters.pascal_context_names import RAW_NAMES, TASK_NAMES
from fcnlib.datasets.converters.registry import prepare
from fcnlib.datasets.reader import PreparedDataset

SIZES = {"size": 64, "train": 64, "validation": 20}


def members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        files = (member for member in archive if member.isfile())
        return {member.name: archive.extractfile(member).read() for member in files}


@pytest.fixture(scope="module")
def archives(tmp_path_factory) -> tuple[dict[str, bytes], dict[str, bytes]]:
    folder = tmp_path_factory.mktemp("archives")
    write_voc2011(folder / "voc.tar", seed=1, **SIZES)
    write_sbd(folder / "sbd.tgz", seed=1, **SIZES)
    return members(folder / "voc.tar"), members(folder / "sbd.tgz")


def listed(content: bytes) -> list[str]:
    return content.decode().split()


def named(archive: dict[str, bytes], folder: str) -> dict[str, bytes]:
    return {Path(name).stem: data for name, data in archive.items() if Path(name).parent == folder}


def pixels(content: bytes) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(content)))


def segmentation(content: bytes, struct: str = "GTcls") -> np.ndarray:
    return loadmat(io.BytesIO(content))[struct][0]["Segmentation"][0]


@pytest.mark.parametrize("write", [write_voc2011, write_sbd, write_voc2010, write_context])
def test_one_seed_gives_one_file_and_another_seed_another(write, tmp_path):
    sizes = {"size": 32, "train": 8, "validation": 2}
    for name, seed in (("first", 1), ("again", 1), ("other", 2)):
        write(tmp_path / name, seed=seed, **sizes)
    first, again, other = ((tmp_path / n).read_bytes() for n in ("first", "again", "other"))
    assert first == again
    assert first != other


def test_the_voc_tar_has_the_published_tree(archives):
    voc, _ = archives
    ids = listed(voc[f"{VOC_ROOT}/ImageSets/Segmentation/trainval.txt"])
    folders = ["Annotations", "JPEGImages", "SegmentationClass", "SegmentationObject"]
    for folder in folders:
        assert sorted(named(voc, Path(VOC_ROOT, folder))) == ids
    sets = [
        f"ImageSets/{use}/{s}.txt"
        for use in ("Main", "Segmentation")
        for s in ("train", "trainval", "val")
    ]
    assert set(voc) == {f"{VOC_ROOT}/{name}" for name in sets} | {
        name for name in voc if name.split("/")[3] in folders
    }


def test_the_sbd_tgz_has_the_published_tree(archives):
    _, sbd = archives
    train, val = (listed(sbd[f"{SBD_ROOT}/{name}.txt"]) for name in ("train", "val"))
    assert not set(train) & set(val)
    for folder in ("cls", "img", "inst"):
        assert sorted(named(sbd, Path(SBD_ROOT, folder))) == sorted(train + val)


def test_folders_stand_in_the_tar_before_their_files(tmp_path):
    write_voc2011(tmp_path / "voc.tar", seed=0, size=32, train=4, validation=1)
    seen = {""}
    with tarfile.open(tmp_path / "voc.tar") as archive:
        for member in archive:
            assert member.name.rpartition("/")[0] in seen
            assert member.uid == member.gid == 0
            if member.isdir():
                seen.add(member.name)


def test_voc_labels_are_palette_pngs_of_the_image_size(archives):
    voc, _ = archives
    values, shapes = set(), set()
    labels = named(voc, Path(VOC_ROOT, "SegmentationClass"))
    for name, content in labels.items():
        with Image.open(io.BytesIO(content)) as image:
            assert image.mode == "P"
            palette = image.getpalette()
            assert palette[:9] == [0, 0, 0, 128, 0, 0, 0, 128, 0]
            assert palette[-3:] == [224, 224, 192]
        image = pixels(voc[f"{VOC_ROOT}/JPEGImages/{name}.jpg"])
        assert image.shape[:2] == pixels(content).shape
        values |= set(np.unique(pixels(content)).tolist())
        shapes.add(image.shape[:2])
    assert {0, 255} < values <= {*range(21), 255}
    assert shapes == {(64, 64), (52, 64), (64, 52)}


def test_void_is_a_band_along_the_outline_of_objects_only(archives):
    voc, _ = archives
    shares = []
    for name, content in named(voc, Path(VOC_ROOT, "SegmentationObject")).items():
        numbers = pixels(content)
        void = numbers == 255
        assert np.array_equal(void, pixels(voc[f"{VOC_ROOT}/SegmentationClass/{name}.png"]) == 255)
        shares.append(void.mean())
        known = np.where(void, 0, numbers + 1)  # each void pixel touches two regions, or one thin
        beside = ndimage.maximum_filter(known, 5)
        assert (beside[void] > 0).mean() > 0.95
        assert not ndimage.binary_erosion(void, np.ones((6, 6))).any()
    assert 0.03 < np.mean(shares) < 0.2


def test_annotations_box_the_objects(archives):
    voc, _ = archives
    for name, content in named(voc, Path(VOC_ROOT, "Annotations")).items():
        tree = ElementTree.fromstring(content)
        height, width = pixels(voc[f"{VOC_ROOT}/SegmentationClass/{name}.png"]).shape
        assert tree.findtext("filename") == f"{name}.jpg"
        assert (tree.findtext("size/width"), tree.findtext("size/height")) == (
            str(width),
            str(height),
        )
        for box in tree.iter("bndbox"):
            left, top, right, bottom = (int(side.text) for side in box)
            assert 1 <= left <= right <= width
            assert 1 <= top <= bottom <= height


def test_sbd_labels_read_back_as_published(archives):
    _, sbd = archives
    for name, content in named(sbd, Path(SBD_ROOT, "cls")).items():
        struct = loadmat(io.BytesIO(content))["GTcls"]
        labels = struct[0]["Segmentation"][0]
        assert labels.dtype == np.uint8
        assert labels.shape == pixels(sbd[f"{SBD_ROOT}/img/{name}.jpg"]).shape[:2]
        present = np.setdiff1d(labels, 0)
        assert labels.max() <= 20
        assert struct[0]["CategoriesPresent"][0].ravel().tolist() == present.tolist()
        boundaries = struct[0]["Boundaries"][0]
        assert boundaries.shape == (20, 1)
        outlined = [i for i in range(20) if boundaries[i][0].nnz]
        assert set(outlined) <= set(present - 1)
        numbers = segmentation(sbd[f"{SBD_ROOT}/inst/{name}.mat"], "GTinst")
        assert np.array_equal(numbers > 0, labels > 0)


def test_shared_images_are_the_same_files_with_outlines_by_another_hand(archives):
    voc, sbd = archives
    ours = named(voc, Path(VOC_ROOT, "JPEGImages"))
    theirs = named(sbd, Path(SBD_ROOT, "img"))
    shared = set(ours) & set(theirs)
    agreement = []
    for name in shared:
        assert ours[name] == theirs[name]
        label = pixels(voc[f"{VOC_ROOT}/SegmentationClass/{name}.png"])
        other = segmentation(sbd[f"{SBD_ROOT}/cls/{name}.mat"])
        agreement.append((label == other)[label != 255].mean())
    assert shared
    assert np.mean(agreement) > 0.97


def test_seg11valid_is_voc_val_without_sbd_train(archives):
    voc, sbd = archives
    read = {s: listed(voc[f"{VOC_ROOT}/ImageSets/Segmentation/{s}.txt"]) for s in ("train", "val")}
    train = listed(sbd[f"{SBD_ROOT}/train.txt"])
    assert len(train) == 64
    assert len(read["val"]) == 30
    assert len(set(read["val"]) - set(train)) == 20
    assert set(read["train"]) & set(train)
    assert not set(read["train"]) & set(read["val"])
    assert listed(voc[f"{VOC_ROOT}/ImageSets/Segmentation/trainval.txt"]) == sorted(
        read["train"] + read["val"]
    )


def test_the_converter_of_the_real_archives_reads_the_synthetic_ones(tmp_path):
    paths = [tmp_path / "VOCtrainval_25-May-2011.tar", tmp_path / "benchmark.tgz"]
    for write, path in zip((write_voc2011, write_sbd), paths, strict=True):
        write(path, seed=3, size=32, train=12, validation=4)
    entry = {"converter": "voc-sbd", "archives": [path.name for path in paths]}
    prepare(entry, paths, tmp_path / "prepared")
    prepared = PreparedDataset(tmp_path / "prepared")
    lists = splits(seed=3, train=12, validation=4)
    assert prepared.ids("train") == lists.sbd_train
    assert set(prepared.ids("seg11valid")) == set(lists.voc_val) - set(lists.sbd_train)


@pytest.mark.parametrize(("train", "validation"), [(600, 150), (30, 30), (1, 1), (120, 3)])
def test_lists_have_the_sizes_asked_for(train, validation):
    lists = splits(seed=0, train=train, validation=validation)
    assert len(lists.sbd_train) == train
    assert len(set(lists.voc_val) - set(lists.sbd_train)) == validation
    assert len(lists.voc_val) == validation + validation // 2
    for ids in lists[1:]:
        assert ids == sorted(set(ids))


@pytest.mark.parametrize(("train", "validation"), [(0, 5), (5, 0), (10, 40)])
def test_sizes_that_cannot_be_are_refused(train, validation, tmp_path):
    with pytest.raises(InputError, match=f"{train} training and {validation} validation scenes"):
        write_sbd(tmp_path / "sbd.tgz", seed=0, train=train, validation=validation)
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def context_archives(tmp_path_factory) -> tuple[dict[str, bytes], dict[str, bytes]]:
    folder = tmp_path_factory.mktemp("context")
    sizes = {"seed": 1, "size": 48, "train": 12, "validation": 6}
    write_voc2010(folder / "voc.tar", **sizes)
    write_context(folder / "context.tar.gz", **sizes)
    return members(folder / "voc.tar"), members(folder / "context.tar.gz")


def test_voc2010_lists_more_images_than_it_segments(context_archives):
    voc, _ = context_archives
    sets = {
        f"{use}/{name}": listed(voc[f"{VOC2010_ROOT}/ImageSets/{use}/{name}.txt"])
        for use in ("Main", "Segmentation")
        for name in ("train", "val", "trainval")
    }
    assert [len(ids) for ids in sets.values()] == [12, 6, 18, 3, 2, 5]
    for use in ("Main", "Segmentation"):
        assert sorted(sets[f"{use}/train"] + sets[f"{use}/val"]) == sets[f"{use}/trainval"]
    for folder, ids in (
        ("JPEGImages", sets["Main/trainval"]),
        ("Annotations", sets["Main/trainval"]),
        ("SegmentationClass", sets["Segmentation/trainval"]),
        ("SegmentationObject", sets["Segmentation/trainval"]),
    ):
        assert sorted(named(voc, Path(VOC2010_ROOT, folder))) == ids
    assert set(sets["Segmentation/train"]) < set(sets["Main/train"])
    assert all("2007" <= name[:4] <= "2010" for name in sets["Main/trainval"])


def test_pascal_context_has_the_published_tree_and_lists(context_archives):
    voc, context = context_archives
    assert set(context) == {"labels.txt", "59_labels.txt"} | {
        f"trainval/{name}.mat"
        for name in listed(voc[f"{VOC2010_ROOT}/ImageSets/Main/trainval.txt"])
    }
    for title, names in (("labels", RAW_NAMES), ("59_labels", TASK_NAMES)):
        lines = context[f"{title}.txt"].decode().splitlines()
        assert lines == [f"{number}: {name}" for number, name in enumerate(names, start=1)]


def test_label_maps_hold_codes_of_the_size_of_their_image(context_archives):
    voc, context = context_archives
    for name, content in named(context, Path("trainval")).items():
        codes = loadmat(io.BytesIO(content))["LabelMap"]
        assert codes.dtype == np.uint16 and 1 <= codes.min() <= codes.max() <= 459
        assert codes.shape == pixels(voc[f"{VOC2010_ROOT}/JPEGImages/{name}.jpg"]).shape[:2]


def test_the_test_archive_has_images_and_their_list_only(tmp_path):
    write_voc2012_test(tmp_path / "test.tar", seed=1, size=32, images=5)
    test = members(tmp_path / "test.tar")
    ids = listed(test[f"{VOC2012_ROOT}/ImageSets/Segmentation/test.txt"])
    assert len(set(ids)) == 5 and ids == sorted(ids)
    assert set(test) == {f"{VOC2012_ROOT}/JPEGImages/{name}.jpg" for name in ids} | {
        f"{VOC2012_ROOT}/ImageSets/{use}/test.txt" for use in ("Main", "Segmentation")
    }


@pytest.mark.parametrize(("train", "validation"), [(1, 1), (7, 2), (240, 80)])
def test_context_lists_have_the_given_sizes(train, validation):
    numbers, lists = context_lists(seed=0, train=train, validation=validation)
    assert [len(ids) for ids in lists.values()] == [train, validation, train + validation]
    assert sorted(lists["train"] + lists["val"]) == lists["trainval"] == list(numbers)


def test_a_list_without_images_is_refused(tmp_path):
    with pytest.raises(InputError, match="0 training and 5 validation scenes"):
        write_voc2010(tmp_path / "voc.tar", seed=0, train=0, validation=5)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("year", [2010, 2011])
def test_segmented_scenes_come_back_label_for_label(year, tmp_path):
    sizes = {"seed": 4, "train": 12, "validation": 6}
    write = {2010: write_voc2010, 2011: write_voc2011}[year]
    write(tmp_path / "voc.tar", size=48, **sizes)
    entry = {"converter": "voc", "archives": ["voc.tar"]}
    prepare(entry, [tmp_path / "voc.tar"], tmp_path / "prepared")
    if year == 2010:
        named_scenes = context_scenes(context_lists(**sizes)[0], seed=4, size=48)
    else:
        named_scenes = archive_scenes(splits(**sizes).numbers, seed=4, size=48)
    prepared = PreparedDataset(tmp_path / "prepared")
    trainval = set(prepared.ids("trainval"))
    segmented = [(name, scene) for name, scene in named_scenes if name in trainval]
    assert len(segmented) == len(trainval) == {2010: 5, 2011: 10}[year]
    for name, scene in segmented:
        assert np.array_equal(prepared.label(name), with_void(scene.labels, scene.objects))
        assert prepared.image_path(name).read_bytes() == jpeg(scene.image)
