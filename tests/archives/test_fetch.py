"""Downloads: resumed, checked, and tried at other addresses; a user's own files instead."""

import hashlib
import logging
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from fixtures.downloads import CONTENT, packed_archive

from fcnlib.archives.catalogue import Archive
from fcnlib.archives.download import RetryPolicy
from fcnlib.archives.fetch import fetch
from fcnlib.core.errors import InputError

NAME = "data.tar"

QUICK = RetryPolicy(connect=5, read=5, pause=0)


class Server:
    """A web server on this machine whose manners a test can spoil."""

    def __init__(self) -> None:
        self.content = CONTENT
        self.etag = '"one"'
        self.ranges = True
        self.cut_after: list[int] = []  # bytes, for each of the first requests
        self.stalls: list[float] = []  # seconds in the middle of each of the first answers
        self.encoding = ""
        self.status: dict[str, int] = {}  # by path
        self.wrong_start = False
        self.requests: list[dict[str, str]] = []

    def url(self, path: str = f"/{NAME}") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def run(self) -> Iterator["Server"]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.requests.append({"path": self.path, **self.headers})
                with suppress(ConnectionError):  # the client may leave
                    server.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
            self.port = http.server_port
            Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
            yield self
            http.shutdown()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        if status := self.status.get(request.path):
            request.send_error(status)
            return
        offset = self._offset(request)
        if offset >= len(self.content):
            request.send_response(416)
            request.send_header("Content-Range", f"bytes */{len(self.content)}")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        body = self.content[offset:]
        request.send_response(206 if offset else 200)
        if offset:
            first = 0 if self.wrong_start else offset
            last = len(self.content) - 1
            request.send_header("Content-Range", f"bytes {first}-{last}/{len(self.content)}")
        request.send_header("Content-Length", str(len(body)))
        request.send_header("ETag", self.etag)
        if self.encoding:
            request.send_header("Content-Encoding", self.encoding)
        request.end_headers()
        if self.cut_after:
            body = body[: self.cut_after.pop(0)]
        request.wfile.write(body[: len(body) // 2])
        time.sleep(self.stalls.pop(0) if self.stalls else 0)
        request.wfile.write(body[len(body) // 2 :])

    def _offset(self, request: BaseHTTPRequestHandler) -> int:
        asked = request.headers.get("Range")
        same = request.headers.get("If-Range", self.etag) == self.etag
        return int(asked[len("bytes=") : -1]) if asked and self.ranges and same else 0


@pytest.fixture
def server() -> Iterator[Server]:
    yield from Server().run()


def known(*urls: str, content: bytes = CONTENT, checksum: str = "") -> dict[str, Archive]:
    checksum = checksum or f"sha256:{hashlib.sha256(content).hexdigest()}"
    return {NAME: Archive(urls, "", checksum)}


def get(folder: Path, archives: dict[str, Archive], **options: object) -> Path:
    return fetch(NAME, folder, archives=archives, retry=QUICK, **options)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_download_arrives_whole_and_alone(server, tmp_path):
    path = get(tmp_path / "new", known(server.url()))
    assert path == tmp_path / "new" / NAME
    assert path.read_bytes() == CONTENT
    assert names(tmp_path / "new") == {NAME}


def test_what_is_there_already_is_not_downloaded_again(server, tmp_path):
    get(tmp_path, known(server.url()))
    get(tmp_path, known(server.url()))
    assert len(server.requests) == 1


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256"])
def test_any_usual_checksum_serves(server, tmp_path, algorithm):
    checksum = f"{algorithm}:{hashlib.new(algorithm, CONTENT).hexdigest()}"
    assert get(tmp_path, known(server.url(), checksum=checksum)).exists()


def test_the_beginning_of_a_checksum_serves(server, tmp_path):
    digest = hashlib.sha256(CONTENT).hexdigest()
    assert get(tmp_path, known(server.url(), checksum=f"sha256-prefix:{digest[:8]}")).exists()
    with pytest.raises(InputError, match="checksum"):
        get(tmp_path / "2", known(server.url(), checksum=f"sha256-prefix:{digest[1:9]}"))


def test_a_cut_download_resumes_where_it_stopped(server, tmp_path):
    server.cut_after = [300_000, 400_000]
    assert get(tmp_path, known(server.url())).read_bytes() == CONTENT
    starts = [int(r["Range"][len("bytes=") : -1]) for r in server.requests if "Range" in r]
    assert len(starts) == 2 and 0 < starts[0] < starts[1]
    assert server.requests[1]["If-Range"] == '"one"'


def test_a_later_run_continues_the_part_of_an_earlier_one(server, tmp_path):
    server.cut_after = [300_000, 0, 0, 0, 0]
    with pytest.raises(InputError, match="after 300000 bytes"):
        get(tmp_path, known(server.url()))
    assert names(tmp_path) == {f"{NAME}.part", f"{NAME}.part.json"}
    assert (tmp_path / f"{NAME}.part").read_bytes() == CONTENT[:300_000]
    server.cut_after = []
    assert get(tmp_path, known(server.url())).read_bytes() == CONTENT
    assert server.requests[-1]["Range"] == "bytes=300000-"
    assert names(tmp_path) == {NAME}


def test_a_server_without_ranges_is_asked_for_all_of_it(server, tmp_path):
    server.ranges = False
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT[:1000])
    assert get(tmp_path, known(server.url())).read_bytes() == CONTENT


def test_a_file_that_changed_meanwhile_is_taken_from_its_start(server, tmp_path):
    server.content, server.cut_after = b"old" * 200_000, [300_000, 0, 0, 0, 0]
    with pytest.raises(InputError):
        get(tmp_path, known(server.url()))
    server.content, server.etag, server.cut_after = CONTENT, '"two"', []
    assert get(tmp_path, known(server.url())).read_bytes() == CONTENT
    assert server.requests[-1]["If-Range"] == '"one"'


def test_a_wrong_beginning_is_dropped_after_the_checksum(server, tmp_path):
    (tmp_path / f"{NAME}.part").write_bytes(b"not this file" * 1000)
    assert get(tmp_path, known(server.url())).read_bytes() == CONTENT
    assert len(server.requests) == 2


def test_a_complete_part_only_needs_its_name(server, tmp_path):
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT)
    assert get(tmp_path, known(server.url())).read_bytes() == CONTENT
    assert len(server.requests) == 1


def test_a_part_longer_than_the_file_is_dropped(server, tmp_path):
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT + b"more")
    assert get(tmp_path, known(server.url())).read_bytes() == CONTENT


def test_an_answer_with_another_part_is_refused(server, tmp_path):
    server.wrong_start = True
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT[:1000])
    with pytest.raises(InputError, match="another part of the file"):
        get(tmp_path, known(server.url()))


