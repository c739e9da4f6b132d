"""Folders and lists as people have them: every file by itself, and no name that does harm."""

import os
import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from fixtures.hostile import Kind
from fixtures.own_files import CAMERA, depth, net, own, photo
from fixtures.workflow import jobs, snakemake
from PIL import Image

from fcnlib.config.schema_data import FolderDataset
from fcnlib.core.errors import InputError
from fcnlib.datasets.checks.check import check
from fcnlib.datasets.converters.registry import prepare
from fcnlib.datasets.formats import IMAGE_SUFFIXES
from fcnlib.datasets.hha.frames import frames_of
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.inference.inputs import find_images

REPOSITORY = Path(__file__).parents[2]
LONG = "n" * 251  # of 255 bytes with its suffix: nothing longer can be written beside it
TERMINAL = "\x1b]0;owned\x07\x1b[2J\rfine\n\u202egpj"


def predict(make: Callable[[Path], object], *more: object) -> Callable[[Path], list[object]]:
    """`fcn predict` of a good photo and of what `make` puts beside it."""

    def arguments(folder: Path) -> list[object]:
        photo(folder / "photos" / "a.png")
        photo(folder / "photos" / "z.png")
        make(folder / "photos")
        return ["predict", "photos", *more, "--out", "out", "--model", net(folder)]

    return arguments


def hha(make: Callable[[Path], object], *more: object) -> Callable[[Path], list[object]]:
    """`fcn hha` of two good depth images and of what `make` puts beside them."""

    def arguments(folder: Path) -> list[object]:
        depth(folder / "depth" / "a.png")
        depth(folder / "depth" / "z.png")
        make(folder / "depth")
        return ["hha", "depth", *more, "--out", "out", *CAMERA]

    return arguments


def checked(make: Callable[[Path], object], command: str = "check") -> Callable[[Path], list]:
    """`fcn check` of a good folder, once `make` has had it."""

    def arguments(folder: Path) -> list[object]:
        make(own(folder / "own"))
        return [command, "own"]

    return arguments


def dangling(path: Path) -> None:
    path.symlink_to("me@host.1:5")


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def a_socket(path: Path) -> None:
    """A socket, bound by a short name, as its names must be."""
    before = Path.cwd()
    os.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(path.name)
    os.chdir(before)


def named(name: str, make: Callable[[Path], None]) -> Callable[[Path], None]:
    return lambda folder: make(folder / name)


def folders_in_a_circle(photos: Path) -> None:
    """Two links that lead back: a walk that follows them has 2 ** 40 ways."""
    for name in ("one", "two"):
        (photos / name).symlink_to(photos)


def only_in_a_folder(folder: Path) -> list[object]:
    """`fcn predict` of a folder whose images are one level below."""
    photo(folder / "photos/mon/a.png")
    return ["predict", "photos", "--out", "out", "--model", "0.pt"]


def of_a_variable_that_is_not_set(folder: Path) -> list[object]:
    """`fcn predict` of nothing, where the current folder has an image."""
    photo(folder / "a.png")
    return ["predict", "", "--out", "out", "--model", "0.pt"]


