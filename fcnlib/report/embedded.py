"""Snakemake's report with the values in its scripts as no browser can take them for markup."""

import json
import re
from pathlib import Path

from fcnlib.core.errors import InputError
from fcnlib.core.files import atomic_write

# Snakemake writes each of its values on one line: as JSON, which has < only within its texts.
VALUE = re.compile(rb"^( *var \w+ = )(.*)(;\r?)$", re.MULTILINE)
EXPECTED = 8  # the least of such lines: workflow_desc, results, categories, rules, ...


def escape_values(report: Path | str) -> None:
    """Write < of every value in the report's scripts as JSON's escape of it.

    A value with </script> in it would end its script, and what follows would run as another one:
    the report shows parameters, paths and code, and so whatever a configuration or file says.
    """
    path, found = Path(report), 0

    def escaped(line: re.Match[bytes]) -> bytes:
        nonlocal found
        before, value, after = line.groups()
        try:
            json.loads(value)
        except ValueError:
            return line[0]
        found += 1
        return before + value.replace(b"<", rb"\u003c") + after

    content = VALUE.sub(escaped, path.read_bytes())
    if found < EXPECTED:
        raise InputError(f"{path}: {found} values in it; expected a report of Snakemake")
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)
