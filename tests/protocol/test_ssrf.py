"""IDENTITY §5, SSRF: every feature that calls an address a client registered, with each way to point it inside.

The address forms themselves are tried at ``kernel.egress``; here it is shown that no feature goes round that: the
sockets are watched, whatever the name servers say.
"""

import socket

import pytest

from idp.clients import uri_faults
from idp.cross_device import ping
from idp.logout import send
from kernel import egress, http
from tests.protocol.client_keys import key_client, new_key
from tests.protocol.parties import CALLBACK
from tests.protocol.pushing import request_object
from tests.protocol.registrar import invite, register
from tests.protocol.test_ciba import DESK, ask, decide, person  # noqa: F401  # a fixture
from tests.protocol.test_logout import leave

NAME = "portal.example.org"
INSIDE = [
    *("127.0.0.1", "10.0.0.1", "172.16.5.5", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1"),
    *(
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ),
]
PUBLIC = "8.8.8.8"


class Net:
    """What names stand for, and where sockets went."""

    def __init__(self):
        self.answers = [[PUBLIC]]
        self.asked, self.reached = [], []

    def getaddrinfo(self, host, port, *_args, **_options):
        if host != NAME:
            return REAL(host, port, *_args, **_options)
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [(socket.AF_INET6 if ":" in ip else socket.AF_INET, 1, 6, "", (ip, port)) for ip in answer]

    def connect(self, address, **_options):
        self.reached.append(address[0])
        raise OSError("nobody is there")


REAL = socket.getaddrinfo


@pytest.fixture
def net(monkeypatch):
    net = Net()
    monkeypatch.setattr(egress.socket, "getaddrinfo", net.getaddrinfo)
    monkeypatch.setattr(http.socket, "create_connection", net.connect)
    return net


def at_the_sector(op, person, url):  # noqa: F811
    assert register(op, invite(), sector_identifier_uri=url).status_code == 400


def for_the_keys(op, person, url):  # noqa: F811
    client = key_client(op, jwks=None, jwks_uri=url)
    answer = op.token(headers={}, grant_type="client_credentials", **client.form())
    assert answer.status_code == 401


def for_a_request_object(op, person, url):  # noqa: F811
    key = new_key("ES256")
    people = {"grant_types": ["authorization_code"], "redirect_uris": [CALLBACK], "scope": "openid"}
    client = key_client(op, key=key, **people, request_uris=[url])
    assert request_object(client.portal, key)
    answer = person.authorize(client.portal, request_uri=url)
    assert "code=" not in answer.headers["Location"]


def at_the_logout(op, person, url):  # noqa: F811
    portal = op.portal(backchannel_logout_uri=url)
    leave(person, id_token_hint=op.tokens(portal, person)["id_token"])
    send.send_due()
    person.sign_in()


def for_a_ping(op, person, url):  # noqa: F811
    desk = op.portal(
        **DESK | {"backchannel_token_delivery_mode": "ping", "backchannel_client_notification_endpoint": url}
    )
    begun = ask(op, desk, client_notification_token="t" * 32)
    assert begun.status_code == 200, begun.text
    decide(person)
    ping.ping_due()


CALLERS = {
    "sector_identifier_uri": at_the_sector,
    "jwks_uri": for_the_keys,
    "request_uris": for_a_request_object,
    "backchannel_logout_uri": at_the_logout,
    "backchannel_client_notification_endpoint": for_a_ping,
}


def test_every_member_that_is_called_is_tried():
    assert set(CALLERS) >= set(uri_faults.CALLED)


@pytest.mark.parametrize("member", sorted(CALLERS))
def test_a_public_name_is_called(op, net, person, member):  # noqa: F811
    """Or the tests below prove nothing."""
    CALLERS[member](op, person, f"https://{NAME}/x")
    assert net.reached == [PUBLIC]


@pytest.mark.parametrize("member", sorted(CALLERS))
def test_a_name_that_stands_for_something_inside_is_not(op, net, person, member):  # noqa: F811
    for number, inside in enumerate(INSIDE):
        net.answers = [[inside]]
        CALLERS[member](op, person, f"https://{NAME}/{number}")
        net.answers = [[PUBLIC, inside]]  # one bad address among good ones
        CALLERS[member](op, person, f"https://{NAME}/{number}/b")
    assert net.reached == []
    assert len(net.asked) >= 2 * len(INSIDE)


@pytest.mark.parametrize("member", sorted(CALLERS))
def test_a_name_that_changes_its_mind_is_asked_once(op, net, person, member):  # noqa: F811
    """DNS rebinding: the first answer is judged, and the connection goes to what was judged."""
    net.answers = [[PUBLIC], ["127.0.0.1"]]
    CALLERS[member](op, person, f"https://{NAME}/x")
    assert net.reached == [PUBLIC]
    assert net.asked == [NAME]
