"""A file from the first of its addresses that serves it: resumed, and bounded in size and time."""

import logging
import re
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial

import requests

from fcnlib.archives.addresses import Resolver
from fcnlib.archives.catalogue import Archive
from fcnlib.archives.partial import PartialDownload
from fcnlib.archives.patience import patiently
from fcnlib.archives.responses import (
    CONNECTION_LOST,
    NUMBER,
    RefusedError,
    opened,
    reason_of,
    shorten,
    status_of_response,
)
from fcnlib.archives.unavailable import Answer
from fcnlib.archives.verify import verify
from fcnlib.core.errors import InputError
from fcnlib.core.progress import progress

log = logging.getLogger(__name__)

ATTEMPTS = 4  # in a row without a byte received
RECEIVED = 3  # times the largest size, at most, from an address: a file may be started again
CHUNK = 1 << 17
_TEMPORARY_STATUS = (408, 425, 429, 500, 502, 503, 504)

Received = tuple[requests.Response, bytes]  # a response, and the next of its bytes


@dataclass(frozen=True)
class RetryPolicy:
    """Seconds to wait for a connection, for its next bytes, and between attempts.

    In `window` seconds, at least `slowest` bytes have to come.
    """

    connect: float = 15
    read: float = 60
    pause: float = 2
    window: float = 300
    slowest: int = 3_000_000


PATIENT = RetryPolicy()


class NoAddressError(InputError):
    """None of a file's addresses serves it; `answers` are those of each."""

    def __init__(self, message: str, answers: tuple[Answer, ...]) -> None:
        super().__init__(message)
        self.answers = answers


class _InterruptedError(Exception):
    """The connection ended early; the bytes received are kept."""


@dataclass
class _Pace:
    """What has come from an address, in all attempts."""

    retry: RetryPolicy
    limit: int  # bytes
    received: int = 0
    recent: int = 0
    since: float = field(default_factory=time.monotonic)

    def add(self, size: int) -> None:
        """Count bytes; an error where too few or too many have come."""
        self.received += size
        self.recent += size
        if self.received > self.limit:
            raise RefusedError(f"does not end: {self.received} bytes received")
        if time.monotonic() - self.since > self.retry.window:
            if self.recent < self.retry.slowest:
                window = f"{self.retry.window:g} seconds"
                raise RefusedError(f"too slow: {self.recent} bytes in {window}")
            self.recent, self.since = 0, time.monotonic()


def download(
    part: PartialDownload, archive: Archive, retry: RetryPolicy, resolver: Resolver
) -> None:
    """Complete a download from the archive's addresses, tried in order."""
    answers = []
    for url in archive.urls:
        try:
            _download_from(url, part, archive, retry, resolver)
            return
        except (RefusedError, _InterruptedError) as error:
            log.warning("%s: %s: %s", part.target.name, url, error)
            answers.append(Answer(address=url, answer=str(error)))
    reasons = "; ".join(f"{each.address} ({each.answer})" for each in answers)
    reasons = reasons or "no address of it is known"
    raise NoAddressError(
        f"{part.target}: not downloaded: {reasons}. If you have the file, "
        "name its folder with --from DIR (in the workflow: archive_folder=DIR)",
        tuple(answers),
    )


def _download_from(
    url: str, part: PartialDownload, archive: Archive, retry: RetryPolicy, resolver: Resolver
) -> None:
    is_resumed = part.size() > 0
    _receive_all(url, part, archive, retry, resolver)
    try:
        verify(part.path, archive)
    except InputError as error:
        part.clear()
        if not is_resumed:
            raise RefusedError(str(error)) from None
        # The beginning may be of another version of the file: once more without it.
        log.info("%s; starting again", error)
        _download_from(url, part, archive, retry, resolver)
    else:
        part.complete()


def _receive_all(
    url: str, part: PartialDownload, archive: Archive, retry: RetryPolicy, resolver: Resolver
) -> None:
    pace = _Pace(retry, RECEIVED * archive.sizes.stop)
    attempt = 1
    while True:
        before = part.size()
        answers = _answers(url, _headers(url, part), retry, resolver)
        try:
            with closing(patiently(answers, retry.connect + retry.read)) as received:
                _receive(url, received, part, archive, pace)
            return
        except _InterruptedError as error:
            pace.add(0)
            attempt = attempt + 1 if part.size() <= before else 1
            if attempt > ATTEMPTS:
                raise
            log.info("%s: %s; trying again", part.target.name, error)
            time.sleep(retry.pause * attempt)


