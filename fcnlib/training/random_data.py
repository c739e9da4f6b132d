"""Prepared data sets of random images, for a probe to train on."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fcnlib.config.schema_data import Input
from fcnlib.datasets.hha.prepare import prepare_hha
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.writer import dataset_writer

CELL = 16  # pixels between independent values: noise would be slower to decode than photographs
CLASSES_OF_IMAGE = 4  # at most
SPLIT, FEW = "all", "few"


def write_random_dataset(
    folder: Path,
    *,
    images: int,
    sizes: Sequence[tuple[int, int]],
    classes: Sequence[tuple[str, int]],
    inputs: Sequence[Input],
) -> PreparedDataset:
    """A data set of smooth random images; split `all` has them, `few` one of each size.

    Args:
        folder: Where to write it.
        images: How many.
        sizes: Their heights and widths, in turn.
        classes: The number of classes by task.
        inputs: What is stored beside the colours.
    """
    rng = np.random.default_rng(0)
    tasks = {task: [f"class {i}" for i in range(count)] for task, count in classes}
    with dataset_writer(folder, tasks=tasks) as writer:
        ids = [f"{number:04d}" for number in range(max(images, len(sizes)))]
        for number, id in enumerate(ids):
            size = sizes[number % len(sizes)]
            writer.add_image(id, jpeg(random_image(rng, size)), id)
            for task, count in classes:
                writer.add_label(id, random_label(rng, size, count), id, task)
            if "depth" in inputs:
                writer.add_depth(id, random_depth(rng, size), None, id)
            if "hha" in inputs:
                writer.add_hha(id, png(random_image(rng, size)), id)
        writer.add_split(SPLIT, ids)
        writer.add_split(FEW, ids[: len(sizes)])
    if "hha" in inputs:
        prepare_hha(folder)
    return PreparedDataset(folder)


def random_image(rng: np.random.Generator, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Colours [H, W, 3] that change smoothly."""
    height, width = size
    coarse = rng.integers(0, 256, (height // CELL + 2, width // CELL + 2, 3), np.uint8)
    resized = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    return np.array(resized, np.uint8)


def random_label(
    rng: np.random.Generator, size: tuple[int, int], classes: int
) -> NDArray[np.uint8]:
    """Blocks [H, W] of a few of the classes."""
    height, width = size
    present = rng.permutation(classes)[:CLASSES_OF_IMAGE].astype(np.uint8)
    side = 2 * CELL
    coarse = rng.choice(present, (height // side + 1, width // side + 1))
    blocks: NDArray[np.uint8] = coarse.repeat(side, 0).repeat(side, 1)[:height, :width]
    return blocks


def random_depth(rng: np.random.Generator, size: tuple[int, int]) -> NDArray[np.uint16]:
    """Millimetres [H, W] of a floor and what stands on it: 1 to 5 m."""
    waves = random_image(rng, size)[..., 0].astype(np.uint16)
    slope = np.linspace(4000, 1000, size[0]).astype(np.uint16)[:, None]
    return slope + 4 * waves


def jpeg(pixels: NDArray[np.uint8]) -> bytes:
    return _encoded(pixels, "JPEG")


def png(pixels: NDArray[np.uint8]) -> bytes:
    return _encoded(pixels, "PNG")


def _encoded(pixels: NDArray[np.uint8], form: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form)
    return buffer.getvalue()
