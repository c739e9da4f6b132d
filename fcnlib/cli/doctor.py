"""The command of `fcn` that looks at the machine."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from fcnlib.cli.options import echo
from fcnlib.core.doctor import Finding, examine
from fcnlib.core.printing import wrapped

INDENT = 11


def doctor() -> None:
    """Print what this machine has for a run, and what of it would hurt.

    Type it in the folder of the clone. A report of a bug begins with what it prints.

    Example: fcn doctor
    """
    echo("\n".join(_lines(examine(Path.cwd()))))


def _lines(findings: Iterable[Finding]) -> Iterator[str]:
    hurts: list[str] = []
    for each in findings:
        yield wrapped(f"{each.topic:<{INDENT}}{each.found}", INDENT)
        hurts += each.hurts
    yield ""
    yield "Would hurt:" if hurts else "Nothing found that would hurt."
    for hurt in hurts:
        yield wrapped(f"- {hurt}", 2)
