"""The beginning of a file that is being downloaded, which one process has at a time."""

import errno
import fcntl
import json
import logging
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from fcnlib.core.errors import InputError

log = logging.getLogger(__name__)


class PartialDownload:
    """The beginning of a file and its version: `NAME.part` and `NAME.part.json`."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(f"{target.name}.part")
        self._version = target.with_name(f"{target.name}.part.json")
        self._handle = _open_own(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT)

    def lock(self) -> bool:
        """Wait for other processes; whether the file is still there under its name."""
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log.warning("%s: another process downloads it; waiting for its end", self.target)
            fcntl.flock(self._handle, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            return os.path.samestat(os.fstat(self._handle), os.lstat(self.path))
        return False

    def size(self) -> int:
        return os.fstat(self._handle).st_size

    def append(self, content: bytes) -> None:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(self._handle, rest) :]

    def version(self, url: str) -> str | None:
        """The ETag or date with which `url` served the beginning."""
        try:
            with open(_open_own(self._version, os.O_RDONLY), encoding="utf-8") as file:
                stored = json.load(file)
            return str(stored["version"]) if stored["url"] == url else None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def set_version(self, url: str, headers: Mapping[str, str]) -> None:
        etag = headers.get("ETag", "")
        version = headers.get("Last-Modified") if etag.startswith("W/") or not etag else etag
        self._version.unlink(missing_ok=True)
        if version:
            handle = _open_own(self._version, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            with open(handle, "w", encoding="utf-8") as file:
                json.dump({"url": url, "version": version}, file)

    def clear(self) -> None:
        """Forget what was received."""
        os.ftruncate(self._handle, 0)
        self._version.unlink(missing_ok=True)

    def complete(self) -> None:
        """Give the file its name."""
        os.replace(self.path, self.target)
        self._version.unlink(missing_ok=True)

    def close(self) -> None:
        """Let other processes have it; an empty one is removed."""
        if not self.size():
            self.path.unlink(missing_ok=True)
        os.close(self._handle)


@contextmanager
def partial_download(target: Path) -> Iterator[PartialDownload]:
    """What was received of a file, locked; waits for another process that downloads it."""
    part = PartialDownload(target)
    while not part.lock():  # the other one has completed or removed it
        part.close()
        part = PartialDownload(target)
    try:
        yield part
    finally:
        part.close()


def _open_own(path: Path, flags: int) -> int:
    """A file of this user's; links and files of others in its place are not written to."""
    try:
        handle = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.EISDIR):
            raise InputError(f"{path}: a link, pipe or folder; remove it") from None
        raise
    status = os.fstat(handle)
    is_own = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()
    if not is_own or status.st_nlink > 1:
        os.close(handle)
        raise InputError(f"{path}: a link, or no file of yours; remove it")
    return handle
