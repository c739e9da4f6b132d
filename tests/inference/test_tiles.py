"""Images of any size: tiles whose labels are the whole image's."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fixtures.commands import fcn
from fixtures.exports import write_net
from fixtures.images import exif_tag
from numpy.typing import NDArray
from PIL import Image

from fcnlib.core.errors import InputError
from fcnlib.datasets import images
from fcnlib.datasets.images import read_image, stored_box, to_rgb, upright, voc_palette
from fcnlib.datasets.png_rows import LabelRows
from fcnlib.inference.inputs import InputReader
from fcnlib.inference.model import load_model
from fcnlib.inference.predict import predict
from fcnlib.inference.tiles import Tiling
from fcnlib.inference.torchscript import restore_net
from fcnlib.models.weights.checkpoint import read_checkpoint, write_checkpoint

SKIPS = {"predict_from": ("fc7", "pool4", "pool3"), "fc6_kernel": 3}


def photo(path: Path, height: int, width: int, **options: Any) -> NDArray[np.uint8]:
    """Coloured patches under noise."""
    rng = np.random.default_rng(height * width)
    patches = rng.integers(0, 200, (height // 9 + 1, width // 9 + 1, 3))
    pixels = patches.repeat(9, 0).repeat(9, 1)[:height, :width] + rng.integers(
        0, 56, (height, width, 3)
    )
    Image.fromarray(pixels.astype(np.uint8)).save(path, **options)
    return pixels.astype(np.uint8)


def balance(path: Path) -> None:
    """Shift a net's scores of each class to a mean of 0, so that its labels differ."""
    checkpoint = read_checkpoint(path)
    net = restore_net(checkpoint, path).eval()
    pixels = torch.randint(0, 256, (1, 3, 16, 16), dtype=torch.uint8).repeat_interleave(20, 2)
    with torch.inference_mode():
        means = net(net.normalise(pixels.repeat_interleave(20, 3))).mean((0, 2, 3))
    bias = next(name for name in checkpoint.state if re.fullmatch(r"score_\w+\.bias", name))
    state = {**checkpoint.state, bias: checkpoint.state[bias] - means}
    write_checkpoint(path, replace(checkpoint, state=state))


