"""NYUDv2: synthetic archives convert to the rooms in them; bad ones are refused."""

import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.io import loadmat, savemat

from fcn_synthetic.archives import nyudv2 as nyud_archive
from fcn_synthetic.archives.nyudv2 import NAMES, codes_of, write_nyudv2
from fcn_synthetic.objects import scenes
from fcn_synthetic.rooms.rooms import room
from fcnlib.config.schema_data import ArchiveDataset
from fcnlib.core.errors import InputError
from fcnlib.datasets.converters.nyudv2 import CLASSES, _cached, convert_nyudv2
from fcnlib.datasets.converters.nyudv2_classes import released_splits
from fcnlib.datasets.hha import encode as hha
from fcnlib.datasets.reader import PreparedDataset

ARCHIVES = ("nyu_depth_v2_labeled.mat", "splits.mat", "classMapping40.mat")
REDUCED, TRAIN, TEST = 8, 6, 3
DATASET = ArchiveDataset(converter="nyudv2", archives=ARCHIVES, reduced=REDUCED)


def write_archives(
    folder: Path, *, seed: int = 0, train: int = TRAIN, test: int = TEST
) -> list[Path]:
    folder.mkdir(exist_ok=True)
    paths = [folder / name for name in ARCHIVES]
    write_nyudv2(*paths, seed=seed, train=train, test=test, reduced=REDUCED)
    return paths


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory) -> list[Path]:
    return write_archives(tmp_path_factory.mktemp("synthetic"))


@pytest.fixture(scope="module")
def prepared(synthetic, tmp_path_factory) -> PreparedDataset:
    out = tmp_path_factory.mktemp("prepared") / "nyudv2"
    convert_nyudv2(DATASET, synthetic, out, workers=2)
    return PreparedDataset(out)


@pytest.fixture
def broken(synthetic, tmp_path) -> list[Path]:
    """A copy of the archives, to break."""
    return [Path(shutil.copy(path, tmp_path)) for path in synthetic]


def refused(archives: list[Path], out: Path) -> str:
    """The one line that gives the reason, when nothing was left behind."""
    with pytest.raises(InputError) as caught:
        convert_nyudv2(DATASET, archives, out)
    assert not out.exists()
    assert not list(out.parent.glob(f".{out.name}*"))
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_one_seed_gives_the_same_files_and_another_seed_others(tmp_path):
    first, again, other = (
        write_archives(tmp_path / name, seed=seed, train=2, test=1)
        for name, seed in (("first", 1), ("again", 1), ("other", 2))
    )
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in again]
    assert first[0].read_bytes() != other[0].read_bytes()


def test_the_labelled_file_has_matlabs_header_and_the_published_fields(synthetic):
    start = synthetic[0].read_bytes()[:520]
    assert start.startswith(b"MATLAB 7.3 MAT-file")
    assert start[124:128] == b"\x00\x02IM"
    assert start[512:516] == b"\x89HDF"
    count, high, wide = TRAIN + TEST, 480 // REDUCED, 640 // REDUCED
    with h5py.File(synthetic[0]) as file:
        forms = {name: (file[name].shape, str(file[name].dtype)) for name in file if name[0] != "#"}
        plain = (count, wide, high)  # MATLAB's axes, reversed
        assert forms == {
            "images": ((count, 3, wide, high), "uint8"),
            "depths": (plain, "float32"),
            "rawDepths": (plain, "float32"),
            "labels": (plain, "uint16"),
            "instances": (plain, "uint8"),
            "names": ((1, len(NAMES)), "object"),
            **{name: ((1, count), "object") for name in ("sceneTypes", "scenes")},
            **{f"raw{kind}Filenames": ((1, count), "object") for kind in ("Rgb", "Depth")},
        }
        assert file["depths"].attrs["MATLAB_class"] == b"single"
        names = ["".join(map(chr, file[cell][:, 0])) for cell in file["names"][0]]
    assert names == list(NAMES)


def test_every_name_is_mapped_to_its_class_and_the_rest_to_one_of_the_last_three(synthetic):
    content = loadmat(synthetic[2])
    names = [str(cell[0]) for cell in content["allClassName"][0]]
    classes = [str(cell[0]) for cell in content["className"][0]]
    assert names == list(NAMES)
    assert tuple(classes) == CLASSES
    mapped = {
        name: classes[code - 1] for name, code in zip(names, content["mapClass"][0], strict=True)
    }
    assert all(mapped[name] == name for name in classes[:-3])
    assert {mapped[name] for name in set(names) - set(classes)} == set(classes[-3:])


