"""What `check` finds of files that changed after they were prepared, although they can be read."""

import io
from pathlib import Path

import numpy as np
import pytest
from fixtures.archives import label, png
from PIL import Image

from fcnlib.datasets.checks.check import check
from fcnlib.datasets.checks.check_digests import CHANGED
from fcnlib.datasets.hha.encode import Camera
from fcnlib.datasets.hha.prepare import prepare_hha
from fcnlib.datasets.images import label_png, voc_palette
from fcnlib.datasets.writer import dataset_writer

RNG = np.random.default_rng(0)


@pytest.fixture
def rooms(tmp_path: Path) -> Path:
    """Four images, of which two are JPEGs, with labels, depth and HHA."""
    with dataset_writer(
        tmp_path / "rooms", tasks={"semantic": ["a", "b"]}, camera=Camera(500.0, 500.0, 8.0, 6.0)
    ) as writer:
        for number, id in enumerate("abcd"):
            pixels = RNG.integers(0, 255, (12, 16, 3), np.uint8)
            file = io.BytesIO()
            Image.fromarray(pixels).save(file, "JPEG" if number < 2 else "PNG")
            writer.add_image(id, file.getvalue(), id)
            writer.add_label(id, label(1), id)
            depth = RNG.integers(1000, 3000, (12, 16)).astype(np.uint16)
            writer.add_depth(id, depth, depth < 1100, id)
        writer.add_split("train", ["a", "b", "c"])
        writer.add_split("val", ["d"])
    prepare_hha(tmp_path / "rooms")
    return tmp_path / "rooms"


def errors(root: Path) -> list[tuple[str, str]]:
    found = [each for each in check(root).findings if each.level == "error"]
    return [(Path(each.file).relative_to(root).as_posix(), each.message) for each in found]


def test_a_sound_data_set_agrees_with_its_digests(rooms):
    assert errors(rooms) == []
    (rooms / "digests.txt").unlink()  # as of an earlier version
    assert errors(rooms) == []


def test_any_flipped_bit_of_a_jpeg_is_found(rooms):
    path = rooms / "images/a.jpg"
    content = path.read_bytes()
    for place in RNG.choice(len(content), 20, replace=False):
        flipped = bytearray(content)
        flipped[place] ^= 1 << int(RNG.integers(8))
        path.write_bytes(flipped)
        assert [file for file, _ in errors(rooms)] == ["images/a.jpg"]


@pytest.mark.parametrize(
    ("file", "content", "named"),
    [
        ("images/c.png", png(np.zeros((12, 16, 3), np.uint8)), "images/c.png"),
        ("labels/semantic/b.png", label_png(label(0), voc_palette()), "labels/semantic/b.png"),
        ("depth/c.png", png(np.full((12, 16), 2000, np.uint16)), "depth/c.png"),
        ("missing/c.png", png(np.ones((12, 16), bool)), "depth/c.png"),
        ("splits/val.txt", b"c\n", "splits/val.txt"),
        ("hha/c.png", png(np.zeros((12, 16, 3), np.uint8)), "hha"),
    ],
)
def test_another_content_is_found(rooms, file, content, named):
    (rooms / file).write_bytes(content)
    assert (named, CHANGED) in errors(rooms)


def test_other_bytes_of_the_same_pixels_are_as_good(rooms):
    with Image.open(rooms / "labels/semantic/a.png") as image:
        image.load()
    image.save(rooms / "labels/semantic/a.png", compress_level=0)
    assert errors(rooms) == []


def test_without_its_list_the_data_set_as_a_whole_is_named(rooms):
    (rooms / "digests.txt").unlink()
    (rooms / "labels/semantic/b.png").write_bytes(label_png(label(0), voc_palette()))
    assert errors(rooms) == [(".", CHANGED)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"splits/train a,b,c", "its SHA-256 is not the digest in dataset.json"),
        (b"", "line 1: expected a file of this folder and its digest"),
        (b"\xff", "not a text file, expected a line for each file"),
    ],
)
def test_a_changed_list_is_found(rooms, content, message):
    (rooms / "digests.txt").write_bytes(content)
    assert [found for _, found in errors(rooms)] == [message]
