"""A handle of a pushed request is answered once, and no longer than it lives, however it comes (RFC 9126 §7.3)."""

from urllib.parse import parse_qs, urlencode, urlsplit

from tests.protocol.parties import ISSUER, landed
from tests.protocol.pushing import open_handle, pushed

JUNK = {f"x{n}": "y" * 4000 for n in range(3)}  # more than an address has room for


def posted(person, portal, uri):
    """The address that a posted request goes on to."""
    response = person.http.post(
        "/authorize",
        base_url=ISSUER,
        data=urlencode({"client_id": portal.client_id, "request_uri": uri, **JUNK}),
        content_type="application/x-www-form-urlencoded",
    )
    assert response.status_code == 303, response.text
    return parse_qs(urlsplit(response.headers["Location"]).query)["request_uri"][0]


def test_a_handle_that_comes_by_a_long_form_gets_no_other_one(op):
    portal, person = op.portal(), op.person().sign_in()
    uri = pushed(op, portal)
    other = posted(person, portal, uri)
    assert "code" in landed(open_handle(person, portal, uri)).answer
    assert open_handle(person, portal, other).status_code == 400, "answered twice"


def test_nor_a_longer_life(op, frozen_clock):
    portal, person = op.portal(), op.person().sign_in()
    uri = pushed(op, portal)
    frozen_clock.advance(seconds=80)
    other = posted(person, portal, uri)
    frozen_clock.advance(seconds=20)
    person.sign_in()
    assert open_handle(person, portal, other).status_code == 400
