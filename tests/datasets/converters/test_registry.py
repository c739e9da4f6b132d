"""Every converter, from synthetic archives: data sets have what the configuration assumes."""

from pathlib import Path
from typing import get_args

import pytest

from fcn_synthetic.archives.nyudv2 import write_nyudv2
from fcn_synthetic.archives.siftflow import write_siftflow
from fcn_synthetic.archives.voc import write_context, write_sbd, write_voc2010, write_voc2011
from fcnlib.archives.catalogue import ARCHIVES as CATALOGUE
from fcnlib.archives.catalogue import Archive
from fcnlib.config.converters import CONVERTER_INFO, splits_of
from fcnlib.config.schema_data import ArchiveDataset
from fcnlib.core.errors import InputError
from fcnlib.datasets.converters.registry import CONVERTERS, prepare
from fcnlib.datasets.hha.prepare import prepare_hha
from fcnlib.datasets.reader import PreparedDataset

SCENES = {"seed": 1, "size": 48, "train": 20, "validation": 6}
VOC, SBD = "VOCtrainval_25-May-2011.tar", "benchmark.tgz"
NYUD = ("nyu_depth_v2_labeled.mat", "splits.mat", "classMapping40.mat")
CONTEXT = ("VOCtrainval_03-May-2010.tar", "pascal-context-trainval.tar.gz")
ARCHIVES = {
    "voc": (VOC,),
    "voc-sbd": (VOC, SBD),
    "nyudv2": NYUD,
    "siftflow": ("SiftFlowDataset.zip",),
    "pascal-context": CONTEXT,
}


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archives")
    write_voc2011(folder / VOC, **SCENES)
    write_sbd(folder / SBD, **SCENES)
    write_voc2010(folder / CONTEXT[0], **SCENES)
    write_context(folder / CONTEXT[1], **SCENES)
    write_nyudv2(*(folder / name for name in NYUD), seed=1, reduced=8, train=6, test=3)
    write_siftflow(folder / "SiftFlowDataset.zip", seed=1, size=48, train=8, test=4)
    return folder


def test_every_converter_has_its_name_in_the_configuration() -> None:
    named = get_args(ArchiveDataset.model_fields["converter"].annotation)
    assert {*named, "folder"} == CONVERTERS.keys() == CONVERTER_INFO.keys()


@pytest.mark.parametrize("converter", ARCHIVES)
def test_a_data_set_has_what_the_configuration_assumes(
    archives: Path, tmp_path: Path, converter: str
) -> None:
    dataset = ArchiveDataset(
        converter=converter,
        archives=ARCHIVES[converter],
        reduced=8 if converter == "nyudv2" else 1,
    )
    prepare(dataset, [archives / name for name in ARCHIVES[converter]], tmp_path / "set")
    if "hha" in CONVERTER_INFO[converter].inputs:
        prepare_hha(tmp_path / "set")
    found, expected = PreparedDataset(tmp_path / "set"), CONVERTER_INFO[converter]
    assert found.inputs == expected.inputs
    assert {task: len(names) for task, names in found.info.tasks.items()} == expected.classes
    assert set(found.info.splits) <= set(splits_of(dataset))
    assert (found.info.tasks["semantic"][0] == "background") == expected.background
    for id in found.ids(next(iter(found.info.splits))):
        stack, labels = found.sample(id, expected.inputs, expected.tasks)
        assert {label.shape for label in labels.values()} == {stack.shape[1:]}


@pytest.mark.parametrize("converter", ARCHIVES)
def test_a_missing_archive_is_reported_with_how_to_get_it(tmp_path: Path, converter: str) -> None:
    names = ARCHIVES[converter]
    dataset = ArchiveDataset(converter=converter, archives=names)
    with pytest.raises(InputError) as caught:
        prepare(dataset, [tmp_path / name for name in names], tmp_path / "set")
    fetch = f"fcn fetch {names[0]} --out {tmp_path}"
    expected = f"{tmp_path / names[0]}: no such file; fetch it with: {fetch}"
    assert str(caught.value).removesuffix(" --from DIR") == expected


def test_a_converter_that_is_not_in_the_registry_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delitem(CONVERTERS, "siftflow")
    (tmp_path / "a.zip").touch()
    dataset = ArchiveDataset(converter="siftflow", archives=("a.zip",))
    with pytest.raises(InputError, match=r"converter 'siftflow' is not in CONVERTERS of fcnlib/"):
        prepare(dataset, [tmp_path / "a.zip"], tmp_path / "set")


def test_an_archive_without_an_address_is_to_be_taken_from_a_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(CATALOGUE, "leaves.zip", Archive(urls=(), terms="CC0"))
    dataset = ArchiveDataset(converter="siftflow", archives=("leaves.zip",))
    with pytest.raises(InputError, match=f"fcn fetch leaves.zip --out {tmp_path} --from DIR$"):
        prepare(dataset, [tmp_path / "leaves.zip"], tmp_path / "set")


@pytest.mark.parametrize("converter", sorted(ARCHIVES.keys() - {"voc", "voc-sbd"}))
def test_counts_of_a_split_that_is_not_made_fail_before_an_archive_is_read(
    tmp_path: Path, converter: str
) -> None:
    names = ARCHIVES[converter]
    dataset = ArchiveDataset(converter=converter, archives=names, counts={"odd": 3})
    for name in names:
        (tmp_path / name).write_bytes(b"no archive")
    with pytest.raises(InputError, match=r"set: counts: no split 'odd'; expected one of: "):
        prepare(dataset, [tmp_path / name for name in names], tmp_path / "set")


def test_each_converter_is_in_the_module_that_a_change_of_it_is_looked_for_in() -> None:
    modules = {name: convert.__module__.rpartition(".")[2] for name, convert in CONVERTERS.items()}
    assert modules == {name: info.module for name, info in CONVERTER_INFO.items()}
