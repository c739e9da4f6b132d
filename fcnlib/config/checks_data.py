"""Checks of data: archives, splits and scenes that a converter can have."""

from collections.abc import Iterable

from fcnlib.archives.catalogue import ARCHIVES
from fcnlib.config.converters import (
    ARCHIVES_INFO,
    CONVERTER_INFO,
    SYNTHETIC_ARCHIVES,
    splits_of,
)
from fcnlib.config.nyudv2_images import NYUD_IMAGES, REDUCED
from fcnlib.config.schema import Config
from fcnlib.config.schema_base import suggestion
from fcnlib.config.schema_data import ArchiveDataset, Data, Dataset, Synthetic
from fcnlib.config.yaml_files import ConfigSource
from fcnlib.core.errors import InputError

BESIDE_DATASETS = ("archives", "weights", "logs", "benchmarks")  # of data/<scale>


def require_known(name: str, known: Iterable[str], place: str, what: str) -> None:
    """Raise unless the name is known."""
    if name not in known:
        raise InputError(f"{place}: {name!r} {what}; {suggestion(name, known)}")


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
    _check_rooms(config.synthetic, source)


def check_synthetic_archives(config: Config, source: ConfigSource) -> None:
    """The archives of the run's data sets can be made, if they are to be synthetic."""
    for name, dataset in config.datasets.items():
        if config.archives == "published" or not isinstance(dataset, ArchiveDataset):
            continue
        place = source.at(f"datasets.{name}")
        for archive in dataset.archives:
            if archive not in SYNTHETIC_ARCHIVES:
                raise InputError(
                    f"{place}.archives: {archive}: no rule writes a synthetic one; expected a "
                    "scale with `archives: published`, or rows of other data sets alone"
                )
        if ARCHIVES_INFO[dataset.converter].synthetic is None:
            raise InputError(
                f"{place}.converter: {dataset.converter!r}: no `synthetic` of it in ARCHIVES_INFO "
                "of fcnlib/config/converters.py; expected what the writers of its archives make"
            )


def _check_archives(dataset: ArchiveDataset, place: str) -> None:
    if dataset.converter not in ARCHIVES_INFO:
        raise InputError(
            f"{place}.converter: {dataset.converter!r} is not in ARCHIVES_INFO of "
            "fcnlib/config/converters.py; expected what its data sets have"
        )
    wanted = ARCHIVES_INFO[dataset.converter].archives
    if len(dataset.archives) != len(wanted):
        expected = ", ".join(" or ".join(names) for names in wanted)
        raise InputError(
            f"{place}.archives: {list(dataset.archives)}; expected {len(wanted)}: {expected}"
        )
    for i, (name, known) in enumerate(zip(dataset.archives, wanted, strict=True)):
        require_known(name, known, f"{place}.archives.{i}", f"is not for {dataset.converter}")
        if name not in ARCHIVES:
            raise InputError(
                f"{place}.archives.{i}: {name!r} is not in ARCHIVES of "
                "fcnlib/archives/catalogue.py; expected its terms, and its addresses if it has some"
            )


def _check_rooms(synthetic: Synthetic, source: ConfigSource) -> None:
    rooms, place = synthetic.rooms, source.at("synthetic.rooms")
    if rooms.reduced not in REDUCED:
        raise InputError(f"{place}.reduced: {rooms.reduced}; expected one of {REDUCED}")
    if (count := rooms.train + rooms.test) > NYUD_IMAGES:
        raise InputError(f"{place}: {count} in all; expected at most {NYUD_IMAGES}, as published")


def check_data(data: Data, dataset: Dataset, place: str, *, trained: bool) -> None:
    """The data set has the splits, inputs and tasks, and a background if one is needed."""
    info = CONVERTER_INFO[dataset.converter]
    for key, known in (("inputs", info.inputs), ("tasks", info.tasks)):
        for name in getattr(data, key):
            require_known(name, known, f"{place}.{key}", f"is none of {data.dataset}")
    splits = {"test": data.test}
    if trained:
        splits |= {"train": data.train, "validate_on": data.validate_on or data.test}
    for key, split in splits.items():
        what = f"is no split of {data.dataset}"
        require_known(split, splits_of(dataset), f"{place}.{key}", what)
    if info.background is not False:
        return
    if data.foreground:
        raise InputError(f"{place}.foreground: expected false, as {data.dataset} has no background")
    for key in ("train_mask", "test_mask"):
        if getattr(data, key) != "none":
            raise InputError(f"{place}.{key}: expected none, as {data.dataset} has no background")
