"""Applications in browsers call the endpoints from their own origin (Fetch, CORS); cookies mean nothing there."""

import pytest

from idp.endpoint import endpoints
from tests.protocol.parties import ISSUER, Pkce

ORIGIN = {"Origin": "https://spa.example.gov.cn"}
CALLED = ("/token", "/userinfo", "/revoke")


@pytest.mark.parametrize("path", CALLED)
def test_preflight(op, path):
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,dpop"}
    response = op.machine.options(path, base_url=ISSUER, headers=ORIGIN | asked)
    assert response.status_code == 204
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in response.headers["Access-Control-Allow-Methods"]
    assert {"Authorization", "DPoP", "Content-Type"} <= set(
        response.headers["Access-Control-Allow-Headers"].split(", ")
    )
    assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.mark.parametrize("path", CALLED)
def test_a_refusal_can_be_read(op, path):
    response = op.machine.post(path, base_url=ISSUER, headers=ORIGIN, data={"token": "x"})
    assert response.status_code in {400, 401}
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert {"WWW-Authenticate", "DPoP-Nonce"} <= set(response.headers["Access-Control-Expose-Headers"].split(", "))


def test_an_answer_can_be_read(op):
    portal, person, pkce = op.portal(token_endpoint_auth_method="none"), op.person().sign_in(), Pkce()
    form = {"client_id": portal.client_id, "grant_type": "authorization_code", "redirect_uri": portal.redirect_uri}
    form |= {"code": person.code(portal, pkce), "code_verifier": pkce.verifier}
    response = op.machine.post("/token", base_url=ISSUER, headers=ORIGIN, data=form)
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    token = {"Authorization": f"Bearer {response.json['access_token']}"}
    answer = op.machine.get("/userinfo", base_url=ISSUER, headers=ORIGIN | token)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", ["/jwks", "/.well-known/openid-configuration"])
def test_public_documents_for_every_origin(op, path):
    assert op.machine.get(path, base_url=ISSUER, headers=ORIGIN).headers["Access-Control-Allow-Origin"] == "*"


def test_nothing_is_said_to_who_does_not_ask(op):
    assert "Access-Control-Allow-Origin" not in op.token(headers={}, grant_type="x").headers


@pytest.mark.parametrize("path", ["/authorize", "/login", "/account", "/admin/clients"])
def test_pages_are_for_no_other_origin(op, path):
    for method in ("GET", "OPTIONS"):
        response = op.machine.open(path, method=method, base_url=ISSUER, headers=ORIGIN)
        assert "Access-Control-Allow-Origin" not in response.headers


def test_each_endpoint_says_for_itself(op):
    """Introspection is for services, not for browsers."""
    for endpoint in endpoints().values():
        if endpoint.handle is None:
            continue
        response = op.machine.open(endpoint.path, method="OPTIONS", base_url=ISSUER, headers=ORIGIN)
        allowed = response.headers.get("Access-Control-Allow-Origin")
        assert (allowed == "*") is (endpoint.cors or endpoint.public), endpoint.path
