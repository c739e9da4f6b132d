"""What is known of an archive, wherever it came from."""

import hashlib
import logging
import os
from pathlib import Path

import pytest
from fixtures.downloads import CONTENT, packed_archive
from fixtures.marks import MARK

from fcnlib.archives.catalogue import Archive
from fcnlib.archives.unavailable import write_mark
from fcnlib.archives.verified import read_verified, record_verified, verified
from fcnlib.core.errors import InputError

SHA256 = hashlib.sha256(CONTENT).hexdigest()
KNOWN = {
    "a.tar": Archive((), "", f"sha256:{SHA256}"),
    "b.tar": Archive((), ""),
    "c.caffemodel": Archive((), "", floats=len(CONTENT) // 4),
}


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_a_published_checksum_and_the_lack_of_one_are_told_apart(tmp_path):
    found = verified(written(tmp_path / "a.tar", CONTENT), KNOWN)
    assert (found.file, found.status, found.sha256) == ("a.tar", "published", SHA256)
    assert (
        verified(written(tmp_path / "b.tar", packed_archive("tar")), KNOWN).status == "first-seen"
    )
    assert verified(written(tmp_path / "c.caffemodel", CONTENT), KNOWN).status == "first-seen"


@pytest.mark.parametrize("name", ["a.tar", "b.tar", "c.caffemodel", "other.tar"])
def test_another_file_is_ones_own_and_warned_of(name, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        assert verified(written(tmp_path / name, b"mine"), KNOWN).status == "own"
    assert f"{tmp_path / name}: " in caplog.text
    assert "; it is used as a file of your own" in caplog.text


def test_a_record_is_read_back(tmp_path):
    path = written(tmp_path / "mine.tar", b"mine")
    record_verified(path, tmp_path / "verified/mine.tar.json")
    assert read_verified([tmp_path / "verified/mine.tar.json"]) == [verified(path, KNOWN)]


@pytest.mark.parametrize("name", ["gone", "pipe"])
def test_what_is_no_file_is_an_error(name, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match=f"{name}: "):
        verified(tmp_path / name, {name: Archive((), "")})


def test_a_mark_is_recorded_with_what_was_found_of_the_file_in_its_place(tmp_path):
    written(tmp_path / "a.tar", CONTENT)
    for fallback in ("", "a.tar"):
        mark = MARK.model_copy(update={"fallback": fallback})
        write_mark(tmp_path / "c.caffemodel", mark)
        found = verified(tmp_path / "c.caffemodel", KNOWN)
        assert (found.status, found.mark) == ("unavailable", mark)
        assert (found.fallback.status if found.fallback else "") == (
            "published" if fallback else ""
        )
