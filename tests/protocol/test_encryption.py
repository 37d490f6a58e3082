"""ID tokens and userinfo that only the client can open (OpenID Connect Core §10.2), and signed userinfo (§5.3.2)."""

import pytest
from joserfc import jwe, jws, jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tests.protocol.client_keys import far_end
from tests.protocol.parties import ISSUER, Pkce

__all__ = ["far_end"]

MAKE = {
    "RSA-OAEP-256": lambda: RSAKey.generate_key(2048),
    "ECDH-ES": lambda: ECKey.generate_key("P-256"),
    "ECDH-ES, X25519": lambda: OKPKey.generate_key("X25519"),
}


def public(key, **more):
    return {**key.as_dict(private=False), "kid": "portal-1", **more}


@pytest.fixture(params=list(MAKE))
def wrap(request):
    """The algorithm, and the portal's key for it."""
    return request.param.partition(",")[0], MAKE[request.param]()


def opened(sealed: str, key, alg: str) -> str:
    found = jwe.decrypt_compact(sealed, key, algorithms=[alg, "A256GCM"])
    assert found.headers()["enc"] == "A256GCM"
    assert found.headers()["cty"] == "JWT"
    return found.plaintext.decode()


def test_an_encrypted_id_token_holds_a_signed_one(op, wrap):
    alg, key = wrap
    portal = op.portal(
        jwks={"keys": [public(key, use="enc")]},
        id_token_encrypted_response_alg=alg,
        id_token_encrypted_response_enc="A256GCM",
    )
    answer = op.tokens(portal, op.person().sign_in())
    assert answer["id_token"].count(".") == 4
    claims = op.read(opened(answer["id_token"], key, alg)).claims
    assert claims["aud"] == portal.client_id
    assert claims["nonce"] == "n-1"


def test_userinfo_is_encrypted_for_who_registered_it_and_signed_inside(op, wrap):
    alg, key = wrap
    portal = op.portal(
        jwks={"keys": [public(key, use="enc")]},
        userinfo_encrypted_response_alg=alg,
        userinfo_encrypted_response_enc="A256GCM",
    )
    answer = op.tokens(portal, op.person().sign_in())
    response = op.userinfo(answer["access_token"])
    assert response.status_code == 200, response.text
    assert response.mimetype == "application/jwt"
    claims = op.read(opened(response.text, key, alg)).claims
    assert claims == {"sub": op.read(answer["id_token"]).claims["sub"], "iss": ISSUER, "aud": portal.client_id}


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256", "EdDSA"])
def test_signed_userinfo_names_issuer_and_audience(op, alg):
    portal = op.portal(userinfo_signed_response_alg=alg)
    answer = op.tokens(portal, op.person().sign_in())
    response = op.userinfo(answer["access_token"])
    assert response.mimetype == "application/jwt"
    assert jws.extract_compact(response.data).headers()["alg"] == alg
    claims = op.read(response.text).claims
    assert claims == {"sub": op.read(answer["id_token"]).claims["sub"], "iss": ISSUER, "aud": portal.client_id}
    assert op.userinfo(response.text).status_code == 401  # it is no access token


def test_a_signature_key_is_not_used_to_encrypt_and_nothing_goes_out_in_the_clear(op, far_end):
    # By value registration refuses such a set; what stands at an address may change afterwards.
    far_end.jwks = {"keys": [public(ECKey.generate_key("P-256"), use="sig")]}
    portal = op.portal(
        jwks_uri="https://portal.example.gov.cn/jwks",
        id_token_encrypted_response_alg="ECDH-ES",
        id_token_encrypted_response_enc="A256GCM",
    )
    pkce = Pkce()
    response = op.redeem(portal, op.person().sign_in().code(portal, pkce), pkce)
    assert response.status_code == 400
    assert response.json["error"] == "invalid_request"
    assert "jwks" in response.json["error_description"]
    assert "access_token" not in response.json


def test_who_registered_nothing_of_this_gets_json_and_a_plain_signed_id_token(op):
    answer = op.tokens(op.portal(), op.person().sign_in())
    assert answer["id_token"].count(".") == 2
    assert op.userinfo(answer["access_token"]).mimetype == "application/json"
    jwt.decode(answer["id_token"], op.keys(), algorithms=["ES256"])
