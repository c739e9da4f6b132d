"""Redirects from public addresses into a machine's own networks."""

import pytest

from fcnlib.archives.addresses import leads_inside, resolve

PUBLIC = "http://public.example/x"


def resolver(host: str) -> list[str]:
    named = {"public.example": ["93.184.216.34"], "both.example": ["93.184.216.34", "10.0.0.1"]}
    return named.get(host) or resolve(host)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "2130706433",  # as one number
        "0x7f.0.0.1",
        "0177.0.0.1",
        "127.1",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[2002:7f00:1::]",
        "[64:ff9b::10.0.0.1]",
        "[fd00::1]",
        "[fe80::1]",
        "localhost",
        "user:public.example@127.0.0.1",
        "both.example",
    ],
)
def test_a_redirect_inside_is_seen_however_the_address_is_spelled(host):
    assert leads_inside(PUBLIC, f"http://{host}:8080/x", resolver)
    assert not leads_inside("http://10.0.0.1/x", f"http://{host}/x", resolver)


@pytest.mark.parametrize("host", ["93.184.216.34", "[2606:2800:21f:cb07::1]", "public.example"])
def test_a_redirect_to_a_public_address_is_none(host):
    assert not leads_inside(PUBLIC, f"https://{host}/x", resolver)


def test_a_host_that_only_a_proxy_knows_is_taken_as_public():
    assert not leads_inside(PUBLIC, "https://elsewhere.invalid/x", lambda _: [])
