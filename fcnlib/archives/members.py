"""Members of a tar or zip archive, read in one pass and without unpacking the rest."""

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

from fcnlib.core.errors import InputError, brief

DAMAGED_TAR = (tarfile.ReadError, EOFError, zlib.error, lzma.LZMAError, OSError)
# Python has no common class for what zip archives can be: cut, encrypted, oddly compressed.
DAMAGED_ZIP = (
    *(zipfile.BadZipFile, RuntimeError, UnicodeDecodeError, struct.error),
    *(EOFError, zlib.error, lzma.LZMAError, OSError),
)
ZIP = b"PK\x03\x04"


def members(archive: Path, wanted: re.Pattern[str]) -> Iterator[tuple[re.Match[str], bytes]]:
    """The match and the content of each file whose whole name matches, in the archive's order.

    Kind and compression are recognised by content: SBD's `.tgz` has been served without it. A
    member that would land outside the folder it is unpacked to makes the whole archive suspect.
    """
    return (_zip_members if _is_zip(archive) else _tar_members)(archive, wanted)


def _is_zip(archive: Path) -> bool:
    """By its first bytes, for a cut archive has no last ones."""
    try:
        with open(archive, "rb") as file:
            return file.read(len(ZIP)) == ZIP
    except OSError:  # reading it as a tar says what it is
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
            # tarfile takes a file that ends between two members for a whole one.
            if tar.fileobj is None or tar.fileobj.tell() < tar.offset + tarfile.BLOCKSIZE:
                raise tarfile.ReadError("no end of the archive")
    except FileNotFoundError:
        raise InputError(f"{archive}: no such file") from None
    except DAMAGED_TAR as error:
        raise InputError(f"{archive}: not a tar archive or cut short ({brief(error)})") from None


def _zip_members(archive: Path, wanted: re.Pattern[str]) -> Iterator[tuple[re.Match[str], bytes]]:
    try:
        with zipfile.ZipFile(archive) as zipped:
            for member in zipped.infolist():
                name = member.filename.replace("\\", "/")  # as some Windows tools write it
                is_link = stat.S_ISLNK(member.external_attr >> 16)
                if _leaves(name) or re.match("[A-Za-z]:", name) or is_link:
                    raise InputError(f"{archive}: unsafe member: {member.filename}")
                match = wanted.fullmatch(name)
                if match and not member.is_dir():
                    yield match, zipped.read(member)
    except DAMAGED_ZIP as error:
        raise InputError(f"{archive}: not a zip archive or cut short ({brief(error)})") from None


def _is_unsafe(member: tarfile.TarInfo) -> bool:
    """What tarfile's `data` filter refuses, which Python has from 3.11.4 on only."""
    names = [member.name]
    if member.issym():  # from where it lies
        names.append(os.path.join(os.path.dirname(member.name), member.linkname))
    if member.islnk():  # from the archive's root
        names.append(member.linkname)
    return member.isdev() or any(map(_leaves, names))


def _leaves(name: str) -> bool:
    inside = os.path.normpath(name)
    return os.path.isabs(inside) or inside.split(os.sep)[0] == os.pardir
