"""The lists of a user's own folder, by the names that people give them."""

from pathlib import Path

SPLITS = ("train", "val", "valid", "validation", "trainval", "test")
PLACES = ("", "ImageSets/Segmentation", "splits", "lists")  # VOC's, and what others do


def own_lists(folder: Path) -> dict[str, str]:
    """The folder's lists of IDs by split: `train.txt`, `val.txt`, ... of the first such place."""
    for place in PLACES:
        names = {split: str(Path(place, f"{split}.txt")) for split in SPLITS}
        found = {split: name for split, name in names.items() if (folder / name).is_file()}
        if found:
            return found
    return {}
