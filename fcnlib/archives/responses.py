"""Responses of web servers: redirects are followed to public addresses alone."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from fcnlib.archives.addresses import Resolver, leads_inside

REDIRECTS = 10
REASON = 200  # characters of what a server says
NUMBER = "[0-9]{1,18}"  # of bytes, in a header
CONNECTION_LOST = (
    requests.ConnectionError,
    requests.Timeout,
    urllib3.exceptions.HTTPError,
    TimeoutError,
)

_CONNECTION = re.compile(r"^HTTPS?Connection(Pool)?\(host='[^']*', port=\d+\): ")


class RefusedError(Exception):
    """An address does not serve the file, and trying again would not help."""


class _Session(requests.Session):
    """Follows no redirect by itself: requests would read all that comes with it."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None

    def location(self, response: requests.Response) -> str | None:
        return super().get_redirect_target(response)


@contextmanager
def opened(
    method: str,
    url: str,
    headers: dict[str, str],
    timeout: tuple[float, float],
    resolver: Resolver,
) -> Iterator[requests.Response]:
    """The response after all redirects, of which no content is read yet.

    Args:
        method: GET or HEAD.
        url: The address.
        headers: Of the request.
        timeout: Seconds to wait for a connection, and for its next bytes.
        resolver: Finds the IP addresses of the hosts that a server redirects to.

    Raises:
        RefusedError: It redirects too often, or elsewhere than to a public address.
    """
    with _Session() as session:
        for _ in range(REDIRECTS + 1):
            with session.request(
                method, url, headers=headers, stream=True, timeout=timeout
            ) as response:
                location = session.location(response)
                if location is None:
                    yield response
                    return
            url = _redirected(url, location, resolver)
    raise RefusedError(f"more than {REDIRECTS} redirects")


def _redirected(url: str, location: str, resolver: Resolver) -> str:
    target = urljoin(url, location)
    if urlsplit(target).scheme not in ("http", "https"):
        raise RefusedError(f"redirects to {shorten(target)!r}, expected http or https")
    if leads_inside(url, target, resolver):
        raise RefusedError(f"redirects to {shorten(target)!r}, an address that is not public")
    return target


def status_of_response(response: requests.Response) -> str:
    """The status and its reason, such as "404 Not Found"."""
    return f"{response.status_code} {shorten(response.reason or '')}".rstrip()


def reason_of(error: Exception) -> str:
    """The innermost cause in a short line; requests and urllib3 nest their exceptions."""
    while error.args and isinstance(error.args[-1], Exception):
        error = error.args[-1]
    reason = getattr(error, "reason", None)
    text = " ".join(str(reason or error).split())
    return shorten(_CONNECTION.sub("", text))


def shorten(text: str) -> str:
    """The beginning of a text, which a server may have made of any length."""
    return text if len(text) <= REASON else f"{text[:REASON]}..."
