"""What can be had today from where: every address is asked, and nothing is downloaded."""

import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

import requests

from fcnlib.archives.addresses import Resolver, resolve
from fcnlib.archives.catalogue import ARCHIVES, LARGEST, Archive
from fcnlib.archives.patience import patiently
from fcnlib.archives.responses import (
    CONNECTION_LOST,
    NUMBER,
    RefusedError,
    opened,
    reason_of,
    status_of_response,
)
from fcnlib.core.parallel import all_at_once

PATIENCE = 10.0  # seconds for an address, redirects and second request included
_OF_RANGE = re.compile(rf"bytes (?:0-0|\*)/({NUMBER})")


@dataclass(frozen=True)
class Probe:
    """What an address of a file answers, and whether the file can be had there."""

    file: str
    address: str
    answer: str
    serves: bool
    is_heard: bool  # whether it answers anything

    @property
    def host(self) -> str:
        return host_of(self.address)


def host_of(address: str) -> str:
    """The host and, where it is given, the port of an address."""
    return urlsplit(address).netloc


def probe(
    names: Sequence[str] = (),
    *,
    archives: Mapping[str, Archive] = ARCHIVES,
    patience: float = PATIENCE,
    resolver: Resolver = resolve,
) -> Iterator[Probe]:
    """Ask the addresses of these files, or of all, side by side; in their order.

    Args:
        names: Keys of `archives`.
        archives: The files that are known.
        patience: Seconds for each address.
        resolver: Finds the IP addresses of the hosts that a server redirects to.
    """
    addresses = [(name, url) for name in names or archives for url in archives[name].urls]

    def ask(item: tuple[str, str]) -> Probe:
        name, url = item
        return Probe(name, url, *_ask(url, archives[name], patience, resolver))

    return all_at_once(ask, addresses)


def is_online(
    *,
    archives: Mapping[str, Archive] = ARCHIVES,
    patience: float = PATIENCE,
    resolver: Resolver = resolve,
) -> bool:
    """Whether any host of these files answers anything; the arguments are those of `probe`."""
    hosts = {host_of(url): url for archive in archives.values() for url in archive.urls}
    asked = {host: Archive((url,), terms="") for host, url in hosts.items()}
    found = probe(archives=asked, patience=patience, resolver=resolver)
    return any(each.is_heard for each in found)


def _ask(url: str, archive: Archive, patience: float, resolver: Resolver) -> tuple[str, bool, bool]:
    try:
        with closing(patiently(_verdict(url, archive, patience, resolver), patience)) as verdicts:
            return *next(verdicts), True
    except (TimeoutError, requests.Timeout):
        return f"no answer in {patience:g} seconds", False, False
    except RefusedError as error:
        return str(error), False, True
    except (*CONNECTION_LOST, requests.RequestException, ValueError) as error:
        return reason_of(error), False, False


def _verdict(
    url: str, archive: Archive, patience: float, resolver: Resolver
) -> Generator[tuple[str, bool], None, None]:
    """What the address answers: to HEAD or, unless that offers the file, to GET of one byte."""
    ask = partial(opened, url=url, timeout=(patience, patience), resolver=resolver)
    headers = {"Accept-Encoding": "identity"}
    with ask("HEAD", headers=headers) as response:
        answer, serves = _judged(response, archive)
        if serves and _size(response) is not None:
            yield answer, serves
            return
    with ask("GET", headers=headers | {"Range": "bytes=0-0"}) as response:
        yield _judged(response, archive)


def _judged(response: requests.Response, archive: Archive) -> tuple[str, bool]:
    if response.status_code not in (200, 206):
        return status_of_response(response), False
    if response.headers.get("Content-Type", "").startswith("text/html"):
        return "a web page, not the file", False
    size = _size(response)
    if size is None:
        return "answers, without a size", True
    if size not in archive.sizes:
        return f"other size: {size} bytes, expected {archive.expected_size}", False
    if archive.sizes.stop > LARGEST:
        return f"answers, {size} bytes; no size is published", True
    return "size matches", True


def _size(response: requests.Response) -> int | None:
    """The bytes of the whole file, where the response tells."""
    if response.status_code == 206:
        found = _OF_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        return int(found[1]) if found else None
    length = response.headers.get("Content-Length", "")
    return int(length) if re.fullmatch(NUMBER, length) else None
