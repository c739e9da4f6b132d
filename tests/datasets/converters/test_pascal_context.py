"""PASCAL-Context: from a synthetic or damaged archive to the prepared layout."""

from pathlib import Path

import numpy as np
import pytest
from fixtures.archives import jpeg, mat, write_tar
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fcn_synthetic.archives import formats
from fcn_synthetic.archives import voc as synthetic
from fcnlib.config.schema_data import ArchiveDataset
from fcnlib.core.errors import InputError
from fcnlib.datasets.converters import archive_images
from fcnlib.datasets.converters.pascal_context import CLASSES, context_label, convert_context
from fcnlib.datasets.converters.pascal_context_names import CODES, RAW_NAMES, TASK_NAMES, code
from fcnlib.datasets.reader import PreparedDataset

ROOT = "VOCdevkit/VOC2010"
TRAIN, VAL = ["2007_000032", "2008_000002", "2009_000009"], ["2008_000004"]
SIZE = (12, 16)
LABELS = "".join(f"{number}: {name}\n" for number, name in enumerate(RAW_NAMES, start=1)).encode()
# Of the released 59 classes in their order, as an independent list has them.
PUBLISHED_CODES = (
    "2 23 25 31 34 45 59 65 72 98 397 113 207 258 284 308 347 368 416 427 9 18 22 33 44 46 68 80 "
    "85 104 115 144 158 159 162 187 189 220 232 259 260 105 296 355 295 324 326 349 354 360 366 "
    "19 415 420 424 440 445 454 458"
)


def codes(value: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    pixels = np.full(size, CODES["sky"], np.uint16)
    pixels[3:7, 2:9] = value
    return pixels


def images() -> dict[str, bytes]:
    found = {f"{ROOT}/JPEGImages/{id}.jpg": jpeg((9, 99, 199), SIZE) for id in [*TRAIN, *VAL]}
    for name, ids in (("train", TRAIN), ("val", VAL)):
        found[f"{ROOT}/ImageSets/Main/{name}.txt"] = "\n".join(ids).encode()
        found[f"{ROOT}/ImageSets/Segmentation/{name}.txt"] = ids[0].encode()
    return found


def labels() -> dict[str, bytes]:
    found = {"labels.txt": LABELS, "59_labels.txt": b"1: aeroplane\n"}
    for number, id in enumerate([*TRAIN, *VAL]):
        found[f"trainval/{id}.mat"] = mat(LabelMap=codes(1 + number))
    return found


def convert(folder: Path, voc: dict, context: dict, counts: dict | None = None, **options) -> Path:
    names = ["voc.tar", "context.tgz"]
    paths = [write_tar(folder / n, m) for n, m in zip(names, (voc, context), strict=True)]
    dataset = ArchiveDataset(converter="pascal-context", archives=names, counts=counts or {})
    convert_context(dataset, paths, folder / "out", **options)
    return folder / "out"


def fails(folder: Path, message: str, voc: dict, context: dict, **options) -> None:
    with pytest.raises(InputError, match=message) as caught:
        convert(folder, voc, context, workers=2, **options)
    assert "\n" not in str(caught.value)
    assert {path.name for path in folder.iterdir()} == {"voc.tar", "context.tgz"}


def test_the_59_classes_have_the_published_codes():
    assert len(CODES) == 459 and len(CLASSES) == 60
    assert " ".join(str(code(name)) for name in TASK_NAMES) == PUBLISHED_CODES
    assert [name for name in TASK_NAMES if name not in CODES] == [
        "diningtable",
        "clothes",
        "bedcloth",
    ]


@given(
    arrays.arrays(
        np.uint16, arrays.array_shapes(min_dims=2, max_dims=2), elements=st.integers(1, 459)
    )
)
def test_each_code_becomes_its_class_and_all_others_background(pixels):
    label = context_label(mat(LabelMap=pixels), "x.mat")
    assert label.dtype == np.uint8 and label.shape == pixels.shape
    for value, found in zip(pixels.ravel(), label.ravel(), strict=True):
        name = RAW_NAMES[value - 1]
        expected = {"table": "diningtable", "bedclothes": "bedcloth", "cloth": "clothes"}.get(
            name, name
        )
        assert CLASSES[found] == (expected if expected in CLASSES else "background")


def test_codes_without_a_name_are_background_as_in_the_released_code(tmp_path):
    pixels = codes(0)
    pixels[8] = 460, 65535, *[CODES["sky"]] * 14
    context = labels() | {f"trainval/{TRAIN[0]}.mat": mat(LabelMap=pixels)}
    label = PreparedDataset(convert(tmp_path, images(), context)).label(TRAIN[0])
    assert np.array_equal(label == 0, pixels != CODES["sky"])


def test_mains_images_become_train_and_val(tmp_path):
    data = PreparedDataset(convert(tmp_path, images(), labels()))
    assert data.info.splits == {"train": 3, "val": 1}
    assert data.ids("train") == TRAIN and data.ids("val") == VAL
    assert data.info.tasks == {"semantic": CLASSES}
    sky = CLASSES.index("sky")
    assert set(np.unique(data.label(TRAIN[0]))) == {0, sky}  # accordion is none of the 59
    assert set(np.unique(data.label(TRAIN[1]))) == {CLASSES.index("aeroplane"), sky}


def test_images_without_annotation_are_left_out(tmp_path):
    context = labels()
    del context[f"trainval/{TRAIN[1]}.mat"]
    data = PreparedDataset(convert(tmp_path, images(), context))
    assert data.ids("train") == [TRAIN[0], TRAIN[2]]
    assert len(list((data.root / "images").iterdir())) == 3


def test_the_list_of_names_may_lie_elsewhere(tmp_path):
    context = {name: data for name, data in labels().items() if name.startswith("trainval")}
    assert PreparedDataset(convert(tmp_path, images(), context)).info.splits == {
        "train": 3,
        "val": 1,
    }


def test_processes_read_the_same_labels(tmp_path, monkeypatch):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    first = convert(tmp_path / "one", images(), labels())
    monkeypatch.setattr(archive_images, "MIN_IMAGES_FOR_PROCESSES", 0)
    second = convert(tmp_path / "two", images(), labels(), workers=2)
    for path in first.rglob("*.png"):
        assert path.read_bytes() == (second / path.relative_to(first)).read_bytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"MATLAB", "no readable LabelMap in it"),
        (mat(LabelMap=codes(2))[:-20], "no readable LabelMap in it"),
        (mat(Labels=codes(2)), r"no field 'LabelMap' in it"),
        (
            mat(LabelMap=codes(1).astype(np.int16) - 2),
            r"2007_000032\.mat: LabelMap: value -1 at row 3, .* 0\.\.65535",
        ),
        (mat(LabelMap=codes(2).astype(np.uint32) + 2**16), "value 65896 at row 0, column 0"),
        (mat(LabelMap=codes(2) + 0.5), r"value 360\.5 at row 0, column 0"),
        (mat(LabelMap=codes(2).astype(float) * np.nan), "value nan at row 0, column 0"),
        (
            mat(LabelMap=np.zeros((3, 4, 2), np.uint16)),
            r"shape \(3, 4, 2\), expected numbers \[H, W\]",
        ),
        (mat(LabelMap="sky"), "LabelMap is <U3 of shape"),
        (mat(LabelMap=codes(2, (9, 10))), "10 x 9 pixels, but its image .* has 16 x 12"),
    ],
)
def test_a_bad_label_map_is_named(tmp_path, content, message):
    context = labels() | {f"trainval/{TRAIN[0]}.mat": content}
    fails(tmp_path, message, images(), context)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            b"397: table\n",
            b"397: desk\n",
            r"labels.txt: code 397 is 'desk', expected 'table' \(line 397\)",
        ),
        (b"459: wool\n", b"", "labels.txt: code 459 is None, expected 'wool'"),
        (b"1: accordion\n", b"0: accordion\n", "code 1 is None, expected 'accordion'"),
    ],
)
def test_names_that_disagree_with_ours_are_an_error(tmp_path, old, new, message):
    fails(tmp_path, message, images(), labels() | {"labels.txt": LABELS.replace(old, new, 1)})