def _headers(url: str, part: PartialDownload) -> dict[str, str]:
    """What asks for the missing bytes."""
    headers = {"Accept-Encoding": "identity"}
    if offset := part.size():
        headers["Range"] = f"bytes={offset}-"
        if version := part.version(url):
            headers["If-Range"] = version
    return headers


def _answers(
    url: str, headers: dict[str, str], retry: RetryPolicy, resolver: Resolver
) -> Generator[Received, None, None]:
    """The response alone, then with each part of its content."""
    timeout = (retry.connect, retry.read)
    with opened("GET", url, headers, timeout, resolver) as response:
        yield response, b""
        # Undecoded: a server that calls a .tgz "gzip-encoded" would have it unpacked.
        read = partial(response.raw.read1, CHUNK, decode_content=False)
        yield from ((response, chunk) for chunk in iter(read, b""))


def _receive(
    url: str, answers: Iterator[Received], part: PartialDownload, archive: Archive, pace: _Pace
) -> None:
    """Append the missing bytes of the file."""
    try:
        response, _ = next(answers)
        if response.status_code == 416 and part.size():
            _end_or_restart(part, response)
            return
        _check_status(response)
        start, total = _extent(response, part.size())
        if total is not None and total not in archive.sizes:
            raise RefusedError(f"offers {total} bytes, expected {archive.expected_size}")
        if start == 0:  # the whole file: nothing was there, no ranges are served, or it changed
            part.clear()
            part.set_version(url, response.headers)
        _append(answers, part, archive, total, pace)
        if total is not None and part.size() < total:
            raise _InterruptedError(f"connection closed {_received(part)}")
    except CONNECTION_LOST as error:
        raise _InterruptedError(f"{reason_of(error)}, {_received(part)}") from None
    except (requests.RequestException, ValueError) as error:
        raise RefusedError(reason_of(error)) from None


def _end_or_restart(part: PartialDownload, response: requests.Response) -> None:
    """The part ends where the file does and is complete, or it is not of this file."""
    total = response.headers.get("Content-Range", "").rpartition("/")[2]
    if total != str(part.size()):
        part.clear()
        raise _InterruptedError(status_of_response(response))


def _check_status(response: requests.Response) -> None:
    if response.status_code in _TEMPORARY_STATUS:
        raise _InterruptedError(status_of_response(response))
    if response.status_code not in (200, 206):
        raise RefusedError(status_of_response(response))


def _extent(response: requests.Response, offset: int) -> tuple[int, int | None]:
    """The offset of the response's bytes in the file, and the file's size where it is sent."""
    if response.status_code == 206:
        sent = response.headers.get("Content-Range", "")
        match = re.fullmatch(rf"bytes ({NUMBER})-{NUMBER}/({NUMBER}|\*)", sent)
        if match is None or int(match[1]) != offset:
            raise RefusedError("answers with another part of the file than requested")
        return offset, None if match[2] == "*" else int(match[2])
    length = response.headers.get("Content-Length")
    if length is not None and not re.fullmatch(NUMBER, length):
        raise RefusedError(f"Content-Length is {shorten(length)!r}, expected a number of bytes")
    return 0, int(length) if length else None


def _append(
    answers: Iterator[Received],
    part: PartialDownload,
    archive: Archive,
    total: int | None,
    pace: _Pace,
) -> None:
    nothing: tuple[bytes, ...] = ()  # the bar counts bytes, not chunks, so it is updated below
    name, start = part.target.name, part.size()
    with progress(nothing, desc=name, total=total, unit="B", initial=start) as bar:
        bar.unit_scale = True
        for _, chunk in answers:
            part.append(chunk)
            bar.update(len(chunk))
            pace.add(len(chunk))
            if part.size() >= archive.sizes.stop:
                part.clear()
                raise RefusedError(f"sends more bytes than expected: {archive.expected_size}")


def _received(part: PartialDownload) -> str:
    return f"after {part.size()} bytes"
