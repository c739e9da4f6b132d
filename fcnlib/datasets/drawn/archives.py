"""Drawn scenes in the published archives' own formats: the VOC2011 tar and the SBD tgz.

Both archives of a seed share images as the real ones do: part of VOC val is in SBD train, so that
seg11valid is VOC val minus SBD train and not simply VOC val.
"""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fcnlib.datasets.drawn import formats, scenes
from fcnlib.datasets.drawn.scenes import COMPANY, CONTEXT, Scene
from fcnlib.datasets.images import label_png, voc_palette
from fcnlib.errors import InputError
from fcnlib.files import replacing
from fcnlib.progress import progress

VOC_ROOT = "TrainVal/VOCdevkit/VOC2011"
SBD_ROOT = "benchmark_RELEASE/dataset"
ROLES, OUTLINES = 2, 3  # streams of chance, beside those of the drawn pictures


class Splits(NamedTuple):
    """Which image is in which list; `numbers` gives each ID its drawn scene."""

    numbers: dict[str, int]
    voc_train: list[str]
    voc_val: list[str]
    sbd_train: list[str]
    sbd_val: list[str]


def write_voc2011(
    path: Path,
    *,
    seed: int,
    size: int = 128,
    train: int = 600,
    validation: int = 150,
    context: float = CONTEXT,
    company: float = COMPANY,
) -> None:
    """Write VOCtrainval_25-May-2011.tar: palette PNGs with a void band around each object."""
    lists = splits(seed=seed, train=train, validation=validation)
    both = sorted(lists.voc_train + lists.voc_val)
    numbers = {name: lists.numbers[name] for name in both}
    drawing = archive_scenes(numbers, seed=seed, size=size, context=context, company=company)
    with replacing(path) as temporary, open(temporary, "wb") as file, formats.tar(file) as add:
        for name, scene in drawing:
            add(f"{VOC_ROOT}/Annotations/{name}.xml", formats.annotation(name, scene))
            add(f"{VOC_ROOT}/JPEGImages/{name}.jpg", formats.jpeg(scene.image))
            for folder, indices in (("Class", scene.labels), ("Object", scene.objects)):
                marked = formats.with_void(indices, scene.objects)
                png = label_png(marked, voc_palette())
                add(f"{VOC_ROOT}/Segmentation{folder}/{name}.png", png)
        for folder in ("Main", "Segmentation"):
            add(f"{VOC_ROOT}/ImageSets/{folder}/train.txt", formats.lines(lists.voc_train))
            add(f"{VOC_ROOT}/ImageSets/{folder}/val.txt", formats.lines(lists.voc_val))
            add(f"{VOC_ROOT}/ImageSets/{folder}/trainval.txt", formats.lines(both))


def write_sbd(
    path: Path,
    *,
    seed: int,
    size: int = 128,
    train: int = 600,
    validation: int = 150,
    context: float = CONTEXT,
    company: float = COMPANY,
) -> None:
    """Write benchmark.tgz: .mat labels without void, their outlines traced by another hand."""
    lists = splits(seed=seed, train=train, validation=validation)
    numbers = {name: lists.numbers[name] for name in sorted(lists.sbd_train + lists.sbd_val)}
    drawing = archive_scenes(numbers, seed=seed, size=size, context=context, company=company)
    with (
        replacing(path) as temporary,
        open(temporary, "wb") as file,
        gzip.GzipFile("", "wb", compresslevel=1, fileobj=file, mtime=formats.RELEASED) as zipped,
        formats.tar(zipped) as add,
    ):
        for name, scene in drawing:
            rng = scenes.generator(seed, OUTLINES, numbers[name])
            traced = formats.retraced(scene.objects, rng)
            add(f"{SBD_ROOT}/cls/{name}.mat", formats.class_mat(traced, scene.classes))
            add(f"{SBD_ROOT}/img/{name}.jpg", formats.jpeg(scene.image))
            add(f"{SBD_ROOT}/inst/{name}.mat", formats.instance_mat(traced, scene.classes))
        add(f"{SBD_ROOT}/train.txt", formats.lines(lists.sbd_train))
        add(f"{SBD_ROOT}/val.txt", formats.lines(lists.sbd_val))


def archive_scenes(
    numbers: dict[str, int], *, seed: int, size: int, context: float, company: float
) -> Iterator[tuple[str, Scene]]:
    """Each ID with its scene: half of them square, the others wide or tall."""
    shorter = round(size * 0.8125)
    shapes = [(size, size), (size, size), (shorter, size), (size, shorter)]
    for name, number in progress(numbers.items(), desc="drawing scenes", unit="scene"):
        rng = scenes.generator(seed, scenes.SCENES, number)
        height, width = shapes[rng.integers(len(shapes))]
        yield name, scenes.scene(rng, height, width, context=context, company=company)


def splits(*, seed: int, train: int, validation: int) -> Splits:
    """The lists of both archives: `train` images in SBD train, `validation` in seg11valid."""
    voc_train, twice, extra = train // 4, train // 60, validation // 2
    sizes = {
        "VOC val": validation - twice,
        "VOC val, SBD val": twice,
        "VOC val, SBD train": extra,
        "VOC train, SBD val": twice,
        "VOC train, SBD train": voc_train - 2 * twice,
        "VOC train": twice,
        "SBD train": train - extra - voc_train + 2 * twice,
    }
    if min(train, validation) < 1 or min(sizes.values()) < 0:
        raise InputError(
            f"drawn: {train} training and {validation} validation scenes; expected at least one "
            "of each, and no more validation than training scenes"
        )
    rng = scenes.generator(seed, ROLES, 0)
    ids = _ids(rng, sum(sizes.values()))
    roles = rng.permutation([role for role, size in sizes.items() for _ in range(size)])

    def members(archive_list: str) -> list[str]:
        return [name for name, role in zip(ids, roles, strict=True) if archive_list in role]

    lists = (members(name) for name in ("VOC train", "VOC val", "SBD train", "SBD val"))
    return Splits({name: number for number, name in enumerate(ids)}, *lists)


def _ids(rng: np.random.Generator, count: int) -> list[str]:
    """Sorted names of the published form, 2007_000032 to 2011_..."""
    numbers = 32 + np.cumsum(rng.integers(1, 9, size=count))
    return [f"{2007 + 5 * i // count}_{number:06d}" for i, number in enumerate(numbers)]