def test_names_may_have_spaces_and_line_ends_as_windows_writes_them(tmp_path):
    listed = b"\xef\xbb\xbf" + LABELS.replace(b"\n", b" \r\n").replace(b": ", b":  ")
    convert(tmp_path, images(), labels() | {"labels.txt": listed})


def test_other_counts_than_published_are_an_error(tmp_path):
    counts = {"train": 4998, "val": 5105}
    message = "split train: 3 images, expected the published 4998"
    fails(tmp_path, message, images(), labels(), counts=counts)
    convert(tmp_path, images(), labels(), counts={"train": 3, "val": 1})


def test_archives_without_what_is_expected_are_named(tmp_path):
    fails(tmp_path, r"context\.tgz: no trainval/ID\.mat", images(), {"a/b.mat": b""})
    bare = {name: data for name, data in images().items() if "Main" not in name}
    fails(tmp_path, r"voc\.tar: no VOC\*/ImageSets/Main/train\.txt", bare, labels())
    lacking = {k: v for k, v in images().items() if not k.endswith(f"{TRAIN[2]}.jpg")}
    fails(tmp_path, f"split train: no image for {TRAIN[2]}", lacking, labels())


def test_a_cut_annotation_archive_is_an_error(tmp_path):
    convert(tmp_path, images(), labels())
    content = (tmp_path / "context.tgz").read_bytes()
    (tmp_path / "context.tgz").write_bytes(content[: len(content) // 2])
    dataset = ArchiveDataset(converter="pascal-context", archives=["voc.tar", "context.tgz"])
    with pytest.raises(InputError, match=r"context\.tgz: not a tar archive or cut short"):
        convert_context(dataset, [tmp_path / name for name in dataset.archives], tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_scenes_come_back_label_for_label(tmp_path):
    sizes = {"seed": 5, "size": 48, "train": 8, "validation": 4}
    paths = [tmp_path / "VOCtrainval_03-May-2010.tar", tmp_path / "pascal-context-trainval.tar.gz"]
    synthetic.write_voc2010(paths[0], **sizes)
    synthetic.write_context(paths[1], **sizes)
    dataset = ArchiveDataset(converter="pascal-context", archives=[path.name for path in paths])
    convert_context(dataset, paths, tmp_path / "out", workers=2)
    data = PreparedDataset(tmp_path / "out")
    numbers, lists = synthetic.context_lists(seed=5, train=8, validation=4)
    assert [data.ids(name) for name in ("train", "val")] == [lists["train"], lists["val"]]
    names = np.array(["", *RAW_NAMES])
    renamed = {"table": "diningtable", "bedclothes": "bedcloth", "cloth": "clothes"}
    labelled = set()
    for id, scene in synthetic.context_scenes(numbers, seed=5, size=48):
        label = data.label(id)
        for found, name in {*zip(label.ravel().tolist(), names[scene.codes].ravel(), strict=True)}:
            name = renamed.get(name, name)
            assert CLASSES[found] == (name if name in CLASSES else "background")
            labelled.add(found)
        assert data.image_path(id).read_bytes() == formats.jpeg(scene.image)
    assert len(labelled) > 20 and 0 in labelled