WRITTEN = ("out", "out/a.png", "out/z.png")
SPECIAL: dict[str, tuple[Callable[[Path], None], str]] = {
    "a named pipe": (os.mkfifo, r"is a named pipe, expected a regular file"),
    "a socket": (a_socket, r"is a socket, expected a regular file"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), r"is a device, expected a regular"),
    "a link to nothing": (dangling, r"no such file, as a link to me@host\.1:5"),
    "a link to itself": (loop, r"Too many levels of symbolic links"),
    "an empty file": (Path.touch, r"not an image that can be read: empty"),
    "a web page": (
        lambda path: path.write_text("<!DOCTYPE html><title>404</title>", "utf-8"),
        r"not an image that can be read: a web page",
    ),
}
KINDS = [
    *(
        Kind(f"{name} among images", predict(named("m.jpg", make)), line, leaves=WRITTEN)
        for name, (make, line) in SPECIAL.items()
    ),
    *(
        Kind(f"{name} among depth images", hha(named("m.png", make)), line, leaves=WRITTEN)
        for name, (make, line) in SPECIAL.items()
    ),
    Kind(
        "a named pipe given by name",
        predict(named("m.jpg", os.mkfifo), "photos/m.jpg"),
        r"m\.jpg: is a named pipe",
        leaves=WRITTEN,
    ),
    Kind(
        "a named pipe found by a pattern",
        predict(named("m.jpg", os.mkfifo), "photos/*.jpg"),
        r"m\.jpg: is a named pipe",
        leaves=WRITTEN,
    ),
    Kind(
        "linked folders in a circle",
        predict(folders_in_a_circle, "photos/**/*.png"),
        r"2 label images",
        code=0,
        leaves=WRITTEN,
    ),
    Kind(
        "a name so long that one of its files cannot be written",
        predict(named(f"{LONG}.jpg", photo), "--overlay"),
        rf"{LONG}\.overlay\..*: File name too long",
        leaves=(*WRITTEN, "out/?.overlay.png"),
    ),
    Kind(
        "a file in another format under a known suffix",
        predict(lambda photos: (photos / "m.jpg").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1")),
        r"m\.jpg: not an image that can be read: HEIC",
        leaves=WRITTEN,
    ),
    Kind(
        "formats that are not read",
        predict(lambda photos: [(photos / f"{i}.CR2").touch() for i in range(3)]),
        r"2 label images",
        code=0,
        leaves=WRITTEN,
    ),
    Kind(
        "hidden copies of macOS and locks of Emacs",
        predict(lambda photos: [(photos / "._a.png").touch(), dangling(photos / ".#a.png")]),
        r"2 label images",
        code=0,
        leaves=WRITTEN,
    ),
    Kind(
        "hidden copies among depth images",
        hha(named("._a.png", Path.touch)),
        r"2 HHA images",
        code=0,
        leaves=WRITTEN,
    ),
    Kind(
        "images in folders of their own",
        predict(lambda photos: [photo(photos / day / "b.png") for day in ("mon", "tue")]),
        r"photos: left out: 2 folders\n",
        code=0,
        leaves=WRITTEN,
    ),
    Kind(
        "images in folders of their own alone",
        only_in_a_folder,
        r"photos: no image found; .*; there: 1 folder$",
    ),
    Kind(
        "a name of nothing, as of a variable that is not set",
        of_a_variable_that_is_not_set,
        r"error: '': no image found",
    ),
    Kind(
        "a folder named like an image",
        checked(named("images/thumbs.png", Path.mkdir)),
        r"0 errors",
        code=0,
    ),
    Kind(
        "names that move the terminal's cursor",
        predict(lambda photos: (photos / f"{TERMINAL}.jpg").touch()),
        r"error: photos/\\u001b\]0;owned\\u0007\\u001b\[2J\\rfine\\n\\u202egpj\.jpg: not an image",
        leaves=WRITTEN,
    ),
    Kind(
        "arrays that claim more than their file holds",
        hha(lambda folder: claims_a_terabyte(folder / "m.npy")),
        r"m\.npy: not an array",
        leaves=WRITTEN,
    ),
]


def claims_a_terabyte(path: Path) -> None:
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (400000, 400000), }".ljust(117)
    path.write_bytes(b"\x93NUMPY\x01\x00v\x00" + header + b"\n")


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_bad_file_is_named_in_a_line_and_all_others_are_done(
    kind: Kind, try_kind: Callable[[Kind], None], tmp_path: Path
) -> None:
    try_kind(kind)
    if "out" in kind.leaves:
        assert (tmp_path / "out/a.png").is_file() and (tmp_path / "out/z.png").is_file()


@pytest.mark.parametrize("place", ["images/im0.png", "masks/im0.png", "classes.txt"])
@pytest.mark.parametrize("name", list(SPECIAL)[:5])
def test_check_and_prepare_name_what_is_no_file_in_the_same_line(
    tmp_path: Path, name: str, place: str
) -> None:
    make, line = SPECIAL[name]
    root = own(tmp_path / "own")
    (root / place).unlink()
    make(root / place)
    result = check(FolderDataset(converter="folder", path=root))
    assert result.failed
    problems = [f"{each.file}: {each.message}" for each in result.findings if each.level == "error"]
    with pytest.raises(InputError) as caught:
        prepare(FolderDataset(converter="folder", path=root), [], tmp_path / "out")
    assert any(str(caught.value) in problem for problem in problems)
    assert re.search(f"{line}|no class list", str(caught.value))
    assert [path.name for path in tmp_path.iterdir()] == ["own"]