def test_rooms_come_back_label_for_label_and_to_the_millimetre(synthetic, prepared):
    codes = loadmat(synthetic[2])["mapClass"][0]
    for number in range(TRAIN + TEST):
        scene = room(scenes.generator(0, nyud_archive.ROOMS, number), REDUCED)
        id, crop = str(5001 + number), np.s_[6:59, 5:75]  # 45:470, 40:600 of the full size
        wanted = np.concatenate([[255], codes.astype(int) - 1])[codes_of(scene)][crop]
        assert (prepared.label(id) == wanted).all()
        assert (prepared.image(id) == scene.image[crop]).all()
        assert (prepared.missing(id) == scene.missing[crop]).all()
        exact = scene.depth[crop].astype(float) * 1000
        assert abs(prepared.depth(id) - exact).max() < 0.501


def test_the_camera_is_that_of_the_crop(prepared):
    full = hha.NYUD_CAMERA
    fx, fy, cx, cy = prepared.info.camera
    assert (fx, fy) == pytest.approx((full.fx / 8, full.fy / 8))
    # Of the pixel in the frame's row r (from 1), the block's number is (r - 0.5) / 8 + 0.5.
    assert (cx, cy) == pytest.approx(((full.cx - 0.5) / 8 + 0.5 - 5, (full.cy - 0.5) / 8 + 0.5 - 6))
    assert prepared.info.inputs == ("rgb", "depth")


def test_training_indices_are_divided_by_the_released_list(synthetic, prepared):
    content = loadmat(synthetic[1])
    assert content["trainNdxs"].shape == (TRAIN, 1)
    training = [str(5000 + index) for index in content["trainNdxs"][:, 0]]
    assert {name: len(ids) for name, ids in released_splits().items()} == {
        "train": 381,
        "val": 414,
        "test": 654,
        "trainval": 795,
    }
    assert sorted(released_splits()["trainval"] + released_splits()["test"]) == [
        str(number) for number in range(5001, 6450)
    ]
    listed = set(released_splits()["train"])
    assert prepared.ids("train") == [id for id in training if id in listed]
    assert prepared.ids("val") == [id for id in training if id not in listed]
    assert prepared.ids("trainval") == prepared.ids("train") + prepared.ids("val")
    assert sorted(prepared.ids("trainval") + prepared.ids("test")) == [
        str(5001 + number) for number in range(TRAIN + TEST)
    ]
    assert min(len(prepared.ids(split)) for split in ("train", "val", "test")) > 0


def test_no_class_is_painted_black(prepared):
    palette = prepared.info.palette["semantic"]
    assert len(set(palette)) == len(CLASSES)
    assert (0, 0, 0) not in palette


def test_depths_mean_is_that_of_its_logarithm(prepared):
    ids = prepared.ids("train")
    wanted = np.mean([np.log(prepared.depth(id).astype(float)) for id in ids])
    assert prepared.mean("depth", "train") == pytest.approx((wanted,))


@pytest.mark.parametrize("chunks", [None, (4, 16, 16), (2, 80, 60)])
def test_chunks_of_any_shape_give_the_same_pixels(chunks, broken, prepared, tmp_path):
    with h5py.File(broken[0], "r+") as file:
        values = file["depths"][:]
        del file["depths"]
        file.create_dataset("depths", data=values, chunks=chunks)
    convert_nyudv2(DATASET, broken, tmp_path / "out")
    for id in prepared.ids("test"):
        assert (PreparedDataset(tmp_path / "out").depth(id) == prepared.depth(id)).all()


def test_chunks_that_several_images_share_are_kept_until_the_last_of_them(tmp_path):
    with h5py.File(tmp_path / "many.mat", "w") as file:
        file.create_dataset("depths", (9, 80, 60), np.float32, chunks=(4, 16, 16), compression=1)
        cache = _cached(file, "depths").id.get_access_plist().get_chunk_cache()
    assert cache[1] == 4 * 80 * 64 * 4  # whole chunks: 5 x 4 of them


