"""What can be had from where, asked of servers on this machine."""

import hashlib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from signal import SIGINT
from threading import Thread

import pytest
from fixtures.downloads import CONTENT, raw_server
from fixtures.marks import marked

from fcnlib.archives.catalogue import ARCHIVES, Archive
from fcnlib.archives.probe import probe
from fcnlib.cli.main import main

SIZE = len(CONTENT)
SHA = "sha256:" + 64 * "0"


class Handler(BaseHTTPRequestHandler):
    """Serves /file, refuses HEAD for /get and /whole, is slow for /slow, and sends pages."""

    asked: list[tuple[str, str, str]]

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        with suppress(ConnectionError):  # the client leaves once it has seen the headers
            self.answer()

    def answer(self) -> None:
        ranged = self.headers.get("Range", "")
        self.asked.append((self.command, self.path, ranged))
        if self.path == "/slow":
            time.sleep(1)
        if self.path == "/gone" or (self.command == "HEAD" and self.path in ("/get", "/whole")):
            self.send_error(404 if self.path == "/gone" else 405)
            return
        if self.path == "/inside":
            self.send_response(302)
            self.send_header("Location", "/file")
            self.end_headers()
            return
        is_part = ranged and self.path != "/whole"
        self.send_response(206 if is_part else 200)
        if is_part:
            self.send_header("Content-Range", f"bytes 0-0/{SIZE}")
        length = "1" if is_part else "0" if self.is_odd else str(SIZE)
        if self.path != "/unsized":
            self.send_header("Content-Length", length)
        kind = "text/html; charset=utf-8" if self.path == "/page" else "application/x-tar"
        self.send_header("Content-Type", kind)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(CONTENT[:1] if is_part else CONTENT)

    @property
    def is_odd(self) -> bool:
        return self.command == "HEAD" and self.path == "/empty-head"

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served() -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """The address of a server, and what it was asked."""

    class Mine(Handler):
        asked: list[tuple[str, str, str]] = []  # noqa: RUF012

    with ThreadingHTTPServer(("127.0.0.1", 0), Mine) as http:
        Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}", Mine.asked
        http.shutdown()


@pytest.fixture
def server() -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    with served() as found:
        yield found


def answers(archive: Archive, **options: float) -> list[tuple[str, bool]]:
    return [(each.answer, each.serves) for each in probe(archives={"x.tar": archive}, **options)]


def test_a_file_of_its_size_is_there_and_nothing_of_it_is_downloaded(server):
    url, asked = server
    assert answers(Archive((f"{url}/file",), "", SHA, SIZE)) == [("size matches", True)]
    assert asked == [("HEAD", "/file", "")]


@pytest.mark.parametrize("path", ["get", "whole", "empty-head"])
def test_where_head_is_refused_one_byte_is_asked_for(server, path):
    url, asked = server
    assert answers(Archive((f"{url}/{path}",), "", SHA, SIZE)) == [("size matches", True)]
    assert asked == [("HEAD", f"/{path}", ""), ("GET", f"/{path}", "bytes=0-0")]


def test_each_address_has_its_own_answer_in_the_order_of_the_catalogue(server):
    url, _ = server
    nobody = "http://127.0.0.1:9/file"
    found = answers(Archive((f"{url}/gone", f"{url}/page", nobody, f"{url}/file"), "", SHA, SIZE))
    assert found[0] == ("404 Not Found", False)
    assert found[1] == ("a web page, not the file", False)
    assert "refused" in found[2][0] and not found[2][1]
    assert found[3] == ("size matches", True)


def test_a_file_of_another_size_cannot_be_had(server):
    url, _ = server
    (found,) = answers(Archive((f"{url}/file",), "", SHA, SIZE + 1))
    assert found == (f"other size: {SIZE} bytes, expected {SIZE + 1}", False)


def test_without_a_published_size_the_answer_says_so(server):
    url, _ = server
    found = answers(Archive((f"{url}/file", f"{url}/unsized"), ""))
    assert found[0] == (f"answers, {SIZE} bytes; no size is published", True)
    assert found[1][1]