def test_formats_that_are_not_read_are_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    root = own(tmp_path / "own")
    for name in ("a.CR2", "b.cr2", "c.psd", "notes"):
        (root / "images" / name).touch()
    for name in ("day 1", "day 2", ".thumbnails"):
        (root / "images" / name).mkdir()
    caplog.set_level("INFO")
    assert len(find_images(["own/images"])) == 4
    assert caplog.messages == [
        "own/images: left out: 2 .cr2, 1 .psd, 1 without a suffix, 2 folders"
    ]
    result = check(FolderDataset(converter="folder", path=root))
    (found,) = [each for each in result.findings if each.message == "files left out"]
    assert found.value == "2 .cr2, 1 .psd, 1 without a suffix, 2 folders" and not result.failed
    prepare(FolderDataset(converter="folder", path=root), [], tmp_path / "prepared")
    assert f"{root}/images: left out: {found.value}" in caplog.messages


def test_a_folder_of_one_format_that_is_not_read_says_so(tmp_path: Path) -> None:
    for i in range(3):
        (tmp_path / f"{i}.cr3").touch()
    with pytest.raises(InputError, match=r"no image found; .*; there: 3 \.cr3"):
        find_images([str(tmp_path)])
    with pytest.raises(InputError, match=r"no depth image in it \(there: 3 \.cr3\)"):
        frames_of([tmp_path], None, tmp_path / "out")


@pytest.mark.parametrize("suffix", [".avif", ".jp2", ".jfif", ".ppm", ".webp", ".heic"])
def test_what_pillow_reads_is_read(tmp_path: Path, suffix: str) -> None:
    if suffix not in IMAGE_SUFFIXES:
        pytest.skip("this Pillow does not read it")
    root = own(tmp_path / "own")
    with Image.open(root / "images/im0.png") as image:
        image.save(root / f"images/im0{suffix}", "JPEG" if suffix == ".jfif" else None)
    (root / "images/im0.png").unlink()
    prepare(FolderDataset(converter="folder", path=root), [], tmp_path / "prepared")
    data = PreparedDataset(tmp_path / "prepared")
    assert data.image("im0").shape == (40, 48, 3)
    assert root / f"images/im0{suffix}" in find_images([str(root / "images")])


@pytest.mark.slow
def test_the_workflow_lists_a_folder_as_check_does(clone: Path) -> None:
    path = own(clone / "photos {2024} {dataset}")
    dangling(path / "images/.#im0.png")
    (path / "images/thumbs.png").mkdir()
    (path / "masks/._im0.png").touch()
    text = (REPOSITORY / "examples/own-images.yaml").read_text("utf-8")
    text = re.sub("splits:.*", "", text.replace("my-photos", f'"{path.name}"'))
    (clone / "mine.yaml").write_text(text, "utf-8")
    overlay = ["--configfile", "mine.yaml"]
    prepared = "data/mine/mine/dataset.json"
    assert snakemake(clone, "-n", "all", *overlay).returncode == 0
    made = snakemake(clone, "--cores", "1", prepared, *overlay)
    assert made.returncode == 0 and (clone / prepared).exists(), made.stdout + made.stderr
    assert not jobs(clone, prepared, *overlay)
    with open(path / "masks/im0.png", "ab") as file:
        file.write(b" ")
    assert jobs(clone, prepared, *overlay)["prepare"] == 1
    # What is prepared needs its folder no more; a new one is listed before anything runs.
    path.rename(clone / "elsewhere")
    (clone / prepared).unlink()
    dataset = FolderDataset(converter="folder", path=Path(path.name))
    (finding,) = check(dataset).findings
    done = snakemake(clone, "-n", "all", *overlay)
    assert done.returncode == 1
    assert f"error: {finding.file}: {finding.message}" in done.stderr.splitlines()
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr
