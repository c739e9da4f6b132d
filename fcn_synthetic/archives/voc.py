"""Synthetic scenes in the formats of the VOC tars, SBD and PASCAL-Context.

Those of 2011 and SBD share images as the published ones do: part of VOC val is in SBD train, so
that seg11valid is VOC val minus SBD train. Those of 2010 are furnished scenes, of which
PASCAL-Context labels every pixel.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from fcn_synthetic.archives import formats
from fcn_synthetic.objects import scenes
from fcn_synthetic.objects.scenes import COMPANY, CONTEXT, Scene
from fcnlib.core.errors import InputError
from fcnlib.core.progress import progress
from fcnlib.datasets.converters.pascal_context_names import RAW_NAMES, TASK_NAMES
from fcnlib.datasets.images import label_png, voc_palette

VOC2010_ROOT = "VOCdevkit/VOC2010"
VOC_ROOT = "TrainVal/VOCdevkit/VOC2011"
VOC2012_ROOT = "VOCdevkit/VOC2012"
SBD_ROOT = "benchmark_RELEASE/dataset"
# Random streams, apart from those of `scenes`.
ROLES, OUTLINES, CONTEXT_ROLES, CONTEXT_SCENES, FURNISHING, TEST_ROLES, TEST = range(2, 9)


class Splits(NamedTuple):
    """The lists of both archives; `numbers` maps each ID to the number of its scene."""

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
    """Write VOCtrainval_25-May-2011.tar: palette PNGs with a void band around each object.

    Args:
        path: The tar to write.
        seed: Seed of all scenes.
        size: Longer side of the images in pixels.
        train: Number of images in SBD's train, which decides the sizes of all lists.
        validation: Number of images in VOC's val that are not in SBD's train.
        context: Probability that an object is in its usual place at its usual hour.
        company: Probability that a second object is of the first one's place.
    """
    lists = splits(seed=seed, train=train, validation=validation)
    both = sorted(lists.voc_train + lists.voc_val)
    numbers = {name: lists.numbers[name] for name in both}
    named_scenes = archive_scenes(numbers, seed=seed, size=size, context=context, company=company)
    sets = {"train": lists.voc_train, "val": lists.voc_val, "trainval": both}
    _write_voc(path, VOC_ROOT, named_scenes, {"Main": sets, "Segmentation": sets})


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
    """Write benchmark.tgz: .mat labels without void, with other outlines than VOC's.

    The arguments are those of `write_voc2011`.
    """
    lists = splits(seed=seed, train=train, validation=validation)
    numbers = {name: lists.numbers[name] for name in sorted(lists.sbd_train + lists.sbd_val)}
    named_scenes = archive_scenes(numbers, seed=seed, size=size, context=context, company=company)
    with formats.tar(path, zipped=True) as add:
        for name, scene in named_scenes:
            rng = scenes.generator(seed, OUTLINES, numbers[name])
            traced = formats.retraced(scene.objects, rng)
            add(f"{SBD_ROOT}/cls/{name}.mat", formats.class_mat(traced, scene.classes))
            add(f"{SBD_ROOT}/img/{name}.jpg", formats.jpeg(scene.image))
            add(f"{SBD_ROOT}/inst/{name}.mat", formats.instance_mat(traced, scene.classes))
        add(f"{SBD_ROOT}/train.txt", formats.lines(lists.sbd_train))
        add(f"{SBD_ROOT}/val.txt", formats.lines(lists.sbd_val))


def write_voc2010(
    path: Path, *, seed: int, size: int = 128, train: int = 240, validation: int = 80
) -> None:
    """Write VOCtrainval_03-May-2010.tar, in which one image in five is segmented.

    Args:
        path: The tar to write.
        seed: Seed of all scenes.
        size: Longer side of the images in pixels.
        train: Number of training images.
        validation: Number of validation images.
    """
    numbers, main = context_lists(seed=seed, train=train, validation=validation)
    segmented = {name: ids[::5] for name, ids in main.items() if name != "trainval"}
    segmented["trainval"] = sorted(segmented["train"] + segmented["val"])
    named_scenes = context_scenes(numbers, seed=seed, size=size)
    _write_voc(path, VOC2010_ROOT, named_scenes, {"Main": main, "Segmentation": segmented})


def write_context(
    path: Path, *, seed: int, size: int = 128, train: int = 240, validation: int = 80
) -> None:
    """Write pascal-context-trainval.tar.gz: labels of all pixels of VOC2010's images.

    The arguments are those of `write_voc2010`.
    """
    numbers, _ = context_lists(seed=seed, train=train, validation=validation)
    with formats.tar(path, zipped=True) as add:
        for title, names in (("labels", RAW_NAMES), ("59_labels", TASK_NAMES)):
            numbered = [f"{number}: {name}" for number, name in enumerate(names, start=1)]
            add(f"{title}.txt", formats.lines(numbered))
        for name, scene in context_scenes(numbers, seed=seed, size=size):
            add(f"trainval/{name}.mat", formats.context_mat(scene.codes))


def write_voc2012_test(path: Path, *, seed: int, size: int = 128, images: int = 20) -> None:
    """Write VOC2012test.tar: images and their list, without labels."""
    rng = scenes.generator(seed, TEST_ROLES, 0)
    ids = _ids(rng, images, years=range(2008, 2013))
    numbers = {name: number for number, name in enumerate(ids)}
    with formats.tar(path) as add:
        for name, scene in archive_scenes(numbers, seed=seed, size=size, stream=TEST):
            add(f"{VOC2012_ROOT}/JPEGImages/{name}.jpg", formats.jpeg(scene.image))
        for use in ("Main", "Segmentation"):
            add(f"{VOC2012_ROOT}/ImageSets/{use}/test.txt", formats.lines(ids))


def _write_voc(
    path: Path,
    root: str,
    named_scenes: Iterable[tuple[str, Scene]],
    sets: Mapping[str, Mapping[str, list[str]]],
) -> None:
    """Write a VOC archive of the images of Main, with labels for those of Segmentation.

    `sets` are the lists by use (a folder of ImageSets) and name.
    """
    segmented = set(sets["Segmentation"]["trainval"])
    folder = PurePosixPath(root).name
    with formats.tar(path) as add:
        for name, scene in named_scenes:
            xml = formats.annotation(folder, name, scene, segmented=name in segmented)
            add(f"{root}/Annotations/{name}.xml", xml)
            add(f"{root}/JPEGImages/{name}.jpg", formats.jpeg(scene.image))
            parts = (("Class", scene.labels), ("Object", scene.objects))
            for kind, indices in parts if name in segmented else ():
                marked = formats.with_void(indices, scene.objects)
                png = label_png(marked, voc_palette())
                add(f"{root}/Segmentation{kind}/{name}.png", png)
        for use, lists in sets.items():
            for name, ids in lists.items():
                add(f"{root}/ImageSets/{use}/{name}.txt", formats.lines(ids))


def archive_scenes(
    numbers: dict[str, int],
    *,
    seed: int,
    size: int,
    stream: int = scenes.SCENES,
    furnishing: int | None = None,
    context: float = CONTEXT,
    company: float = COMPANY,
) -> Iterator[tuple[str, Scene]]:
    """Each ID with its scene: half of them square, the others wide or tall.

    Args:
        numbers: Number of the scene of each ID.
        seed: Seed of all scenes.
        size: Longer side in pixels.
        stream: Random stream of the scenes.
        furnishing: Random stream of other things in the scenes; None for none.
        context: Probability that an object is in its usual place at its usual hour.
        company: Probability that a second object is of the first one's place.
    """
    shorter = round(size * 0.8125)
    shapes = [(size, size), (size, size), (shorter, size), (size, shorter)]
    for name, number in progress(numbers.items(), desc="rendering scenes", unit="scene"):
        rng = scenes.generator(seed, stream, number)
        things = None if furnishing is None else scenes.generator(seed, furnishing, number)
        height, width = shapes[rng.integers(len(shapes))]
        yield (
            name,
            scenes.scene(rng, height, width, context=context, company=company, furnishing=things),
        )


def context_scenes(numbers: dict[str, int], *, seed: int, size: int) -> Iterator[tuple[str, Scene]]:
    """The furnished scenes of VOC2010, of which PASCAL-Context labels every pixel."""
    return archive_scenes(
        numbers, seed=seed, size=size, stream=CONTEXT_SCENES, furnishing=FURNISHING
    )


def context_lists(
    *, seed: int, train: int, validation: int
) -> tuple[dict[str, int], dict[str, list[str]]]:
    """The number of each of VOC2010's scenes by ID, and its Main lists."""
    if min(train, validation) < 1:
        raise InputError(
            f"synthetic: {train} training and {validation} validation scenes; expected one of each"
        )
    rng = scenes.generator(seed, CONTEXT_ROLES, 0)
    ids = _ids(rng, train + validation, years=range(2007, 2011))
    training = set(rng.permutation(len(ids))[:train].tolist())
    lists = {
        "train": [name for number, name in enumerate(ids) if number in training],
        "val": [name for number, name in enumerate(ids) if number not in training],
        "trainval": ids,
    }
    return {name: number for number, name in enumerate(ids)}, lists


