"""Archives and downloads that lie, that never end, or that lead elsewhere."""

import gzip
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from fixtures import hostile_archives as made
from fixtures.hostile import Kind
from fixtures.hostile_archives import MEMBERS, TERABYTE, header, tar

# Neither has a published checksum.
TAR, ZIP = "VOC2012test.tar", "SiftFlowDataset.zip"


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
    in_tar("a name that colours a terminal", header("\x1b[31mx"), r"unsafe member: '\\x1b\[31mx'"),
    in_tar("a name of two lines", header("x\nerror: y"), r"unsafe member: 'x\\nerror: y'"),
    in_zip("an absolute name", "/etc/x", "unsafe member: /etc/x"),
    in_zip("a name that leads out", "a/../../x", r"unsafe member: a/\.\./\.\./x"),
    in_zip("a name that colours a terminal", "\x1b[31mx", r"unsafe member: '\\x1b\[31mx'"),
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
    Kind("a pipe in place of an archive", pipe, f"{TAR}: not a regular file"),
]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_what_is_bad_is_refused_in_one_line(kind: Kind, try_kind: Callable[[Kind], None]) -> None:
    try_kind(kind)
