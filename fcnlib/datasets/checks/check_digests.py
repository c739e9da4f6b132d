"""The check that a prepared data set is what was written, by the digests of all its files."""

from collections.abc import Iterator
from pathlib import Path

from fcnlib.core.errors import InputError
from fcnlib.core.files import sha256
from fcnlib.datasets.digests import changed_files
from fcnlib.datasets.findings import Finding, error_finding
from fcnlib.datasets.reader import DIGESTS, INFO, DatasetInfo

CHANGED = "is not what was prepared, by its digest; prepare the data set again"


def check_digests(root: Path, info: DatasetInfo, *, workers: int = 1) -> Iterator[Finding]:
    """Findings of lists, images, labels, depth and HHA that are not what was prepared."""
    digests = root / DIGESTS
    try:
        for path in changed_files(root, workers=workers):
            yield Finding("error", str(path), "", CHANGED)
        if digests.exists() and sha256(digests) != info.digest:
            yield Finding("error", str(digests), "", f"its SHA-256 is not the digest in {INFO}")
    except InputError as error:  # of a list; the other checks name the other files
        yield error_finding(error, digests)
