"""The mark in the place of a file that no address has."""

import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from fixtures.downloads import CONTENT, raw_server

from fcnlib.archives.catalogue import Archive
from fcnlib.archives.download import RetryPolicy
from fcnlib.archives.fetch import fetch, fetch_or_mark
from fcnlib.archives.partial import PartialDownload
from fcnlib.archives.unavailable import (
    LARGEST_MARK,
    START,
    Answer,
    Unavailable,
    is_there,
    read_mark,
    remove_marks,
    replacement,
    write_mark,
)
from fcnlib.archives.verified import verified
from fcnlib.core.errors import InputError

NAME, OTHER = "net.caffemodel", "net.pth"
NOBODY = "http://127.0.0.1:9/file"
SHA = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
QUICK = RetryPolicy(connect=5, read=5, pause=0)
MARK = Unavailable.now(NAME, (Answer(address=NOBODY, answer="404 Not Found"),))


def answering(content: bytes, status: str = "200 OK") -> Callable[..., None]:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\n\r\n".encode()
    return lambda connection: connection.sendall(head + content)


GONE = answering(b"", "404 Not Found")


def get(folder: Path, optional: dict[str, str], *urls: str, other: str = NOBODY) -> Path:
    archives = {NAME: Archive(urls, "", SHA), OTHER: Archive((other,), "", SHA)}
    return fetch_or_mark(NAME, folder, optional=optional, archives=archives, retry=QUICK)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_file_that_no_address_has_leaves_a_mark_with_every_answer(tmp_path):
    with raw_server(GONE) as gone:
        path = get(tmp_path, {NAME: ""}, gone, NOBODY)
    mark = read_mark(path)
    assert names(tmp_path) == {NAME, f"{NAME}.unavailable"}
    assert path.read_bytes() == (tmp_path / f"{NAME}.unavailable").read_bytes()
    assert [each.address for each in mark.answers] == [gone, NOBODY]
    assert mark.answers[0].answer == "404 Not Found" and "refused" in mark.answers[1].answer
    assert (mark.unavailable, mark.fallback) == (NAME, "") and mark.date.startswith("20")
    assert not is_there(path)


def test_a_wrong_file_at_all_addresses_is_not_the_file_either(tmp_path):
    with raw_server(answering(b"please log in")) as wrong:
        mark = read_mark(get(tmp_path, {NAME: ""}, wrong))
    assert "checksum" in mark.answers[0].answer


def test_a_file_that_a_run_cannot_do_without_is_an_error(tmp_path):
    with raw_server(GONE) as gone, pytest.raises(InputError, match="404 Not Found"):
        get(tmp_path, {OTHER: ""}, gone)
    assert names(tmp_path) == set()


def test_the_file_that_takes_its_place_is_fetched_only_then(tmp_path):
    with raw_server(GONE) as gone, raw_server(answering(CONTENT)) as good:
        path = get(tmp_path / "a", {NAME: OTHER}, gone, other=good)
        assert read_mark(path).fallback == OTHER
        assert (tmp_path / "a" / OTHER).read_bytes() == CONTENT
        get(tmp_path / "b", {NAME: OTHER}, good, other=gone)
    assert names(tmp_path / "b") == {NAME}


def test_without_either_the_mark_has_the_answers_of_both(tmp_path):
    with raw_server(GONE) as gone:
        mark = read_mark(get(tmp_path, {NAME: OTHER}, gone))
    assert [each.address for each in mark.answers] == [gone, NOBODY] and not mark.fallback


