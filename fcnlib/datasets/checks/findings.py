"""What a look at data finds."""

from dataclasses import dataclass
from typing import Literal

from fcnlib.core.errors import InputError


@dataclass(frozen=True)
class Finding:
    """One thing to look at: `value` is what stands in `file`, `message` what is wrong with it."""

    level: Literal["error", "warning", "info"]
    file: str
    value: str
    message: str


def found_wrong(error: InputError, file: object) -> Finding:
    """An error about a file as a finding."""
    return Finding("error", str(file), "", str(error).removeprefix(f"{file}: "))