def test_a_conversion_that_was_killed_resumes_and_ends_the_same(tmp_path):
    archives = write_archives(tmp_path, train=60, test=10)
    out = tmp_path / "out"
    code = (
        "import os, sys, pathlib, threading, time\n"
        "from fcnlib.config.schema_data import ArchiveDataset\n"
        "from fcnlib.datasets.converters.nyudv2 import convert_nyudv2\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "def stop():\n"
        "    while len(list(folder.glob('.out.*.part/images/*'))) < 9: time.sleep(0.001)\n"
        "    os.kill(os.getpid(), 9)\n"
        "threading.Thread(target=stop, daemon=True).start()\n"
        f"dataset = ArchiveDataset(converter='nyudv2', archives={ARCHIVES}, reduced={REDUCED})\n"
        f"convert_nyudv2(dataset, [folder / name for name in {ARCHIVES}], folder / 'out')\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True)
    assert killed.returncode == -9
    (part,) = tmp_path.glob(".out.*.part")
    early = min((part / "images").iterdir())
    written = early.stat().st_mtime_ns
    convert_nyudv2(DATASET, archives, out)
    assert (out / "images" / early.name).stat().st_mtime_ns == written
    convert_nyudv2(DATASET, archives, tmp_path / "fresh")
    assert PreparedDataset(out).info.digest == PreparedDataset(tmp_path / "fresh").info.digest
    assert not part.exists()


def full_size(folder: Path, synthetic: list[Path], count: int) -> list[Path]:
    """Black images, two metres away, of the published size, of which four share a chunk."""
    folder.mkdir()
    forms = {"images": (3, "u1"), "depths": (1, "f4"), "rawDepths": (1, "f4"), "labels": (1, "u2")}
    with h5py.File(folder / ARCHIVES[0], "w") as file:
        for name, (channels, kind) in forms.items():
            shape = (count, *([channels] if channels > 1 else []), 640, 480)
            chunks = (4, *shape[1:-2], 160, 120)
            field = file.create_dataset(name, shape, kind, chunks=chunks, compression=1)
            field[:] = 2 if kind == "f4" else 0
    indices = {"trainNdxs": np.arange(2, count + 1)[:, None], "testNdxs": np.array([[1]])}
    savemat(folder / ARCHIVES[1], indices)
    shutil.copy(synthetic[2], folder)
    return [folder / name for name in ARCHIVES]


def test_memory_does_not_grow_with_the_number_of_images(synthetic, tmp_path):
    code = (
        "import sys, pathlib\n"
        "from fcnlib.config.schema_data import ArchiveDataset\n"
        "from fcnlib.datasets.converters.nyudv2 import convert_nyudv2\n"
        f"dataset = ArchiveDataset(converter='nyudv2', archives={ARCHIVES})\n"
        "archives = [pathlib.Path(path) for path in sys.argv[1:]]\n"
        "convert_nyudv2(dataset, archives, archives[0].parent / 'out')\n"
        "status = pathlib.Path('/proc/self/status').read_text()\n"
        "print(status.partition('VmHWM:')[2].split()[0])\n"
    )
    peaks = []
    for count in (6, 22):
        archives = full_size(tmp_path / str(count), synthetic, count)
        command = [sys.executable, "-c", code, *map(str, archives)]
        peaks.append(int(subprocess.run(command, capture_output=True, check=True).stdout) / 1024)
    assert peaks[1] < 400
    images = 16 * 480 * 640 * (3 + 4 + 4 + 2) / 2**20  # MiB, were all in memory
    assert peaks[1] - peaks[0] < images / 2


def test_published_counts_are_checked(synthetic, tmp_path):
    dataset = DATASET.model_copy(update={"counts": {"test": 654}})
    with pytest.raises(InputError, match="split test: 3 images, expected the published 654"):
        convert_nyudv2(dataset, synthetic, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_missing_archive_is_one_line(synthetic, tmp_path):
    for number in range(3):
        archives = [*synthetic]
        archives[number] = tmp_path / "nothing.mat"
        assert "nothing.mat: no such file" in refused(archives, tmp_path / "out")


def test_a_file_of_version_5_is_named_as_such(broken, tmp_path):
    savemat(broken[0], {"images": np.zeros((2, 2))})
    assert "a .mat file of version 5, expected version 7.3" in refused(broken, tmp_path / "out")


def test_splits_of_version_7_3_are_named_as_not_of_version_5(broken, tmp_path):
    shutil.copy(broken[0], broken[1])
    assert f"{broken[1]}: a .mat file of version 7.3 (HDF5), expected version 5" in refused(
        broken, tmp_path / "out"
    )


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_cut_file_is_one_line(share, broken, tmp_path):
    content = broken[0].read_bytes()
    broken[0].write_bytes(content[: int(len(content) * share)])
    message = refused(broken, tmp_path / "out")
    assert message.startswith(f"{broken[0]}: ")
    assert "cut short" in message or "damaged" in message


def test_a_damaged_image_is_named(broken, tmp_path):
    with h5py.File(broken[0]) as file:
        place = file["depths"].id.get_chunk_info(4)
    with open(broken[0], "r+b") as raw:
        raw.seek(place.byte_offset + place.size // 2)
        raw.write(bytes(64))
    message = refused(broken, tmp_path / "out")
    assert f"{broken[0]}: image 5: damaged, cannot be read" in message


@pytest.mark.parametrize("name", ["images", "depths", "rawDepths", "labels"])
def test_a_missing_field_is_named(name, broken, tmp_path):
    with h5py.File(broken[0], "r+") as file:
        del file[name]
    assert f"no field {name!r} in it" in refused(broken, tmp_path / "out")


def replace(path: Path, name: str, change) -> None:
    with h5py.File(path, "r+") as file:
        values = file[name][:]
        del file[name]
        file[name] = change(values)


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("labels", lambda v: v.astype(np.float64), "labels: float64 [9, 80, 60], expected uint16"),
        ("labels", lambda v: v[:-1], "labels: [8, 80, 60], expected 9 images"),
        ("images", lambda v: v[:, :1], "images: [9, 1, 80, 60], expected 9 images"),
        ("images", lambda v: v[..., ::2, ::2], "images: 40 x 30 pixels, expected 80 x 60"),
        ("images", lambda v: v.swapaxes(2, 3), "images: 60 x 80 pixels, expected 80 x 60"),
        ("depths", lambda v: v[0], "depths: float32 [80, 60], expected float32 of 3 axes"),
    ],
)
def test_a_field_of_another_form_is_named(name, change, expected, broken, tmp_path):
    replace(broken[0], name, change)
    assert expected in refused(broken, tmp_path / "out")


def with_value(value: float, number: int = 2):
    def change(values: np.ndarray) -> np.ndarray:
        values[number, 40, 30] = value
        return values

    return change


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("labels", 900, f"image 3: labels: code 900, expected 0 to {len(NAMES)}"),
        ("depths", np.nan, "image 3: depths: NaN or infinite"),
        ("depths", np.inf, "image 3: depths: NaN or infinite"),
        ("depths", -1.0, "image 3: depths: -1 to "),
        ("depths", 2500.0, "expected metres from 0 to 65.5"),
    ],
)
def test_a_value_outside_its_range_is_named_with_its_image(name, value, expected, broken, tmp_path):
    replace(broken[0], name, with_value(value))
    assert expected in refused(broken, tmp_path / "out")


