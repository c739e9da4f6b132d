"""What NYUDv2 has from either source: its 40 classes with their palette, and its splits."""

from functools import cache
from pathlib import Path

from fcnlib.datasets import images
from fcnlib.datasets.reader import read_list

CLASSES = (
    "wall",
    "floor",
    "cabinet",
    "bed",
    "chair",
    "sofa",
    "table",
    "door",
    "window",
    "bookshelf",
    "picture",
    "counter",
    "blinds",
    "desk",
    "shelves",
    "curtain",
    "dresser",
    "pillow",
    "mirror",
    "floor mat",
    "clothes",
    "ceiling",
    "books",
    "refridgerator",
    "television",
    "paper",
    "towel",
    "shower curtain",
    "box",
    "whiteboard",
    "person",
    "night stand",
    "toilet",
    "sink",
    "lamp",
    "bathtub",
    "bag",
    "otherstructure",
    "otherfurniture",
    "otherprop",
)
PALETTE = images.voc_palette(len(CLASSES) + 1)[1:]  # without black, which is void's
SPLITS = ("train", "val", "trainval", "test")

# As FCN's authors divided the benchmark's 795 training images, and its 654 test images.
_LISTS = {
    "train": "lists/nyudv2-train.txt",
    "val": "lists/nyudv2-val.txt",
    "test": "lists/nyudv2-test.txt",
}


@cache
def released_splits() -> dict[str, tuple[str, ...]]:
    """The IDs of the released lists; `trainval` is those of train and val together."""
    found = {
        split: tuple(read_list(Path(__file__).parent / path)) for split, path in _LISTS.items()
    }
    return {**found, "trainval": found["train"] + found["val"]}
