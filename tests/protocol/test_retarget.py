"""IDENTITY §5, code injection and retargeting: what was made for one thing or one client is worth nothing elsewhere."""

import pytest

from tests.protocol.client_keys import key_client
from tests.protocol.parties import ISSUER, Pkce
from tests.protocol.test_code_redemption import refused


@pytest.fixture
def portal(op):
    return op.portal()


@pytest.fixture
def person(op):
    return op.person().sign_in()


@pytest.fixture
def things(op, portal, person):
    """One of each that a client may hold of the same person."""
    tokens, pkce = op.tokens(portal, person), Pkce()
    form = {
        "response_type": "code",
        "redirect_uri": portal.redirect_uri,
        "scope": "openid",
        "nonce": "n",
        "code_challenge": pkce.challenge,
        "code_challenge_method": "S256",
    }
    pushed = op.machine.post("/par", base_url=ISSUER, data=form, headers=portal.basic)
    assert pushed.status_code == 201
    return {
        "code": person.code(portal, Pkce()),
        "request_uri": pushed.json["request_uri"],
        "handle": pushed.json["request_uri"].rpartition(":")[2],
        "assertion": key_client(op).assertion(),
        **{name: tokens[name] for name in ("access_token", "refresh_token", "id_token")},
        "family": tokens["refresh_token"].partition(".")[0],
    }


@pytest.mark.parametrize("pretended", ["refresh_token", "access_token", "id_token", "request_uri", "handle", "family"])
def test_as_a_code(op, portal, things, pretended):
    refused(op.redeem(portal, things[pretended], Pkce()), "invalid_grant")
    # Nothing of it is spent or ended by that.
    assert op.refresh(portal, things["refresh_token"]).status_code == 200


@pytest.mark.parametrize("pretended", ["code", "access_token", "id_token", "request_uri", "handle", "family"])
def test_as_a_refresh_token(op, portal, things, pretended):
    refused(op.refresh(portal, things[pretended]), "invalid_grant")
    assert op.refresh(portal, things["refresh_token"]).status_code == 200


@pytest.mark.parametrize("pretended", ["code", "refresh_token", "id_token", "request_uri", "handle", "assertion"])
def test_as_an_access_token(op, things, pretended):
    response = op.userinfo(things[pretended])
    assert response.status_code == 401
    assert response.json["error"] == "invalid_token"


@pytest.mark.parametrize("pretended", ["code", "refresh_token", "access_token", "id_token", "assertion"])
def test_as_a_pushed_request(portal, person, things, pretended):
    for shape in ("{}", "urn:ietf:params:oauth:request_uri:{}"):
        response = person.get(f"/authorize?client_id={portal.client_id}&request_uri={shape.format(things[pretended])}")
        assert "code=" not in response.headers.get("Location", "")


@pytest.mark.parametrize("pretended", ["access_token", "id_token", "code"])
def test_as_a_client_assertion(op, things, pretended):
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    form = {"client_assertion_type": kind, "client_assertion": things[pretended]}
    refused(op.token(headers={}, grant_type="client_credentials", **form), "invalid_client", 401)


@pytest.mark.parametrize("thing", ["code", "refresh_token"])
def test_at_another_client(op, portal, person, things, thing):
    """Also one of the same hosts, which knows people by the same names; and nothing is spent by trying."""
    other = op.portal()
    if thing == "refresh_token":
        refused(op.refresh(other, things[thing]), "invalid_grant")
        assert op.refresh(portal, things[thing]).status_code == 200
        return
    pkce = Pkce()
    code = person.code(portal, pkce)
    refused(op.redeem(other, code, pkce), "invalid_grant")
    refused(op.redeem(portal, code, Pkce()), "invalid_grant")
    refused(op.redeem(portal, code, pkce, redirect_uri="https://portal.example.gov.cn/cb"), "invalid_grant")
    assert op.redeem(portal, code, pkce).status_code == 200


def test_a_code_put_into_another_browsers_flow(op, portal, person):
    """RFC 9700 §4.5: the victim's code meets the attacker's verifier, or the other way round."""
    victims, attackers = Pkce(), Pkce()
    stolen = person.code(portal, victims)
    own = op.person().sign_in().code(portal, attackers)
    refused(op.redeem(portal, stolen, attackers), "invalid_grant")
    refused(op.redeem(portal, own, victims), "invalid_grant")