def test_raw_depth_that_is_not_a_number_counts_as_missing(broken, tmp_path):
    replace(broken[0], "rawDepths", with_value(np.nan))
    convert_nyudv2(DATASET, broken, tmp_path / "out")
    assert PreparedDataset(tmp_path / "out").missing("5003")[30 - 6, 40 - 5]


@pytest.mark.parametrize(
    ("train", "test", "expected"),
    [
        ([0, 1], [2], "trainNdxs: 0, expected integers from 1 to 9"),
        ([1, 2], [10], "testNdxs: 10, expected integers from 1 to 9"),
        ([1, 2, 3], [3], "index 3 is in trainNdxs and in testNdxs"),
        ([1.5], [3], "trainNdxs: 1.5, expected integers"),
        ([3, 3, 1], [2], "splits.mat: trainNdxs: index 3 is in it twice"),
        ([], [2], "splits.mat: trainNdxs: empty, expected integers"),
        ([np.nan], [2], "trainNdxs: nan, expected integers"),
        ([1 + 2j], [2], "trainNdxs: complex, expected integers"),
    ],
)
def test_splits_that_make_no_sense_are_refused(train, test, expected, broken, tmp_path):
    savemat(broken[1], {"trainNdxs": np.c_[train], "testNdxs": np.c_[test]})
    assert expected in refused(broken, tmp_path / "out")


def test_a_map_to_other_classes_is_refused(broken, tmp_path):
    content = loadmat(broken[2])
    names = {"className": content["className"], "allClassName": content["allClassName"]}
    savemat(broken[2], {"mapClass": np.array([[1, 41]], np.uint8), **names})
    assert "mapClass: 41, expected integers from 1 to 40" in refused(broken, tmp_path / "out")
    names["className"] = names["className"][:, ::-1]
    savemat(broken[2], {"mapClass": content["mapClass"], **names})
    assert "className: class 'otherprop', expected NYUDv2's 40" in refused(broken, tmp_path / "out")
    savemat(broken[2], {"mapClass": content["mapClass"]})
    assert "no field 'className' in it" in refused(broken, tmp_path / "out")


