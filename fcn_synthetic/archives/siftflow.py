"""Synthetic outdoor scenes in the format of SIFT Flow's zip."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fcn_synthetic.archives import formats
from fcn_synthetic.objects import scenes
from fcn_synthetic.outdoor import OutdoorScene, outdoor_scene
from fcnlib.core.errors import InputError
from fcnlib.core.files import atomic_write
from fcnlib.core.progress import progress
from fcnlib.datasets.converters.siftflow_names import (
    CATEGORIES,
    FOLDER,
    GEOMETRIC_CLASSES,
    SEMANTIC_CLASSES,
    released_test,
)

OUTDOOR, NAMES = 30, 31  # random streams, apart from those of other archives
RELEASED = (2010, 9, 5, 0, 0, 0)  # of every member: no date of today in the archive
NO_FILES, NO_PIXELS = "highway_bost181", "street_urb506"  # without annotation, as published
# The published images' names: category, one of these sources, and a number.
SOURCES = {
    "coast": ("bea", "cdmc", "land", "n", "nat", "natu", "sun"),
    "forest": ("cdmc", "for", "land", "nat", "natu", "text"),
    "highway": ("art", "bost", "gre", "urb"),
    "insidecity": ("a", "art", "bost", "hous", "urb"),
    "mountain": ("land", "n", "nat", "natu", "sharp"),
    "opencountry": ("fie", "land", "n", "nat", "natu", "open"),
    "street": ("art", "bost", "gre", "par", "street", "urb"),
    "tallbuilding": ("a", "art", "city", "sky", "urb", "urban"),
}


def write_siftflow(
    path: Path, *, seed: int, size: int = 112, train: int = 300, test: int = 100
) -> None:
    """Write SiftFlowDataset.zip: images with both labels, and the test list.

    Two more images have no annotation: one has no label files, one no labelled pixel.

    Args:
        path: The zip to write.
        seed: Seed of all scenes.
        size: Side of the images in pixels.
        train: Number of training images.
        test: Number of test images, at most 200.
    """
    training, testing = names(seed=seed, train=train, test=test)
    with atomic_write(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, scene in _scenes(training, testing, seed=seed, size=size):
            _add(archive, f"Images/{FOLDER}/{name}.jpg", formats.jpeg(scene.image))
            if name == NO_FILES:
                continue
            semantic = label_mat(scene.semantic, list(SEMANTIC_CLASSES))
            geometric = label_mat(scene.geometric, list(GEOMETRIC_CLASSES))
            _add(archive, f"SemanticLabels/{FOLDER}/{name}.mat", semantic)
            _add(archive, f"GeoLabels/{FOLDER}/{name}.mat", geometric)
        listed = "".join(f"{FOLDER}\\{name}.jpg\r\n" for name in testing)
        _add(archive, "TestSet1.txt", listed.encode())


def _scenes(
    training: list[str], testing: list[str], *, seed: int, size: int
) -> Iterator[tuple[str, OutdoorScene]]:
    """Each name with its scene, in the names' order."""
    ids = sorted([*training, NO_FILES, NO_PIXELS, *testing])
    for number, name in enumerate(progress(ids, desc="rendering scenes", unit="scene")):
        rng = scenes.generator(seed, OUTDOOR, number)
        scene = outdoor_scene(rng, size, name.partition("_")[0], rare=name not in testing)
        if name == NO_PIXELS:
            scene.semantic[:], scene.geometric[:] = 0, -1
        yield name, scene


def names(*, seed: int, train: int, test: int) -> tuple[list[str], list[str]]:
    """Names of training images, as those published, and the first of the published test list."""
    if train < 1 or not 1 <= test <= len(released_test()):
        raise InputError(
            f"synthetic: {train} training and {test} test scenes; expected at least one of each, "
            f"and no more than the {len(released_test())} published test images"
        )
    rng = scenes.generator(seed, NAMES, 0)
    used = {NO_FILES, NO_PIXELS, *released_test()}
    training: list[str] = []
    while len(training) < train:
        category = CATEGORIES[len(training) % len(CATEGORIES)]
        source = SOURCES[category][rng.integers(len(SOURCES[category]))]
        digits = 6 if source in ("a", "n") else 3  # these sources have dates
        name = f"{category}_{source}{rng.integers(10 ** (digits - 1), 10**digits)}"
        if name not in used:
            used.add(name)
            training.append(name)
    return sorted(training), sorted(released_test()[:test])


def label_mat(codes: NDArray[np.uint8] | NDArray[np.int8], classes: list[str]) -> bytes:
    """A label file: the codes S [H, W] as MATLAB's doubles, and the names of the classes."""
    cells = np.empty((len(classes), 1), object)
    cells[:, 0] = classes
    return formats.mat({"S": codes.astype(np.float64), "names": cells})


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    member = zipfile.ZipInfo(name, RELEASED)
    member.external_attr = 0o644 << 16
    member.create_system = 3  # Unix, on whatever system it is written
    archive.writestr(member, content)
