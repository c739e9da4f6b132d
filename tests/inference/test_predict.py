"""Images of every kind in, labels out: complete, in order, and no more than a few in memory."""

import io
import json
import signal
import struct
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch
from fixtures.images import TURNS, exif_tag, png
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from typer.testing import CliRunner

from fcnlib.cli.main import app
from fcnlib.core.errors import InputError
from fcnlib.datasets.images import read_image, to_rgb, upright
from fcnlib.inference.predict import predict
from fcnlib.inference.torchscript import METADATA, export_torchscript
from fcnlib.models.fcn import build_fcn

PALETTE = [[0, 0, 0], [200, 30, 30], [30, 30, 200], [30, 200, 30]]
Pixels = NDArray[np.uint8]


class Quarters(nn.Module):
    """A segmenter whose answer is plain: a pixel's class is the quarter its red value lies in."""

    def forward(self, rgb: Tensor) -> Tensor:
        if rgb.shape[2] < 3:
            raise ValueError("too small; the smallest side is 3 pixels")
        return rgb[:, 0] // 64

    @torch.jit.export
    def probabilities(self, rgb: Tensor) -> Tensor:
        chosen = torch.nn.functional.one_hot((rgb[:, 0] // 64).long(), 4)
        return chosen.permute(0, 3, 1, 2) * 0.5 + 0.125


class Together(nn.Module):
    """Labels every pixel with how many images came at once."""

    def forward(self, rgb: Tensor) -> Tensor:
        return torch.zeros_like(rgb[:, 0]) + rgb.shape[0]


class TwoHeads(nn.Module):
    def forward(self, rgb: Tensor) -> dict[str, Tensor]:
        return {"semantic": rgb[:, 0] // 64, "geometric": rgb[:, 1] // 128}

    @torch.jit.export
    def probabilities(self, rgb: Tensor) -> dict[str, Tensor]:
        red, green = (rgb[:, 0] // 64).long(), (rgb[:, 1] // 128).long()
        return {
            "semantic": torch.nn.functional.one_hot(red, 4).permute(0, 3, 1, 2).float(),
            "geometric": torch.nn.functional.one_hot(green, 2).permute(0, 3, 1, 2).float(),
        }


def saved(net: nn.Module, path: Path, **metadata: object) -> Path:
    torch.jit.script(net.eval()).save(str(path), _extra_files={METADATA: json.dumps(metadata)})
    return path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return saved(Quarters(), tmp_path / "net.ts", palette={"": PALETTE}, classes={"": list("abcd")})


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(6):
        size = (20, 30) if number % 2 else (31, 17)
        Image.fromarray(noise(*size, seed=number)).save(folder / f"{number}.png")
    return folder


def noise(height: int, width: int, channels: int = 3, seed: int = 0) -> Pixels:
    generator = np.random.default_rng(seed)
    return generator.integers(0, 256, (height, width, channels), np.uint8)


def opened(path: Path) -> Pixels:
    with Image.open(path) as image:
        return np.array(image)


def row(*values: int) -> Pixels:
    """Gray pixels beside one another as [1, W, 3]."""
    return np.repeat(np.array(values, np.uint8)[None, :, None], 3, axis=2)


def colours(*values: tuple[int, int, int]) -> Pixels:
    return np.array([values], np.uint8)


def write_gray_16(path: Path) -> None:
    Image.fromarray(np.array([[0, 255, 256, 32768, 65535]], np.uint16)).save(path)


def write_rgb_16(path: Path) -> None:
    png(path, (2, 1), 2, b"\0" + struct.pack(">6H", 0x80FF, 0, 0xFFFF, 0x0101, 0x7F00, 1))


def write_rgba_16(path: Path) -> None:
    png(path, (2, 1), 6, b"\0" + struct.pack(">8H", 0x8000, 0, 0xFFFF, 0xFFFF, 9, 9, 9, 0))


def write_gray_alpha(path: Path) -> None:
    Image.fromarray(np.array([[[100, 255], [100, 0]]], np.uint8), "LA").save(path)


def write_rgba(path: Path) -> None:
    pixels = [[[10, 20, 30, 255], [10, 20, 30, 0], [0, 100, 200, 51]]]
    Image.fromarray(np.array(pixels, np.uint8)).save(path)


def write_palette(path: Path) -> None:
    image = Image.fromarray(np.array([[0, 1, 2]], np.uint8), "P")
    image.putpalette([9, 8, 7, 1, 2, 3, 50, 60, 70])
    image.save(path, transparency=1)


def write_colour_key(path: Path) -> None:
    Image.fromarray(colours((1, 2, 3), (4, 5, 6))).save(path, transparency=(4, 5, 6))


def write_one_bit(path: Path) -> None:
    Image.fromarray(np.array([[0, 255, 0]], np.uint8)).convert("1").save(path)


def write_cmyk(path: Path) -> None:
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(path, quality=95)


def write_pages(path: Path) -> None:
    pages = [Image.new("RGB", (2, 1), colour) for colour in [(255, 0, 0), (0, 255, 0)]]
    pages[0].save(path, save_all=True, append_images=pages[1:])


WHITE = (255, 255, 255)
KINDS = {
    "gray-16.png": (write_gray_16, row(0, 0, 1, 128, 255)),
    "gray-16.tif": (write_gray_16, row(0, 0, 1, 128, 255)),
    "rgb-16.png": (write_rgb_16, colours((128, 0, 255), (1, 127, 0))),
    "rgba-16.png": (write_rgba_16, colours((128, 0, 255), WHITE)),
    "gray-alpha.png": (write_gray_alpha, row(100, 255)),
    "rgba.png": (write_rgba, colours((10, 20, 30), WHITE, (204, 224, 244))),
    "rgba.webp": (write_rgba, None),
    "palette.png": (write_palette, colours((9, 8, 7), WHITE, (50, 60, 70))),
    "palette.gif": (write_palette, colours((9, 8, 7), WHITE, (50, 60, 70))),
    "colour-key.png": (write_colour_key, colours((1, 2, 3), WHITE)),
    "one-bit.png": (write_one_bit, row(0, 255, 0)),
    "cmyk.jpg": (write_cmyk, np.broadcast_to(colours((255, 0, 0)), (16, 16, 3))),
    "animated.gif": (write_pages, colours((255, 0, 0), (255, 0, 0))),
    "pages.tif": (write_pages, colours((255, 0, 0), (255, 0, 0))),
}


@pytest.mark.parametrize("name", KINDS)
def test_an_image_of_any_kind_becomes_what_a_viewer_shows(name: str, tmp_path: Path) -> None:
    write, expected = KINDS[name]
    write(tmp_path / name)
    pixels = to_rgb(upright(read_image(tmp_path / name)), name)
    assert pixels.dtype == np.uint8
    if expected is None:  # stored with losses: only what shows through is known
        assert pixels.shape == (1, 3, 3) and (pixels[0, 1] == 255).all()
    else:
        tolerance = 2 if name.endswith(".jpg") else 0
        np.testing.assert_allclose(pixels.astype(int), expected, atol=tolerance)


@pytest.mark.parametrize("end", ["png", "tif"])
@pytest.mark.parametrize("wish", TURNS)
def test_labels_lie_on_the_upright_image(wish: int, end: str, model: Path, tmp_path: Path) -> None:
    stored = noise(5, 8)
    Image.fromarray(stored).save(tmp_path / f"photo.{end}", exif=exif_tag(wish))
    predict_all(tmp_path / f"photo.{end}", model=model, out=tmp_path / "out")
    labels = opened(tmp_path / "out" / "photo.png")
    assert np.array_equal(labels, TURNS[wish](stored)[..., 0] // 64)


def predict_all(*images: Path, model: Path, out: Path, **options: object) -> list[Path]:
    # What labels by colour here is TorchScript of another origin than ours.
    return list(predict([*map(str, images)], model=model, out=out, trust=True, **options))


def write_bomb(path: Path) -> None:
    png(path, (20000, 20000), 2, b"\0")


def write_cut(path: Path) -> None:
    Image.fromarray(noise(64, 64)).save(path, "JPEG")
    path.write_bytes(path.read_bytes()[:-1500])


BAD = {
    "bomb.png": (write_bomb, "Image size (400000000 pixels) exceeds limit"),
    "cut.jpg": (write_cut, "damaged or cut short"),
    "text.jpg": (lambda path: path.write_text("no image", "utf-8"), "not an image"),
    "empty.jpg": (lambda path: path.touch(), "not an image"),
    "gone.jpg": (lambda path: path.symlink_to("nowhere"), "no such file"),
    "unread.jpg": (lambda path: path.symlink_to("/proc/self/mem"), "cannot be read"),
    "float.tif": (
        lambda path: Image.fromarray(np.ones((4, 4), np.float32)).save(path),
        "floating-point pixels, expected 8 or 16 bits",
    ),
    "wide.tif": (
        lambda path: Image.fromarray(np.full((4, 4), 70000, np.int32)).save(path),
        "pixels from 70000 to 70000, expected 8 or 16 bits",
    ),
    "small.png": (
        lambda path: Image.fromarray(noise(2, 9)).save(path),
        "small.png: too small; the smallest side is 3 pixels",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_an_image_that_cannot_be_labelled_is_named_and_the_others_are_written(
    name: str, model: Path, photos: Path, tmp_path: Path
) -> None:
    write, message = BAD[name]
    write(photos / name)
    with pytest.raises(InputError) as error:
        predict_all(photos, model=model, out=tmp_path / "out")
    assert str(error.value).startswith(f"{photos / name}: ") and message in str(error.value)
    assert "\n" not in str(error.value)
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == [f"{number}.png" for number in range(6)]


def whole_file(kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(noise(24, 20)).save(file, kind)
    return file.getvalue()


FILES = {kind: whole_file(kind) for kind in ("PNG", "JPEG", "TIFF", "GIF", "WEBP", "BMP")}
changes = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=5)


@pytest.mark.filterwarnings("ignore")  # Pillow warns of tags that it leaves out
@settings(max_examples=300, deadline=None)
@given(
    kind=st.sampled_from(sorted(FILES)), changes=changes, header=st.booleans(), cut=st.floats(0, 1)
)
def test_a_damaged_file_is_a_picture_or_one_line(
    kind: str, changes: list[tuple[float, int]], header: bool, cut: float
) -> None:
    content = bytearray(FILES[kind])
    for place, value in changes:
        content[int(place * (60 if header else len(content)))] = value
    try:
        image = read_image(bytes(content[: int(2 * cut * len(content))]), "photo")
        pixels = to_rgb(upright(image), "photo")
        assert pixels.dtype == np.uint8 and pixels.shape[2] == 3
    except InputError as error:
        assert str(error).startswith("photo: ") and "\n" not in str(error)


def test_an_image_too_small_for_its_net_is_refused_with_the_smallest_side(tmp_path: Path) -> None:
    net = build_fcn("alexnet", ("fc7",), 3, width=1 / 32, padding=1)
    export_torchscript(net, tmp_path / "net.ts")
    side = net.smallest_side
    Image.fromarray(noise(side, side)).save(tmp_path / "enough.png")
    Image.fromarray(noise(side - 1, 90)).save(tmp_path / "small.png")
    photos, out = (tmp_path / "enough.png", tmp_path / "small.png"), tmp_path / "out"
    with pytest.raises(InputError, match=rf"small\.png: .*at least {side}"):
        predict_all(*photos, model=tmp_path / "net.ts", out=out)
    assert [path.name for path in out.iterdir()] == ["enough.png"]


def test_several_bad_images_have_a_line_each(
    model: Path, photos: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("text.jpg", "cut.jpg"):
        BAD[name][0](photos / name)
    with pytest.raises(InputError, match="2 of 8 images have no labels in"):
        predict_all(photos, model=model, out=tmp_path / "out")
    assert [message.partition(": ")[0] for message in caplog.messages] == [
        str(photos / "cut.jpg"),
        str(photos / "text.jpg"),
    ]


@pytest.mark.parametrize(("option", "most"), [("--workers", 64), ("--threads", 256)])
def test_more_threads_than_any_machine_has_are_refused(
    option: str, most: int, model: Path, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    arguments = ["predict", photos, "--model", model, "--out", out, option, most + 1, "--trust"]
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 2 and not out.exists()
    assert option in done.output and str(most) in done.output


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_files_come_in_the_order_of_the_images(
    workers: int, model: Path, photos: Path, tmp_path: Path
) -> None:
    written = predict_all(photos, model=model, out=tmp_path / "out", workers=workers)
    assert written == [tmp_path / "out" / f"{number}.png" for number in range(6)]
    for path in written:
        assert np.array_equal(opened(path), opened(photos / path.name)[..., 0] // 64)


def test_images_of_equal_size_are_computed_together(photos: Path, tmp_path: Path) -> None:
    """Three of each size lie there in turn."""
    model = saved(Together(), tmp_path / "net.ts")
    counts = {}
    for batch in (1, 2, 3, 9):
        written = predict_all(photos, model=model, out=tmp_path / f"{batch}", batch=batch)
        assert len(written) == 6
        counts[batch] = sorted(int(opened(path).max()) for path in written)
    assert counts == {1: [1] * 6, 2: [1, 1, 2, 2, 2, 2], 3: [3] * 6, 9: [3] * 6}


@pytest.mark.parametrize("batch", [1, 2])
def test_a_few_images_are_in_memory_however_many_there_are(
    batch: int, model: Path, tmp_path: Path
) -> None:
    one = tmp_path / "one.png"
    pixels = np.zeros((400, 400, 3), np.uint8)
    Image.fromarray(pixels).save(one)
    (tmp_path / "many").mkdir()
    for number in range(80):
        (tmp_path / "many" / f"{number}.png").symlink_to(one)
    tracemalloc.start()
    predict_all(tmp_path / "many", model=model, out=tmp_path / "out", batch=batch)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 25 * pixels.nbytes


def test_probabilities_are_written_with_their_classes(
    model: Path, photos: Path, tmp_path: Path
) -> None:
    predict_all(photos, model=model, out=tmp_path / "out", probabilities=True, batch=2)
    predict_all(photos, model=model, out=tmp_path / "alone")
    with np.load(tmp_path / "out" / "1.npz", allow_pickle=False) as file:
        probabilities, classes = file["probabilities"], file["classes"]
    red = opened(photos / "1.png")[..., 0]
    assert probabilities.dtype == np.float16 and probabilities.shape == (4, 20, 30)
    assert np.array_equal(probabilities == 0.625, np.arange(4)[:, None, None] == red // 64)
    assert classes.tolist() == ["a", "b", "c", "d"]
    for path in (tmp_path / "alone").iterdir():
        assert path.read_bytes() == (tmp_path / "out" / path.name).read_bytes()


def test_a_model_with_two_heads_writes_files_for_each(photos: Path, tmp_path: Path) -> None:
    palette = {"semantic": PALETTE, "geometric": PALETTE[2:]}
    classes = {"semantic": ["a", "b", "c", "d"], "geometric": ["flat", "steep"]}
    model = saved(TwoHeads(), tmp_path / "net.ts", palette=palette, classes=classes)
    out, photo = tmp_path / "out", photos / "1.png"
    predict_all(photo, model=model, out=out, overlays=True, probabilities=True)
    ends = ("npz", "overlay.png", "png")
    names = [f"1.{task}.{end}" for task in ("geometric", "semantic") for end in ends]
    assert sorted(path.name for path in out.iterdir()) == names
    assert np.array_equal(opened(out / "1.geometric.png"), opened(photo)[..., 1] // 128)
    assert np.array_equal(opened(out / "1.semantic.png"), opened(photo)[..., 0] // 64)
    with Image.open(out / "1.geometric.png") as image:
        assert image.getpalette()[:3] == PALETTE[2]
    with np.load(out / "1.geometric.npz") as file:
        assert file["classes"].tolist() == ["flat", "steep"]
    model = saved(TwoHeads(), tmp_path / "other.ts", palette={"": PALETTE})
    with pytest.raises(InputError, match="the model labels 'semantic, geometric'"):
        predict_all(photo, model=model, out=out)


def test_a_model_without_probabilities_is_refused_before_any_work(
    photos: Path, tmp_path: Path
) -> None:
    model = saved(Together(), tmp_path / "net.ts")
    with pytest.raises(InputError, match=r"net\.ts: gives labels alone"):
        predict_all(photos, model=model, out=tmp_path / "out", probabilities=True)
    assert not (tmp_path / "out").exists()


def test_a_folder_without_images_is_refused_with_the_suffixes(model: Path, tmp_path: Path) -> None:
    (tmp_path / "photos" / "inner.jpg").mkdir(parents=True)
    (tmp_path / "photos" / "notes.txt").touch()
    with pytest.raises(InputError, match=r"no image found; expected .* \.jpg"):
        predict_all(tmp_path / "photos", model=model, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_named_before_any_work(
    model: Path, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    for out in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc")):
        with pytest.raises(InputError, match=f"^{out}: cannot be written") as error:
            predict_all(photos, model=model, out=out)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_file_that_cannot_be_written_is_named_and_the_others_are_written(
    model: Path, photos: Path, tmp_path: Path, workers: int
) -> None:
    (tmp_path / "out" / "2.png").mkdir(parents=True)
    with pytest.raises(InputError, match=r"out/2\.png: Is a directory$"):
        predict_all(photos, model=model, out=tmp_path / "out", workers=workers)
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {f"{path.stem}.png" for path in photos.iterdir()}


def test_an_interrupt_leaves_whole_files_only(model: Path, tmp_path: Path) -> None:
    one, out = tmp_path / "one.png", tmp_path / "out"
    Image.fromarray(noise(300, 300)).save(one)
    (tmp_path / "many").mkdir()
    for number in range(4000):
        (tmp_path / "many" / f"{number}.png").symlink_to(one)
    code = "import sys; from fcnlib.cli.main import main; sys.argv[0] = 'fcn'; main()"
    arguments = [
        "predict",
        tmp_path / "many",
        "--model",
        model,
        "--out",
        out,
        "--threads",
        1,
        "--trust",
    ]
    arguments += ["--overlay", "--probabilities", "--device", "cpu"]
    command = [sys.executable, "-c", code, *map(str, arguments)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and len(list(out.glob("*.npz"))) < 3:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    written = sorted(out.iterdir())
    assert 3 <= len(written) < 12000 and not [path for path in written if path.name[0] == "."]
    for path in written:
        assert (np.load(path)["probabilities"] if path.suffix == ".npz" else opened(path)).any()
