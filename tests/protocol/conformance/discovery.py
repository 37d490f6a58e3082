"""What the discovery document must say, for every plan that looks at it."""

import re
from typing import Any
from urllib.parse import urlsplit

from tests.protocol.conformance.suite import Suite

SCOPE = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+\Z")  # RFC 6749 §3.3
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?\Z")  # BCP 47 in its canonical case
KNOWN = frozenset({"query", "fragment", "form_post", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt"})
PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "k", "oth"})


def document(suite: Suite) -> dict[str, Any]:
    """The document at its well-known address: JSON, of the issuer that was asked, every endpoint by https."""
    answer = suite.http.get(f"{suite.issuer}/.well-known/openid-configuration", timeout=20)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    found: dict[str, Any] = answer.json()
    assert found["issuer"] == suite.issuer
    issuer = urlsplit(suite.issuer)
    assert (issuer.scheme, issuer.query, issuer.fragment) == ("https", "", "")
    for member, value in found.items():
        if member.endswith(("_endpoint", "_uri")):
            assert urlsplit(value).scheme == "https", member
            assert urlsplit(value).hostname, member
    return found


def verify(suite: Suite, *, dynamic: bool = False) -> None:
    """OpenID Connect Discovery §3 and RFC 8414 §2, as far as an OpenID provider of the code flow needs them."""
    found = document(suite)
    for member in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"):
        assert member in found
    assert "code" in found["response_types_supported"]
    assert {"query", "form_post"} <= set(found["response_modes_supported"]) <= KNOWN
    assert {"pairwise", "public"} == set(found["subject_types_supported"])
    assert "RS256" in found["id_token_signing_alg_values_supported"]
    assert "none" not in found["id_token_signing_alg_values_supported"]
    assert "authorization_code" in found["grant_types_supported"]
    assert "implicit" not in found["grant_types_supported"]
    assert {"client_secret_basic", "client_secret_post"} <= set(found["token_endpoint_auth_methods_supported"])
    assert "openid" in found["scopes_supported"]
    assert all(SCOPE.match(scope) for scope in found["scopes_supported"])
    assert {"sub", "name", "email", "auth_time", "acr"} <= set(found["claims_supported"])
    assert found["code_challenge_methods_supported"] == ["S256"]
    for member in ("ui_locales_supported", "claims_locales_supported"):
        assert all(LANGUAGE.match(language) for language in found.get(member, [])), member
    _request_objects(found)
    if "userinfo_signing_alg_values_supported" in found:
        assert "RS256" in found["userinfo_signing_alg_values_supported"]
    for member, value in found.items():
        assert not (isinstance(value, list) and (not value or len(set(map(str, value))) != len(value))), member
    if dynamic:
        assert "registration_endpoint" in found
    keys(suite, found)


def _request_objects(found: dict[str, Any]) -> None:
    """A member that is left out says ``true`` of request_uri (§3): what is not offered must be denied aloud."""
    assert isinstance(found["request_parameter_supported"], bool)
    assert isinstance(found["request_uri_parameter_supported"], bool)
    assert found["claims_parameter_supported"] is True
    if found["request_parameter_supported"]:
        assert "RS256" in found["request_object_signing_alg_values_supported"]


def keys(suite: Suite, found: dict[str, Any]) -> list[dict[str, Any]]:
    """The published keys: of signing, public, each with an id of its own (OpenID Connect Core §10.1)."""
    published: list[dict[str, Any]] = suite.http.get(found["jwks_uri"], timeout=20).json()["keys"]
    ids = [key["kid"] for key in published]
    assert len(set(ids)) == len(ids) > 0
    for key in published:
        assert not PRIVATE & set(key), "a private or a symmetric key"
        assert key["use"] == "sig"
    assert {"RS256", "ES256"} <= {key["alg"] for key in published}
    return published
