"""The one exception for what a user can put right, and how several are told."""

import logging
from collections.abc import Sequence

log = logging.getLogger(__name__)


class InputError(ValueError):
    """A file or value from outside is wrong; one line names it and what was expected."""


def raise_all(errors: Sequence[InputError], together: str) -> None:
    """Raise the error if it is the only one; of several, log a line for each first."""
    if len(errors) == 1:
        raise errors[0]
    for error in errors:
        log.error("%s", error)
    if errors:
        raise InputError(f"{len(errors)} {together}")


def brief(error: Exception) -> str:
    """What another library says is wrong, in one line."""
    return str(error).partition("\n")[0].rstrip(":")
