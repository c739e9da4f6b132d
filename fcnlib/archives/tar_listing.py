"""The members of a tar, gzipped or not, with what its headers declare checked before it is used."""

import gzip
import os
import tarfile
from collections.abc import Iterator
from functools import partial
from typing import IO, NoReturn, cast

from fcnlib.archives.listing import Kind, Member, unpacked_limit

GZIP = b"\x1f\x8b"
BLOCK = tarfile.BLOCKSIZE
EXTENSION_LIMIT = 1 << 20  # bytes of a header that extends another, such as a long name
_EXTENSIONS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


class _CheckedHeader(tarfile.TarInfo):
    """A header that is refused where tarfile would take a damaged one for the archive's end."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_CheckedHeader":
        try:
            header = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if bytes(buf).strip(b"\0"):
                raise tarfile.ReadError(f"damaged header: {error}") from None
            raise  # the end
        if header.type in _EXTENSIONS and not 0 <= header.size <= EXTENSION_LIMIT:
            raise tarfile.ReadError(f"a header declares {header.size} bytes")
        if header.type == tarfile.GNUTYPE_SPARSE:
            header._proc_gnusparse_10()
        return header

    def _proc_gnusparse_10(self, *_: object) -> NoReturn:
        """Refuse to read the map of a sparse member: it may be of any length."""
        raise tarfile.ReadError("a sparse member")


def tar_listing(file: IO[bytes]) -> Iterator[Member]:
    """The members in the archive's order; an error unless it goes on to the archive's end."""
    limit = os.fstat(file.fileno()).st_size
    start = file.read(len(GZIP))
    file.seek(0)
    if start != GZIP:
        yield from _listing(file, limit)
    else:
        with gzip.open(file) as content:  # compares length and checksum at its end
            yield from _listing(cast(IO[bytes], content), unpacked_limit(limit))


def _listing(file: IO[bytes], limit: int) -> Iterator[Member]:
    with tarfile.open(fileobj=file, mode="r:", tarinfo=_CheckedHeader) as tar:
        for header in iter(tar.next, None):
            tar.members.clear()  # type: ignore[attr-defined]  # else all stay in memory
            if header.size < 0 or header.sparse is not None or tar.offset > limit:
                size = f"{header.size} bytes, sparse or more than the archive can hold"
                raise tarfile.ReadError(f"{header.name!r} declares {size}")
            yield Member(
                name=header.name,
                kind=_kind(header),
                size=header.size,
                targets=_targets(header),
                open=partial(_open, tar, header),
            )
        # tarfile accepts a file that ends between two members.
        if file.tell() != tar.offset + BLOCK:
            raise tarfile.ReadError("no end of the archive")
        _expect_zeros(file, limit)


def _kind(header: tarfile.TarInfo) -> Kind:
    if header.isdev():
        return "device"
    return "file" if header.isfile() else "folder" if header.isdir() else "other"


def _targets(header: tarfile.TarInfo) -> tuple[str, ...]:
    """Where a link leads to, within the archive."""
    if header.issym():  # from where it lies
        return (os.path.join(os.path.dirname(header.name), header.linkname),)
    return (header.linkname,) if header.islnk() else ()  # from the archive's root


def _open(tar: tarfile.TarFile, header: tarfile.TarInfo) -> IO[bytes]:
    content = tar.extractfile(header)
    assert content is not None  # regular files have content
    return content


def _expect_zeros(file: IO[bytes], limit: int) -> None:
    """Read to the end: after a header that is all zeros, the members behind it would be lost."""
    while chunk := file.read(1 << 20):
        if chunk.strip(b"\0"):
            raise tarfile.ReadError("more content after its end")
        if file.tell() > limit:
            raise tarfile.ReadError("unpacks to far more than it should")