def test_a_full_disk_is_an_error_and_no_mark(tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(PartialDownload, "append", full)
    with raw_server(answering(CONTENT)) as good, pytest.raises(InputError, match="No space left"):
        get(tmp_path, {NAME: ""}, good)
    assert names(tmp_path) <= {f"{NAME}.part", f"{NAME}.part.json"}


def test_without_a_network_nothing_is_marked(tmp_path):
    with pytest.raises(InputError, match="no host of any published file answers"):
        get(tmp_path, {NAME: OTHER}, NOBODY)
    assert names(tmp_path) == set()


def test_a_host_that_is_gone_lacks_the_file_while_any_other_answers(tmp_path):
    with raw_server(GONE) as gone:
        archives = {NAME: Archive((NOBODY,), "", SHA), "data.tar": Archive((gone,), "")}
        path = fetch_or_mark(NAME, tmp_path, optional={NAME: ""}, archives=archives, retry=QUICK)
    assert "refused" in read_mark(path).answers[0].answer


def test_a_disk_that_is_full_for_the_mark_leaves_none_in_the_place_of_the_file(
    tmp_path, monkeypatch
):
    write = Path.write_text

    def full(path: Path, *arguments: object) -> int:
        if path.name == NAME:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(path, *arguments)

    monkeypatch.setattr(Path, "write_text", full)
    with raw_server(GONE) as gone, pytest.raises(OSError, match="No space left"):
        get(tmp_path, {NAME: ""}, gone)
    assert names(tmp_path) <= {f"{NAME}.unavailable"}


def test_a_wrong_file_in_the_users_folder_is_an_error_and_no_mark(tmp_path):
    (tmp_path / NAME).write_bytes(b"mine")
    archives = {NAME: Archive((NOBODY,), "", SHA)}
    with pytest.raises(InputError, match="checksum"):
        fetch_or_mark(
            NAME, tmp_path / "data", optional={NAME: ""}, source=tmp_path, archives=archives
        )
    assert names(tmp_path / "data") == set()


def test_a_marked_file_is_downloaded_once_an_address_has_it(tmp_path):
    with raw_server(GONE) as gone, raw_server(answering(CONTENT)) as good:
        get(tmp_path, {NAME: ""}, gone)
        get(tmp_path, {NAME: ""}, gone, good)
    assert names(tmp_path) == {NAME} and (tmp_path / NAME).read_bytes() == CONTENT


def test_a_mark_in_the_users_folder_is_no_file_of_theirs(tmp_path):
    write_mark(tmp_path / NAME, MARK)
    with raw_server(answering(CONTENT)) as good:
        archives = {NAME: Archive((good,), "", SHA)}
        path = fetch(NAME, tmp_path / "data", source=tmp_path, archives=archives)
    assert path.read_bytes() == CONTENT


def test_marks_are_removed_and_files_stay(tmp_path):
    for name in ("a", "b", "c"):
        for path in (tmp_path / name, tmp_path / f"{name}.unavailable"):
            write_mark(path, MARK)
    (tmp_path / "c").write_bytes(CONTENT)  # put there by hand
    (tmp_path / "d").write_bytes(CONTENT)
    assert remove_marks(tmp_path, ["b", "d", "e"]) == ["b"]
    assert remove_marks(tmp_path) == ["a", "c"]
    assert names(tmp_path) == {"c", "d"} and (tmp_path / "c").read_bytes() == CONTENT
    assert remove_marks(tmp_path) == []
    write_mark(tmp_path / "a", MARK)  # whose mark beside it is deleted
    assert remove_marks(tmp_path) == ["a"] and names(tmp_path) == {"c", "d"}


@pytest.mark.parametrize("other", [NAME, OTHER])
def test_what_takes_a_files_place_is_no_mark_itself(tmp_path, other):
    mark = MARK.model_copy(update={"fallback": other})
    assert replacement(tmp_path / NAME, MARK) is None
    for path in (tmp_path / NAME, tmp_path / OTHER):
        write_mark(path, mark)
        with pytest.raises(InputError, match=f"{other}: is not there, .*--retry {path.name}"):
            verified(path)
    (tmp_path / OTHER).unlink()
    with pytest.raises(InputError, match=f"{other}: is not there"):
        replacement(tmp_path / NAME, mark)


@pytest.mark.parametrize("other", ["../net.pth", "/net.pth", "..", ".", "a\n"])
def test_a_mark_that_leads_out_of_its_folder_is_damaged(tmp_path, other):
    write_mark(tmp_path / NAME, MARK.model_copy(update={"fallback": other}))
    with pytest.raises(InputError, match=f"{NAME}: a damaged mark"):
        read_mark(tmp_path / NAME)


@pytest.mark.parametrize(
    "content",
    [START, START + b'"x"}', START + b'"x"' + b" " * (LARGEST_MARK + 1) + b"}", START + b"\xff"],
)
def test_a_damaged_mark_is_refused_in_one_line(tmp_path, content):
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(InputError, match=f"{NAME}: a damaged mark") as caught:
        read_mark(tmp_path / NAME)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", START[:-1], CONTENT])
def test_what_is_no_mark_is_a_file(tmp_path, content):
    (tmp_path / NAME).write_bytes(content)
    assert read_mark(tmp_path / NAME) is None
