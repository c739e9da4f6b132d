"""The check that an archive is complete, for archives without a published checksum."""

import gzip
import os
import tarfile
import zipfile
from pathlib import Path
from typing import IO, cast

from fcnlib.archives.members import DAMAGED_TAR, DAMAGED_ZIP, ZIP
from fcnlib.core.errors import InputError, first_line

GZIP = b"\x1f\x8b"
BLOCK = 512  # bytes; a tar ends with at least one block of zeros


def check_complete(path: Path, advice: str = "") -> None:
    """Raise unless a tar, gzipped or not, or a zip can be read to its end.

    `advice` is appended to the message.
    """
    try:
        with open(path, "rb") as file:
            start = file.read(len(ZIP))
            file.seek(0)
            if start == ZIP:
                _read_zip(file)
            elif start.startswith(GZIP):
                with gzip.open(file) as content:
                    _read_tar(cast(IO[bytes], content))
            else:
                _read_tar(file)
                _expect_end(file)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (*DAMAGED_TAR, *DAMAGED_ZIP) as error:
        reason = f"not a tar or zip archive, or cut short ({first_line(error)})"
        raise InputError(f"{path}: {reason}{advice}") from None


def _read_zip(file: IO[bytes]) -> None:
    with zipfile.ZipFile(file) as archive:
        if (damaged := archive.testzip()) is not None:
            raise zipfile.BadZipFile(f"{damaged} is damaged")


def _read_tar(file: IO[bytes]) -> None:
    with tarfile.open(fileobj=file, mode="r|") as archive:
        for _ in archive:
            pass
    while file.read(1 << 20):  # gzip compares its checksum at the very end
        pass


def _expect_end(file: IO[bytes]) -> None:
    """Raise unless the last block is zeros: tarfile accepts a tar that is cut between members."""
    file.seek(-BLOCK, os.SEEK_END)
    if file.read().strip(b"\0"):
        raise tarfile.ReadError("no end of archive")
