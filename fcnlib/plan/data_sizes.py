"""How many images of what size and with how many classes each data set has, before it is there."""

from collections.abc import Mapping
from dataclasses import dataclass

from fcnlib.config.converters import ARCHIVES_INFO, CONVERTER_INFO, splits_of
from fcnlib.config.schema import Config
from fcnlib.config.schema_base import Size
from fcnlib.config.schema_data import Dataset, FolderDataset
from fcnlib.core.errors import InputError


@dataclass(frozen=True)
class DataSize:
    """The images of a data set: their sizes in turn, and the number of each split and task."""

    sizes: tuple[Size, ...]
    splits: Mapping[str, int]
    classes: Mapping[str, int]

    @property
    def images(self) -> int:
        """All images; those of train and val are in trainval, where there is such a split."""
        within = {"train", "val"} if "trainval" in self.splits else set()
        return sum(count for name, count in self.splits.items() if name not in within)

    @property
    def pixels(self) -> float:
        """Of an image, on average."""
        return sum(height * width for height, width in self.sizes) / len(self.sizes)


def data_sizes(config: Config) -> dict[str, DataSize]:
    """Each data set of a run; an InputError where the configuration does not tell.

    A user's own folder is read for its lists and the sizes of a few images.
    """
    return {name: data_size(config, name) for name in config.datasets}


def data_size(config: Config, name: str) -> DataSize:
    """The same of one data set."""
    entry = config.datasets[name]
    if isinstance(entry, FolderDataset):
        return _of_folder(entry)
    info = ARCHIVES_INFO[entry.converter]
    if config.archives == "synthetic":
        assert info.synthetic is not None, entry.converter  # checked with the configuration
        images = info.synthetic(config.synthetic)
        splits = dict(zip(splits_of(entry), images.counts, strict=True))
        return DataSize(images.sizes, splits, info.classes)
    if not entry.counts:
        raise InputError(
            f"datasets.{name}.counts: none; expected the number of images of each split"
        )
    return DataSize(info.published_sizes, entry.counts, info.classes)


def _of_folder(entry: FolderDataset) -> DataSize:
    # Imported here, as NumPy and Pillow take a while.
    from fcnlib.datasets.converters.folder import read_folder
    from fcnlib.datasets.images import image_size

    folder = read_folder(entry)
    splits = {name: len(ids) for name, ids in folder.splits.items()}
    paths = [folder.images[id] for id in sorted(folder.listed_ids()) if id in folder.images]
    if not paths:
        raise InputError(f"{entry.place()}: no image of its splits; expected some")
    sizes = tuple(image_size(path) for path in paths[:: max(1, len(paths) // 20)][:20])
    return DataSize(sizes, splits, {"semantic": len(folder.classes)})


def count_of(size: DataSize, split: str, dataset: str) -> int:
    """The number of images of a split."""
    if split not in size.splits:
        known = ", ".join(size.splits)
        raise InputError(f"datasets.{dataset}: no number of split {split!r}; known: {known}")
    return size.splits[split]


# Bytes a pixel of the synthetic scenes that the demo prepares, measured there once: images stay the
# JPEGs that they are; NYUDv2's become PNGs, as do labels, and depth with what is missing and HHA.
JPEG_BYTES, PNG_BYTES, LABEL_BYTES, DEPTH_BYTES = 0.6, 1.9, 0.1, 1.7


def dataset_bytes(entry: Dataset, size: DataSize) -> float:
    """What a prepared data set takes: images, labels, and depth with HHA where there is some."""
    has_depth = CONVERTER_INFO[entry.converter].has_depth
    image = PNG_BYTES + DEPTH_BYTES if has_depth else JPEG_BYTES
    return size.images * size.pixels * (image + LABEL_BYTES * len(size.classes))
