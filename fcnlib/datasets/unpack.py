"""Members of a tar archive, read in one pass and without unpacking the rest."""

import lzma
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
    here = str(archive.parent.resolve())
    try:
        with tarfile.open(archive, mode="r:*") as tar:
            for member in tar:
                if ".." in member.name or not (member.isreg() or member.isdir()):
                    tarfile.data_filter(member, here)  # looks at the disk, so only where needed
                match = wanted.fullmatch(member.name)
                if match and member.isfile():
                    file = tar.extractfile(member)
                    assert file is not None  # regular files have content
                    yield match, file.read()
    except FileNotFoundError:
        raise InputError(f"{archive}: no such file") from None
    except tarfile.FilterError as error:
        raise InputError(f"{archive}: unsafe member: {error}") from None
    except _DAMAGED as error:
        reason = str(error).partition("\n")[0].rstrip(":")
        raise InputError(f"{archive}: not a tar archive or cut short ({reason})") from None
