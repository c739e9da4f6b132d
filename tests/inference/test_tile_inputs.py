"""Depth and HHA are read, refused and warned of in tiles as in whole images."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from fixtures.exports import write_net
from fixtures.images import TURNS, exif_tag, png
from numpy.typing import NDArray
from PIL import Image

from fcnlib.core.errors import InputError
from fcnlib.datasets.hha.encode import depth_unit_warning
from fcnlib.inference import inputs
from fcnlib.inference.inputs import InputReader
from fcnlib.inference.model import load_model
from fcnlib.inference.predict import predict

CHANNELS = {("depth",): 1, ("rgb", "depth"): 4, ("rgb", "hha"): 6}
SIZE = (200, 48)
TILE = 176  # the smallest of these nets


def noise(low: int = 0, high: int = 255) -> NDArray[np.uint8]:
    return np.random.default_rng(low).integers(low, high, (*SIZE, 3), np.uint8, endpoint=True)


def millimetres() -> NDArray[np.uint16]:
    steps = np.random.default_rng(0).integers(1000, 8000, (SIZE[0] // 8, SIZE[1] // 8))
    return steps.repeat(8, 0).repeat(8, 1).astype(np.uint16)


def folder_of(folder: Path, **images: NDArray[Any]) -> Path:
    folder.mkdir()
    for name, pixels in images.items():
        Image.fromarray(pixels).save(folder / f"{name}.png")
    return folder


class Found(NamedTuple):
    lines: list[str]  # warnings and errors
    labels: dict[str, NDArray[np.uint8]]


Predicted = Callable[..., Found]


@pytest.fixture
def predicted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Predicted:
    """Labels a folder of images, whole and in tiles, and holds the two equal."""

    def label(out: Path, images: Path, tile: int | None, **given: Any) -> Found:
        caplog.clear()
        error = []
        try:
            list(predict([str(images)], out=out, tile=tile, **given))
        except InputError as raised:
            error = [str(raised).replace(str(out), "out")]
        return Found(
            [each for each in caplog.messages if "trained on synthetic" not in each] + error,
            {path.name: np.array(Image.open(path)) for path in sorted(out.iterdir())},
        )

    def both(images: Path, **folders: Path) -> Found:
        names = ("rgb", *folders) if folders else ("depth",)
        write_net(tmp_path / "net.pt", input_channels=CHANNELS[names])
        given = {"model": tmp_path / "net.pt", "folders": folders}
        whole, tiles = (
            label(tmp_path / name, images, tile, **given)
            for name, tile in (("whole", None), ("tiles", TILE))
        )
        assert tiles.lines == whole.lines
        assert tiles.labels.keys() == whole.labels.keys()
        for name, labels in whole.labels.items():
            assert np.array_equal(tiles.labels[name], labels), name
        return whole

    return both


@pytest.mark.parametrize("alone", [True, False])
def test_what_is_no_depth_of_16_bits_is_refused(
    predicted: Predicted, tmp_path: Path, alone: bool
) -> None:
    wide = millimetres().astype(np.int32)
    wide[0, 0], wide[-1, -1] = -1, 70000  # in different tiles
    eight = (millimetres() // 32).astype(np.uint8)
    depth = folder_of(tmp_path / "depth", a=millimetres(), b=eight, c=noise())
    Image.fromarray(wide).save(depth / "d.tif")
    images = folder_of(tmp_path / "images", **dict.fromkeys("abcd", noise()))
    found = predicted(depth) if alone else predicted(images, depth=depth)
    assert found.lines == [
        f"{depth}/b.png: is L, expected 16-bit depth in millimetres",
        f"{depth}/c.png: is RGB, expected 16-bit depth in millimetres",
        f"{depth}/d.tif: depth from -1 to 70000, expected 16 bits of millimetres",
        "3 of 4 images have no labels in out",
    ]
    assert list(found.labels) == ["a.png"]


def test_hha_of_16_bits_a_colour_is_refused(predicted: Predicted, tmp_path: Path) -> None:
    images = folder_of(tmp_path / "images", a=noise(), b=noise())
    hha = folder_of(tmp_path / "hha", a=noise(38, 218))
    height, width = SIZE
    png(hha / "b.png", (width, height), 2, (bytes(1) + bytes(6 * width)) * height)
    found = predicted(images, hha=hha)
    (line,) = found.lines
    assert line.startswith(f"{hha}/b.png: is 16 bits a colour, expected HHA")
    assert list(found.labels) == ["a.png"]


def test_unusual_depth_and_what_is_no_hha_are_warned_of(
    predicted: Predicted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "STRIP_PIXELS", 24 * SIZE[1])
    names = "abc"
    images = folder_of(tmp_path / "images", **dict.fromkeys(names, noise()))
    holes = millimetres()
    holes[20:30, 5], holes[-1, -1] = 0, 0
    depth = folder_of(tmp_path / "depth", a=millimetres(), b=holes, c=millimetres() * 8)
    beside = predicted(images, depth=depth)
    assert [line.partition(":")[0] for line in beside.lines] == [f"{depth}/{n}.png" for n in "bc"]
    assert "depth 0 at 11 of 9600 pixels, expected filled depth" in beside.lines[0]
    assert beside.lines[1].endswith("is the unit right?")
    assert predicted(depth).lines == beside.lines
    hha = folder_of(tmp_path / "hha", a=noise(38, 218), b=noise(), c=noise())
    (line,) = predicted(images, hha=hha).lines
    assert line.startswith(f"{hha}/b.png (and 1 more): no HHA, but the net sees HHA; expected")


@pytest.mark.parametrize("end", ["png", "tif"])
@pytest.mark.parametrize("tag", TURNS)
def test_parts_and_warnings_of_depth_are_those_of_the_upright_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tag: int, end: str
) -> None:
    monkeypatch.setattr(inputs, "STRIP_PIXELS", 24 * SIZE[1])
    stored = 10 * millimetres() + np.arange(SIZE[1], dtype=np.uint16)  # in another unit
    path = tmp_path / f"depth.{end}"
    Image.fromarray(stored).save(path, exif=exif_tag(tag))
    upright = TURNS[tag](stored)
    decoded = InputReader(("depth",), {}, {}).decode(path)
    assert decoded.size == upright.shape
    assert np.array_equal(decoded.parts()[0][..., 0], upright)
    assert np.array_equal(decoded.parts((3, 8, 29, 47))[0][..., 0], upright[8:47, 3:29])
    (unit,) = decoded.warnings()
    assert unit.message == depth_unit_warning(upright / 1000) != ""


@pytest.mark.parametrize("tag", [3, 6])
@pytest.mark.parametrize("alone", [True, False])
def test_turned_depth_is_labelled_upright(
    predicted: Predicted, tmp_path: Path, alone: bool, tag: int
) -> None:
    images = folder_of(tmp_path / "images", upright=TURNS[tag](noise()))
    depth = folder_of(tmp_path / "depth", upright=TURNS[tag](millimetres()))
    for folder, pixels in ((images, noise()), (depth, millimetres())):
        Image.fromarray(pixels).save(folder / "turned.png", exif=exif_tag(tag))
    found = predicted(depth) if alone else predicted(images, depth=depth)
    assert found.lines == []
    assert np.array_equal(found.labels["turned.png"], found.labels["upright.png"])
    assert len(np.unique(found.labels["turned.png"])) > 1


def test_a_path_a_pil_image_and_an_array_of_depth_are_one_input(tmp_path: Path) -> None:
    write_net(tmp_path / "net.pt", input_channels=1)
    model = load_model(tmp_path / "net.pt")
    expected = model.predict(TURNS[6](millimetres()))
    for end, options in (("png", {}), ("tif", {"compression": "tiff_deflate"})):
        path = tmp_path / f"depth.{end}"
        Image.fromarray(millimetres()).save(path, exif=exif_tag(6), **options)
        assert np.array_equal(model.predict(path), expected)
        assert np.array_equal(model.predict(Image.open(path)), expected)
    Image.fromarray(noise()[..., 0]).save(tmp_path / "bytes.png")
    for given, name in (
        (tmp_path / "bytes.png", tmp_path / "bytes.png"),
        (Image.fromarray(noise()[..., 0]), "image"),
    ):
        with pytest.raises(InputError, match=f"^{name}: is L, expected 16-bit depth in millimet"):
            model.predict(given)
