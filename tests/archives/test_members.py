"""Members of archives: those that are wanted, whole, and each of them once."""

import re
import tarfile
from pathlib import Path

import pytest
from fixtures.hostile_archives import header, tar, tar_of, zip_of

from fcnlib.archives.members import members
from fcnlib.core.errors import InputError

IMAGE = re.compile(r"(?:.*/)?(images)/([^/]+)\.(?:jpg|png)")


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("pack", [tar_of, zip_of])
@pytest.mark.parametrize("other", ["b/images/1.jpg", "a/images/1.png"])
def test_two_files_for_one_image_are_refused(pack, other, tmp_path):
    archive = written(tmp_path / "a.tar", pack([("a/images/1.jpg", b"1"), (other, b"2")]))
    with pytest.raises(InputError, match=f"{other}: there twice, first as a/images/1.jpg"):
        list(members(archive, IMAGE))
    assert [content for _, content in members(archive, re.compile("a/(.*)jpg"))] == [b"1"]


def test_a_name_that_another_spelling_has_is_refused(tmp_path):
    archive = written(tmp_path / "a.tar", tar_of([("images/1.jpg", b""), ("images//1.jpg", b"")]))
    with pytest.raises(InputError, match=r"images//1\.jpg: there twice"):
        list(members(archive, re.compile("nothing")))


def test_a_link_in_the_place_of_an_image_is_refused(tmp_path):
    link = header("images/1.jpg", type=tarfile.SYMTYPE, linkname="2.jpg")
    archive = written(tmp_path / "a.tar", tar([link]))
    with pytest.raises(InputError, match=r"images/1\.jpg: expected a regular file"):
        list(members(archive, IMAGE))


def test_a_wanted_name_that_is_no_text_is_refused(tmp_path):
    archive = written(tmp_path / "a.tar", tar([header("images/\udcff.jpg")]))
    with pytest.raises(InputError, match=r"images/\\udcff\.jpg: expected .* printable name"):
        list(members(archive, IMAGE))


def test_a_member_larger_than_any_image_is_not_read(tmp_path):
    with open(tmp_path / "a.tar", "wb") as file:
        file.write(header("images/1.jpg", size=1 << 29).tobuf())
        file.truncate((1 << 29) + 3 * tarfile.BLOCKSIZE)
    with pytest.raises(InputError, match=r"images/1\.jpg: expected .* at most 256 MiB"):
        list(members(tmp_path / "a.tar", IMAGE))
    assert list(members(tmp_path / "a.tar", re.compile("nothing"))) == []


def test_folders_may_be_there_twice(tmp_path):
    folder = header("images", type=tarfile.DIRTYPE)
    archive = written(tmp_path / "a.tar", tar([folder, folder, header("images/1.jpg")]))
    assert len(list(members(archive, IMAGE))) == 1