def test_bytes_stay_as_sent_whatever_they_are_called(server, tmp_path):
    server.encoding = "gzip"  # as some servers call every .tgz
    assert get(tmp_path, known(server.url())).read_bytes() == CONTENT
    assert server.requests[0]["Accept-Encoding"] == "identity"


def test_a_stalled_connection_is_given_up_and_what_came_is_kept(server, tmp_path):
    server.stalls = [0.6, 0.6]
    hasty = RetryPolicy(connect=5, read=0.2, pause=0)
    path = fetch(NAME, tmp_path, archives=known(server.url()), retry=hasty)
    assert path.read_bytes() == CONTENT
    starts = [r["Range"] for r in server.requests if "Range" in r]
    assert starts == [f"bytes={len(CONTENT) // 2}-", f"bytes={len(CONTENT) * 3 // 4}-"]


def test_the_next_address_is_tried(server, tmp_path, caplog):
    server.status = {"/gone": 404, "/busy": 503}
    archives = known(server.url("/gone"), server.url("/busy"), server.url())
    with caplog.at_level(logging.WARNING):
        assert get(tmp_path, archives).read_bytes() == CONTENT
    assert [r["path"] for r in server.requests].count("/gone") == 1
    assert [r["path"] for r in server.requests].count("/busy") == 4
    assert "404 Not Found" in caplog.text


def test_all_failing_addresses_are_named_with_their_reasons(server, tmp_path):
    server.status = {"/gone": 404, "/away": 410}
    nobody = "http://127.0.0.1:9/file"
    with pytest.raises(InputError) as caught:
        get(tmp_path, known(server.url("/gone"), server.url("/away"), nobody))
    message = str(caught.value)
    assert "\n" not in message
    for part in ("/gone (404", "/away (410", f"{nobody} (", "refused", "--from DIR"):
        assert part in message
    assert names(tmp_path) == set()


def test_a_wrong_checksum_names_file_found_and_expected_and_leaves_nothing(server, tmp_path):
    server.content = b"<html>please log in</html>"
    with pytest.raises(InputError) as caught:
        get(tmp_path, known(server.url()))
    message = str(caught.value)
    for content in (server.content, CONTENT):
        assert hashlib.sha256(content).hexdigest() in message
    assert NAME in message and "\n" not in message
    assert names(tmp_path) == set()


