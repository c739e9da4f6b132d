"""The exception for a user's mistakes, and how several of them are reported."""

import logging
from collections.abc import Sequence

log = logging.getLogger(__name__)


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


def first_line(error: Exception) -> str:
    """The first line of another library's message."""
    return str(error).partition("\n")[0].rstrip(":")
