"""How many images of what size and with how many classes each data set has, before it is there."""

from collections.abc import Mapping
from dataclasses import dataclass

from fcnlib.config.schema import Config
from fcnlib.config.schema_data import ArchiveDataset, Dataset, FolderDataset, Synthetic
from fcnlib.core.errors import InputError
from fcnlib.datasets.hha.encode import NYUD_CROP
from fcnlib.training.workload import Size

# The photographs of VOC are at most 500 pixels wide and high; most are 500 x 375.
VOC_SIZES: tuple[Size, ...] = ((375, 500), (375, 500), (333, 500), (500, 375))


def rooms_size(reduced: int) -> Size:
    """Of NYUDv2's images, so many times smaller, within the camera's white rim."""
    top, bottom, left, right = (round(edge / reduced) for edge in NYUD_CROP)
    return bottom - top, right - left


PUBLISHED_SIZES: dict[str, tuple[Size, ...]] = {
    "voc": VOC_SIZES,
    "voc-sbd": VOC_SIZES,
    "pascal-context": VOC_SIZES,
    "nyudv2": (rooms_size(1),),
    "nyudv2-release": (rooms_size(1),),
    "siftflow": ((256, 256),),
}
CLASSES: dict[str, dict[str, int]] = {
    "voc": {"semantic": 21},
    "voc-sbd": {"semantic": 21},
    "pascal-context": {"semantic": 60},
    "nyudv2": {"semantic": 40},
    "nyudv2-release": {"semantic": 40},
    "siftflow": {"semantic": 33, "geometric": 3},
}


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
    if config.archives == "synthetic":
        return _of_synthetic(entry, config.synthetic)
    if not entry.counts:
        raise InputError(
            f"datasets.{name}.counts: none; expected the number of images of each split"
        )
    return DataSize(PUBLISHED_SIZES[entry.converter], entry.counts, CLASSES[entry.converter])


def _of_synthetic(entry: ArchiveDataset, synthetic: Synthetic) -> DataSize:
    """The images of the synthetic archives; their writers have these numbers, as a test says."""
    classes, scenes = CLASSES[entry.converter], synthetic.scenes
    if entry.converter == "siftflow":
        outdoor = synthetic.outdoor
        square = (outdoor.size, outdoor.size)
        return DataSize((square,), {"trainval": outdoor.train, "test": outdoor.test}, classes)
    if entry.converter in ("nyudv2", "nyudv2-release"):
        rooms = synthetic.rooms
        train = (rooms.train + 1) // 2
        splits = {
            "train": train,
            "val": rooms.train - train,
            "trainval": rooms.train,
            "test": rooms.test,
        }
        return DataSize((rooms_size(rooms.reduced),), splits, classes)
    if entry.converter == "pascal-context":
        context = synthetic.context
        splits = {"train": context.train, "val": context.validation}
        return DataSize(_scene_sizes(context.size), splits, classes)
    if entry.converter == "voc":
        train, val = scenes.train // 8, scenes.validation + scenes.validation // 2
        splits = {"train": train, "val": val, "trainval": train + val}
        return DataSize(_scene_sizes(scenes.size), splits, classes)
    year = entry.archives[0][-6:-4]  # of VOCtrainval_25-May-2011.tar
    splits = {"train": scenes.train, f"seg{year}valid": scenes.validation}
    return DataSize(_scene_sizes(scenes.size), splits, classes)


def _scene_sizes(longer: int) -> tuple[Size, ...]:
    """Half of the scenes are square, the others wide or tall."""
    shorter = round(longer * 0.8125)
    return (longer, longer), (longer, longer), (shorter, longer), (longer, shorter)


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
    has_depth = entry.converter.startswith("nyudv2")
    image = PNG_BYTES + DEPTH_BYTES if has_depth else JPEG_BYTES
    return size.images * size.pixels * (image + LABEL_BYTES * len(size.classes))
