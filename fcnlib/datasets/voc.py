"""PASCAL VOC and the Semantic Boundaries Dataset, from their published archives."""

import io
import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import cast

import numpy as np
from numpy.typing import NDArray

from fcnlib.config import ArchiveDataset
from fcnlib.datasets import images
from fcnlib.datasets.archives import ARCHIVES
from fcnlib.datasets.checksum import matches
from fcnlib.datasets.preparing import Draft, in_threads, preparing
from fcnlib.datasets.unpack import members
from fcnlib.errors import InputError
from fcnlib.progress import progress

CLASSES = (
    "background",
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
)

# Checked where the archive is the published one; a drawn archive has counts of its own.
PUBLISHED = {
    "VOCtrainval_03-May-2010.tar": {"train": 964, "val": 964},
    "VOCtrainval_25-May-2011.tar": {"train": 1112, "val": 1111},
    "VOCtrainval_11-May-2012.tar": {"train": 1464, "val": 1449},
    "benchmark.tgz": {"train": 8498},
}
PUBLISHED_SBD_FREE = {"VOCtrainval_25-May-2011.tar": 736, "VOCtrainval_11-May-2012.tar": 904}

# The 2011 tar has one more folder, TrainVal/, around the tree.
_VOC_LIST = re.compile(r"(?:.*/)?VOC(\d{4})/ImageSets/Segmentation/(train|val|trainval)\.txt")
_VOC_FILE = re.compile(r"(?:.*/)?VOC\d{4}/(JPEGImages|SegmentationClass)/([^/]+)\.(?:jpg|png)")
_SBD_LIST = re.compile(r"(?:.*/)?dataset/(train)\.txt")
_SBD_FILE = re.compile(r"(?:.*/)?dataset/(img|cls)/([^/]+)\.(?:jpg|mat)")


def convert_voc(
    dataset: ArchiveDataset, archives: Sequence[Path], out: Path, *, workers: int = 1
) -> None:
    """Prepare VOC's own segmentation splits: train, val and, where listed, trainval."""
    (archive,) = _expect(dataset, archives, ["VOC"])
    _, splits = _voc_lists(archive)
    with preparing(out, tasks={"semantic": CLASSES}, archives=archives) as draft:
        for name, ids in splits.items():
            draft.add_split(name, ids)
        wanted = {id for ids in splits.values() for id in ids}
        _store(draft, archive, _VOC_FILE, wanted, workers)


def convert_voc_sbd(
    dataset: ArchiveDataset, archives: Sequence[Path], out: Path, *, workers: int = 1
) -> None:
    """Prepare SBD's train with SBD's labels, and VOC's val without SBD's train as `seg11valid`.

    The year in the name is the VOC archive's; SBD's own val is not used.
    """
    voc, sbd = _expect(dataset, archives, ["VOC", "SBD"])
    year, lists = _voc_lists(voc)
    train = _sbd_train(sbd)
    valid = without(lists["val"], train)
    name = f"seg{year[2:]}valid"
    if voc.name in PUBLISHED_SBD_FREE:
        _check_published([voc, sbd], {name: valid}, {name: PUBLISHED_SBD_FREE[voc.name]})
    with preparing(out, tasks={"semantic": CLASSES}, archives=archives) as draft:
        draft.add_split("train", train)
        draft.add_split(name, valid)
        _store(draft, sbd, _SBD_FILE, set(train), workers)
        _store(draft, voc, _VOC_FILE, set(valid), workers)


def without(ids: Sequence[str], taken: Sequence[str]) -> list[str]:
    """The IDs that are not taken, in their order."""
    drop = set(taken)
    return [id for id in ids if id not in drop]


def _expect(dataset: ArchiveDataset, archives: Sequence[Path], kinds: list[str]) -> Sequence[Path]:
    if len(archives) != len(kinds):
        raise InputError(
            f"converter {dataset.converter}: {len(archives)} archives, "
            f"expected {len(kinds)} ({', '.join(kinds)})"
        )
    return archives


def _voc_lists(archive: Path) -> tuple[str, dict[str, list[str]]]:
    """Year and splits of a VOC archive."""
    found = {}
    for match, data in members(archive, _VOC_LIST):
        found[match[2]] = _ids(data)
        year = match[1]
        if len(found) == 3:
            break
    for name in ("train", "val"):
        if name not in found:
            raise InputError(f"{archive}: no VOC*/ImageSets/Segmentation/{name}.txt in it")
    _check_published([archive], found, PUBLISHED.get(archive.name, {}))
    return year, {name: found[name] for name in ("train", "val", "trainval") if name in found}


def _sbd_train(archive: Path) -> list[str]:
    for _, data in members(archive, _SBD_LIST):
        ids = _ids(data)
        _check_published([archive], {"train": ids}, PUBLISHED.get(archive.name, {}))
        return ids
    raise InputError(f"{archive}: no dataset/train.txt in it, expected the SBD archive")


def _ids(data: bytes) -> list[str]:
    return [line.strip() for line in data.decode("ascii", "replace").split("\n") if line.strip()]


def _check_published(
    archives: Sequence[Path], found: Mapping[str, Sequence[str]], published: Mapping[str, int]
) -> None:
    """Raise where the published archives do not list the published numbers of images."""
    for name, count in published.items():
        # The checksums come last: gigabytes are only read once more to explain a difference.
        if len(found[name]) != count and all(map(_is_published, archives)):
            archive = " and ".join(map(str, archives))
            raise InputError(
                f"{archive} {name}: {len(found[name])} images, expected the published {count}"
            )


def _is_published(archive: Path) -> bool:
    known = ARCHIVES.get(archive.name)
    return known is not None and matches(archive, known.checksum)


def _store(
    draft: Draft, archive: Path, files: re.Pattern[str], wanted: set[str], workers: int
) -> None:
    """Read the archive once and store the photographs and labels of the wanted IDs."""
    chosen = (item for item in members(archive, files) if item[0][2] in wanted)
    stored = in_threads(partial(_store_one, draft, archive), chosen, workers)
    for _ in progress(stored, desc=f"reading {archive.name}", total=2 * len(wanted), unit="file"):
        pass


def _store_one(draft: Draft, archive: Path, member: tuple[re.Match[str], bytes]) -> None:
    match, data = member
    origin = f"{archive}: {PurePosixPath(match[0]).name}"
    kind, id = match[1], match[2]
    if kind in ("JPEGImages", "img"):
        draft.add_image(id, data, origin)
    elif kind == "cls":
        draft.add_label(id, _sbd_label(data, origin), origin)
    else:
        picture = images.load(data, origin)
        label = images.indices(picture, origin)
        draft.add_label(id, cast(NDArray[np.uint8], label), origin)


def _sbd_label(data: bytes, origin: str) -> NDArray[np.uint8]:
    """The class indices [H, W] in an SBD .mat file: struct GTcls, field Segmentation."""
    from scipy.io import loadmat  # slow to import, and rules import this package

    try:
        content = loadmat(io.BytesIO(data))  # type: ignore[arg-type]  # the stubs know paths only
        label = content["GTcls"][0]["Segmentation"][0]
        return np.ascontiguousarray(label, dtype=np.uint8)
    except Exception as error:  # what loadmat raises on damaged files has no common class
        reason = str(error).partition("\n")[0]
        raise InputError(f"{origin}: no readable GTcls.Segmentation in it ({reason})") from None
