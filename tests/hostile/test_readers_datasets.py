"""Random and damaged bytes for the readers of images, masks, lists and prepared data sets."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fixtures.archives import label
from fixtures.images import tiff
from fixtures.prepared import TASKS, fill
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fcnlib.core.errors import InputError
from fcnlib.datasets import images
from fcnlib.datasets.checks.check import check
from fcnlib.datasets.class_names import check_class_names
from fcnlib.datasets.digests import foreign_files, read_digests
from fcnlib.datasets.journal import StoredFile, read_journal
from fcnlib.datasets.reader import PreparedDataset, read_hha_info, read_info, read_list
from fcnlib.datasets.writer import dataset_writer

BOUNDED = settings(max_examples=100, deadline=None)


def holds(read: Callable[[], object]) -> bool:
    """Whether it can be read; whatever cannot be is refused in one line."""
    try:
        read()
    except InputError as error:
        assert str(error) and "\n" not in str(error)
        return False
    return True


def saved(kind: str, mode: str, **options: object) -> bytes:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 3
    Image.fromarray(label(3)).convert(mode).save(file, kind, exif=exif, **options)
    return file.getvalue()


IMAGES = [
    *(saved("PNG", mode) for mode in ("L", "P", "1", "RGBA", "I;16")),
    *(saved("TIFF", mode, compression="tiff_lzw") for mode in ("L", "P", "RGB")),
    *(saved(kind, "RGB") for kind in ("JPEG", "MPO", "BMP", "WEBP", "JPEG2000", "GIF", "PPM")),
    *(tiff(label(3), bits, white_is_0=True, deflated=True) for bits in (1, 2, 4, 8)),
]


@st.composite
def damaged(draw: st.DrawFn, contents: list[bytes]) -> bytes:
    """One of these contents, cut, and with some bytes changed."""
    content = bytearray(draw(st.sampled_from(contents)))
    for _ in range(draw(st.integers(0, 4))):
        # Most of what a format says of itself stands at its beginning.
        last = draw(st.sampled_from([min(64, len(content)), len(content)])) - 1
        content[draw(st.integers(0, last))] = draw(st.integers(0, 255))
    return bytes(content[: draw(st.one_of(st.just(len(content)), st.integers(1, len(content))))])


@pytest.mark.filterwarnings("ignore")  # of Pillow
@BOUNDED
@given(damaged(IMAGES) | st.binary(max_size=200))
def test_images_masks_and_depth(content):
    for read in (
        lambda: images.to_stored_image(content, "x", orient=True),
        lambda: images.class_indices(images.read_image(content, "x"), "x"),
        lambda: images.palette(images.read_image(content, "x")),
        lambda: images.stored_orientation(images.read_image(content, "x")),
        lambda: images.read_depth(content, "x"),
    ):
        holds(read)


@BOUNDED
@given(st.lists(st.text(max_size=300), min_size=1, max_size=5))
def test_class_names(names):
    holds(lambda: check_class_names(names, "x"))


@pytest.mark.parametrize("part", ["0, ", "x:", "1 ", "a,", "- ", "\t", "__", "#"])
def test_long_lines_of_a_class_list_take_no_time(part):
    holds(lambda: check_class_names([part * 100, part * 100_000], "x"))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("prepared") / "things"
    with dataset_writer(root, tasks=TASKS) as writer:
        fill(writer)
    return root


INFO = {
    "name": "things",
    "tasks": {"semantic": ["ground", "thing", "other"]},
    "palette": {"semantic": [[0, 0, 0], [128, 0, 0], [0, 128, 0]]},
    "inputs": ["rgb"],
    "means": {"train": {"rgb": [1.0, 2.0, 3.0]}, "val": {"rgb": [1.0, 2.0, 3.0]}},
    "depth_unit": None,
    "camera": None,
    "void": 255,
    "sources": [],
    "splits": {"train": 2, "val": 1},
    "digest": "0" * 64,
}
HHA = {
    "images": 3,
    "means": {"train": [1.0, 2.0, 3.0], "val": [1.0, 2.0, 3.0]},
    "digest": "0" * 64,
}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@st.composite
def edited(draw: st.DrawFn, original: dict[str, object]) -> bytes:
    """JSON of this content with another value somewhere, or a value less."""
    content = json.loads(json.dumps(original))
    place: dict[str, object] = content
    key = draw(st.sampled_from(sorted(place)))
    while isinstance(inner := place[key], dict) and inner and draw(st.booleans()):
        place, key = inner, draw(st.sampled_from(sorted(inner)))
    if draw(st.booleans()):
        place[key] = draw(VALUES)
    else:
        del place[key]
    return json.dumps(content).encode("utf-8", "surrogatepass")


@settings(max_examples=60, deadline=None)
@given(edited(INFO) | damaged([json.dumps(INFO).encode()]) | st.binary(max_size=50))
def test_the_info_of_a_prepared_data_set(root, content):
    before = (root / "dataset.json").read_bytes()
    (root / "dataset.json").write_bytes(content)
    try:
        holds(lambda: read_info(root / "dataset.json"))
        if holds(lambda: PreparedDataset(root)):
            data = PreparedDataset(root)
            for split in data.info.splits:
                holds(lambda split=split: data.mean("rgb", split))
            for task in data.info.tasks:
                holds(lambda task=task: data.pair("a", task))
        check(root)
        foreign_files(root)
    finally:
        (root / "dataset.json").write_bytes(before)


@BOUNDED
@given(edited(HHA) | damaged([json.dumps(HHA).encode()]) | st.binary(max_size=50))
def test_the_info_of_hha(root, content):
    path = root / "hha.json"
    path.write_bytes(content)
    try:
        holds(lambda: read_hha_info(path))
        holds(lambda: PreparedDataset(root).mean("hha", "val"))
    finally:
        path.unlink()


LISTS = [b"a\nb\n", b"\xef\xbb\xbfa\r\nb", b"splits/train a,b\nimage/a " + b"0" * 64]
RECORDS = [StoredFile("image", id, id, (2, 3), "0" * 64).to_json_line().encode() for id in "ab"]


@BOUNDED
@given(damaged([*LISTS, b"".join(RECORDS)]) | st.binary(max_size=50))
def test_lists_digests_and_journals(tmp_path_factory, content):
    folder = tmp_path_factory.getbasetemp() / "lists"
    folder.mkdir(exist_ok=True)
    (folder / "digests.txt").write_bytes(content)
    holds(lambda: read_list(folder / "digests.txt"))
    holds(lambda: read_digests(folder))
    holds(lambda: list(read_journal(folder / "digests.txt")))
    foreign_files(folder)


def test_an_array_of_noise_is_read_as_it_is():
    noise = np.random.default_rng(0).integers(0, 256, (7, 9), np.uint8)
    assert holds(lambda: images.class_indices(images.read_image(tiff(noise, 8), "x"), "x"))
