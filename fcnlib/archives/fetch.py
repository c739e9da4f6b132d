"""Published files, downloaded from the first address that works, or taken from a user's folder.

A download that was cut goes on where it stopped, also in a later run; a file only gets its name
when its checksum is right, or, where none is published, when it is whole.
"""

import json
import logging
import os
import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import requests
import urllib3

from fcnlib.archives import checksum
from fcnlib.archives.catalogue import ARCHIVES, Archive
from fcnlib.archives.integrity import check_whole
from fcnlib.core.errors import InputError
from fcnlib.core.files import atomic_write, sha256
from fcnlib.core.progress import progress

log = logging.getLogger(__name__)

ATTEMPTS = 4  # in a row without a byte received
CHUNK = 1 << 17
AROUND = 20_000  # bytes of a .caffemodel that are no numbers, at most
_CUT = (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError)
_TEMPORARY = (408, 425, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds, for a connection, for its next bytes, and between attempts."""

    connect: float = 15
    read: float = 60
    pause: float = 2


class _Refused(Exception):
    """An address will not give the file, however often it is asked."""


class _Cut(Exception):
    """The connection ended early; what came is kept."""


def fetch(
    name: str,
    folder: Path | str,
    *,
    source: Path | str | None = None,
    archives: Mapping[str, Archive] = ARCHIVES,
    patience: Patience = Patience(),
) -> Path:
    """The archive's path in `folder`, checked; from the folder `source` where that holds it."""
    if name not in archives:
        raise InputError(f"archive {name!r} is not known; known: {', '.join(archives)}")
    archive, target = archives[name], Path(folder) / name
    mine = None if source is None else Path(source) / name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            _verify(target, archive, "; remove it to download it anew")
        elif mine is not None and mine.exists():
            _take(mine, target, archive)
        else:
            if mine is not None:
                log.info("%s: no such file, so it is downloaded", mine)
            _download(target, archive, patience)
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror or error}") from error
    return target


def _verify(path: Path, archive: Archive, advice: str = "") -> None:
    if archive.floats is not None:
        found_size, size = path.stat().st_size, 4 * archive.floats
        if abs(found_size - size) > AROUND:
            raise InputError(f"{path}: {found_size} bytes, expected about {size}{advice}")
    if archive.checksum and not checksum.matches(path, archive.checksum):
        found = checksum.found(path, archive.checksum)
        raise InputError(f"{path}: checksum {found}, expected {archive.checksum}{advice}")
    if not archive.checksum and archive.floats is None:
        check_whole(path, advice)
        log.info("%s: whole; no checksum is published, its own is sha256:%s", path, sha256(path))


def _take(path: Path, target: Path, archive: Archive) -> None:
    """Link or copy a file that the user already has."""
    advice = "; to download it, leave out --from (in the workflow: archives=) or remove the file"
    _verify(path, archive, advice)
    with atomic_write(target) as temporary:
        try:
            os.link(path.resolve(), temporary)
        except OSError:  # another file system
            shutil.copyfile(path, temporary)


def _download(target: Path, archive: Archive, patience: Patience) -> None:
    reasons = []
    for url in archive.urls:
        try:
            _download_from(url, target, archive, patience)
            return
        except (_Refused, _Cut) as error:
            log.warning("%s: %s: %s", target.name, url, error)
            reasons.append(f"{url} ({error})")
    raise InputError(
        f"{target}: not downloaded: {'; '.join(reasons)}. "
        "If you have the file, name its folder with --from DIR (in the workflow: archives=DIR)"
    )


def _download_from(url: str, target: Path, archive: Archive, patience: Patience) -> None:
    part = _Part(target)
    continued = part.size() > 0
    attempt = 1
    while True:
        before = part.size()
        try:
            _receive(url, part, archive, patience)
            break
        except _Cut as error:
            attempt = attempt + 1 if part.size() <= before else 1
            if attempt > ATTEMPTS:
                raise
            log.info("%s: %s; trying again", target.name, error)
            time.sleep(patience.pause * attempt)
    try:
        _verify(part.path, archive)
    except InputError as error:
        part.remove()
        if not continued:
            raise _Refused(str(error)) from None
        # The beginning may have been another file's; one more time without it.
        log.info("%s; starting again", error)
        _download_from(url, target, archive, patience)
    else:
        os.replace(part.path, target)
        part.remove()


