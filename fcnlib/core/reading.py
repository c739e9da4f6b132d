"""Reading of files from anywhere: regular ones alone, and text as UTF-8."""

import codecs
import os
import stat
from io import BufferedReader
from pathlib import Path

from fcnlib.core.errors import InputError

KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def open_regular(path: Path | str, expected: str = "") -> BufferedReader:
    """The file opened to read its bytes; InputError if there is none that is a regular file.

    Opening a pipe would wait for whoever writes to it, and reading a device may never end.
    `expected` is what messages say was expected.
    """
    end = f"; expected {expected}" if expected else ""
    try:
        kind = KINDS.get(stat.S_IFMT(os.stat(path).st_mode))
        if not kind:
            return open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb")
    except FileNotFoundError:
        link = f", as a link to {os.readlink(path)}" if os.path.islink(path) else ""
        raise InputError(f"{path}: no such file{link}{end}") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}{end}") from None
    raise InputError(f"{path}: is {kind}{end or ', expected a regular file'}")


def read_bytes(path: Path) -> bytes:
    """A file's content."""
    with open_regular(path) as file:
        return file.read()


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
    if content.startswith(b"version https://git-lfs"):
        raise InputError(
            f"{path}: a pointer of Git LFS, expected one {each} a line; `git lfs pull` fetches it"
        )
    try:
        text = content.decode("utf-8").replace("\ufeff", "")
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file, expected one {each} a line") from None
    return [line.strip() for line in text.splitlines()]
