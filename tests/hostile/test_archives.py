"""Archives and downloads that lie, that never end, or that lead elsewhere."""

import gzip
import hashlib
import io
import logging
import os
import socket
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from fixtures import hostile_archives as made
from fixtures.downloads import raw_server
from fixtures.hostile import Kind
from fixtures.hostile_archives import MEMBERS, TERABYTE, header, tar

from fcnlib.archives.catalogue import Archive
from fcnlib.archives.download import RetryPolicy
from fcnlib.archives.fetch import fetch
from fcnlib.core.errors import InputError

# Neither has a published checksum.
TAR, ZIP = "nyud.tar.gz", "SiftFlowDataset.zip"


def lying(name: str, content: Callable[[], bytes]) -> Callable[[Path], list[object]]:
    """The arguments to take an archive from the user's folder `mine`."""

    def make(folder: Path) -> list[object]:
        (folder / "mine").mkdir()
        (folder / "mine" / name).write_bytes(content())
        return ["fetch", name, "--out", ".", "--from", "mine"]

    return make


def pipe(folder: Path) -> list[object]:
    os.mkfifo(folder / TAR)
    return ["fetch", TAR, "--out", "."]


def frame(content: Callable[[], bytes]) -> Callable[[Path], list[object]]:
    """The arguments to encode a depth frame of NumPy's format."""

    def make(folder: Path) -> list[object]:
        (folder / "depth.npy").write_bytes(content())
        return ["hha", "depth.npy", "--out", "hha.png"]

    return make


def npy(shape: tuple[int, ...], kind: str = "<f4", content: bytes = bytes(64)) -> bytes:
    """A file of NumPy's format whose header declares what it likes."""
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    return packed_header(header.encode()) + content


def packed_header(header: bytes) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


def npz() -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, depth=np.zeros((480, 640)))
    return file.getvalue()


def frame_pipe(folder: Path) -> list[object]:
    os.mkfifo(folder / "depth.npy")
    return ["hha", "depth.npy", "--out", "hha.png"]


