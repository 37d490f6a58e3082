"""FAPI 2.0 Security Profile §5.3.2 and §5.4 as a client's switch: what holds at /authorize and /par."""

from datetime import timedelta

import pytest

from idp.clients import metadata
from idp.settings import TokenSettings
from kernel.errors import Invalid
from tests.protocol.client_keys import Prover, key_client
from tests.protocol.parties import CALLBACK, ISSUER, Pkce, landed
from tests.protocol.pushing import open_handle, parameters, request_object

FAPI = {
    "grant_types": ["authorization_code", "refresh_token"],
    "redirect_uris": [CALLBACK],
    "scope": "openid profile",
    "security_profile": "fapi2",
}


@pytest.fixture
def client(op):
    return key_client(op, **FAPI)


@pytest.fixture
def person(op):
    return op.person().sign_in()


def push(op, client, pkce=None, *, headers=None, assertion=None, **changes):
    form = parameters(client.portal, pkce, **changes) | client.form(assertion)
    return op.machine.post("/par", base_url=ISSUER, data=form, headers=headers or {})


def redeem(op, client, code, pkce, headers):
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": pkce.verifier}
    return op.token(headers=headers, **form, **client.form())


def test_the_whole_way(op, client, person):
    pkce, prover = Pkce(), Prover()
    response = push(op, client, pkce, headers=prover.sent(path="/par"))
    assert response.status_code == 201
    assert response.json["expires_in"] < 600
    answer = landed(open_handle(person, client.portal, response.json["request_uri"])).answer
    assert answer["iss"] == ISSUER
    told = redeem(op, client, answer["code"], pkce, prover.sent(path="/token"))
    assert told.status_code == 200, told.text
    assert told.json["token_type"] == "DPoP"
    assert op.read(told.json["access_token"]).claims["cnf"] == {"jkt": prover.jkt}


def test_a_request_through_the_browser_is_refused_signed_or_not(client, person):
    for beside in ({}, {"request": request_object(client.portal, client.key)}, {"request_uri": "https://x.example/r"}):
        answer = landed(person.authorize(client.portal, **beside)).answer
        assert answer["error"] in {"invalid_request", "request_uri_not_supported"}
        assert answer["iss"] == ISSUER


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"redirect_uri": "https://portal.example.gov.cn/other"}, "invalid_request"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:" + "a" * 43}, "invalid_request"),
    ],
)
def test_what_may_not_be_pushed(op, client, changes, error):
    response = push(op, client, **changes)
    assert response.status_code == 400
    assert response.json["error"] == error


def test_its_assertion_names_the_issuer_alone(op, client):
    """fapi2-security-profile-final-par-test-array-as-audience, …-test-par-endpoint-as-audience."""
    for aud in ([ISSUER], f"{ISSUER}/par", f"{ISSUER}/token", [ISSUER, f"{ISSUER}/par"]):
        response = push(op, client, assertion=client.assertion(aud=aud))
        assert response.json["error"] == "invalid_client", aud


@pytest.mark.parametrize("after", [59, 61])
def test_its_code_lives_a_minute_at_most(op, client, frozen_clock, monkeypatch, after):
    """Whatever the operator set for others."""
    monkeypatch.setattr(TokenSettings, "code_life", timedelta(seconds=600))
    pkce, prover = Pkce(), Prover()
    uri = push(op, client, pkce).json["request_uri"]
    code = landed(open_handle(op.person().sign_in(), client.portal, uri)).answer["code"]
    frozen_clock.advance(seconds=after)
    answer = redeem(op, client, code, pkce, prover.sent(path="/token"))
    assert answer.status_code == (200 if after < 60 else 400), answer.text


def test_its_tokens_are_bound_to_a_key(op, client, person):
    pkce = Pkce()
    uri = push(op, client, pkce).json["request_uri"]
    code = landed(open_handle(person, client.portal, uri)).answer["code"]
    assert redeem(op, client, code, pkce, {}).status_code == 400


def test_it_signs_by_nothing_weaker(op):
    client = key_client(op, "PS256", **FAPI)
    now = {"alg": "RS256"}
    response = op.machine.post(
        "/par", base_url=ISSUER, data={"request": request_object(client.portal, client.key, now)} | client.form()
    )
    assert response.json["error"] == "invalid_request"
    weak = client.form(client.assertion(header=now))
    refused = op.machine.post("/par", base_url=ISSUER, data=parameters(client.portal) | weak)
    assert refused.json["error"] == "invalid_client"


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("token_endpoint_auth_method", "client_secret_basic"),
        ("token_endpoint_auth_method", "none"),
        ("require_pkce", False),
        ("require_pushed_authorization_requests", False),
        ("id_token_signed_response_alg", "RS256"),
        ("authorization_signed_response_alg", "RS256"),
        ("request_object_signing_alg", "RS256"),
        ("token_endpoint_auth_signing_alg", "RS256"),
        ("redirect_uris", ["http://127.0.0.1/cb"]),
    ],
)
def test_what_may_not_be_registered(op, client, member, value):
    jwks = {"keys": [client.key.as_dict(private=False)]}
    raw = FAPI | {"token_endpoint_auth_method": "private_key_jwt", "jwks": jwks}
    assert metadata.validate(raw).require_pushed_authorization_requests
    if member == "token_endpoint_auth_method":
        del raw["jwks"]
    with pytest.raises(Invalid) as refused:
        metadata.validate(raw | {member: value})
    assert member in refused.value.fields
