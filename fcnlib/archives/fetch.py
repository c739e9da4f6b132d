"""Published files, downloaded from the first address that works or taken from a user's folder.

An interrupted download is resumed, also in a later run. A file gets its name only once its checksum
is right or, where none is published, once it is complete.
"""

import logging
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from fcnlib.archives.addresses import Resolver, resolve
from fcnlib.archives.catalogue import ARCHIVES, Archive
from fcnlib.archives.download import PATIENT, RetryPolicy, download
from fcnlib.archives.partial import partial_download
from fcnlib.archives.verify import verify
from fcnlib.core.errors import InputError
from fcnlib.core.files import atomic_write

log = logging.getLogger(__name__)


def fetch(
    name: str,
    folder: Path | str,
    *,
    source: Path | str | None = None,
    archives: Mapping[str, Archive] = ARCHIVES,
    retry: RetryPolicy = PATIENT,
    resolver: Resolver = resolve,
) -> Path:
    """The path of a published file in `folder`, checked and, where it is not there, fetched.

    Args:
        name: Name of the file, a key of `archives`.
        folder: Where the file lies or is to lie; made if it does not exist.
        source: A folder that may hold the file already: it is linked or copied from there.
        archives: The files that are known.
        retry: How long to wait for a server.
        resolver: Finds the IP addresses of the hosts that a server redirects to.
    """
    if name not in archives:
        raise InputError(f"archive {name!r} is not known; known: {', '.join(archives)}")
    archive, target = archives[name], Path(folder) / name
    own = None if source is None else Path(source) / name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            verify(target, archive, "; remove it to download it anew")
        elif own is not None and own.exists():
            _link_or_copy(own, target, archive)
        else:
            if own is not None:
                log.info("%s: no such file, so it is downloaded", own)
            with partial_download(target) as part:
                if not target.exists():  # else another process was faster
                    download(part, archive, retry, resolver)
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror or error}") from error
    return target


def _link_or_copy(path: Path, target: Path, archive: Archive) -> None:
    """Link a file that the user already has, or copy it from another file system."""
    advice = (
        "; to download it, leave out --from (in the workflow: archive_folder=) or remove the file"
    )
    verify(path, archive, advice)
    with atomic_write(target) as temporary:
        try:
            os.link(path.resolve(), temporary)
        except OSError:  # another file system
            shutil.copyfile(path, temporary)