def link(name: str, target: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return info


def in_tar(what: str, member: tarfile.TarInfo, expected: str) -> Kind:
    return Kind(f"a tar with {what}", lying(TAR, lambda: tar([member])), expected)


def in_zip(what: str, name: str, expected: str) -> Kind:
    return Kind(f"a zip with {what}", lying(ZIP, lambda: made.zip_of([(name, b"x")])), expected)


def bad_tar(what: str, content: Callable[[], bytes], expected: str) -> Kind:
    return Kind(what, lying(TAR, content), expected)


SECOND = list(MEMBERS.items())[40]
WHOLE = made.tar_of(MEMBERS.items())
HEADER_40 = 40 * 3 * tarfile.BLOCKSIZE  # each header is followed by two blocks of content
NOT_WHOLE = rf"mine/{TAR}: not a tar or zip archive, or cut short"

KINDS = [
    bad_tar("a tar that declares a terabyte", lambda: tar([header("a", size=TERABYTE)]), NOT_WHOLE),
    bad_tar(
        "a gzipped tar that declares a terabyte",
        lambda: gzip.compress(tar([header("a", size=TERABYTE)])),
        r"'a' declares 1099511627776 bytes",
    ),
    bad_tar(
        "a tar whose long name is a terabyte long",
        lambda: tar([header("a", type=tarfile.GNUTYPE_LONGNAME, size=TERABYTE)]),
        "a header declares 1099511627776 bytes",
    ),
    bad_tar("a tar with a negative size", lambda: tar([header("a", size=-512)]), NOT_WHOLE),
    bad_tar("a sparse member", made.sparse_tar, "a sparse member"),
    bad_tar("an old sparse member", made.old_sparse_tar, "a sparse member"),
    bad_tar("a sparse map that does not end", made.endless_sparse_map, "a sparse member"),
    bad_tar("headers that extend each other for ever", made.chained_headers, NOT_WHOLE),
    bad_tar("a flipped bit in a header", lambda: made.flipped(WHOLE, HEADER_40), "damaged header"),
    bad_tar(
        "a header of zeros in the middle",
        lambda: WHOLE[:HEADER_40] + bytes(tarfile.BLOCKSIZE) + WHOLE[HEADER_40 + 512 :],
        "more content after its end",
    ),
    bad_tar("zeros in the place of a tar", lambda: bytes(10240), rf"mine/{TAR}: no file in it"),
    bad_tar("a tar cut between members", lambda: WHOLE[:HEADER_40], "no end of the archive"),
    bad_tar(
        "a gzipped tar with a flipped checksum",
        lambda: made.flipped(gzip.compress(WHOLE), -6),
        "CRC check failed",
    ),
    bad_tar(
        "a gzipped tar of zeros without end",
        lambda: gzip.compress(tar([])) + 20 * gzip.compress(bytes(1 << 24)),
        "unpacks to far more",
    ),
    Kind(
        "a tar with a member twice",
        lying(TAR, lambda: made.tar_of([*MEMBERS.items(), SECOND])),
        rf"mine/{TAR}: images/040\.jpg: there twice",
    ),
    Kind(
        "a zip with a member twice",
        lying(ZIP, lambda: made.zip_of([("./a.jpg", b"one"), ("a.jpg", b"two")])),
        rf"mine/{ZIP}: a\.jpg: there twice",
    ),
    in_tar("an absolute name", header("/etc/x"), "unsafe member: /etc/x"),
    in_tar("a name that leads out", header("a/../../x"), r"unsafe member: a/\.\./\.\./x"),
    in_tar("a device", header("x", type=tarfile.CHRTYPE), "unsafe member: x"),
    in_tar("a pipe", header("x", type=tarfile.FIFOTYPE), "unsafe member: x"),
    in_tar("a link out", header("x", type=tarfile.SYMTYPE, linkname="../y"), "unsafe member: x"),
    in_tar("a name that colours a terminal", header("\x1b[31mx"), r"unsafe member: \\u001b\[31mx"),
    in_tar("a name of two lines", header("x\nerror: y"), r"unsafe member: x\\nerror: y"),
    in_zip("an absolute name", "/etc/x", "unsafe member: /etc/x"),
    in_zip("a name that leads out", "a/../../x", r"unsafe member: a/\.\./\.\./x"),
    in_zip("a name that colours a terminal", "\x1b[31mx", r"unsafe member: \\u001b\[31mx"),
    Kind(
        "a zip with a link",
        lying(ZIP, lambda: made.zip_of([(link("x", "/etc"), b"/etc")])),
        "unsafe member: x",
    ),
    Kind(
        "a zip whose 4000 members are one of 16 MB",
        lying(ZIP, lambda: made.zip_bomb(4000, 1 << 24)),
        f"mine/{ZIP}: not a tar or zip archive, or cut short",
    ),
    Kind(
        "a zip that declares four gigabytes",
        lying(ZIP, lambda: made.zip_bomb(1, 1000, 0xFFFFFFF0)),
        "declares 4294967280 bytes, unpacked",
    ),
    Kind(
        "a zip whose end counts other members",
        lying(ZIP, lambda: made.flipped(made.zip_of(MEMBERS.items()), -12, 2)),
        "100 members, its end declares 102",
    ),
    Kind(
        "depth that declares 4 TB",
        frame(lambda: npy((1_000_000, 1_000_000))),
        r"depth\.npy: not an array \(",
    ),
    Kind(
        "depth of -5 x 7",
        frame(lambda: npy((-5, 7))),
        r"depth\.npy: not an array \(",
    ),
    Kind("depth that is pickled", frame(lambda: npy((1, 1), "|O")), r"depth\.npy: not an array \("),
    Kind(
        "depth of three axes", frame(lambda: npy((2, 2, 2))), "expected numbers of height x width"
    ),
    Kind("depth of complex numbers", frame(lambda: npy((2, 2), "<c8")), "expected numbers of"),
    Kind(
        "depth whose header nests brackets",
        frame(lambda: packed_header(b"(" * 9000)),
        r"depth\.npy: not an array \(",
    ),
    Kind(
        "depth that is a zip of arrays", frame(npz), r"depth\.npy: not an array in NumPy's format"
    ),
    Kind("a pipe in place of depth", frame_pipe, r"depth\.npy: is a named pipe"),
    Kind("a pipe in place of an archive", pipe, f"{TAR}: is a named pipe"),
]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_what_is_bad_is_refused_in_one_line(kind: Kind, try_kind: Callable[[Kind], None]) -> None:
    try_kind(kind)


# Downloads: the first address is bad, and the second one good.

CONTENT = bytes(range(256)) * 400
QUICK = RetryPolicy(connect=0.3, read=0.3, pause=0, window=0.5, slowest=5000)
Answer = Callable[[socket.socket], None]


def known(*urls: str) -> dict[str, Archive]:
    checksum = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
    return {"x": Archive(urls, "", checksum, size=len(CONTENT))}


def says(*parts: str | bytes, each: float = 0.0) -> Answer:
    """Sends these lines and bytes, the last of them again and again, `each` so many seconds."""

    def answer(connection: socket.socket) -> None:
        *first, last = [part.encode() if isinstance(part, str) else part for part in parts]
        connection.sendall(b"".join(first))
        while True:
            connection.sendall(last)
            time.sleep(each)

    return answer


def once(*parts: str | bytes) -> Answer:
    sent = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    return lambda connection: connection.sendall(sent)


def whole(connection: socket.socket) -> None:
    once(f"HTTP/1.1 200 OK\r\nContent-Length: {len(CONTENT)}\r\n\r\n", CONTENT)(connection)


def redirect(to: str) -> Answer:
    return once(f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n")


OK = "HTTP/1.1 200 OK\r\n"
CHUNKED = f"{OK}Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (says(f"{OK}\r\n", bytes(1 << 16)), "sends more bytes than expected: 102400"),
        (says(CHUNKED, b"10000\r\n" + bytes(1 << 16) + b"\r\n"), "sends more bytes than expected"),
        (says(f"{OK}Content-Length: 102400\r\n\r\n", b"x", each=0.01), "too slow: "),
        (once(f"{OK}Content-Length: 102400\r\n\r\n", b"x"), "IncompleteRead(1 bytes read, 102399"),
        (says(OK, "X: ", b"x", each=0.05), "too slow: 0 bytes"),
        (says(b"x", each=0.05), "too slow: 0 bytes"),
        (says(CHUNKED, "0\r\n", b"X: y\r\n", each=0.05), "too slow: 0 bytes"),
        (once("HTTP/1.1 416 No\r\nContent-Length: 0\r\n\r\n"), "416 No"),
        (once(f"{OK}Content-Length: abc\r\n\r\n", CONTENT), "Content-Length is 'abc', expected a"),
        (once(f"{OK}Content-Length: -5\r\n\r\n", CONTENT), "Content-Length is '-5', expected a"),
        (once(f"{OK}Content-Length: {'9' * 5000}\r\n\r\n"), "Content-Length is '999"),
        (once(f"{OK}Content-Length: {made.TERABYTE}\r\n\r\n"), "offers 1099511627776 bytes"),
        (once("HTTP/1.1 206 OK\r\nContent-Range: bytes 0-/x\r\n\r\n"), "another part of the file"),
        (once("220 ftp\r\n"), "220 ftp"),
        (once(b"page " * 10**4), "page page"),
        (once(f"HTTP/1.1 404 {'No ' * 10**4}\r\n\r\n"), "404 No No"),
        (redirect(f"http://{'a' * 60_000}/"), "'aaa"),
        (redirect(f"ftp://{'a' * 60_000}/"), "redirects to 'ftp://aaa"),
        (once(b""), "closed connection without response"),
        (once(CHUNKED, "xyz\r\n"), "after 0 bytes"),
        (redirect("file:///etc/passwd"), "redirects to 'file:///etc/passwd', expected http"),
        (redirect("ftp://127.0.0.1/x"), "redirects to 'ftp://127.0.0.1/x', expected http"),
        (redirect("/file"), "more than 10 redirects"),
        (redirect("http://[::1"), "Invalid IPv6 URL"),
        (redirect("http://a..b/"), "a..b"),
        (redirect(""), "."),
        (says("HTTP/1.1 302 Found\r\nLocation: /file\r\n\r\n", bytes(1 << 16)), "10 redirects"),
    ],
)
def test_a_bad_server_is_left_for_the_next(answer, reason, tmp_path, caplog):
    with raw_server(answer) as bad, raw_server(whole) as good, caplog.at_level(logging.WARNING):
        path = fetch("x", tmp_path, archives=known(bad, good), retry=QUICK)
    assert path.read_bytes() == CONTENT and [path] == list(tmp_path.iterdir())
    (record,) = caplog.records
    assert reason in record.getMessage()
    assert "\n" not in record.getMessage() and len(record.getMessage()) < 500


