"""Files from outside, opened only where they are regular ones."""

import os
import stat
from io import BufferedReader
from pathlib import Path

from fcnlib.core.errors import InputError


def open_regular(path: Path) -> BufferedReader:
    """The file, opened to read; a pipe, a device or a folder in its place is an InputError.

    Plain `open` would wait for ever for whoever writes to a pipe.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise InputError(f"{path}: not a regular file, expected one")
    return open(handle, "rb")
