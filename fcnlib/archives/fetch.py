"""Published files, downloaded from the first address that works or taken from a user's folder.

An interrupted download is resumed, also in a later run. A file gets its name only once its checksum
is right or, where none is published, once it is complete.
"""

import logging
import os
import shutil
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from fcnlib.archives.addresses import Resolver, resolve
from fcnlib.archives.catalogue import ARCHIVES, Archive
from fcnlib.archives.download import PATIENT, NoAddressError, RetryPolicy, download
from fcnlib.archives.partial import partial_download
from fcnlib.archives.probe import is_online
from fcnlib.archives.unavailable import Unavailable, is_there, mark_beside, write_mark
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
    check_known([name], archives)
    archive, target = archives[name], Path(folder) / name
    own = None if source is None else Path(source) / name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if is_there(target):
            verify(target, archive, "; remove it to download it anew")
        elif own is not None and is_there(own):
            _link_or_copy(own, target, archive)
        else:
            if own is not None:
                log.info("%s: no such file, so it is downloaded", own)
            with partial_download(target) as part:
                if not is_there(target):  # else another process was faster
                    download(part, archive, retry, resolver)
        mark_beside(target).unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror or error}") from error
    return target


def fetch_or_mark(
    name: str,
    folder: Path | str,
    *,
    optional: Mapping[str, str],
    source: Path | str | None = None,
    archives: Mapping[str, Archive] = ARCHIVES,
    retry: RetryPolicy = PATIENT,
) -> Path:
    """The same; for a file that a run can do without, maybe the mark that no address has it.

    The mark stands under the file's name and, for people to find, beside it. A full disk or a wrong
    file in the user's folder is an error all the same, and so is a machine without a network: no
    host of any known file answers then, which says nothing of this one.

    Args:
        name: Name of the file.
        folder: Where it is to lie.
        optional: The files that a run can do without, and the file to fetch in the place of each;
            empty where there is none.
        source: A folder that may hold the file or the one in its place.
        archives: The files that are known.
        retry: How long to wait for a server.
    """
    get = partial(fetch, folder=folder, source=source, archives=archives, retry=retry)
    try:
        return get(name)
    except NoAddressError as error:
        if name not in optional:
            raise
        log.warning("%s", error)
        mark = Unavailable.now(name, error.answers)
    target = Path(folder) / name
    if other := optional[name]:
        try:
            get(other)
            mark = mark.model_copy(update={"fallback": other})
            log.warning("%s: %s takes its place", target, other)
        except NoAddressError as error:
            log.warning("%s", error)
            mark = mark.model_copy(update={"answers": (*mark.answers, *error.answers)})
    # The file's own first, as they may have answered; then all, so that few hosts are asked twice.
    if not mark.fallback and not any(
        is_online(archives=asked) for asked in ({name: archives[name]}, archives)
    ):
        raise InputError(
            f"{target}: no host of any published file answers; expected a network, or the file in "
            "the folder that is named by --from (in the workflow: archive_folder=)"
        )
    for path in (mark_beside(target), target):
        write_mark(path, mark)
    return target


def check_known(names: Iterable[str], archives: Mapping[str, Archive] = ARCHIVES) -> None:
    """Raise unless these are published files that are known."""
    for name in names:
        if name not in archives:
            raise InputError(f"archive {name!r} is not known; known: {', '.join(archives)}")


def check_source(folder: Path) -> None:
    """Raise unless the folder that may hold files already is there: else all were downloaded."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; expected one with archives")


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
