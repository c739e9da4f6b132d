"""Members of a tar or zip archive, read in one pass without unpacking the others."""

import lzma
import os
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from fcnlib.core.errors import InputError, first_line

DAMAGED_TAR = (tarfile.ReadError, EOFError, zlib.error, lzma.LZMAError, OSError)
# Of a zip that is cut, encrypted or compressed by an unknown method; there is no common class.
DAMAGED_ZIP = (
    zipfile.BadZipFile,
    RuntimeError,
    UnicodeDecodeError,
    struct.error,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    OSError,
)
ZIP = b"PK\x03\x04"


def members(archive: Path, wanted: re.Pattern[str]) -> Iterator[tuple[re.Match[str], bytes]]:
    """The match and content of each file whose full name matches, in the archive's order.

    Format and compression follow from the content: SBD's `.tgz` was published uncompressed, too. A
    member that would be unpacked outside of its folder makes the archive an error.
    """
    read = _zip_members if _is_zip(archive) else _tar_members
    return read(archive, wanted)


def _is_zip(archive: Path) -> bool:
    """Whether it begins as a zip: the end, where zipfile looks, may be cut off."""
    try:
        with open(archive, "rb") as file:
            return file.read(len(ZIP)) == ZIP
    except OSError:  # reported when it is read as a tar
        return False


def _tar_members(archive: Path, wanted: re.Pattern[str]) -> Iterator[tuple[re.Match[str], bytes]]:
    try:
        with tarfile.open(archive, mode="r:*") as tar:
            for member in tar:
                if _is_unsafe(member):
                    raise InputError(f"{archive}: unsafe member: {member.name}")
                match = wanted.fullmatch(member.name)
                if match and member.isfile():
                    file = tar.extractfile(member)
                    assert file is not None  # regular files have content
                    yield match, file.read()
            # tarfile accepts a file that ends between two members.
            if tar.fileobj is None or tar.fileobj.tell() < tar.offset + tarfile.BLOCKSIZE:
                raise tarfile.ReadError("no end of the archive")
    except FileNotFoundError:
        raise InputError(f"{archive}: no such file") from None
    except DAMAGED_TAR as error:
        raise InputError(
            f"{archive}: not a tar archive or cut short ({first_line(error)})"
        ) from None


def _zip_members(archive: Path, wanted: re.Pattern[str]) -> Iterator[tuple[re.Match[str], bytes]]:
    try:
        with zipfile.ZipFile(archive) as zipped:
            for member in zipped.infolist():
                name = member.filename.replace("\\", "/")  # as some Windows tools write it
                is_link = stat.S_ISLNK(member.external_attr >> 16)
                if _is_outside(name) or re.match("[A-Za-z]:", name) or is_link:
                    raise InputError(f"{archive}: unsafe member: {member.filename}")
                match = wanted.fullmatch(name)
                if match and not member.is_dir():
                    yield match, zipped.read(member)
    except DAMAGED_ZIP as error:
        raise InputError(
            f"{archive}: not a zip archive or cut short ({first_line(error)})"
        ) from None


def _is_unsafe(member: tarfile.TarInfo) -> bool:
    """Whether tarfile's `data` filter, in Python from 3.11.4 on, would refuse it."""
    names = [member.name]
    if member.issym():  # from where it lies
        names.append(os.path.join(os.path.dirname(member.name), member.linkname))
    if member.islnk():  # from the archive's root
        names.append(member.linkname)
    return member.isdev() or any(map(_is_outside, names))


def _is_outside(name: str) -> bool:
    path = os.path.normpath(name)
    return os.path.isabs(path) or path.split(os.sep)[0] == os.pardir
