"""HHA files of single depth images."""

from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.archives import png
from fixtures.depth import SMALL, holes, room
from fixtures.images import exif_tag
from numpy.typing import NDArray
from PIL import Image

from fcnlib.core.errors import InputError
from fcnlib.datasets.hha.encode import NYUD_CAMERA, encode_hha
from fcnlib.datasets.hha.frames import DepthFormat, encode_frames, frames_of, parse_camera


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    """Folders of depth and raw depth, two frames of 640 x 480 pixels in millimetres."""
    for folder in ("depth", "raw"):
        (tmp_path / folder).mkdir()
    for number in range(2):
        depth = room(10.0 + 5 * number, camera=NYUD_CAMERA, size=(480, 640)).depth
        whole = np.round(1000 * depth).astype(np.uint16)
        missing = holes((480, 640), number)
        Image.fromarray(whole).save(tmp_path / f"depth/{number}.png")
        Image.fromarray(np.where(missing, 0, whole)).save(tmp_path / f"raw/{number}.png")
    return tmp_path


def values(path: Path) -> NDArray[np.float64]:
    with Image.open(path) as image:
        return np.array(image).astype(np.float64)


def test_a_frame_is_masked_by_its_raw_depth_and_measured_by_its_filled_one(frames: Path) -> None:
    depth, raw, out = frames / "depth/0.png", frames / "raw/0.png", frames / "new/out.png"
    encode_frames(frames_of([depth], raw, out), DepthFormat())
    assert np.array_equal(
        values(out), encode_hha(values(depth) / 1000, values(raw) == 0, NYUD_CAMERA)
    )


@pytest.mark.parametrize("tag", [3, 6])
def test_a_turned_frame_is_encoded_upright(frames: Path, tag: int) -> None:
    depth = Image.open(frames / "depth/0.png")
    turned = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90}[tag]
    depth.transpose(turned).save(frames / "turned.png", exif=exif_tag(tag))
    for name in ("depth/0.png", "turned.png"):
        encode_frames(frames_of([frames / name], None, frames / f"hha/{name}"), DepthFormat())
    assert np.array_equal(values(frames / "hha/turned.png"), values(frames / "hha/depth/0.png"))


def test_folders_are_encoded_file_by_file(frames: Path) -> None:
    listed = frames_of([frames / "depth"], frames / "raw", frames / "hha")
    encode_frames(listed, DepthFormat(), workers=2)
    single = frames / "single.png"
    for name in ("0.png", "1.png"):
        encode_frames(frames_of([frames / "depth" / name], frames / "raw", single), DepthFormat())
        assert np.array_equal(values(frames / "hha" / name), values(single))


def test_the_published_crop_is_taken_or_was_taken_before(frames: Path) -> None:
    depth, out = frames / "depth/0.png", frames / "out.png"
    part = values(depth)[45:470, 40:600]
    expected = encode_hha(part / 1000, None, NYUD_CAMERA.cropped(45, 40))
    np.save(frames / "part.npy", part / 1000)
    for source in (depth, frames / "part.npy"):
        encode_frames(frames_of([source], None, out), DepthFormat(crop=True))
        assert np.array_equal(values(out), expected)


@pytest.mark.parametrize(("unit", "scale"), [("mm", 1), ("0.1mm", 10), ("m", 0.001)])
def test_integers_are_in_the_given_unit(
    frames: Path, unit: str, scale: float, caplog: pytest.LogCaptureFixture
) -> None:
    flat = np.full((480, 640), 2000)
    np.save(frames / "flat.npy", np.round(flat * scale).astype(np.int32))
    encode_frames(frames_of([frames / "flat.npy"], None, frames / "o.png"), DepthFormat(unit=unit))  # type: ignore[arg-type]
    assert (values(frames / "o.png")[..., 0] == 155).all() and not caplog.records


