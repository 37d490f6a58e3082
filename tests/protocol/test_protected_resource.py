"""Metadata of our own interfaces (RFC 9728), found from a challenge."""

import re

import pytest

from idp import resource
from tests.protocol.parties import ISSUER, statements

WELL_KNOWN = "/.well-known/oauth-protected-resource"


def metadata(op, path=""):
    return op.machine.get(WELL_KNOWN + path, base_url=ISSUER)


@pytest.mark.parametrize("path", ["/userinfo", "/feeds/v1", "/reuse/v1"])
def test_each_interface_tells_about_itself(op, path):
    answer = metadata(op, path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    told = answer.json
    assert told["resource"] == ISSUER + path  # RFC 9728 §3.3: who fetched it compares
    assert told["authorization_servers"] == [ISSUER]
    assert "header" in told["bearer_methods_supported"]
    assert ("body" in told["bearer_methods_supported"]) == (path == "/userinfo")
    assert told["resource_name"]
    supported = op.machine.get("/.well-known/openid-configuration", base_url=ISSUER).json["scopes_supported"]
    assert told["scopes_supported"]
    assert set(told["scopes_supported"]) <= {
        *supported,
        *(s for s in told["scopes_supported"] if s.startswith("feeds:")),
    }


def test_all_of_them_together(op):
    told = metadata(op).json
    assert told["resource"] == ISSUER
    assert {"openid", "materials", "feeds:case"} <= set(told["scopes_supported"])


@pytest.mark.parametrize("path", ["/", "/token", "/userinfo/", "/feeds", "/feeds/v1/case", "/../userinfo", "/%00"])
def test_what_is_no_interface_has_none(op, path):
    assert metadata(op, path).status_code == 404


def test_it_asks_nothing_of_the_database(op):
    metadata(op, "/feeds/v1")
    with statements() as (sent, _):
        assert metadata(op, "/feeds/v1").status_code == 200
    assert sent == []


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/userinfo"), ("POST", "/feeds/v1/case"), ("POST", "/reuse/v1/intents"), ("POST", "/reuse/v1/redeem")],
)
@pytest.mark.parametrize("token", [None, "x"], ids=["without", "wrong"])
def test_a_challenge_leads_to_the_metadata_of_the_interface_that_was_called(op, method, path, token):
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    answer = op.machine.open(path, method=method, base_url=ISSUER, headers=headers, json={})
    assert answer.status_code == 401
    [found] = re.findall(r'resource_metadata="([^"]+)"', answer.headers.getlist("WWW-Authenticate")[0])
    assert found.startswith(ISSUER)
    told = op.machine.get(found.removeprefix(ISSUER), base_url=ISSUER).json
    assert (ISSUER + path).startswith(told["resource"])


def test_a_token_for_what_the_metadata_names_opens_the_interface(op):
    """The whole way of a client that knows nothing: challenge, metadata, token, answer."""
    machine = op.machine_client("feeds:case")
    told = metadata(op, "/feeds/v1").json
    server = op.machine.get("/.well-known/oauth-authorization-server", base_url=told["authorization_servers"][0]).json
    form = {"grant_type": "client_credentials", "scope": "feeds:case", "resource": told["resource"]}
    token = op.machine.post(
        server["token_endpoint"].removeprefix(ISSUER), base_url=ISSUER, data=form, headers=machine.basic
    ).json["access_token"]
    answer = op.machine.post("/feeds/v1/case", base_url=ISSUER, headers={"Authorization": f"Bearer {token}"}, json=[])
    assert answer.status_code == 403
    assert answer.json["code"] == "not_a_department"


def test_every_interface_has_an_endpoint_that_it_stands_for(app):
    from wiring import parts

    for api in resource.apis():
        assert any(e.path == api.path or e.path.startswith(f"{api.path}/") for e in parts.ENDPOINTS)
