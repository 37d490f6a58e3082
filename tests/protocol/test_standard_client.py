"""An unmodified client library, from discovery alone, over HTTP: Authlib's, which is not our code's server half."""

import re
import threading
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet
from werkzeug.serving import make_server

from tests.protocol.parties import Op
from wiring.app import create_app

CALLBACK = "http://127.0.0.1:9/callback"


@pytest.fixture
def served(database, load_settings, monkeypatch):
    """The provider on a free port, with that address as its issuer."""
    server = None

    def later(environ, start_response):
        return op.app.wsgi_app(environ, start_response)

    server = make_server("127.0.0.1", 0, later, threaded=True)
    issuer = f"http://127.0.0.1:{server.port}"
    load_settings(DATABASE_URL=database, PUBLIC_URL=issuer)
    op = Op(create_app())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield issuer, op
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_the_whole_flow(served, method):
    issuer, op = served
    portal = op.portal(redirect_uris=[CALLBACK], token_endpoint_auth_method=method)
    person = op.person(email="z@example.gov.cn").sign_in()
    op.consent(person, portal, "email", "profile")

    metadata = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=5).json()
    assert metadata["issuer"] == issuer
    client = OAuth2Session(
        portal.client_id,
        portal.secret,
        token_endpoint_auth_method=method,
        scope="openid profile email",
        redirect_uri=CALLBACK,
        code_challenge_method="S256",
    )
    verifier = "v" * 48
    address, state = client.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, nonce="n-0S6"
    )
    cookie = person.http.get_cookie("kapok", domain="127.0.0.1").value
    landing = requests.get(address, cookies={"kapok": f"{cookie}"}, allow_redirects=False, timeout=5)
    assert landing.status_code == 303
    answer = parse_qs(urlsplit(landing.headers["Location"]).query)
    assert answer["iss"] == [issuer]

    token = client.fetch_token(
        metadata["token_endpoint"],
        authorization_response=landing.headers["Location"],
        state=state,
        code_verifier=verifier,
    )
    keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=5).json())
    read = jwt.decode(token["id_token"], keys, algorithms=metadata["id_token_signing_alg_values_supported"])
    claims = CodeIDToken(
        read.claims,
        read.header,
        {"iss": {"value": issuer}, "aud": {"value": portal.client_id}},
        {"nonce": "n-0S6", "client_id": portal.client_id, "access_token": token["access_token"]},
    )
    claims.validate()

    person_info = client.get(metadata["userinfo_endpoint"]).json()
    assert person_info["sub"] == claims["sub"]
    assert person_info["email"] == "z@example.gov.cn"

    before = token["access_token"]
    token = client.refresh_token(metadata["token_endpoint"])
    assert token["access_token"] != before
    assert client.get(metadata["userinfo_endpoint"]).status_code == 200


def test_a_person_who_is_not_signed_in_sees_the_login(served):
    issuer, op = served
    portal = op.portal(redirect_uris=[CALLBACK])
    client = OAuth2Session(portal.client_id, scope="openid", redirect_uri=CALLBACK, code_challenge_method="S256")
    address, _ = client.create_authorization_url(f"{issuer}/authorize", code_verifier="v" * 48)
    landing = requests.get(address, allow_redirects=False, timeout=5)
    assert landing.status_code == 303
    assert re.match(r"/login\?flow=[A-Za-z0-9_-]{20,}$", landing.headers["Location"])
    assert "HttpOnly" in landing.headers["Set-Cookie"]
    assert "SameSite=Lax" in landing.headers["Set-Cookie"]
