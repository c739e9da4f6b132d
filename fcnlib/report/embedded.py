"""Makes Snakemake's report safe and short: its values no markup, its parameters in a line."""

import json
import re
from pathlib import Path

from fcnlib.core.errors import InputError
from fcnlib.core.files import atomic_write

# Snakemake writes each value on a line of its own, as JSON: there < stands only inside of strings.
VALUE = re.compile(rb"^( *var \w+ = )(.*)(;\r?)$", re.MULTILINE)
RESULTS = re.compile(rb"^( *var results = )(\{.*\})(;\r?)$", re.MULTILINE)
# A parameter that is a mapping or a list, up to the next one.
NESTED = re.compile(r"(\w+)=([{\[]).{60,}?([}\]])(?=, \w+=|$)", re.DOTALL)
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


def shorten_results(report: Path | str, *, page: str) -> None:
    """Leave out what the report has of jobs' nested parameters, and link the page for embedding it.

    The values are in config.json. An embedded page would be shown by no browser: none takes an
    address of more than 2 MB in a frame.

    Args:
        report: the file that Snakemake wrote.
        page: the name of the page, which lies beside it.
    """
    path = Path(report)

    def shortened(line: re.Match[bytes]) -> bytes:
        before, value, after = line.groups()
        results = json.loads(value)
        for name, result in results.items():
            job = result["job_properties"]
            job["params"] = NESTED.sub(r"\1=\2...\3", job["params"])
            if Path(name).name == page:
                result["data_uri"] = page
        return before + json.dumps(results).encode() + after

    try:
        content, found = RESULTS.subn(shortened, path.read_bytes())
    except (ValueError, KeyError, TypeError, AttributeError):
        found = 0
    if not found:
        raise InputError(f"{path}: no results in it; expected a report of Snakemake")
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)
