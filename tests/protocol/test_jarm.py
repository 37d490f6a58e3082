"""Answers in a signed JWT (JARM)."""

import pytest
from joserfc import jws

from tests.protocol.parties import CALLBACK, ISSUER, Pkce, flow_of, landed
from tests.protocol.pushing import form_of, open_handle, pushed
from tests.protocol.test_authorize_errors import TOLD


def read(op, response, mode="jwt"):
    """The claims of the answer's JWT, and its header."""
    if mode.startswith("form_post"):
        target, told = form_of(response)
        assert target == CALLBACK
    else:
        place = landed(response)
        assert place.address.startswith(CALLBACK + "&response=")
        told = {name: value for name, value in place.answer.items() if name != "from"}
    assert set(told) == {"response"}
    token = op.read(told["response"])
    return token.claims, token.header


@pytest.mark.parametrize("mode", ["jwt", "query.jwt", "form_post.jwt"])
def test_the_code_is_in_a_jwt_for_this_client(op, frozen_clock, mode):
    portal, pkce = op.portal(), Pkce()
    claims, header = read(op, op.person().sign_in().authorize(portal, pkce, response_mode=mode), mode)
    assert header["alg"] == "ES256"
    now = int(frozen_clock.now.timestamp())
    code = claims.pop("code")
    assert claims == {"iss": ISSUER, "aud": portal.client_id, "exp": now + 300, "state": "st&ate=1"}
    assert op.redeem(portal, code, pkce).status_code == 200


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256", "EdDSA"])
def test_it_is_signed_as_registered(op, alg):
    portal = op.portal(authorization_signed_response_alg=alg)
    _, header = read(op, op.person().sign_in().authorize(portal, response_mode="jwt"))
    assert header["alg"] == alg


@pytest.mark.parametrize("mode", ["jwt", "form_post.jwt"])
def test_errors_are_in_a_jwt_too(op, mode):
    portal, person = op.portal(), op.visitor()
    for changes, error in [each for each in TOLD if "response_mode" not in each[0]]:
        claims, _ = read(op, person.authorize(portal, response_mode=mode, **changes), mode)
        assert claims["error"] == error, changes
        assert claims["state"] == "st&ate=1"
        assert claims["iss"] == ISSUER
        assert claims["aud"] == portal.client_id
        assert "code" not in claims


def test_it_follows_a_login_and_a_handle(op):
    portal, person = op.portal(), op.person()
    flow = flow_of(person.authorize(portal, response_mode="jwt"))
    person.sign_in()
    assert "code" in read(op, person.get(f"/authorize/resume?flow={flow}"))[0]
    assert "code" in read(op, open_handle(person, portal, pushed(op, portal, response_mode="jwt")))[0]


def test_it_is_no_token_of_another_kind(op):
    """IDENTITY §5, JWT confusion."""
    portal, person = op.portal(), op.person().sign_in()
    answer = landed(person.authorize(portal, response_mode="jwt")).answer["response"]
    assert jws.extract_compact(answer.encode()).headers()["typ"] == "JWT"
    assert op.userinfo(answer).status_code == 401
    hinted = landed(person.authorize(portal, id_token_hint=answer, prompt="none")).answer
    assert hinted["error"] == "invalid_request"
