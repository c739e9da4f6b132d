"""Where an address leads: to the public internet, or into this machine's own networks."""

import socket
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import requests
from urllib3.util import parse_url

Resolver = Callable[[str], Iterable[str]]  # host -> IP addresses

_NAT64 = IPv6Network("64:ff9b::/96")  # IPv4 addresses in its last 32 bits


def resolve(host: str) -> list[str]:
    """The IP addresses of a host, however it is spelled; none where its name is not known."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # through a proxy, names may be known there alone
        return []
    return [str(entry[4][0]) for entry in found]


def leads_inside(url: str, target: str, resolver: Resolver) -> bool:
    """Whether a redirect goes from a public address to one that is not."""
    return _is_public(url, resolver) and not _is_public(target, resolver)


def _is_public(url: str, resolver: Resolver) -> bool:
    # As requests and urllib3 read it: other parsers find another host in some addresses.
    prepared = requests.Request("GET", url).prepare().url
    host = parse_url(prepared or "").host or ""
    return all(map(_is_public_ip, resolver(host.strip("[]"))))


def _is_public_ip(text: str) -> bool:
    address = ip_address(text)
    if isinstance(address, IPv6Address):
        address = _embedded(address) or address
    return address.is_global and not address.is_multicast


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
