"""Image files in and out of arrays."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from fixtures.archives import label, png
from fixtures.images import png as png_16
from fixtures.images import tiff
from PIL import Image, ImageCms

from fcnlib.core.errors import InputError
from fcnlib.datasets import images
from fcnlib.datasets.images import class_indices, read_image, to_rgb, voc_palette

INDICES = label(2, (12, 17)) + label(1, (12, 17))[::-1]  # 0, 1, 2 in an odd width


def save(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def indices_in(content: bytes) -> np.ndarray:
    return class_indices(read_image(content, "mask"), "mask")


def nearest_in_cielab(colours: np.ndarray) -> float:
    """The least distance of two colours, as people see them."""
    profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    to_lab = ImageCms.buildTransform(*profiles, "RGB", "LAB")
    image = ImageCms.applyTransform(Image.fromarray(colours.astype(np.uint8)[None]), to_lab)
    lab = np.asarray(image)[0].astype(np.uint8)
    lab = np.column_stack([lab[:, 0] / 2.55, lab[:, 1:].astype(np.int8)])
    apart = np.linalg.norm(lab[:, None] - lab[None], axis=2)
    return float(apart[~np.eye(len(lab), dtype=bool)].min())


def test_the_colours_of_classes_without_a_background_are_easy_to_tell_apart() -> None:
    found = np.array(images.distinct_palette())
    assert len(found) == 256 and len({*images.distinct_palette()[:20]}) == 20
    assert (
        nearest_in_cielab(found[:10]) > 30 > 15 > nearest_in_cielab(np.array(voc_palette()[1:11]))
    )


def test_the_voc_palette_is_the_official_one():
    palette = voc_palette()
    assert palette[:4] == ((0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0))
    assert palette[15] == (192, 128, 128) and palette[20] == (0, 64, 128)
    assert palette[255] == (224, 224, 192)


@pytest.mark.parametrize(
    ("bits", "reversed_bits"), [(2, False), (2, True), (4, False), (4, True), (8, False)]
)
@pytest.mark.parametrize("white_is_0", [False, True])
@pytest.mark.parametrize("deflated", [False, True])
@pytest.mark.parametrize("big_endian", [False, True])
def test_greys_of_few_bits_are_indices_as_stored(
    bits, white_is_0, deflated, reversed_bits, big_endian
):
    content = tiff(
        INDICES,
        bits,
        white_is_0=white_is_0,
        deflated=deflated,
        reversed_bits=reversed_bits,
        big_endian=big_endian,
    )
    assert (indices_in(content) == INDICES).all()


def test_one_bit_of_a_tiff_is_read_unless_white_is_0():
    mask = INDICES // 2
    assert (indices_in(tiff(mask, 1)) == mask).all()
    with pytest.raises(InputError, match=r"mask: 1 bit with 0 as white .*; expected PNG"):
        indices_in(tiff(mask, 1, white_is_0=True))


@pytest.mark.parametrize(
    ("kind", "options", "coding"),
    [
        ("JPEG", {}, "JPEG"),
        ("MPO", {}, "MPO|JPEG"),
        ("JPEG2000", {}, "JPEG2000"),
        ("TIFF", {"compression": "jpeg"}, "jpeg"),
    ],
)
def test_a_mask_of_a_coding_that_changes_indices_is_an_error(kind, options, coding):
    content = save(Image.fromarray(INDICES), kind, **options)
    with pytest.raises(InputError, match=rf"mask: ({coding}) inside, which changes class indices"):
        indices_in(content)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF", "PPM"])
def test_a_mask_of_any_lossless_coding_is_read(kind):
    assert (indices_in(save(Image.fromarray(INDICES), kind)) == INDICES).all()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n", "PostScript"),
        (b"%PDF-1.7\n", "PDF"),
        (b"<!DOCTYPE html><html>not found</html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:", "a pointer of Git LFS"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"hello", "not an image, or its first bytes are damaged"),
        (b"", "empty"),
    ],
)
def test_what_is_no_image_is_named_and_starts_no_program(tmp_path, monkeypatch, content, message):
    monkeypatch.setenv("PATH", str(tmp_path))
    for program in ("gs", "gswin64c"):
        (tmp_path / program).write_text(f"#!/bin/sh\n: > {tmp_path}/started\n", "utf-8")
        (tmp_path / program).chmod(0o755)
    (tmp_path / "photo.jpg").write_bytes(content)
    for read in (read_image, images.image_size):
        with pytest.raises(InputError, match=message):
            read(tmp_path / "photo.jpg")
    assert not (tmp_path / "started").exists()


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "photo.png")
    with pytest.raises(InputError, match=r"photo\.png: is a named pipe, expected a regular file"):
        read_image(tmp_path / "photo.png")


@pytest.mark.parametrize("read", [read_image, images.image_size])
def test_an_image_that_declares_too_many_pixels_is_refused(tmp_path: Path, read):
    path = tmp_path / "bomb.png"
    png_16(path, (60_000, 60_000), 0, b"")
    with pytest.raises(InputError, match=r"bomb\.png: Image size \(3600000000 pixels\) exceeds"):
        read(path)


def test_the_upper_bits_of_deep_images_are_kept_and_their_largest_is_known(tmp_path):
    grey = (np.arange(192, dtype=np.uint16).reshape(12, 16)) * 21  # up to 4011 of 12 bits
    deep, shallow = (read_image(png(values)) for values in (grey, grey.astype(np.uint8)))
    assert images.brightest_of_16_bits(deep, to_rgb(deep, "")) == 15
    assert images.brightest_of_16_bits(shallow, to_rgb(shallow, "")) is None
    rows = b"".join(b"\0" + row.tobytes() for row in np.stack([grey] * 3, -1).byteswap())
    png_16(tmp_path / "colour.png", (16, 12), 2, rows)
    colour = read_image(tmp_path / "colour.png")
    assert images.brightest_of_16_bits(colour, to_rgb(colour, "")) == 15


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_whether_a_tag_turns_an_image_is_known_of_every_format(kind):
    exif = Image.Exif()
    exif[0x0112] = 3
    image = Image.fromarray(INDICES)
    assert images.stored_orientation(read_image(save(image, kind, exif=exif), "")) == 3
    assert images.stored_orientation(read_image(save(image, kind), "")) == 1