class _Part:
    """What has arrived of a file, and which version of it: `NAME.part` and `NAME.part.json`."""

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(f"{target.name}.part")
        self._version = target.with_name(f"{target.name}.part.json")

    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def version(self, url: str) -> str | None:
        """The ETag or date under which `url` gave the beginning."""
        try:
            known = json.loads(self._version.read_text())
            return str(known["version"]) if known["url"] == url else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def set_version(self, url: str, headers: Mapping[str, str]) -> None:
        etag = headers.get("ETag", "")
        version = headers.get("Last-Modified") if etag.startswith("W/") or not etag else etag
        self._version.unlink(missing_ok=True)
        if version:
            self._version.write_text(json.dumps({"url": url, "version": version}))

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self._version.unlink(missing_ok=True)


def _receive(url: str, part: _Part, archive: Archive, patience: Patience) -> None:
    """Ask for what is missing of the file and append it."""
    offset = part.size()
    headers = {"Accept-Encoding": "identity"}
    if offset:
        headers["Range"] = f"bytes={offset}-"
        if version := part.version(url):
            headers["If-Range"] = version
    timeout = (patience.connect, patience.read)
    try:
        with requests.get(url, headers=headers, stream=True, timeout=timeout) as response:
            if response.status_code == 416:
                return _after_416(url, part, archive, patience, response)
            _refuse(response)
            start, total = _extent(response, offset)
            if total is not None and archive.size not in (None, total):
                raise _Refused(f"offers {total} bytes, expected {archive.size}")
            if start == 0:  # all of it: asked for, or the server cannot continue, or it changed
                part.remove()
                part.set_version(url, response.headers)
            _append(response, part, start, total)
    except _CUT as error:
        raise _Cut(f"{_reason(error)}, {_after(part)}") from None
    except requests.RequestException as error:
        raise _Refused(_reason(error)) from None


def _after_416(
    url: str, part: _Part, archive: Archive, patience: Patience, response: requests.Response
) -> None:
    """Nothing lies beyond our part: it is complete, or it is not of this file."""
    total = response.headers.get("Content-Range", "").rpartition("/")[2]
    if total != str(part.size()):
        part.remove()
        _receive(url, part, archive, patience)


def _refuse(response: requests.Response) -> None:
    if response.status_code in _TEMPORARY:
        raise _Cut(f"{response.status_code} {response.reason}")
    if response.status_code not in (200, 206):
        raise _Refused(f"{response.status_code} {response.reason}")


def _extent(response: requests.Response, offset: int) -> tuple[int, int | None]:
    """Where the response's bytes begin in the file, and the file's size if it is told."""
    if response.status_code == 206:
        match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
        if match is None or int(match[1]) != offset:
            raise _Refused("answers with another part of the file than asked for")
        return offset, None if match[2] == "*" else int(match[2])
    length = response.headers.get("Content-Length")
    return 0, int(length) if length else None


def _append(response: requests.Response, part: _Part, start: int, total: int | None) -> None:
    # Undecoded: a server that calls a .tgz "gzip-encoded" would have it unpacked on the way.
    chunks = iter(partial(response.raw.read1, CHUNK, decode_content=False), b"")
    by_hand: tuple[bytes, ...] = ()  # the bar counts bytes, not chunks
    with (
        open(part.path, "ab") as file,
        progress(by_hand, desc=part.path.stem, total=total, unit="B", initial=start) as bar,
    ):
        bar.unit_scale = True
        for chunk in chunks:
            file.write(chunk)
            bar.update(len(chunk))
    if total is not None and part.size() < total:
        raise _Cut(f"connection closed {_after(part)}")


def _after(part: _Part) -> str:
    return f"after {part.size()} bytes"


def _reason(error: Exception) -> str:
    """The innermost cause in one line: requests and urllib3 nest theirs."""
    while error.args and isinstance(error.args[-1], Exception):
        error = error.args[-1]
    reason = getattr(error, "reason", None)
    return " ".join(str(reason or error).split())
