from pathlib import Path

import numpy as np
import pytest
from archives_fixture import (
    sbd_members,
    voc_members,
    write_tar,
)

from fcnlib.datasets import prepare
from fcnlib.datasets.prepared import Prepared

VOC_SBD = {"converter": "voc-sbd", "archives": ["voc.tar", "sbd.tgz"]}
VOC = {"converter": "voc", "archives": ["voc.tar"]}
TRAIN = ["2007_000001", "2008_000002"]
VAL = ["2007_000033", "2008_000004", "2009_000005"]
SBD_TRAIN = ["2008_000002", "2008_000004", "2010_000006"]  # the second is in VOC's val
IN_SBD = "benchmark_RELEASE/dataset"
IN_VOC = "TrainVal/VOCdevkit/VOC2011"


@pytest.fixture
def archives(tmp_path: Path) -> list[Path]:
    return [
        write_tar(tmp_path / "voc.tar", voc_members(TRAIN, VAL)),
        write_tar(tmp_path / "sbd.tgz", sbd_members(SBD_TRAIN, ["2008_000009"])),
    ]


def test_seg11valid_is_vocs_val_without_sbds_train(archives, tmp_path):
    prepare(VOC_SBD, archives, tmp_path / "out")
    data = Prepared(tmp_path / "out")
    assert data.ids("train") == SBD_TRAIN
    assert data.ids("seg11valid") == ["2007_000033", "2009_000005"]
    assert data.info.splits == {"train": 3, "seg11valid": 2}
    assert [source.file for source in data.info.sources] == ["voc.tar", "sbd.tgz"]
    written = {path.stem for path in (tmp_path / "out" / "images").iterdir()}
    assert written == {*SBD_TRAIN, "2007_000033", "2009_000005"}


def test_train_has_sbds_labels_and_seg11valid_has_vocs(archives, tmp_path):
    prepare(VOC_SBD, archives, tmp_path / "out")
    data = Prepared(tmp_path / "out")
    assert set(np.unique(data.label("2008_000004"))) == {0, 2}  # SBD's second, without void
    assert 255 in data.label("2009_000005")


def test_photographs_stay_byte_for_byte(archives, tmp_path):
    prepare(VOC_SBD, archives, tmp_path / "out")
    stored = (tmp_path / "out/images/2008_000004.jpg").read_bytes()
    assert stored == sbd_members(SBD_TRAIN, [])[f"{IN_SBD}/img/2008_000004.jpg"]


def test_voc_alone_gives_its_own_splits(archives, tmp_path):
    prepare(VOC, archives[:1], tmp_path / "out")
    data = Prepared(tmp_path / "out")
    assert data.info.splits == {"train": 2, "val": 3, "trainval": 5}
    image, truth = data.pair("2007_000033")
    assert image.shape == (12, 16, 3) and truth.shape == (12, 16)


def test_results_do_not_depend_on_the_number_of_workers(archives, tmp_path):
    prepare(VOC_SBD, archives, tmp_path / "one" / "data", workers=1)
    prepare(VOC_SBD, archives, tmp_path / "four" / "data", workers=4)
    for path in (tmp_path / "one").rglob("*.*"):
        other = tmp_path / "four" / path.relative_to(tmp_path / "one")
        assert path.read_bytes() == other.read_bytes()


def test_sbd_may_have_lost_its_compression(tmp_path):
    plain = write_tar(tmp_path / "plain.tar", sbd_members(SBD_TRAIN, []))
    sbd = plain.rename(tmp_path / "benchmark.tgz")
    voc = write_tar(tmp_path / "voc.tar", voc_members(TRAIN, VAL))
    prepare(VOC_SBD, [voc, sbd], tmp_path / "out")
    assert Prepared(tmp_path / "out").info.splits["train"] == 3


def test_the_split_is_named_after_the_archives_year(tmp_path):
    voc = write_tar(tmp_path / "voc.tar", voc_members(TRAIN, VAL, year=2012))
    sbd = write_tar(tmp_path / "sbd.tgz", sbd_members(SBD_TRAIN, []))
    prepare(VOC_SBD, [voc, sbd], tmp_path / "out")
    assert set(Prepared(tmp_path / "out").info.splits) == {"train", "seg12valid"}
