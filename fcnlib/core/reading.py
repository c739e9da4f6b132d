"""Reading of files from anywhere: regular ones alone, and text as UTF-8."""

import codecs
import os
import stat
from pathlib import Path
from typing import BinaryIO

from fcnlib.core.errors import InputError

# Opening one of these may wait for ever, as may reading it.
ENDLESS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def open_regular(path: Path | str) -> BinaryIO:
    """The file opened to read its bytes; InputError if it is none, as a pipe, or a link to none."""
    try:
        kind = ENDLESS.get(stat.S_IFMT(os.stat(path).st_mode))
    except FileNotFoundError:
        if os.path.islink(path):
            target = os.readlink(path)
            raise InputError(f"{path}: is a link to {target}, which is not there") from None
        raise
    if kind:
        raise InputError(f"{path}: is {kind}, expected a regular file")
    return open(path, "rb")


def read_bytes(path: Path) -> bytes:
    """A file's content."""
    try:
        with open_regular(path) as file:
            return file.read()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None


def read_lines(path: Path, each: str) -> list[str]:
    """The stripped lines of a user's list, which messages say to hold one `each` a line.

    Byte-order marks are dropped, as editors write them at the head of a file and joining files
    leaves them inside.
    """
    content = read_bytes(path)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InputError(
            f"{path}: not a text file in UTF-8 but in UTF-16, expected one {each} a line"
        )
    try:
        text = content.decode("utf-8").replace("\ufeff", "")
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file, expected one {each} a line") from None
    return [line.strip() for line in text.splitlines()]
