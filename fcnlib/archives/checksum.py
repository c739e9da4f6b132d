"""Checksums as `algorithm:hex`."""

import hashlib
from pathlib import Path

from fcnlib.core.reading import open_regular


def computed_checksum(path: Path, checksum: str) -> str:
    """The file's own checksum, of the algorithm and length of the given one."""
    algorithm, _, expected = checksum.partition(":")
    with open_regular(path) as file:
        digest = hashlib.file_digest(file, algorithm.removesuffix("-prefix")).hexdigest()
    return f"{algorithm}:{digest[: len(expected)]}"