NOT_NUMBERS = {"text": "abc", "a struct": {"a": 1}, "a cell": np.array([1, "a"], object)}


@pytest.mark.parametrize(("kind", "value"), [*NOT_NUMBERS.items(), ("complex", np.array([1j]))])
def test_a_field_without_numbers_is_named(kind, value, broken, tmp_path):
    splits, mapping = loadmat(broken[1]), loadmat(broken[2])
    savemat(broken[1], {"trainNdxs": value, "testNdxs": splits["testNdxs"]})
    expected = f"splits.mat: trainNdxs: {kind}, expected integers from 1 to 9"
    assert expected in refused(broken, tmp_path / "out")
    savemat(broken[1], {name: splits[name] for name in ("trainNdxs", "testNdxs")})
    savemat(broken[2], {"mapClass": value, "className": mapping["className"]})
    expected = f"classMapping40.mat: mapClass: {kind}, expected integers from 1 to 40"
    assert expected in refused(broken, tmp_path / "out")


@pytest.mark.parametrize(("value", "text"), [([[3.5]], "3.5"), ([[np.nan]], "nan"), ([], "empty")])
def test_a_map_that_is_not_of_whole_numbers_is_refused(value, text, broken, tmp_path):
    names = loadmat(broken[2])["className"]
    savemat(broken[2], {"mapClass": np.array(value), "className": names})
    expected = f"mapClass: {text}, expected integers from 1 to 40"
    assert expected in refused(broken, tmp_path / "out")


@pytest.mark.parametrize(("name", "what"), [("depths", "depth"), ("rawDepths", "raw depth")])
def test_an_image_without_any_depth_is_refused_with_its_id(name, what, broken, tmp_path):
    def emptied(values: np.ndarray) -> np.ndarray:
        values[2] = 0
        return values

    replace(broken[0], name, emptied)
    expected = f"image 3: ID 5003: {what} is 0 everywhere, expected metres"
    assert expected in refused(broken, tmp_path / "out")


def test_a_unit_that_cannot_be_metres_is_warned_of_once(broken, tmp_path, caplog):
    replace(broken[0], "depths", lambda values: values / 100)
    convert_nyudv2(DATASET, broken, tmp_path / "out")
    (record,) = [each for each in caplog.records if each.levelname == "WARNING"]
    assert f"{tmp_path / 'out'}: 9 of 9 images like 5001: median depth" in record.getMessage()
    assert record.getMessage().endswith("is the unit right?")


def test_metres_are_not_warned_of(synthetic, tmp_path, caplog):
    convert_nyudv2(DATASET, synthetic, tmp_path / "out")
    assert not [each for each in caplog.records if each.levelname == "WARNING"]


def test_rooms_that_do_not_divide_the_frame_are_refused(tmp_path):
    with pytest.raises(InputError, match="reduced: 7, expected a divisor"):
        write_nyudv2(*(tmp_path / name for name in ARCHIVES), seed=0, reduced=7)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["external link", "soft link", "external storage", "virtual"])
def test_data_that_lie_elsewhere_are_not_followed(kind, broken, synthetic, tmp_path):
    (tmp_path / "mine.bin").write_bytes(bytes(1 << 20))
    with h5py.File(broken[0], "a") as file:
        shape, depths = file["depths"].shape, file["depths"][()]
        del file["depths"]
        if kind == "external link":
            file["depths"] = h5py.ExternalLink(str(synthetic[0]), "depths")
        elif kind == "soft link":
            file["other"] = depths
            file["depths"] = h5py.SoftLink("/other")
        elif kind == "external storage":
            place = (str(tmp_path / "mine.bin"), 0, 1 << 20)
            file.create_dataset("depths", shape, "float32", external=[place])
        else:
            layout = h5py.VirtualLayout(shape, "float32")
            layout[:] = h5py.VirtualSource(str(synthetic[0]), "depths", shape)
            file.create_virtual_dataset("depths", layout)
    message = refused(broken, tmp_path / "out")
    assert f"{broken[0]}: depths: leads to another place, expected data in the file" in message


def test_a_chunk_that_would_fill_the_memory_is_refused(broken, tmp_path):
    with h5py.File(broken[0], "a") as file:
        shape = file["depths"].shape[1:]
        del file["depths"]
        sides = (200_000, *shape)
        file.create_dataset("depths", sides, "float32", chunks=(200_000, *shape))
    assert "depths: chunks of 3840000000 bytes" in refused(broken, tmp_path / "out")