def test_a_file_of_another_size_is_refused_before_it_is_downloaded(server, tmp_path):
    archives = {NAME: Archive((server.url(),), "", "md5:00", len(CONTENT) + 1)}
    with pytest.raises(InputError, match="offers 1048576 bytes, expected 1048577"):
        get(tmp_path, archives)


def test_the_users_folder_comes_first(server, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / NAME).write_bytes(CONTENT)
    assert get(tmp_path / "data", known(server.url()), source=mine).read_bytes() == CONTENT
    assert server.requests == []
    assert (mine / NAME).exists()


def test_a_wrong_file_in_the_users_folder_is_an_error_and_stays(server, tmp_path):
    (tmp_path / NAME).write_bytes(b"mine")
    with pytest.raises(InputError, match=f"{NAME}: checksum .* expected sha256:.*leave out --from"):
        get(tmp_path / "data", known(server.url()), source=tmp_path)
    assert names(tmp_path / "data") == set()
    with pytest.raises(InputError, match=f"{NAME}: checksum .*; remove it to download it anew"):
        get(tmp_path, known(server.url()))
    assert (tmp_path / NAME).read_bytes() == b"mine"


def test_what_the_users_folder_lacks_is_downloaded(server, tmp_path):
    (tmp_path / "mine").mkdir()
    get(tmp_path / "data", known(server.url()), source=tmp_path / "mine")
    assert len(server.requests) == 1


def test_a_folder_that_cannot_be_made_is_an_error(server, tmp_path):
    (tmp_path / "file").write_text("in the way", "utf-8")
    with pytest.raises(InputError, match="cannot be written"):
        get(tmp_path / "file" / "data", known(server.url()))


def test_an_unknown_archive_lists_the_known(tmp_path):
    with pytest.raises(InputError, match=r"'voc\.tar' is not known; known: .*benchmark\.tgz"):
        fetch("voc.tar", tmp_path)


def test_a_caffemodel_of_another_size_than_its_net_is_refused(server, tmp_path):
    floats = len(CONTENT) // 4
    archives = {NAME: Archive((server.url(),), "", floats=floats - 4000)}
    assert get(tmp_path, archives).exists()
    for wrong in (floats - 6000, floats + 6000):
        archives = {NAME: Archive((server.url(),), "", floats=wrong)}
        with pytest.raises(InputError, match=f"{len(CONTENT)} bytes, expected about {4 * wrong}"):
            get(tmp_path / str(wrong), archives)


def unchecked(*urls: str) -> dict[str, Archive]:
    return {NAME: Archive(urls, "")}


@pytest.mark.parametrize("kind", ["tar", "tgz", "zip"])
def test_an_archive_without_checksum_is_accepted_if_complete_and_its_own_is_logged(
    server, tmp_path, caplog, kind
):
    server.content = packed_archive(kind)
    with caplog.at_level(logging.INFO):
        path = get(tmp_path, unchecked(server.url()))
    assert path.read_bytes() == server.content and names(tmp_path) == {NAME}
    assert f"sha256:{hashlib.sha256(server.content).hexdigest()}" in caplog.text


@pytest.mark.parametrize("kind", ["tar", "tgz", "zip"])
def test_a_cut_download_without_checksum_resumes(server, tmp_path, kind):
    server.content, server.cut_after = packed_archive(kind), [100, 200]
    assert get(tmp_path, unchecked(server.url())).read_bytes() == server.content
    assert len(server.requests) == 3


def test_a_page_in_place_of_an_archive_is_refused_and_the_next_address_tried(server, tmp_path):
    server.content = b"<html>please log in</html>" * 100
    with pytest.raises(InputError, match=r"not a tar or zip archive, or cut short .*--from DIR"):
        get(tmp_path, unchecked(server.url()))
    assert names(tmp_path) == set()


@pytest.mark.parametrize("kind", ["tar", "tgz", "zip"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.2, 0.4, 0.5])
def test_a_cut_archive_without_checksum_is_an_error_wherever_it_is_cut(tmp_path, kind, share):
    content = packed_archive(kind)
    (tmp_path / NAME).write_bytes(content[: int(share * len(content))])
    # The half of the tar ends between two members, where tarfile alone sees no damage.
    with pytest.raises(InputError, match=f"{NAME}: not a tar or zip .*; remove it to") as caught:
        get(tmp_path, unchecked())
    assert "\n" not in str(caught.value)


def test_a_file_without_an_address_is_to_be_taken_from_a_folder(tmp_path):
    with pytest.raises(InputError, match="not downloaded: no address of it is known"):
        fetch(NAME, tmp_path, archives={NAME: Archive((), "")}, retry=QUICK)
