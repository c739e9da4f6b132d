"""Members of a tar archive, read in one pass and without unpacking the rest."""

import lzma
import os
import re
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from fcnlib.errors import InputError

_DAMAGED = (tarfile.ReadError, EOFError, zlib.error, lzma.LZMAError, OSError)


def members(archive: Path, wanted: re.Pattern[str]) -> Iterator[tuple[re.Match[str], bytes]]:
    """The match and the content of each file whose whole name matches, in the archive's order.

    Compression is recognised by content: SBD's `.tgz` has been served without it. A member that
    would land outside the folder it is unpacked to makes the whole archive suspect.
    """
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
    except FileNotFoundError:
        raise InputError(f"{archive}: no such file") from None
    except _DAMAGED as error:
        reason = str(error).partition("\n")[0].rstrip(":")
        raise InputError(f"{archive}: not a tar archive or cut short ({reason})") from None


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
