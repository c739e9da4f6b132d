"""The check that a file is the published one."""

import logging
import os
from pathlib import Path

from fcnlib.archives.catalogue import Archive
from fcnlib.archives.checksum import computed_checksum
from fcnlib.archives.integrity import check_complete
from fcnlib.core.errors import InputError
from fcnlib.core.files import sha256
from fcnlib.core.reading import open_regular

log = logging.getLogger(__name__)


def verify(path: Path, archive: Archive, advice: str = "") -> None:
    """Raise unless the file has the published size and checksum or, without one, is complete.

    `advice` is appended to the message.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
    if size not in archive.sizes:
        raise InputError(f"{path}: {size} bytes, expected {archive.expected_size}{advice}")
    if archive.checksum:
        found = computed_checksum(path, archive.checksum)
        if found != archive.checksum:
            raise InputError(f"{path}: checksum {found}, expected {archive.checksum}{advice}")
    elif archive.floats is None:
        check_complete(path, advice)
        log.info("%s: complete; no checksum is published, its own is sha256:%s", path, sha256(path))