def test_a_net_is_there_if_it_is_about_as_large_as_its_parameters(server):
    url, _ = server
    urls = (f"{url}/file",)
    assert answers(Archive(urls, "", floats=SIZE // 4 - 100))[0][1]
    assert not answers(Archive(urls, "", floats=SIZE // 4 - 100_000))[0][1]


def test_an_address_that_does_not_answer_in_time_cannot_be_had(server):
    url, _ = server
    (found,) = answers(Archive((f"{url}/slow",), "", SHA, SIZE), patience=0.2)
    assert found == ("no answer in 0.2 seconds", False)


def test_addresses_are_asked_side_by_side():
    """Each of eight answers only once all are asked."""
    waiting: list[object] = []

    def answer(connection: object) -> None:
        waiting.append(connection)
        while len(waiting) < 8:
            time.sleep(0.01)
        connection.sendall(b"HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n")

    with raw_server(answer) as url:
        found = answers(Archive(tuple(f"{url}/{i}" for i in range(8)), ""))
    assert found == [("404 Gone", False)] * 8


def test_a_redirect_from_outside_to_an_inner_address_is_refused(server):
    url, asked = server
    seen = iter([["8.8.8.8"], ["127.0.0.1"]] * 2)
    archives = {"x.tar": Archive((f"{url}/inside",), "", SHA, SIZE)}
    (found,) = probe(archives=archives, resolver=lambda _: next(seen))
    assert "an address that is not public" in found.answer and not found.serves
    assert [path for _, path, _ in asked] == ["/inside"]


@pytest.mark.parametrize(
    "answer",
    [b"", b"\0" * 4096, b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", b"HTTP/9 x y\r\n\r\n"],
)
def test_whatever_a_server_says_is_one_short_line(answer):
    with raw_server(lambda connection: connection.sendall(answer)) as url:
        (found,) = answers(Archive((url,), "", SHA, SIZE))
    assert "\n" not in found[0] and len(found[0]) < 300
    assert not found[1] or found[0] == "answers, without a size"


@pytest.fixture
def catalogue(monkeypatch, server):
    """A catalogue of a file that is there and one that is gone."""
    url, _ = server
    for name in list(ARCHIVES):
        monkeypatch.delitem(ARCHIVES, name)
    gone = (f"{url}/gone", f"{url}/file")
    monkeypatch.setitem(ARCHIVES, "here.tar", Archive(gone, "", SHA, SIZE))
    monkeypatch.setitem(ARCHIVES, "gone.caffemodel", Archive((f"{url}/gone",), "", floats=9))


def fcn(monkeypatch, capsys, *arguments: str) -> tuple[object, list[str]]:
    monkeypatch.setattr(sys, "argv", ["fcn", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    return stop.value.code, capsys.readouterr().out.splitlines()


@pytest.mark.usefixtures("catalogue")
def test_the_table_names_file_host_and_answer_and_counts_what_can_be_had(
    monkeypatch, capsys, tmp_path
):
    monkeypatch.chdir(tmp_path)
    code, lines = fcn(monkeypatch, capsys, "fetch", "--probe")
    assert code == 1
    assert [line.split()[0] for line in lines[:3]] == ["here.tar", "here.tar", "gone.caffemodel"]
    assert "127.0.0.1:" in lines[0] and lines[0].endswith("404 Not Found")
    assert lines[1].endswith("size matches")
    assert lines[3:] == ["1 of 2 files can be had from at least one address"]
    code, lines = fcn(monkeypatch, capsys, "fetch", "--probe", "here.tar")
    assert code == 0 and len(lines) == 3
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("catalogue")
def test_a_file_without_an_address_cannot_be_had(monkeypatch, capsys):
    monkeypatch.setitem(ARCHIVES, "own.zip", Archive((), ""))
    code, lines = fcn(monkeypatch, capsys, "fetch", "--probe", "own.zip")
    assert code == 1 and lines[0] == "own.zip  no address of it is known"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--probe", "voc.tar"], "'voc.tar' is not known"),
        (["--probe", "--out", "o"], "--probe only asks"),
        (["--probe", "--retry"], "--probe only asks"),
        (["benchmark.tgz"], "expected --out DIR"),
        (["--out", "o"], "no file is named"),
        (["--retry"], "expected --out DIR"),
        (["--retry", "--out", "o", "--from", "f"], "expected no --from"),
        (["--retry", "--out", "gone"], "gone: no such folder"),
        (["benchmark.tgz", "--out", "o", "--from", "gone"], "gone: no such folder; expected one"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(
    monkeypatch, capsys, tmp_path, arguments, message
):
    monkeypatch.chdir(tmp_path)
    code, lines = fcn(monkeypatch, capsys, "fetch", *arguments)
    assert message in str(code) and "\n" not in str(code) and not lines
    assert not list(tmp_path.iterdir())


INTERRUPTED = """if True:
    import sys
    from fcnlib.archives.catalogue import ARCHIVES, Archive
    from fcnlib.cli.main import main
    ARCHIVES.clear()
    ARCHIVES["x.tar"] = Archive((sys.argv.pop(),), "")
    main()
"""


def test_ctrl_c_is_one_line():
    arrived: list[object] = []

    def silent(connection: object) -> None:
        arrived.append(connection)
        time.sleep(20)

    with raw_server(silent) as url:
        asking = subprocess.Popen(
            [sys.executable, "-c", INTERRUPTED, "fetch", "--probe", url],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        while not arrived:
            assert asking.poll() is None
            time.sleep(0.05)
        asking.send_signal(SIGINT)
        printed, _ = asking.communicate(timeout=30)
    assert asking.returncode == 1
    assert printed == "error: stopped before all addresses had answered\n"


@pytest.mark.usefixtures("catalogue")
def test_a_file_that_cannot_be_had_keeps_no_other_from_being_fetched(monkeypatch, capsys, tmp_path):
    sums = {name: f"sha256:{hashlib.sha256(name.encode()).hexdigest()}" for name in ("a", "b")}
    for name, checksum in sums.items():
        monkeypatch.setitem(ARCHIVES, name, Archive(ARCHIVES["gone.caffemodel"].urls, "", checksum))
    (tmp_path / "a").write_text("a", "utf-8")
    files = ("gone.caffemodel", "a", "b", "--out", str(tmp_path / "o"), "--from", str(tmp_path))
    code, lines = fcn(monkeypatch, capsys, "fetch", *files)
    assert code == "error: 2 of 3 files could not be had"
    assert lines == [str(tmp_path / "o/a")] and (tmp_path / "o/a").read_bytes() == b"a"


def test_retry_names_the_marks_that_it_removed(monkeypatch, capsys, tmp_path):
    name = "fcn8s-heavy-pascal.caffemodel"
    for suffix in ("", ".unavailable"):
        marked(tmp_path / f"{name}{suffix}")
    code, lines = fcn(monkeypatch, capsys, "fetch", "--retry", "--out", str(tmp_path))
    assert (code, lines) == (0, [name]) and not list(tmp_path.iterdir())
    code, lines = fcn(monkeypatch, capsys, "fetch", "--retry", name, "--out", str(tmp_path))
    assert (code, lines) == (0, [f"{tmp_path}: no such file is marked as not available"])
