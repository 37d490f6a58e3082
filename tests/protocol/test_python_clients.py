"""Two more client libraries as published: requests-oauthlib, and Authlib's client beyond the plain code flow."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session as Authlib
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from oauthlib.oauth2 import BackendApplicationClient, WebApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from tests.protocol.client_keys import key_client
from tests.protocol.test_standard_client import CALLBACK, served  # noqa: F401  # a fixture


@pytest.fixture(autouse=True)
def loopback(monkeypatch):
    """oauthlib's own switch for addresses without a certificate, and for scopes that come back in another order."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.fixture
def metadata(served):  # noqa: F811  # the fixture above
    return requests.get(f"{served[0]}/.well-known/openid-configuration", timeout=5).json()


@pytest.fixture
def person(served):  # noqa: F811
    return served[1].person(email="z@example.gov.cn").sign_in()


def visit(person, address):
    """Where /authorize sends this person's browser."""
    cookie = person.http.get_cookie("kapok", domain="127.0.0.1").value
    landing = requests.get(address, cookies={"kapok": cookie}, allow_redirects=False, timeout=5)
    assert landing.status_code == 303, landing.text
    return landing.headers["Location"]


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_requests_oauthlib_signs_in_asks_and_refreshes(served, metadata, person, method):  # noqa: F811
    _issuer, op = served
    portal = op.portal(redirect_uris=[CALLBACK], token_endpoint_auth_method=method)
    op.consent(person, portal, "email", "profile")
    client = OAuth2Session(
        client=WebApplicationClient(portal.client_id),
        scope=["openid", "profile", "email"],
        redirect_uri=CALLBACK,
        pkce="S256",
    )
    address, _state = client.authorization_url(metadata["authorization_endpoint"], nonce="n-1")
    back = visit(person, address)
    proof = {
        "client_secret_basic": {"auth": HTTPBasicAuth(portal.client_id, portal.secret or "")},
        "client_secret_post": {"client_secret": portal.secret, "include_client_id": True},
        "none": {"include_client_id": True},
    }[method]
    token = client.fetch_token(metadata["token_endpoint"], authorization_response=back, **proof)
    keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=5).json())
    claims = jwt.decode(token["id_token"], keys, algorithms=["ES256"]).claims
    assert claims["nonce"] == "n-1"
    info = client.get(metadata["userinfo_endpoint"]).json()
    assert (info["sub"], info["email"]) == (claims["sub"], "z@example.gov.cn")

    again = {"auth": proof["auth"]} if "auth" in proof else {"client_id": portal.client_id}
    again |= {"client_secret": portal.secret} if method == "client_secret_post" else {}
    refreshed = client.refresh_token(metadata["token_endpoint"], **again)
    assert refreshed["access_token"] != token["access_token"]
    assert refreshed["refresh_token"] != token["refresh_token"]
    assert client.get(metadata["userinfo_endpoint"]).status_code == 200


def test_requests_oauthlib_as_a_machine_then_introspected_and_revoked(served, metadata):  # noqa: F811
    _issuer, op = served
    machine = op.machine_client("feeds:cases")
    auth = HTTPBasicAuth(machine.client_id, machine.secret or "")
    client = OAuth2Session(client=BackendApplicationClient(machine.client_id, scope="feeds:cases"))
    token = client.fetch_token(metadata["token_endpoint"], auth=auth)
    assert token["scope"] == ["feeds:cases"]
    address, headers, body = client._client.prepare_token_revocation_request(
        metadata["revocation_endpoint"], token["access_token"], "access_token"
    )
    ask = {"token": token["access_token"]}
    assert requests.post(metadata["introspection_endpoint"], ask, auth=auth, timeout=5).json()["active"] is True
    assert requests.post(address, body, headers=headers, auth=auth, timeout=5).status_code == 200
    assert requests.post(metadata["introspection_endpoint"], ask, auth=auth, timeout=5).json() == {"active": False}


def test_requests_oauthlib_sees_a_refusal_as_one(served, metadata, person):  # noqa: F811
    _issuer, op = served
    portal = op.portal(redirect_uris=[CALLBACK])
    client = OAuth2Session(portal.client_id, scope=["openid"], redirect_uri=CALLBACK, pkce="S256")
    address, _state = client.authorization_url(metadata["authorization_endpoint"], prompt="none", max_age="x")
    with pytest.raises(Exception, match="max_age") as refused:
        client.fetch_token(metadata["token_endpoint"], authorization_response=visit(person, address))
    assert refused.value.error == "invalid_request"


def test_authlib_by_a_key_pushed_introspected_and_revoked(served, metadata, person):  # noqa: F811
    _issuer, op = served
    key = ECKey.generate_key("P-256")
    speaker = key_client(
        op,
        key=key,
        redirect_uris=[CALLBACK],
        grant_types=["authorization_code", "refresh_token"],
        scope="openid profile email",
        require_pushed_authorization_requests=True,
    )
    portal = speaker.portal
    op.consent(person, portal, "email", "profile")
    client = Authlib(
        portal.client_id,
        key,
        token_endpoint_auth_method="private_key_jwt",
        revocation_endpoint_auth_method="private_key_jwt",
        scope="openid profile email",
        redirect_uri=CALLBACK,
        code_challenge_method="S256",
    )
    method = PrivateKeyJWT(metadata["token_endpoint"], alg="ES256", headers={"kid": key.kid})
    client.register_client_auth_method(method)
    verifier = "v" * 48
    address, state = client.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, nonce="n-1"
    )
    form = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    pushed = client.post(
        metadata["pushed_authorization_request_endpoint"],
        data=form,
        auth=client.client_auth("private_key_jwt"),
        withhold_token=True,
    )
    assert pushed.status_code == 201, pushed.text
    opened = urlencode({"client_id": portal.client_id, "request_uri": pushed.json()["request_uri"]})
    back = visit(person, f"{metadata['authorization_endpoint']}?{opened}")
    token = client.fetch_token(
        metadata["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier
    )
    assert client.get(metadata["userinfo_endpoint"]).json()["email"] == "z@example.gov.cn"
    shown = client.introspect_token(metadata["introspection_endpoint"], token=token["access_token"])
    assert shown.json()["active"] is True
    refreshed = client.refresh_token(metadata["token_endpoint"])
    ended = client.revoke_token(metadata["revocation_endpoint"], token=refreshed["refresh_token"])
    assert ended.status_code == 200
    shown = client.introspect_token(metadata["introspection_endpoint"], token=refreshed["access_token"])
    assert shown.json() == {"active": False}