def test_another_unit_is_warned_of_once_for_all_frames(
    frames: Path, caplog: pytest.LogCaptureFixture
) -> None:
    listed = frames_of([frames / "depth"], None, frames / "out")
    encode_frames(listed, DepthFormat(unit="m"))
    (record,) = caplog.records
    assert "0.png (and 1 more): median depth 2" in record.getMessage()
    assert record.getMessage().endswith("is the unit right?")


def test_frames_that_cannot_be_encoded_are_named_at_the_end_and_the_others_are_written(
    frames: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (frames / "depth/0.png").write_bytes(b"no image")
    listed = frames_of([frames / "depth"], None, frames / "out")
    with pytest.raises(InputError, match=r"depth/0\.png: not an image"):
        encode_frames(listed, DepthFormat())
    assert [path.name for path in (frames / "out").iterdir()] == ["1.png"]
    np.save(frames / "depth/2.npy", np.zeros((480, 640)))
    listed = frames_of([frames / "depth"], None, frames / "out")
    with pytest.raises(InputError, match=rf"^2 of 3 depth images have no HHA in {frames}/out$"):
        encode_frames(listed, DepthFormat(), workers=2)
    assert [message.partition(": ")[2][:12] for message in caplog.messages] == [
        "not an image",
        "depth: 0 at ",
    ]


def test_a_single_frame_has_no_bar(frames: Path, capsys: pytest.CaptureFixture[str]) -> None:
    encode_frames(frames_of([frames / "depth/0.png"], None, frames / "o.png"), DepthFormat())
    (frames / "depth/0.png").write_bytes(b"no image")
    with pytest.raises(InputError):
        encode_frames(frames_of([frames / "depth/0.png"], None, frames / "o.png"), DepthFormat())
    assert capsys.readouterr().err == ""


def test_a_camera_of_ones_own_fits_any_size(tmp_path: Path) -> None:
    depth = room(10).depth
    np.save(tmp_path / "d.npy", depth)
    camera = parse_camera(",".join(map(str, astuple(SMALL))))
    encode_frames(
        frames_of([tmp_path / "d.npy"], None, tmp_path / "o.png"), DepthFormat(camera=camera)
    )
    assert np.array_equal(values(tmp_path / "o.png"), encode_hha(depth, None, SMALL))


class Arguments:
    """The arguments of `frames_of` for a single frame, to break in a test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.depths = [folder / "depth/0.png"]
        self.raw: Path | None = None
        self.out = folder / "out.png"
        self.crop = False

    def encode(self) -> None:
        depth_format = DepthFormat(crop=self.crop)
        encode_frames(frames_of(self.depths, self.raw, self.out), depth_format)

    def write_depth(self, pixels: NDArray[Any]) -> None:
        self.depths[0].write_bytes(png(pixels))

    def write_raw(self, pixels: NDArray[Any]) -> None:
        self.raw = self.folder / "raw/0.png"
        self.raw.write_bytes(png(pixels))

    def save_array(self, array: NDArray[Any]) -> None:
        self.depths = [self.folder / "bad.npy"]
        np.save(self.depths[0], array)


def eight_bits(given: Arguments) -> None:
    given.write_depth(np.ones((480, 640), np.uint8))


def cut_short(given: Arguments) -> None:
    given.depths[0].write_bytes(given.depths[0].read_bytes()[:9000])


def cropped_size(given: Arguments) -> None:
    given.write_depth(np.ones((425, 560), np.uint16))


def size_of_no_crop(given: Arguments) -> None:
    given.write_depth(np.ones((424, 512), np.uint16))
    given.crop = True


def raw_of_another_size(given: Arguments) -> None:
    given.write_raw(np.ones((240, 320), np.uint16))


def missing_raw(given: Arguments) -> None:
    given.raw = given.folder / "raw/7.png"


def raw_of_zeros(given: Arguments) -> None:
    given.write_raw(np.zeros((480, 640), np.uint16))


def raw_file_for_a_folder(given: Arguments) -> None:
    given.depths, given.raw = [given.folder / "depth"], given.folder / "raw/0.png"
    given.out = given.folder / "out"


def out_file_for_a_folder(given: Arguments) -> None:
    given.depths = [given.folder / "depth"]


def out_folder_for_a_file(given: Arguments) -> None:
    given.out = given.folder / "out"


def empty_folder(given: Arguments) -> None:
    (given.folder / "none").mkdir()
    given.depths, given.out = [given.folder / "none"], given.folder / "out"


def files_of_one_name(given: Arguments) -> None:
    given.depths = [given.folder / "depth", given.folder / "raw"]
    given.out = given.folder / "out"


def out_over_the_depth(given: Arguments) -> None:
    given.out = given.depths[0]


def text_for_an_array(given: Arguments) -> None:
    given.depths = [given.folder / "bad.npy"]
    given.depths[0].write_bytes(b"no array")


def three_axes(given: Arguments) -> None:
    given.save_array(np.ones((2, 3, 4)))


def missing_file(given: Arguments) -> None:
    given.depths = [given.folder / "none.png"]


def missing_file_among_others(given: Arguments) -> None:
    given.depths = [given.folder / "depth", given.folder / "none.npy"]
    given.out = given.folder / "out"


def archive_of_arrays(given: Arguments) -> None:
    given.depths = [given.folder / "z.npz"]
    np.savez(given.depths[0], np.ones((480, 640)))


def nan(given: Arguments) -> None:
    given.save_array(np.full((480, 640), np.nan))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (eight_bits, r"0\.png: is L, expected 16-bit depth"),
        (cut_short, r"0\.png: damaged or cut short"),
        (
            cropped_size,
            r"0\.png: 560 x 425 pixels, but the Kinect's camera has 640 x 480; give --camera",
        ),
        (size_of_no_crop, r"0\.png: 512 x 424 pixels, expected 640 x 480 to crop, or 560 x 425"),
        (raw_of_another_size, r"raw/0\.png: 320 x 240 pixels, but .*depth/0\.png has 640 x 480"),
        (missing_raw, r"raw/7\.png: no such file"),
        (raw_of_zeros, r"depth/0\.png: missing: every pixel"),
        (raw_file_for_a_folder, r"raw/0\.png: expected a folder of raw depth images"),
        (out_file_for_a_folder, r"out\.png: expected a folder, as there are several"),
        (out_folder_for_a_file, r"out: expected a file name that ends in \.png"),
        (empty_folder, r"none: no depth image in it, expected \.png or \.npy"),
        (files_of_one_name, r"out/0\.png \(and 1 more\): would be written twice"),
        (out_over_the_depth, r"depth/0\.png: is read, expected another place"),
        (text_for_an_array, r"bad\.npy: not an array"),
        (three_axes, r"bad\.npy: expected numbers of height x width"),
        (missing_file, r"none\.png: no such file$"),
        (missing_file_among_others, r"none\.npy: no such file$"),
        (archive_of_arrays, r"z\.npz: not an image.*; expected \.png or \.npy$"),
        (nan, r"bad\.npy: depth: nan at row 0, column 0"),
    ],
)
def test_a_frame_that_cannot_be_meant_is_named(
    frames: Path, spoil: Callable[[Arguments], None], message: str
) -> None:
    given = Arguments(frames)
    spoil(given)
    with pytest.raises(InputError, match=message):
        given.encode()
    assert not list(frames.glob("out*"))


CAMERAS = ["500,500,320", "a,b,c,d", "0,500,320,240", "nan,1,2,3", "500,nan,2,3", ""]

CAMERAS += ["500,500,1e300,240", "500,500,320,-inf", "500,500,320,nan", "1e300,500,320,240"]


@pytest.mark.parametrize("text", [*CAMERAS, "0.8,0.8,0.5,0.5"])
def test_a_camera_is_four_numbers_of_pixels(text: str) -> None:
    with pytest.raises(InputError, match=rf"camera '{text}': expected"):
        parse_camera(text)
