"""The members of a zip, with what its directory declares checked before it is used."""

import os
import stat
import zipfile
from collections.abc import Iterator, Sequence
from functools import partial
from typing import IO

from fcnlib.archives.listing import Kind, Member, unpacked_limit

ZIP = b"PK\x03\x04"
_END, _END_SIZE, _COMMENT = b"PK\x05\x06", 22, 1 << 16  # of the directory; bytes, at most
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others unpack without bounds


def zip_listing(file: IO[bytes]) -> Iterator[Member]:
    """The members in the archive's order."""
    with zipfile.ZipFile(file) as zipped:
        members = zipped.infolist()
        _check_declared(file, members)
        for member in members:
            if member.compress_type not in _METHODS:
                raise zipfile.BadZipFile(f"{member.filename!r}: unknown compression")
            name = member.filename.replace("\\", "/")  # as some Windows tools write it
            yield Member(name, _kind(member), member.file_size, (), partial(zipped.open, member))


def _kind(member: zipfile.ZipInfo) -> Kind:
    if member.is_dir():
        return "folder"
    kind = stat.S_IFMT(member.external_attr >> 16)
    return "file" if kind in (0, stat.S_IFREG) else "device"  # a link's target is not read


def _check_declared(file: IO[bytes], members: Sequence[zipfile.ZipInfo]) -> None:
    """Raise unless number and sizes of the members fit the file."""
    size = os.fstat(file.fileno()).st_size
    file.seek(max(0, size - _END_SIZE - _COMMENT))
    end = file.read().rpartition(_END)[2]
    declared = int.from_bytes(end[6:8], "little")
    # 0xFFFF: the number is where zip64 keeps it.
    if declared not in (0xFFFF, len(members)):
        raise zipfile.BadZipFile(f"{len(members)} members, its end declares {declared}")
    if sum(member.compress_size for member in members) > size:
        raise zipfile.BadZipFile("its members overlap")
    if (unpacked := sum(member.file_size for member in members)) > unpacked_limit(size):
        raise zipfile.BadZipFile(f"declares {unpacked} bytes, unpacked")