def test_a_redirect_from_a_public_address_into_the_machines_network_is_refused(tmp_path):
    def resolver(host: str) -> list[str]:
        return {"localhost": ["93.184.216.34"]}.get(host, [host])

    with raw_server(whole) as good, raw_server(redirect(good)) as bad:
        public = bad.replace("127.0.0.1", "localhost")
        with pytest.raises(InputError, match=r"redirects to 'http://127.0.0.1.* not public"):
            fetch("x", tmp_path, archives=known(public), retry=QUICK, resolver=resolver)
        # The user's own network may lead to itself.
        path = fetch("x", tmp_path, archives=known(bad), retry=QUICK, resolver=resolver)
    assert path.read_bytes() == CONTENT


def test_a_second_download_of_a_file_waits_for_the_first(tmp_path, caplog):
    requests: list[float] = []

    def slowly(connection: socket.socket) -> None:
        requests.append(time.monotonic())
        time.sleep(0.3)
        whole(connection)

    with raw_server(slowly) as url, caplog.at_level(logging.WARNING):
        patient = RetryPolicy(connect=5, read=5, pause=0)
        fetched: list[Path] = []

        def run() -> None:
            fetched.append(fetch("x", tmp_path, archives=known(url), retry=patient))

        threads = [Thread(target=run) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert fetched == [tmp_path / "x"] * 3
    assert len(requests) == 1
    assert "another process downloads it; waiting for its end" in caplog.text
    assert (tmp_path / "x").read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("plant", ["link", "hard link", "pipe", "folder"])
def test_a_planted_partial_file_is_not_appended_to(plant, tmp_path):
    mine, part = tmp_path / "mine.txt", tmp_path / "x.part"
    mine.write_bytes(CONTENT[:1000])
    {
        "link": lambda: part.symlink_to(mine),
        "hard link": lambda: os.link(mine, part),
        "pipe": lambda: os.mkfifo(part),
        "folder": part.mkdir,
    }[plant]()
    with raw_server(whole) as url, pytest.raises(InputError, match=r"x\.part: .*; remove it"):
        fetch("x", tmp_path, archives=known(url), retry=QUICK)
    assert mine.read_bytes() == CONTENT[:1000]


def test_a_planted_version_file_is_replaced_and_not_followed(tmp_path):
    (tmp_path / "mine.txt").write_text("mine", "utf-8")
    (tmp_path / "x.part.json").symlink_to(tmp_path / "mine.txt")
    with_version = once(f'{OK}ETag: "1"\r\nContent-Length: {len(CONTENT)}\r\n\r\n', CONTENT)
    with raw_server(with_version) as url:
        fetch("x", tmp_path, archives=known(url), retry=QUICK)
    assert (tmp_path / "mine.txt").read_text("utf-8") == "mine"
