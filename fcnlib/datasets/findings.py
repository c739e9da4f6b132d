"""The findings of a check."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from fcnlib.core.errors import InputError
from fcnlib.datasets.reader import first_and_more

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Finding:
    """A problem: `value` is what `file` contains, `message` what is wrong with it."""

    level: Literal["error", "warning", "info"]
    file: str
    value: str
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.file, self.value, self.message) if part)


def error_finding(error: InputError, file: object) -> Finding:
    """The finding of an error in a file."""
    return Finding("error", str(file), "", str(error).removeprefix(f"{file}: "))


def raise_errors(findings: Iterable[Finding]) -> None:
    """Raise the errors among the findings; log the others, a line for each message."""
    alike: dict[tuple[str, str], list[str]] = {}
    for each in findings:
        alike.setdefault((each.level, each.message), []).append(str(each))
    for (level, _), found in alike.items():
        if level == "error":
            raise InputError(first_and_more(found))
        write = log.warning if level == "warning" else log.info
        write("%s", first_and_more(found))
