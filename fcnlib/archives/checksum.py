"""Checksums as `algorithm:hex`."""

import hashlib
from pathlib import Path

from fcnlib.core.errors import InputError


def has_checksum(path: Path, checksum: str) -> bool:
    """Whether a file has the checksum; `sha256-prefix` compares only the digits that are known."""
    return computed_checksum(path, checksum).endswith(checksum.partition(":")[2])


def computed_checksum(path: Path, checksum: str) -> str:
    """The file's own checksum, of the algorithm and length of the given one."""
    algorithm, _, expected = checksum.partition(":")
    try:
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, algorithm.removesuffix("-prefix")).hexdigest()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    return f"{algorithm}:{digest[: len(expected)]}"
