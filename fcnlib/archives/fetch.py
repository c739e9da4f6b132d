"""Published files, downloaded from the first address that works or taken from a user's folder.

An interrupted download is resumed, also in a later run. A file gets its name only once its checksum
is right or, where none is published, once it is complete.
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

from fcnlib.archives.catalogue import ARCHIVES, Archive
from fcnlib.archives.checksum import computed_checksum, has_checksum
from fcnlib.archives.integrity import check_complete
from fcnlib.core.errors import InputError
from fcnlib.core.files import atomic_write, sha256
from fcnlib.core.progress import progress

log = logging.getLogger(__name__)

ATTEMPTS = 4  # in a row without a byte received
CHUNK = 1 << 17
CAFFEMODEL_OVERHEAD = 20_000  # bytes of a .caffemodel beside its floats, at most
_CONNECTION_LOST = (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError)
_TEMPORARY_STATUS = (408, 425, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class RetryPolicy:
    """Seconds to wait for a connection, for its next bytes, and between attempts."""

    connect: float = 15
    read: float = 60
    pause: float = 2


class _RefusedError(Exception):
    """An address does not serve the file, and trying again would not help."""


class _InterruptedError(Exception):
    """The connection ended early; the bytes received are kept."""


def fetch(
    name: str,
    folder: Path | str,
    *,
    source: Path | str | None = None,
    archives: Mapping[str, Archive] = ARCHIVES,
    retry: RetryPolicy = RetryPolicy(),
) -> Path:
    """The path of a published file in `folder`, checked and, where it is not there, fetched.

    Args:
        name: Name of the file, a key of `archives`.
        folder: Where the file lies or is to lie; made if it does not exist.
        source: A folder that may hold the file already: it is linked or copied from there.
        archives: The files that are known.
        retry: How long to wait for a server.
    """
    if name not in archives:
        raise InputError(f"archive {name!r} is not known; known: {', '.join(archives)}")
    archive, target = archives[name], Path(folder) / name
    own = None if source is None else Path(source) / name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            _verify(target, archive, "; remove it to download it anew")
        elif own is not None and own.exists():
            _link_or_copy(own, target, archive)
        else:
            if own is not None:
                log.info("%s: no such file, so it is downloaded", own)
            _download(target, archive, retry)
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror or error}") from error
    return target


def _verify(path: Path, archive: Archive, advice: str = "") -> None:
    if archive.floats is not None:
        found_size, size = path.stat().st_size, 4 * archive.floats
        if abs(found_size - size) > CAFFEMODEL_OVERHEAD:
            raise InputError(f"{path}: {found_size} bytes, expected about {size}{advice}")
    if archive.checksum and not has_checksum(path, archive.checksum):
        found = computed_checksum(path, archive.checksum)
        raise InputError(f"{path}: checksum {found}, expected {archive.checksum}{advice}")
    if not archive.checksum and archive.floats is None:
        check_complete(path, advice)
        log.info("%s: complete; no checksum is published, its own is sha256:%s", path, sha256(path))


def _link_or_copy(path: Path, target: Path, archive: Archive) -> None:
    """Link a file that the user already has, or copy it from another file system."""
    advice = "; to download it, leave out --from (in the workflow: archives=) or remove the file"
    _verify(path, archive, advice)
    with atomic_write(target) as temporary:
        try:
            os.link(path.resolve(), temporary)
        except OSError:  # another file system
            shutil.copyfile(path, temporary)


def _download(target: Path, archive: Archive, retry: RetryPolicy) -> None:
    reasons = []
    for url in archive.urls:
        try:
            _download_from(url, target, archive, retry)
            return
        except (_RefusedError, _InterruptedError) as error:
            log.warning("%s: %s: %s", target.name, url, error)
            reasons.append(f"{url} ({error})")
    raise InputError(
        f"{target}: not downloaded: {'; '.join(reasons)}. "
        "If you have the file, name its folder with --from DIR (in the workflow: archives=DIR)"
    )


def _download_from(url: str, target: Path, archive: Archive, retry: RetryPolicy) -> None:
    part = _PartialDownload(target)
    is_resumed = part.size() > 0
    attempt = 1
    while True:
        before = part.size()
        try:
            _receive(url, part, archive, retry)
            break
        except _InterruptedError as error:
            attempt = attempt + 1 if part.size() <= before else 1
            if attempt > ATTEMPTS:
                raise
            log.info("%s: %s; trying again", target.name, error)
            time.sleep(retry.pause * attempt)
    try:
        _verify(part.path, archive)
    except InputError as error:
        part.remove()
        if not is_resumed:
            raise _RefusedError(str(error)) from None
        # The beginning may be of another version of the file: once more without it.
        log.info("%s; starting again", error)
        _download_from(url, target, archive, retry)
    else:
        os.replace(part.path, target)
        part.remove()


class _PartialDownload:
    """The beginning of a file and its version: `NAME.part` and `NAME.part.json`."""

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(f"{target.name}.part")
        self._version = target.with_name(f"{target.name}.part.json")

    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def version(self, url: str) -> str | None:
        """The ETag or date with which `url` served the beginning."""
        try:
            stored = json.loads(self._version.read_text("utf-8"))
            return str(stored["version"]) if stored["url"] == url else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def set_version(self, url: str, headers: Mapping[str, str]) -> None:
        etag = headers.get("ETag", "")
        version = headers.get("Last-Modified") if etag.startswith("W/") or not etag else etag
        self._version.unlink(missing_ok=True)
        if version:
            self._version.write_text(json.dumps({"url": url, "version": version}), "utf-8")

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self._version.unlink(missing_ok=True)


def _receive(url: str, part: _PartialDownload, archive: Archive, retry: RetryPolicy) -> None:
    """Request the missing bytes of the file and append them."""
    offset = part.size()
    headers = {"Accept-Encoding": "identity"}
    if offset:
        headers["Range"] = f"bytes={offset}-"
        if version := part.version(url):
            headers["If-Range"] = version
    timeout = (retry.connect, retry.read)
    try:
        with requests.get(url, headers=headers, stream=True, timeout=timeout) as response:
            if response.status_code == 416:
                return _handle_range_error(url, part, archive, retry, response)
            _check_status(response)
            start, total = _extent(response, offset)
            if total is not None and archive.size not in (None, total):
                raise _RefusedError(f"offers {total} bytes, expected {archive.size}")
            if start == 0:  # the whole file: nothing was there, no ranges are served, or it changed
                part.remove()
                part.set_version(url, response.headers)
            _append(response, part, start, total)
    except _CONNECTION_LOST as error:
        raise _InterruptedError(f"{_reason(error)}, {_received(part)}") from None
    except requests.RequestException as error:
        raise _RefusedError(_reason(error)) from None


def _handle_range_error(
    url: str,
    part: _PartialDownload,
    archive: Archive,
    retry: RetryPolicy,
    response: requests.Response,
) -> None:
    """The part ends where the file does and is complete, or it is not of this file."""
    total = response.headers.get("Content-Range", "").rpartition("/")[2]
    if total != str(part.size()):
        part.remove()
        _receive(url, part, archive, retry)


def _check_status(response: requests.Response) -> None:
    if response.status_code in _TEMPORARY_STATUS:
        raise _InterruptedError(f"{response.status_code} {response.reason}")
    if response.status_code not in (200, 206):
        raise _RefusedError(f"{response.status_code} {response.reason}")


def _extent(response: requests.Response, offset: int) -> tuple[int, int | None]:
    """The offset of the response's bytes in the file, and the file's size where it is sent."""
    if response.status_code == 206:
        match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
        if match is None or int(match[1]) != offset:
            raise _RefusedError("answers with another part of the file than requested")
        return offset, None if match[2] == "*" else int(match[2])
    length = response.headers.get("Content-Length")
    return 0, int(length) if length else None


def _append(
    response: requests.Response, part: _PartialDownload, start: int, total: int | None
) -> None:
    # Undecoded: a server that calls a .tgz "gzip-encoded" would have it unpacked on the way.
    chunks = iter(partial(response.raw.read1, CHUNK, decode_content=False), b"")
    nothing: tuple[bytes, ...] = ()  # the bar counts bytes, not chunks, so it is updated below
    with (
        open(part.path, "ab") as file,
        progress(nothing, desc=part.path.stem, total=total, unit="B", initial=start) as bar,
    ):
        bar.unit_scale = True
        for chunk in chunks:
            file.write(chunk)
            bar.update(len(chunk))
    if total is not None and part.size() < total:
        raise _InterruptedError(f"connection closed {_received(part)}")


def _received(part: _PartialDownload) -> str:
    return f"after {part.size()} bytes"


def _reason(error: Exception) -> str:
    """The innermost cause in one line; requests and urllib3 nest their exceptions."""
    while error.args and isinstance(error.args[-1], Exception):
        error = error.args[-1]
    reason = getattr(error, "reason", None)
    return " ".join(str(reason or error).split())
