"""What the data sets of each converter have, before there are any."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from fcnlib.config.nyudv2_images import nyud_crop
from fcnlib.config.schema_base import Size
from fcnlib.config.schema_data import (
    Dataset,
    FolderDataset,
    Input,
    Scenes,
    Synthetic,
)


@dataclass(frozen=True)
class SyntheticImages:
    """The images of a data set that is made of synthetic archives."""

    sizes: tuple[Size, ...]  # in turn
    counts: tuple[int, ...]  # of the splits, in their order


@dataclass(frozen=True, kw_only=True)
class ConverterInfo:
    """What the data sets of a converter have, and where it is."""

    module: str  # of fcnlib/datasets/converters
    inputs: tuple[Input, ...] = ("rgb",)
    classes: Mapping[str, int | None]  # of each task; None: as many as its user has
    background: bool | None  # whether its first class is one; None: as its user has it

    @property
    def tasks(self) -> tuple[str, ...]:
        """What its labels are of."""
        return tuple(self.classes)

    @property
    def has_depth(self) -> bool:
        """Whether depth is stored beside each image."""
        return "depth" in self.inputs


@dataclass(frozen=True, kw_only=True)
class ArchivesInfo(ConverterInfo):
    """The same where it reads published archives, and what these hold."""

    classes: Mapping[str, int]
    splits: tuple[str, ...]  # {year}: the two digits of VOC's
    archives: tuple[tuple[str, ...], ...]  # the files that each of them can be
    published_sizes: tuple[Size, ...]  # of the images, in turn
    # As the writers of its synthetic archives make them; None: it has no writers.
    synthetic: Callable[[Synthetic], SyntheticImages] | None = None
    renderings: int = 1  # how often each synthetic scene is rendered: once for each archive of it
    is_reduced: bool = False  # whether its synthetic images are smaller, by `synthetic.rooms`


def _scene_sizes(scenes: Scenes) -> tuple[Size, ...]:
    """Half of the scenes are square, the others wide or tall."""
    longer, shorter = scenes.size, round(scenes.size * 0.8125)
    return (longer, longer), (longer, longer), (shorter, longer), (longer, shorter)


def _voc(synthetic: Synthetic) -> SyntheticImages:
    scenes = synthetic.scenes
    train, val = scenes.train // 8, scenes.validation + scenes.validation // 2
    return SyntheticImages(_scene_sizes(scenes), (train, val, train + val))


def _train_and_val(scenes: Scenes) -> SyntheticImages:
    return SyntheticImages(_scene_sizes(scenes), (scenes.train, scenes.validation))


def _rooms_size(reduced: int) -> Size:
    top, bottom, left, right = nyud_crop(reduced)
    return bottom - top, right - left


def _nyudv2(synthetic: Synthetic) -> SyntheticImages:
    rooms = synthetic.rooms
    train = (rooms.train + 1) // 2
    counts = (train, rooms.train - train, rooms.train, rooms.test)
    return SyntheticImages((_rooms_size(rooms.reduced),), counts)


def _siftflow(synthetic: Synthetic) -> SyntheticImages:
    outdoor = synthetic.outdoor
    return SyntheticImages(((outdoor.size, outdoor.size),), (outdoor.train, outdoor.test))


VOC_YEARS = {
    "VOCtrainval_03-May-2010.tar": "10",
    "VOCtrainval_25-May-2011.tar": "11",
    "VOCtrainval_11-May-2012.tar": "12",
}
# The photographs of VOC are at most 500 pixels wide and high; most are 500 x 375.
VOC_SIZES: tuple[Size, ...] = ((375, 500), (375, 500), (333, 500), (500, 375))

# Those that the rules of workflow/rules/synthetic.smk write.
SYNTHETIC_ARCHIVES = frozenset(
    {
        "VOCtrainval_03-May-2010.tar",
        "VOCtrainval_25-May-2011.tar",
        "VOC2012test.tar",
        "benchmark.tgz",
        "nyu_depth_v2_labeled.mat",
        "splits.mat",
        "classMapping40.mat",
        "SiftFlowDataset.zip",
        "pascal-context-trainval.tar.gz",
    }
)
NYUDV2 = ArchivesInfo(
    module="nyudv2",
    inputs=("rgb", "depth", "hha"),
    classes={"semantic": 40},
    background=False,
    splits=("train", "val", "trainval", "test"),
    archives=(("nyu_depth_v2_labeled.mat",), ("splits.mat",), ("classMapping40.mat",)),
    published_sizes=(_rooms_size(1),),
    synthetic=_nyudv2,
    is_reduced=True,
)
ARCHIVES_INFO: dict[str, ArchivesInfo] = {
    "voc": ArchivesInfo(
        module="voc",
        classes={"semantic": 21},
        background=True,
        splits=("train", "val", "trainval"),
        archives=(tuple(VOC_YEARS),),
        published_sizes=VOC_SIZES,
        synthetic=_voc,
    ),
    "voc-sbd": ArchivesInfo(
        module="voc",
        classes={"semantic": 21},
        background=True,
        splits=("train", "seg{year}valid"),
        archives=(tuple(VOC_YEARS), ("benchmark.tgz",)),
        published_sizes=VOC_SIZES,
        synthetic=lambda synthetic: _train_and_val(synthetic.scenes),
        renderings=2,
    ),
    "nyudv2": NYUDV2,
    "nyudv2-release": replace(
        NYUDV2,
        module="nyudv2_release",
        archives=(("nyud.tar.gz",),),
        synthetic=None,
        is_reduced=False,
    ),
    "siftflow": ArchivesInfo(
        module="siftflow",
        classes={"semantic": 33, "geometric": 3},
        background=False,
        splits=("trainval", "test"),
        archives=(("SiftFlowDataset.zip",),),
        published_sizes=((256, 256),),
        synthetic=_siftflow,
    ),
    "pascal-context": ArchivesInfo(
        module="pascal_context",
        classes={"semantic": 60},
        background=True,
        splits=("train", "val"),
        archives=(("VOCtrainval_03-May-2010.tar",), ("pascal-context-trainval.tar.gz",)),
        published_sizes=VOC_SIZES,
        synthetic=lambda synthetic: _train_and_val(synthetic.context),
        renderings=2,
    ),
}
CONVERTER_INFO: dict[str, ConverterInfo] = {
    **ARCHIVES_INFO,
    "folder": ConverterInfo(module="folder", classes={"semantic": None}, background=None),
}


def splits_of(dataset: Dataset) -> tuple[str, ...]:
    """The splits that a data set has when it is prepared."""
    if isinstance(dataset, FolderDataset):
        return tuple(dataset.splits) or ("train", "val")
    year = VOC_YEARS.get(dataset.archives[0], "")
    return tuple(name.format(year=year) for name in ARCHIVES_INFO[dataset.converter].splits)


def other_converters(dataset: Dataset) -> frozenset[str]:
    """The files of all converters but the one that a data set is prepared by."""
    own = CONVERTER_INFO[dataset.converter].module
    modules = {info.module for info in CONVERTER_INFO.values()} - {own}
    return frozenset(f"fcnlib/datasets/converters/{module}.py" for module in modules)
