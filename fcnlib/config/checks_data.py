"""Checks of data: archives, splits and scenes that a converter can have."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from fcnlib.archives.catalogue import ARCHIVES
from fcnlib.config.schema import Config
from fcnlib.config.schema_base import suggestion
from fcnlib.config.schema_data import ArchiveDataset, Data, Dataset, FolderDataset, Input, Synthetic
from fcnlib.config.yaml_files import ConfigSource
from fcnlib.core.errors import InputError

VOCS = tuple(name for name in ARCHIVES if name.startswith("VOCtrainval"))
SMALLEST = 32  # pixels of a side: less shows no objects
ROOMS_PUBLISHED = 1449  # IDs of NYUDv2
REDUCED = (1, 2, 4, 5, 8, 10)  # leave whole images of 480 x 640, and 40 pixels inside the rim

BESIDE_DATASETS = ("archives", "weights", "logs", "benchmarks")  # of data/<scale>


class Content(NamedTuple):
    """What the data sets of a converter have, and what they are made from."""

    inputs: tuple[Input, ...] = ("rgb",)
    tasks: tuple[str, ...] = ("semantic",)
    background: bool | None = None  # whether its first class is one; None: as its user has it
    splits: tuple[str, ...] = ()
    archives: tuple[tuple[str, ...], ...] = ()  # the files that each of them can be
    module: str = ""  # of fcnlib/datasets/converters that converts them


ROOMS = Content(
    inputs=("rgb", "depth", "hha"), background=False, splits=("train", "val", "trainval", "test")
)
OBJECTS = Content(background=True)
CONTENTS = {
    "voc": OBJECTS._replace(splits=("train", "val", "trainval"), archives=(VOCS,), module="voc"),
    # With the two digits of VOC's year.
    "voc-sbd": OBJECTS._replace(
        splits=("train", "seg{year}valid"), archives=(VOCS, ("benchmark.tgz",)), module="voc"
    ),
    "nyudv2": ROOMS._replace(
        archives=(("nyu_depth_v2_labeled.mat",), ("splits.mat",), ("classMapping40.mat",)),
        module="nyudv2",
    ),
    "nyudv2-release": ROOMS._replace(archives=(("nyud.tar.gz",),), module="nyudv2_release"),
    "siftflow": Content(
        tasks=("semantic", "geometric"),
        background=False,
        splits=("trainval", "test"),
        archives=(("SiftFlowDataset.zip",),),
        module="siftflow",
    ),
    "pascal-context": OBJECTS._replace(
        splits=("train", "val"),
        archives=(("VOCtrainval_03-May-2010.tar",), ("pascal-context-trainval.tar.gz",)),
        module="pascal_context",
    ),
    "folder": Content(module="folder"),
}


def require_known(name: str, known: Iterable[str], place: str, what: str) -> None:
    """Raise unless the name is known."""
    if name not in known:
        raise InputError(f"{place}: {name!r} {what}; {suggestion(name, known)}")


def other_converters(dataset: Dataset) -> frozenset[str]:
    """The files of all converters but the one that a data set is prepared by."""
    own = CONTENTS[dataset.converter].module
    modules = {content.module for content in CONTENTS.values()} - {own}
    return frozenset(f"fcnlib/datasets/converters/{module}.py" for module in modules)


def splits_of(dataset: Dataset) -> tuple[str, ...]:
    """The splits that a data set has when it is prepared."""
    if isinstance(dataset, FolderDataset):
        return tuple(dataset.splits) or ("train", "val")
    year = re.search(r"\d\d(?=\.tar$)", dataset.archives[0])
    return tuple(
        name.format(year=year[0] if year else "") for name in CONTENTS[dataset.converter].splits
    )


def check_datasets(config: Config, source: ConfigSource) -> None:
    """Data sets are of archives that their converters read; synthetic scenes can be made."""
    for name, dataset in config.datasets.items():
        if name in BESIDE_DATASETS:
            place = source.at(f"datasets.{name}")
            raise InputError(f"{place}: expected another name: {name} is not only for data sets")
        if isinstance(dataset, ArchiveDataset):
            place = source.at(f"datasets.{name}")
            _check_archives(dataset, place)
            for split in dataset.counts:
                require_known(split, splits_of(dataset), f"{place}.counts", "is no split")
            if dataset.reduced != 1:
                raise InputError(f"{place}.reduced: expected none, as synthetic.rooms has its own")
    _check_synthetic(config.synthetic, source)


def _check_archives(dataset: ArchiveDataset, place: str) -> None:
    wanted = CONTENTS[dataset.converter].archives
    if len(dataset.archives) != len(wanted):
        expected = ", ".join(" or ".join(names) for names in wanted)
        raise InputError(
            f"{place}.archives: {list(dataset.archives)}; expected {len(wanted)}: {expected}"
        )
    for i, (name, known) in enumerate(zip(dataset.archives, wanted, strict=True)):
        require_known(name, known, f"{place}.archives.{i}", f"is not for {dataset.converter}")


def _check_synthetic(synthetic: Synthetic, source: ConfigSource) -> None:
    sizes = {key: getattr(synthetic, key).size for key in ("scenes", "context", "outdoor", "test")}
    for key, size in sizes.items():
        if size < SMALLEST:
            place = source.at(f"synthetic.{key}.size")
            raise InputError(f"{place}: {size}; expected {SMALLEST} pixels or more")
    rooms, place = synthetic.rooms, source.at("synthetic.rooms")
    if rooms.reduced not in REDUCED:
        raise InputError(f"{place}.reduced: {rooms.reduced}; expected one of {REDUCED}")
    if (count := rooms.train + rooms.test) > ROOMS_PUBLISHED:
        raise InputError(
            f"{place}: {count} in all; expected at most {ROOMS_PUBLISHED}, as published"
        )


def check_data(data: Data, dataset: Dataset, place: str, *, trained: bool) -> None:
    """The data set has the splits, inputs and tasks, and a background if one is needed."""
    content = CONTENTS[dataset.converter]
    for key, known in (("inputs", content.inputs), ("tasks", content.tasks)):
        for name in getattr(data, key):
            require_known(name, known, f"{place}.{key}", f"is none of {data.dataset}")
    splits = {"test": data.test}
    if trained:
        splits |= {"train": data.train, "validate_on": data.validate_on or data.test}
    for key, split in splits.items():
        what = f"is no split of {data.dataset}"
        require_known(split, splits_of(dataset), f"{place}.{key}", what)
    if content.background is not False:
        return
    if data.foreground:
        raise InputError(f"{place}.foreground: expected false, as {data.dataset} has no background")
    for key in ("train_mask", "test_mask"):
        if getattr(data, key) != "none":
            raise InputError(f"{place}.{key}: expected none, as {data.dataset} has no background")
