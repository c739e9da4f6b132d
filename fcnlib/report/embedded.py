"""Escapes the values in the scripts of Snakemake's report: no browser takes them for markup."""

import json
import re
from pathlib import Path

from fcnlib.core.errors import InputError
from fcnlib.core.files import atomic_write

# Snakemake writes each value on a line of its own, as JSON: there < stands only inside of strings.
VALUE = re.compile(rb"^( *var \w+ = )(.*)(;\r?)$", re.MULTILINE)
EXPECTED = 8  # a report has at least so many: workflow_desc, results, categories, rules, ...


def escape_values(report: Path | str) -> None:
    """Replace each < in the values of the report's scripts by its escape in JSON.

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