def splits(*, seed: int, train: int, validation: int) -> Splits:
    """The lists of both archives: `train` images in SBD train, `validation` in seg11valid.

    VOC train is an eighth of SBD train, about as published (1,112 and 8,498).
    """
    voc_train, twice, extra = train // 8, train // 60, validation // 2
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
            f"synthetic: {train} training and {validation} validation scenes; expected at least "
            "one of each, and no more validation than training scenes"
        )
    rng = scenes.generator(seed, ROLES, 0)
    ids = _ids(rng, sum(sizes.values()))
    roles = rng.permutation([role for role, size in sizes.items() for _ in range(size)])

    def members(archive_list: str) -> list[str]:
        return [name for name, role in zip(ids, roles, strict=True) if archive_list in role]

    lists = (members(name) for name in ("VOC train", "VOC val", "SBD train", "SBD val"))
    return Splits({name: number for number, name in enumerate(ids)}, *lists)


def _ids(rng: np.random.Generator, count: int, years: range = range(2007, 2012)) -> list[str]:
    """Sorted IDs of the published form: 2007_000032 to 2011_..."""
    numbers = 32 + np.cumsum(rng.integers(1, 9, size=count))
    return [f"{years[len(years) * i // count]}_{number:06d}" for i, number in enumerate(numbers)]
