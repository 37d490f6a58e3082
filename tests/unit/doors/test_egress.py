"""Where outbound calls may go."""

import ipaddress

import pytest

from kernel import egress
from kernel.egress import EgressRefused, Unreachable, judge, permitted

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


@pytest.fixture
def names(monkeypatch):
    """A name service of our own; its answers are given in turn."""
    answers: dict[str, list[list[str]]] = {}

    def getaddrinfo(host, port, **_options):
        turn = answers[host]
        addresses = turn.pop(0) if len(turn) > 1 else turn[0]
        return [(10 if ":" in a else 2, 1, 6, "", (a, port)) for a in addresses]

    monkeypatch.setattr(egress.socket, "getaddrinfo", getaddrinfo)
    return answers


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1",
        "255.255.255.255",
        "::", "::1", "fe80::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1", "fec0::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1",
        "2002:7f00:1::", "2002:808:808::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::808:808",
        "2001:0:7f00:1::1", "2001:0:808:808::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public_are_refused(address):
    assert not permitted(ipaddress.ip_address(address), ())


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_addresses_are_permitted(address):
    assert permitted(ipaddress.ip_address(address), ())


@pytest.mark.parametrize("address", ["127.0.0.1", "::ffff:127.0.0.1"])
def test_an_allowed_network_opens_its_addresses_in_every_spelling(address):
    assert permitted(ipaddress.ip_address(address), LOOPBACK)
    assert not permitted(ipaddress.ip_address("10.0.0.1"), LOOPBACK)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[fe80::1%25eth0]/",
        "https://2130706433/", "https://0x7f000001/", "https://0x7f.1/", "https://0177.0.0.1/", "https://127.1/", "https://0/",
        "https://127.0.0.1./", "https://1.2.3.4.5/",
        "https://user@example.org/", "https://user:pw@example.org/", "https://example.org@127.0.0.1/",
        "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "javascript:alert(1)", "//example.org/",
        "example.org",
        "https://", "https:///path", "https://example.org:99999/", "https://example.org:port/", "https://[::1/",
        "https://exa mple.org/", "https://example.org/\r\nHost: x", "https://example.org\\@127.0.0.1/", "https://exämple.org/",
        "https://exam\tple.org/", "https://example.org/\0", "https://-example.org/", "https://%31%32%37.0.0.1/",
    ],
)  # fmt: skip
def test_urls_that_hide_their_target_are_refused_before_any_name_is_asked(url, names):
    with pytest.raises(EgressRefused):
        judge(url, allowed=(), timeout=1)


def test_a_name_that_points_inside_is_refused(names):
    for address in ("127.0.0.1", "169.254.169.254", "10.1.2.3", "::1", "::ffff:10.1.2.3"):
        names["metadata.example"] = [[address]]
        with pytest.raises(EgressRefused):
            judge("https://metadata.example/", allowed=(), timeout=1)


def test_one_bad_address_among_good_ones_refuses_the_name(names):
    names["mixed.example"] = [["8.8.8.8", "127.0.0.1"]]
    with pytest.raises(EgressRefused):
        judge("https://mixed.example/", allowed=(), timeout=1)


def test_a_good_target_is_judged_with_all_it_needs(names):
    names["example.org"] = [["8.8.8.8", "2606:4700::1", "8.8.8.8"]]
    target = judge("https://Example.ORG:8443/a/b?c=d#e", allowed=(), timeout=1)
    assert (target.scheme, target.host, target.port, target.path) == ("https", "example.org", 8443, "/a/b?c=d")
    assert [str(a) for a in target.addresses] == ["8.8.8.8", "2606:4700::1"]
    assert target.authority == "example.org:8443"
    assert judge("https://example.org", allowed=(), timeout=1).authority == "example.org"


def test_plain_http_is_for_internal_networks_only(names):
    names["example.org"] = [["8.8.8.8"]]
    names["inside.example"] = [["127.0.0.1"]]
    with pytest.raises(EgressRefused):
        judge("http://example.org/", allowed=LOOPBACK, timeout=1)
    assert judge("http://inside.example/", allowed=LOOPBACK, timeout=1).port == 80
    assert judge("http://127.0.0.1:8000/", allowed=LOOPBACK, timeout=1).authority == "127.0.0.1:8000"


def test_a_name_that_is_not_there_and_a_resolver_that_hangs_are_unreachable(monkeypatch):
    import threading

    over = threading.Event()

    def getaddrinfo(host, *_args, **_options):
        if host == "slow.example":
            over.wait(10)
        raise OSError

    monkeypatch.setattr(egress.socket, "getaddrinfo", getaddrinfo)
    for host in ("gone.example", "slow.example"):
        with pytest.raises(Unreachable):
            judge(f"https://{host}/", allowed=(), timeout=0.1)
    over.set()
