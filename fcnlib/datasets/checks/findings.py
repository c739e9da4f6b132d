"""The findings of a check."""

from dataclasses import dataclass
from typing import Literal

from fcnlib.core.errors import InputError


@dataclass(frozen=True)
class Finding:
    """A problem: `value` is what `file` contains, `message` what is wrong with it."""

    level: Literal["error", "warning", "info"]
    file: str
    value: str
    message: str


def error_finding(error: InputError, file: object) -> Finding:
    """The finding of an error in a file."""
    return Finding("error", str(file), "", str(error).removeprefix(f"{file}: "))
