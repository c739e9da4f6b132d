"""HHA files of a prepared data set."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fixtures.archives import jpeg, label, png
from fixtures.depth import SIZE, SMALL, holes, room
from numpy.typing import NDArray

from fcnlib.core.errors import InputError
from fcnlib.datasets.hha.encode import encode_hha
from fcnlib.datasets.hha.prepare import prepare_hha
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.writer import dataset_writer

IDS = {"train": ["r0", "r1", "r2"], "test": ["r3"]}


def millimetres(number: int) -> NDArray[np.uint16]:
    return np.round(1000 * room(5.0 + 4 * number).depth).astype(np.uint16)


def prepared(out: Path, *, hha: bool = False, depth: bool = True) -> Path:
    """A data set of four rooms."""
    tasks = {"semantic": ("wall", "floor")}
    with dataset_writer(out, tasks=tasks, camera=SMALL if depth else None) as writer:
        for split, ids in IDS.items():
            writer.add_split(split, ids)
        for number in range(4):
            id = f"r{number}"
            writer.add_image(id, jpeg((90, 80, 70), SIZE), f"{id}.jpg")
            writer.add_label(id, label(1, SIZE), f"{id}.png")
            if depth:
                writer.add_depth(id, millimetres(number), holes(SIZE, number), f"{id}.mat")
            if hha:
                given = np.full((*SIZE, 3), (10 * number, 2, 3), np.uint8)
                writer.add_hha(id, png(given), f"{id}.png")
    return out


@pytest.mark.parametrize("workers", [1, 2])
def test_a_data_set_gets_the_hha_of_its_depth_and_its_means(tmp_path: Path, workers: int) -> None:
    root = prepared(tmp_path / "rooms")
    prepare_hha(root, workers=workers)
    data = PreparedDataset(root)
    expected = [encode_hha(millimetres(i) / 1000, holes(SIZE, i), SMALL) for i in range(4)]
    for number, hha in enumerate(expected):
        assert np.array_equal(data.hha(f"r{number}"), hha)
    assert data.mean("hha", "train") == pytest.approx(np.mean(expected[:3], axis=(0, 1, 2)))
    assert data.mean("hha", "test") == pytest.approx(expected[3].mean(axis=(0, 1)))
    assert json.loads((root / "hha.json").read_text("utf-8"))["images"] == 4
    assert sorted(path.name for path in root.iterdir() if path.name.startswith(".")) == []


def test_a_users_file_beside_the_hha_is_not_deleted(tmp_path: Path) -> None:
    root = prepared(tmp_path / "rooms")
    prepare_hha(root)
    prepare_hha(root)  # its own may be replaced
    (root / "hha/mine.png").touch()
    with pytest.raises(InputError, match=r"rooms: holds hha/mine\.png, which would be deleted"):
        prepare_hha(root)
    assert (root / "hha/mine.png").exists()


def test_hha_that_was_edited_by_hand_is_not_replaced_with_its_data_set(tmp_path: Path) -> None:
    root = prepared(tmp_path / "rooms")
    prepare_hha(root)
    assert prepared(root) == root  # as it was written, it may be replaced
    prepare_hha(root)
    (root / "hha/r0.png").write_bytes(edited := png(np.zeros((*SIZE, 3), np.uint8)))
    with pytest.raises(InputError, match=r"rooms: not replaced: .*rooms/hha changed since"):
        prepared(root)
    assert (root / "hha/r0.png").read_bytes() == edited


def test_all_images_whose_depth_cannot_be_read_are_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = prepared(tmp_path / "rooms")
    for id in ("r1", "r3"):
        (root / "depth" / f"{id}.png").write_bytes(b"cut")
    with pytest.raises(InputError, match=r"^2 of 4 images have no HHA, expected all of them"):
        prepare_hha(root)
    assert [Path(message.split(":")[0]).stem for message in caplog.messages] == ["r1", "r3"]
    assert not (root / "hha.json").exists() and not (root / "hha").exists()


def test_hha_that_came_with_the_data_set_is_only_measured(tmp_path: Path) -> None:
    root = prepared(tmp_path / "rooms", hha=True)
    prepare_hha(root)
    assert PreparedDataset(root).mean("hha", "train") == pytest.approx((10, 2, 3))
    assert (PreparedDataset(root).hha("r3") == (30, 2, 3)).all()


def test_the_digest_depends_on_the_hha_alone(tmp_path: Path) -> None:
    digests = []
    for name in ("a", "b"):
        root = prepared(tmp_path / name)
        prepare_hha(root)
        digests.append(json.loads((root / "hha.json").read_text("utf-8"))["digest"])
    other = prepared(tmp_path / "c", hha=True)
    prepare_hha(other)
    assert digests[0] == digests[1] != json.loads((other / "hha.json").read_text("utf-8"))["digest"]


def test_a_data_set_without_depth_is_named(tmp_path: Path) -> None:
    root = prepared(tmp_path / "photos", depth=False)
    with pytest.raises(InputError, match=r"photos: no depth in it, expected depth and its camera"):
        prepare_hha(root)
    assert not (root / "hha").exists() and not (root / "hha.json").exists()


def test_an_image_that_nothing_was_measured_in_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    root = prepared(tmp_path / "rooms")
    (root / "missing/r2.png").write_bytes(png(np.ones(SIZE, bool)))
    with pytest.raises(InputError, match=r"rooms: r2: missing: every pixel"):
        prepare_hha(root)
    assert not [path.name for path in root.iterdir() if "hha" in path.name]


STOPPED = """
import os, signal, sys
from pathlib import Path
from fcnlib.datasets.hha import prepare
write = prepare.write_hha
def write_and_stop(hha, path):
    write(hha, path)
    if path.stem == "r1":
        os.kill(os.getpid(), signal.SIGKILL)
prepare.write_hha = write_and_stop
prepare.prepare_hha(Path(sys.argv[1]))
"""


def test_a_killed_run_resumes_after_its_images_with_the_same_result(tmp_path: Path) -> None:
    root = prepared(tmp_path / "rooms")
    killed = subprocess.run([sys.executable, "-c", STOPPED, root], stderr=subprocess.DEVNULL)
    assert killed.returncode == -signal.SIGKILL
    (part,) = root.glob(".hha.*.part")
    times = {path.name: path.stat().st_mtime_ns for path in part.glob("*.png")}
    assert set(times) == {"r0.png", "r1.png"} and not (root / "hha").exists()
    prepare_hha(root)
    after = {name: (root / "hha" / name).stat().st_mtime_ns for name in times}
    assert after == times
    whole = prepared(tmp_path / "whole")
    prepare_hha(whole)
    assert (root / "hha.json").read_bytes() == (whole / "hha.json").read_bytes()
    assert not list(root.glob(".hha*"))


def test_other_depth_takes_nothing_over_from_a_killed_run(tmp_path: Path) -> None:
    root = prepared(tmp_path / "rooms")
    subprocess.run([sys.executable, "-c", STOPPED, root], stderr=subprocess.DEVNULL)
    info = json.loads((root / "dataset.json").read_text("utf-8"))
    (root / "dataset.json").write_text(json.dumps({**info, "digest": "another"}), "utf-8")
    (root / "depth/r0.png").write_bytes(png(millimetres(9)))
    prepare_hha(root)
    expected = encode_hha(millimetres(9) / 1000, holes(SIZE, 0), SMALL)
    assert np.array_equal(PreparedDataset(root).hha("r0"), expected)
