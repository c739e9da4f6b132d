"""Random names and lists: each reader returns what is there, or refuses it in one line."""

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fcnlib.config.schema_data import FolderDataset
from fcnlib.core.errors import InputError
from fcnlib.core.listing import as_file_name, matching_files, same_form, visible_files
from fcnlib.core.printing import printable
from fcnlib.core.reading import read_lines
from fcnlib.datasets.converters.folder import read_folder
from fcnlib.datasets.formats import what_is
from fcnlib.datasets.hha.frames import DepthFormat, Frame, encode_frames
from fcnlib.datasets.reader import read_list
from fcnlib.datasets.writer import dataset_writer
from fcnlib.inference.inputs import find_images

FEW = settings(max_examples=100, deadline=None)
NAMES = st.binary(min_size=1, max_size=60).filter(
    lambda name: b"/" not in name and b"\0" not in name and name not in (b".", b"..")
)
LISTS = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.lists(
        st.sampled_from(["a", "b.png", "images\\b.png", "\ufeffa", " a ", "é", "e\u0301"])
    ).map(lambda lines: "\r\n".join(lines).encode()),
)


@given(LISTS)
@FEW
def test_a_list_is_lines_or_refused(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.txt"
        path.write_bytes(content)
        for read in (read_list, lambda path: read_lines(path, "class name")):
            try:
                lines = read(path)
            except InputError as error:
                assert "\n" not in str(error) and "list.txt" in str(error)
                continue
            assert all(line == line.strip() and "\ufeff" not in line for line in lines)


@given(LISTS, LISTS)
@FEW
def test_a_folder_with_any_class_and_split_list_is_read_or_refused(
    classes: bytes, train: bytes
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for part in ("images", "masks"):
            (root / part).mkdir()
            for name in ("a.png", "b.png"):
                (root / part / name).touch()
        (root / "classes.txt").write_bytes(classes)
        (root / "train.txt").write_bytes(train)
        dataset = FolderDataset(converter="folder", path=root, splits={"train": "train.txt"})
        try:
            found = read_folder(dataset)
        except InputError as error:
            assert "\n" not in printable(error)
        else:
            assert 1 <= len(found.classes) <= 255
            assert found.splits["train"] and set(found.images) == {"a", "b"}


@given(st.lists(NAMES, min_size=1, max_size=5, unique=True))
@FEW
def test_files_of_any_name_are_listed_and_found_and_can_be_printed(names: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            open(os.path.join(os.fsencode(folder), name), "wb").close()
        found = visible_files(Path(folder))
        assert {os.fsencode(path.name) for path in found} == {
            name for name in names if not name.startswith(b".")
        }
        for path in found:
            assert find_images([str(path)]) == [path]
            assert printable(path).isprintable()
            assert same_form(as_file_name(same_form(path.name))) == same_form(path.name)


@given(st.text(st.sampled_from("ab*?[]!./\\{}~é\n"), max_size=12))
@FEW
def test_any_pattern_finds_files_or_nothing(pattern: str) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        (Path(folder) / "a").mkdir()
        (Path(folder) / "a" / "b.é").touch()
        patch.chdir(Path(folder) / "a")
        (Path(folder) / "a" / "loop").symlink_to("..")
        assert all(not path.is_dir() for path in matching_files(f"a{pattern}"))


@given(NAMES)
@FEW
def test_an_id_of_any_name_comes_back_from_a_prepared_data_set_or_is_refused(name: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for part in ("images", "masks"):
            (root / part).mkdir()
            for each in (name, b"other"):
                Path(os.fsdecode(os.path.join(os.fsencode(root / part), each + b".png"))).touch()
        (root / "classes.txt").write_text("a\n", "utf-8")
        try:
            found = read_folder(FolderDataset(converter="folder", path=root))
        except InputError:
            return
        ids = sorted(found.listed_ids())
        with (
            pytest.raises(InputError, match="no image for"),  # as none is stored
            dataset_writer(root / "out", tasks={"semantic": ("a",)}) as writer,
        ):
            writer.add_split("all", ids)
            assert sorted(read_list(writer.folder / "splits/all.txt")) == ids


@given(st.one_of(st.binary(max_size=300), st.binary(max_size=200).map(b"\x93NUMPY\x01\0".__add__)))
@FEW
def test_an_array_of_any_bytes_is_refused_in_a_line(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "depth.npy"
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"depth\.npy: "):
            encode_frames([Frame(path, None, Path(folder) / "out.png")], DepthFormat())


@given(st.binary(max_size=64))
@FEW
def test_what_bytes_are_is_said_in_a_line(start: bytes) -> None:
    assert "\n" not in what_is(start)
    assert bool(what_is(b"")) and what_is(b"\x89PNG\r\n\x1a\n" + start) == ""


@given(st.text())
@FEW
def test_printable_text_is_one_line_and_never_changes_again(text: str) -> None:
    line = printable(text)
    assert line.isprintable() and printable(line) == line
    line.encode()
    assert (line == text) == text.isprintable()


def test_readers_read_what_is_right(tmp_path: Path) -> None:
    np.save(tmp_path / "depth.npy", np.full((480, 640), 2.0, np.float32) + np.arange(640) / 640)
    encode_frames([Frame(tmp_path / "depth.npy", None, tmp_path / "out.png")], DepthFormat())
    with Image.open(tmp_path / "out.png") as image:
        assert image.size == (640, 480)
    (tmp_path / "list.txt").write_bytes("\ufeffa\r\ne\u0301\n".encode())
    assert read_list(tmp_path / "list.txt") == ["a", "é"]