def labels_in(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.array(image)


def smallest_tile(model: Path) -> int:
    net = load_model(model)
    return Tiling.of(net, 10**5).margin * 2 + net.surroundings.stride  # type: ignore[union-attr]


# With a reach of hundreds of pixels, images are large.
MARKS = {
    "16s of the published padding": pytest.mark.slow,
    "alexnet": pytest.mark.slow,
    "googlenet": (pytest.mark.slow, pytest.mark.nightly),
}
NETS = {
    "pool4, pool3": {},
    "8s": SKIPS,
    "16s of the published padding": {"predict_from": ("fc7", "pool4"), "padding": None},
    "alexnet": {"backbone": "alexnet", "predict_from": ("fc7",), "padding": None, "width": 1 / 8},
    "googlenet": {
        "backbone": "googlenet",
        "predict_from": ("inception_5b/output",),
        "padding": None,
    },
}


@pytest.mark.parametrize(
    "values",
    [pytest.param(NETS[name], id=name, marks=MARKS.get(name, ())) for name in NETS],
)
def test_labels_in_tiles_are_those_of_the_whole_image(
    tmp_path: Path, values: dict[str, Any]
) -> None:
    write_net(tmp_path / "net.pt", **values)
    balance(tmp_path / "net.pt")
    least = smallest_tile(tmp_path / "net.pt")
    sizes = [(least + 1, least + 97), (2 * least + 33, least - 5), (least, least)]
    for index, (height, width) in enumerate(sizes):
        photo(tmp_path / f"{index}.png", height, width)
    given = [str(tmp_path / f"{index}.png") for index in range(len(sizes))]
    list(predict(given, model=tmp_path / "net.pt", out=tmp_path / "whole"))
    for tile in (least, least + 40):
        out = tmp_path / f"tiles of {tile}"
        list(predict(given, model=tmp_path / "net.pt", out=out, tile=tile))
        for index in range(len(sizes)):
            whole = labels_in(tmp_path / "whole" / f"{index}.png")
            assert len(np.unique(whole)) > 1
            different = np.mean(labels_in(out / f"{index}.png") != whole)
            assert different < 1e-5  # two scores within a rounding, which is a tile's own


def test_labels_depend_on_no_pixel_beyond_the_margin(tmp_path: Path) -> None:
    """And on the last one within it, so that it is not wider than it need be."""
    net = write_net(tmp_path / "net.pt", **SKIPS)
    found = load_model(tmp_path / "net.pt").surroundings
    assert found is not None
    side, middle = 4 * found.reach, 2 * found.reach
    image = torch.randn(1, 3, side, side, requires_grad=True)
    net(image)[0, :, middle, middle].sum().backward()
    assert image.grad is not None
    columns = image.grad.abs().sum((0, 1, 2)).nonzero().flatten()
    reach = max(middle - int(columns.min()), int(columns.max()) - middle)
    assert found.reach - found.stride < reach <= found.reach


def test_tiles_cover_every_pixel_once_whatever_the_length() -> None:
    tiling = Tiling(side=200, margin=64, step=64, stride=32, smallest_side=90)
    for length in range(1, 700):
        spans = tiling.spans(length)
        assert [each.begin for each in spans[1:]] == [each.end for each in spans[:-1]]
        assert (spans[0].begin, spans[-1].end) == (0, length)
        for each in spans:
            assert each.first % 32 == 0 and 0 <= each.first <= each.begin < each.end <= each.last
            assert each.begin - each.first >= 64 or each.first == 0
            assert each.last - each.end >= 64 or each.last == length
            assert each.last - each.first >= min(90, length)
            assert each.last - each.first <= 200 or each.last == length


@pytest.mark.parametrize("tag", range(1, 9))
def test_parts_of_an_image_are_those_of_the_upright_image(tmp_path: Path, tag: int) -> None:
    photo(tmp_path / "turned.png", 30, 47, exif=exif_tag(tag))
    path = tmp_path / "turned.png"
    whole = to_rgb(upright(read_image(path)), path)
    decoded = InputReader(("rgb",), {}, {}).decode(path)
    assert decoded.size == whole.shape[:2]
    for box in ((0, 0, 5, 7), (3, 4, 20, 29), (11, 2, decoded.size[1], decoded.size[0])):
        left, top, right, bottom = box
        assert np.array_equal(decoded.parts(box)[0], whole[top:bottom, left:right])
    full = (0, 0, decoded.size[1], decoded.size[0])
    assert stored_box(read_image(path), full) == (0, 0, 47, 30)


def test_a_label_png_of_rows_is_that_of_the_whole(tmp_path: Path) -> None:
    labels = np.random.default_rng(0).integers(0, 255, (23, 31), np.uint8)
    with open(tmp_path / "rows.png", "wb") as file:
        rows = LabelRows(file, labels.shape, voc_palette())
        rows.write(labels[:9])
        rows.write(labels[9:])
        rows.close()
    with Image.open(tmp_path / "rows.png") as image:
        assert image.mode == "P" and np.array_equal(np.array(image), labels)
        assert image.getpalette()[:6] == [0, 0, 0, 128, 0, 0]  # type: ignore[index]


def test_depth_and_tasks_are_read_and_written_in_tiles(tmp_path: Path) -> None:
    tasks = {"semantic": 3, "geometric": 2}
    write_net(tmp_path / "net.pt", tasks=tasks, input_channels=4)
    side = smallest_tile(tmp_path / "net.pt")
    (tmp_path / "depth").mkdir()
    photo(tmp_path / "a.png", side + 50, side + 9)
    depth = np.random.default_rng(0).integers(500, 9000, (side + 50, side + 9)).astype(np.uint16)
    Image.fromarray(depth).save(tmp_path / "depth" / "a.png")
    given: dict[str, Any] = {"model": tmp_path / "net.pt", "folders": {"depth": tmp_path / "depth"}}
    list(predict([str(tmp_path / "a.png")], out=tmp_path / "whole", **given))
    list(predict([str(tmp_path / "a.png")], out=tmp_path / "tiles", tile=side, **given))
    for task in tasks:
        whole, tiles = (labels_in(tmp_path / o / f"a.{task}.png") for o in ("whole", "tiles"))
        assert np.array_equal(whole, tiles)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--tile", 64], r"tile of 64 pixels: labels depend on \d+ pixels to each side; expected"),
        (["--tile", 400, "--overlay"], "tiles with overlays; expected labels alone"),
        (["--tile", 400, "--probabilities"], "tiles with probabilities; expected"),
        (["--tile", 400, "--batch", 2], "tiles with batch 2; expected"),
    ],
)
def test_tiles_that_cannot_be_are_refused_before_anything_is_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, options: list[object], line: str
) -> None:
    write_net(tmp_path / "net.pt", **SKIPS)
    photo(tmp_path / "a.png", 30, 40)
    where = ["--model", tmp_path / "net.pt", "--out", tmp_path / "out"]
    error, _ = fcn(capsys, "predict", tmp_path / "a.png", *where, *options)
    assert re.search(line, str(error)) and "\n" not in str(error), error
    assert not (tmp_path / "out").exists()


def test_only_tiles_read_images_above_the_limit_and_up_to_one_that_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)  # Pillow refuses twice as many
    monkeypatch.setattr(images, "LARGE_PIXELS", 5000)
    write_net(tmp_path / "net.pt")
    photo(tmp_path / "a.png", 50, 60)
    given: dict[str, Any] = {"model": tmp_path / "net.pt", "out": tmp_path / "out"}
    with pytest.raises(InputError, match=r"3000 pixels.*; --tile reads up to \d+ megapixels"):
        list(predict([str(tmp_path / "a.png")], **given))
    assert list(predict([str(tmp_path / "a.png")], tile=512, **given))
    assert Image.MAX_IMAGE_PIXELS == 1000
    photo(tmp_path / "b.png", 100, 60)
    with pytest.raises(InputError, match=r"b\.png: 0 megapixels; expected at most 0"):
        list(predict([str(tmp_path / "b.png")], tile=512, **given))


def test_small_and_long_images_are_labelled_in_tiles(tmp_path: Path) -> None:
    write_net(tmp_path / "net.pt")
    photo(tmp_path / "small.png", 50, 50)
    photo(tmp_path / "long.png", 3, 30000)
    given: dict[str, Any] = {"model": tmp_path / "net.pt", "tile": 256}
    list(predict([str(tmp_path / "*.png")], out=tmp_path / "out", **given))
    assert labels_in(tmp_path / "out" / "small.png").shape == (50, 50)
    assert labels_in(tmp_path / "out" / "long.png").shape == (3, 30000)
