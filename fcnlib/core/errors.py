"""The exception for a user's mistakes, and how several of them are reported."""

import errno
import logging
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Sequence
from typing import TypeVar

from pydantic import ValidationError

from fcnlib.core.printing import short

log = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")
# What zipfile, tarfile, zlib, Pillow and NumPy raise for damaged files; there is no common class.
DAMAGED = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)
# Errors that would meet every other file too.
OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE)


class InputError(ValueError):
    """A file or value from outside is wrong; one line names it and what was expected."""


def raise_all(errors: Sequence[InputError], summary: str) -> None:
    """Raise the error if it is the only one; of several, log each and raise their number.

    `summary` follows that number in the message, as in "3 images cannot be read".
    """
    if len(errors) == 1:
        raise errors[0]
    for error in errors:
        log.error("%s", error)
    if errors:
        raise InputError(f"{len(errors)} {summary}")


def attempt(function: Callable[[T], R], item: T) -> R | InputError:
    """What the function makes of an item, or what is wrong with it: one bad file ends no batch."""
    try:
        return function(item)
    except InputError as error:
        return error
    except OSError as error:
        if error.errno in OF_THE_DISK or error.filename is None:
            raise
        return InputError(f"{error.filename}: {error.strerror}")


def first_problem(error: ValidationError, whole: str = "") -> str:
    """The first place that is wrong, and what is wrong there, in one line.

    `whole` is the place's name where it is all of the content.
    """
    problem = error.errors()[0]
    place = short(".".join(map(str, problem["loc"]))) or whole
    message = problem["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if place else message


def first_line(error: Exception) -> str:
    """The first line of another library's message."""
    return str(error).partition("\n")[0].rstrip(":")
