"""What `check` finds in the depth, the HHA and the further labels of a prepared data set."""

from pathlib import Path

import numpy as np
import pytest
from fixtures.archives import png
from fixtures.inputs import write_rooms

from fcnlib.datasets.checks.check import check


@pytest.fixture
def rooms(tmp_path: Path) -> Path:
    write_rooms(tmp_path / "rooms", train=3, test=2, missing=np.zeros((32, 40), bool))
    return tmp_path / "rooms"


def errors(root: Path) -> list[tuple[str, str, str]]:
    found = [each for each in check(root).findings if each.level == "error"]
    names = [Path(each.file).relative_to(root).as_posix() for each in found]
    return [(name, e.value, e.message) for name, e in zip(names, found, strict=True)]


def test_sound_rooms_have_no_errors(rooms: Path) -> None:
    assert errors(rooms) == [] and check(rooms).classes == ("background", "box", "ball")


def depth(millimetres: int, size: tuple[int, int] = (32, 40)) -> bytes:
    return png(np.full(size, millimetres, np.uint16))


SMALL = "20 x 10, its image is 40 x 32"
COLOURS = np.zeros((10, 20, 3), np.uint8)


@pytest.mark.parametrize(
    ("file", "content", "problem"),
    [
        ("depth/1.png", depth(0), ("median 0 m", "expected filled depth of 0.5 to 10 m")),
        ("depth/1.png", depth(40000), ("median 40 m", "expected filled depth of 0.5 to 10 m")),
        ("depth/1.png", depth(2000, (10, 20)), (SMALL, "depth of another size")),
        ("depth/1.png", png(COLOURS), ("", "is RGB, expected 16-bit depth in millimetres")),
        ("depth/1.png", b"none", ("", "not an image, or its first bytes are damaged")),
        ("hha/4.png", png(COLOURS), (SMALL, "hha of another size")),
        (
            "hha/4.png",
            png(np.zeros((32, 40), np.uint8)),
            ("L", "expected HHA as 8-bit RGB"),
        ),
        (
            "missing/0.png",
            png(np.zeros((32, 40), np.uint8)),
            ("L", "expected a 1-bit mask of missing depth"),
        ),
        (
            "labels/geometric/2.png",
            png(np.full((32, 40), 7, np.uint8)),
            ("7 (1280 pixels)", "values outside the classes 0..1 and void"),
        ),
    ],
)
def test_a_spoilt_file_is_an_error_with_its_value(
    rooms: Path, file: str, content: bytes, problem: tuple[str, str]
) -> None:
    (rooms / file).write_bytes(content)
    assert errors(rooms) == [(file, *problem)]


@pytest.mark.parametrize("kind", ["depth", "hha", "missing", "labels/geometric"])
def test_a_missing_file_is_an_error(rooms: Path, kind: str) -> None:
    (rooms / f"{kind}/4.png").unlink()
    what = "geometric mask" if "geometric" in kind else kind
    assert errors(rooms) == [("splits/test.txt", "4", f"no {what} of that name")]


def test_a_missing_folder_or_wrong_hha_count_is_an_error(rooms: Path) -> None:
    for path in (rooms / "labels/geometric").iterdir():
        path.unlink()
    text = (rooms / "hha.json").read_text("utf-8")
    (rooms / "hha.json").write_text(text.replace('"images":5', '"images":9'), "utf-8")
    found = {(name, value) for name, value, _ in errors(rooms)}
    assert found == {("labels/geometric", ""), ("hha.json", "9 images")}
