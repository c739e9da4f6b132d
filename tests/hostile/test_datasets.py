"""Images, masks and class lists that cannot be meant, and folders that are not ours to replace."""

import io
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from fixtures.archives import BLACK, GREEN, RED, indexed, jpeg, label, png
from fixtures.hostile import Kind, run_fcn
from fixtures.images import png as png_16
from fixtures.images import tiff
from fixtures.prepared import TASKS, fill
from PIL import Image

from fcnlib.datasets.checks.check import check
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.writer import dataset_writer

CONFIG = Path(__file__).parents[2] / "config.yaml"
OWN = "datasets: {mine: {converter: folder, path: own, void: %s}}"
PREPARE = ["prepare", "mine", "--config", CONFIG, "--config", "own.yaml", "--out", "out"]
CHECK = ["check", "mine", "--config", CONFIG, "--config", "own.yaml"]
THREE = "ground\nthing\nother\n"
BOXES = {f"p{number}.png": png(label(1 + number % 2)) for number in range(5)}

Files = Mapping[str, bytes]


def saved(kind: str, pixels: np.ndarray, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def named(content: Callable[[int], bytes], suffix: str = ".png") -> Files:
    """Files of all five images, by their number."""
    return {f"p{number}{suffix}": content(number) for number in range(5)}


def own(
    masks: Files = BOXES, images: Files | None = None, classes: str = THREE, void: str = "[]"
) -> Callable[[Path], list[object]]:
    """A user's folder, and the arguments that prepare it."""

    def make(folder: Path) -> list[object]:
        files = {f"masks/{name}": content for name, content in masks.items()}
        pictures = images or named(lambda number: jpeg((40 * number, 0, 0)), ".jpg")
        files |= {f"images/{name}": content for name, content in pictures.items()}
        for name, content in {**files, "classes.txt": classes.encode()}.items():
            (folder / "own" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "own" / name).write_bytes(content)
        (folder / "own.yaml").write_text(OWN % void, "utf-8")
        return list(PREPARE)

    return make


def bomb(folder: Path) -> list[object]:
    arguments = own()(folder)
    png_16(folder / "own/images/p3.png", (60_000, 60_000), 0, b"")
    (folder / "own/images/p3.jpg").unlink()
    return arguments


# What both commands refuse.
ERRORS = [
    Kind("0 and 255", own(named(lambda _: png(label(255)))), "only 0 and 255, and 255 is void"),
    Kind(
        "0 and 255 with void 255",
        own(named(lambda _: png(label(255))), void="[255]"),
        "split train: 0 .ground.: only one class on all labelled pixels",
    ),
    Kind("masks of 0", own(named(lambda _: png(label(0)))), "only one class on all labelled"),
    Kind("void of 0", own(named(lambda _: png(label(1))), void="[0]"), r"1 \(thing\): only one"),
    Kind(
        "void alone in val",
        own({**BOXES, "p0.png": png(np.full((12, 16), 255, np.uint8))}),
        "split val: no labelled pixel: all of it is void",
    ),
    Kind(
        "palettes in another order",
        own(
            named(
                lambda number: (
                    indexed(label(1), GREEN, BLACK, RED)
                    if number % 2
                    else indexed(label(2), BLACK, RED, GREEN)
                )
            )
        ),
        r"p1\.png: colour \(0, 255, 0\) is 0, but 2 in own/masks/p0\.png",
    ),
    Kind(
        "JPEG named .png",
        own({**BOXES, "p2.png": saved("JPEG", label(1))}),
        r"p2\.png: JPEG inside, which changes class indices",
    ),
    Kind(
        "JPEG in TIFF",
        own(named(lambda _: saved("TIFF", label(1), compression="jpeg"), ".tif")),
        r"p0\.tif: jpeg inside, which changes class indices",
    ),
    Kind(
        "1 bit with 0 as white",
        own(named(lambda _: tiff(label(1), 1, white_is_0=True), ".tif")),
        r"p0\.tif: 1 bit with 0 as white",
    ),
    Kind(
        "labelme's list", own(classes="__ignore__\n_background_\ncat\n"), "line 1: '__ignore__' is"
    ),
    Kind(
        "CVAT's list",
        own(classes="# label:color_rgb:parts:actions\nbackground:0,0,0::\ncat:250,50,83::\n"),
        r"classes\.txt: line 1: '# label:color_rgb:parts:actions' is a comment",
    ),
    Kind(
        "CamVid's list",
        own(classes="name,r,g,b\nAnimal,64,128,64\nArchway,192,0,128\n"),
        r"classes\.txt: line 1: 'name,r,g,b' is a heading",
    ),
    Kind(
        "UTF-16 without a mark",
        own(classes=THREE.encode("utf-16-le").decode()),
        r"classes\.txt: line 1: .* holds '\\x00', which cannot be seen",
    ),
    Kind(
        "a colour for terminals",
        own(classes="ground\n\x1b[31mthing\nother\n"),
        r"classes\.txt: line 2: .* holds '\\x1b', which cannot be seen",
    ),
    Kind(
        "a name of two columns",
        own(classes="ground\nthing\tDing\nother\n"),
        r"classes\.txt: line 2: .* holds '\\t', which cannot be seen",
    ),
    Kind("names on one line", own(classes="ground,thing,other\n"), "one line with ',' in it"),
    Kind("names before numbers", own(classes="ground,0\nthing,1\nother,2\n"), "numbered from 0"),
    Kind(
        "a Git LFS pointer as a list",
        own(classes="version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"),
        r"classes\.txt: a pointer of Git LFS, expected one class name a line",
    ),
    Kind("numbered names", own(classes="0 ground\n1 thing\n2 other\n"), "numbered from 0"),
    Kind(
        "PostScript named .jpg",
        own(images={**named(lambda _: jpeg(RED), ".jpg"), "p2.jpg": b"%!PS-Adobe-3.0 EPSF-3.0\n"}),
        r"p2\.jpg: not an image that can be read: PostScript",
    ),
    Kind(
        "a Git LFS pointer",
        own({**BOXES, "p1.png": b"version https://git-lfs.github.com/spec/v1\n"}),
        r"p1\.png: not an image that can be read: a pointer of Git LFS",
    ),
    Kind("a decompression bomb", bomb, r"p3\.png: Image size \(3600000000 pixels\) exceeds limit"),
]
# What both commands use, and say.
WARNINGS = [
    Kind(
        "images upside down",
        own(images=named(lambda _: saved("JPEG", label(9), exif=turned(3)), ".jpg")),
        "image with an orientation tag that keeps its size",
    ),
    Kind(
        "square images on their side",
        own(
            named(lambda number: png(label(1 + number % 2, (12, 12)))),
            named(lambda _: saved("JPEG", label(9, (12, 12)), exif=turned(6)), ".jpg"),
        ),
        "image with an orientation tag that keeps its size",
    ),
    Kind(
        "masks with a tag",
        own({**BOXES, "p1.png": saved("PNG", label(2), exif=turned(3))}),
        "mask with an orientation tag",
    ),
    Kind(
        "12 bits in 16",
        own(images=named(lambda number: png(label(1).astype(np.uint16) * (4080 - number)))),
        r"5 images, seen as 0\.\.15 of 255|dim images of 16 bits",
    ),
    Kind(
        "14 bits in 16",
        own(images=named(lambda number: png(label(1).astype(np.uint16) * (16383 - number)))),
        r"5 images, seen as 0\.\.63 of 255|dim images of 16 bits",
    ),
    Kind(
        "palettes of other colours",
        own(
            named(lambda n: indexed(label(1 + n % 2), BLACK, (255, n, 0), (0, 255, n))),
        ),
        "an index has another colour in each",
    ),
]


@pytest.mark.parametrize("kind", ERRORS, ids=str)
def test_data_that_cannot_be_meant_are_refused(kind, try_kind, capfd):
    try_kind(kind)
    code, printed = run_fcn(CHECK, capfd)
    assert code == 1 and "Traceback" not in printed
    assert re.search(r"^[1-9]\d* errors, \d+ warnings$", printed, re.MULTILINE)


@pytest.mark.parametrize("kind", WARNINGS, ids=str)
def test_data_that_may_be_meant_are_said(kind, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    for arguments in (kind.make(tmp_path), CHECK):
        code, printed = run_fcn(arguments, capfd)
        assert code == 0 and re.search(kind.expected, printed)


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("white_is_0", [False, True])
def test_indices_of_few_bits_are_those_that_were_written(
    bits, white_is_0, tmp_path, monkeypatch, capfd
):
    monkeypatch.chdir(tmp_path)
    masks = named(lambda n: tiff(label(1 + n % 2), bits, white_is_0=white_is_0), ".tif")
    code, printed = run_fcn(own(masks)(tmp_path), capfd)
    assert code == 0, printed
    data = PreparedDataset("out")
    for number in range(5):
        assert (data.label(f"p{number}") == label(1 + number % 2)).all()
    assert not check("out").failed


def hand_made(folder: Path) -> list[object]:
    arguments = own()(folder)
    for name in ("images/a.png", "labels/a.png", "splits/train.txt"):
        (folder / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "out" / name).write_bytes(b"days of work")
    return arguments


def hand_made_like_ours(folder: Path) -> list[object]:
    arguments = own()(folder)
    for name in ("images/a.png", "labels/semantic/a.png"):
        (folder / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "out" / name).write_bytes(png(label(1)))
    (folder / "out/splits").mkdir()
    (folder / "out/splits/train.txt").write_text("a\n", "utf-8")
    return arguments


def of_another_tool(folder: Path) -> list[object]:
    arguments = hand_made_like_ours(folder)
    info = {"name": "Task", "labels": {"0": "background"}, "numTraining": 1}
    (folder / "out/dataset.json").write_text(json.dumps(info), "utf-8")
    return arguments


def added_to_ours(name: str, content: bytes = b"mine") -> Callable[[Path], list[object]]:
    def make(folder: Path) -> list[object]:
        arguments = own()(folder)
        with dataset_writer(folder / "out", tasks=TASKS) as writer:
            fill(writer)
        (folder / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "out" / name).write_bytes(content)
        return arguments

    return make


DELETED = "which would be deleted; expected a new or empty folder, or a prepared data set"
REPLACED = [
    Kind("a hand-made data set", hand_made, rf"out: holds .*, {DELETED}"),
    Kind("a hand-made data set of our layout", hand_made_like_ours, rf"out: holds .*, {DELETED}"),
    Kind("another tool's dataset.json", of_another_tool, rf"out: holds .*, {DELETED}"),
    Kind("an added file", added_to_ours("notes.txt"), rf"holds notes\.txt, {DELETED}"),
    Kind("an added image", added_to_ours("images/z.png"), rf"holds images/z\.png, {DELETED}"),
    Kind("an added folder", added_to_ours("old/a.png"), rf"holds old/a\.png, {DELETED}"),
    Kind(
        "a label that was repaired by hand",
        added_to_ours("labels/semantic/a.png", png(label(2))),
        r"out: not replaced: out/labels/semantic/a\.png changed since it was prepared",
    ),
]


@pytest.mark.parametrize("kind", REPLACED, ids=str)
def test_nothing_of_the_users_is_replaced(kind, try_kind):
    try_kind(kind)


def test_a_users_folder_with_another_tools_dataset_json_is_checked_as_theirs(
    tmp_path, monkeypatch, capfd
):
    monkeypatch.chdir(tmp_path)
    own()(tmp_path)
    (tmp_path / "own/dataset.json").write_text('{"labels": {"0": "ground"}}', "utf-8")
    code, printed = run_fcn(["check", "own"], capfd)
    assert code == 0 and "own: 5 images" in printed


def test_a_flipped_bit_of_a_prepared_jpeg_is_found(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    assert run_fcn(own()(tmp_path), capfd)[0] == 0
    path = tmp_path / "out/images/p2.jpg"
    content = bytearray(path.read_bytes())
    content[content.index(b"\xff\xdb") + 8] ^= 1  # in the quantisation, so that it still decodes
    path.write_bytes(content)
    code, printed = run_fcn(["check", "out"], capfd)
    assert code == 1 and "out/images/p2.jpg\n1 errors, " in printed
    assert "error: is not what was prepared, by its digest" in printed


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_prepared_split_without_labels_is_found(tmp_path, monkeypatch, capfd, split):
    monkeypatch.chdir(tmp_path)
    with dataset_writer(tmp_path / "out", tasks=TASKS) as writer:
        fill(writer)
        for id in writer.splits[split]:
            writer.add_label(id, np.full((12, 16), 255, np.uint8), id)
    code, printed = run_fcn(["check", "out"], capfd)
    assert code == 1
    assert f"error: no labelled pixel: all of it is void\n  out: split {split}\n" in printed
