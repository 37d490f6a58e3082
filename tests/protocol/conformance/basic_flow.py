"""Basic OP: the code flow, its ID token, userinfo and scopes, each module by its documented purpose."""

from typing import Any

from tests.protocol.conformance.browser import Arrived, Page
from tests.protocol.conformance.relying_party import PROTOCOL_CLAIMS, Tokens, refused, shown_error
from tests.protocol.conformance.run import Plan, Run

BASIC = Plan()

CLAIMS = {
    "profile": {"name": str, "locale": str},
    "email": {"email": str, "email_verified": bool},
    "phone": {"phone_number": str, "phone_number_verified": bool},
    "address": {"address": dict},
}


@BASIC.module("oidcc-server")
def server(run: Run) -> None:
    """The flow from end to end; the ID token says who signed in and nothing about the person."""
    client, browser = run.client(), run.browser()
    tokens = run.sign_in(client, browser)
    assert set(tokens.claims) <= PROTOCOL_CLAIMS, "only what was asked for (OpenID Connect Core §5.4)"
    assert client.person(tokens) == {"sub": tokens.claims["sub"]}


@BASIC.module("oidcc-server-client-secret-post")
def server_client_secret_post(run: Run) -> None:
    """The same for a client that sends its secret in the form; it may not do so in the header as well."""
    client = run.client(token_endpoint_auth_method="client_secret_post")
    tokens = run.sign_in(client, run.browser())
    assert client.person(tokens)["sub"] == tokens.claims["sub"]

    asked = client.request()
    code = client.code(asked, client.send(run.browser(), asked))
    client.method = "client_secret_basic"
    refused(client.redeem(code), "invalid_client", statuses=(401,))


@BASIC.module("oidcc-response-type-missing")
def response_type_missing(run: Run) -> None:
    """Without ``response_type`` there is an error, on a page or at the portal."""
    client = run.client()
    outcome = client.send(run.browser(), client.request(response_type=None))
    if isinstance(outcome, Page):
        shown_error(outcome)
    else:
        assert outcome.params["error"] in {"invalid_request", "unsupported_response_type"}
        assert "code" not in outcome.params


@BASIC.module("oidcc-idtoken-signature")
def idtoken_signature(run: Run) -> None:
    """Who registers no algorithm gets RS256 (OpenID Connect Registration §2), by a key that the header names."""
    tokens = run.sign_in(run.client(), run.browser())
    assert tokens.header["alg"] == "RS256"
    assert tokens.header["kid"] in {key.kid for key in run.suite.keys().keys}


def idtoken_unsigned(run: Run) -> None:
    """We do not announce ``none``; so nobody can register for it, and no ID token is without a signature."""
    assert "none" not in run.suite.metadata["id_token_signing_alg_values_supported"]
    refused(run.registration(id_token_signed_response_alg="none"), "invalid_client_metadata")
    assert run.sign_in(run.client(), run.browser()).header["alg"] != "none"


BASIC.module("oidcc-idtoken-unsigned")(idtoken_unsigned)


@BASIC.module("oidcc-userinfo-get")
def userinfo_get(run: Run) -> None:
    client = run.client()
    client.person(run.sign_in(client, run.browser()))


@BASIC.module("oidcc-userinfo-post-header")
def userinfo_post_header(run: Run) -> None:
    client = run.client()
    client.person(run.sign_in(client, run.browser()), method="POST")


@BASIC.module("oidcc-userinfo-post-body")
def userinfo_post_body(run: Run) -> None:
    """The token in the form (RFC 6750 §2.2)."""
    client = run.client()
    client.person(run.sign_in(client, run.browser()), method="POST", in_body=True)


@BASIC.module("oidcc-ensure-request-without-nonce-succeeds-for-code-flow")
def without_nonce(run: Run) -> None:
    """``nonce`` is optional here; then the ID token has none (``validated`` looks)."""
    client = run.client()
    run.sign_in(client, run.browser(), nonce=None)


def scoped(run: Run, *scopes: str) -> dict[str, Any]:
    """The claims of these scopes at userinfo, each of its type, and none of them in the ID token."""
    client = run.client()
    tokens = run.sign_in(client, run.browser(), scope=" ".join(("openid", *scopes)))
    supported = run.suite.metadata["scopes_supported"]
    person = client.person(tokens)
    told = {claim: kind for scope in scopes if scope in supported for claim, kind in CLAIMS[scope].items()}
    assert {claim for claim in person if claim != "sub"} == set(told)
    for claim, kind in told.items():
        assert isinstance(person[claim], kind), claim
        assert claim not in tokens.claims
    agreed = {"openid", *(scope for scope in scopes if scope in supported)}
    assert set(tokens.answer["scope"].split()) == agreed
    return person


@BASIC.module("oidcc-scope-profile")
def scope_profile(run: Run) -> None:
    assert scoped(run, "profile")["name"] == "张三"


@BASIC.module("oidcc-scope-email")
def scope_email(run: Run) -> None:
    assert scoped(run, "email")["email"] == "zhang.san@example.org"


@BASIC.module("oidcc-scope-address")
def scope_address(run: Run) -> None:
    """We do not announce the scope; a request with it goes on without it (RFC 6749 §3.3)."""
    scoped(run, "address")


@BASIC.module("oidcc-scope-phone")
def scope_phone(run: Run) -> None:
    assert scoped(run, "phone")["phone_number"].endswith("13800138000")


@BASIC.module("oidcc-scope-all")
def scope_all(run: Run) -> None:
    scoped(run, "profile", "email", "address", "phone")


@BASIC.module("oidcc-ensure-other-scope-order-succeeds")
def other_scope_order(run: Run) -> None:
    """The order of scopes means nothing (RFC 6749 §3.3)."""
    client = run.client()
    tokens = run.sign_in(client, run.browser(), scope="email openid")
    assert client.person(tokens)["email"] == "zhang.san@example.org"


def reused(run: Run, seconds: float) -> None:
    """A code is good once. Who brings it again gets nothing, and what it gave is dead (RFC 6749 §4.1.2)."""
    client, browser = run.client(), run.browser()
    asked = client.request()
    code = client.code(asked, client.send(browser, asked))
    tokens = client.read(client.redeem(code), nonce=asked["nonce"])
    client.person(tokens)
    if seconds:
        run.suite.wait(seconds)
    refused(client.redeem(code), "invalid_grant")
    assert client.userinfo(tokens.access_token).status_code == 401
    refused(client.refresh(tokens.refresh_token), "invalid_grant")


@BASIC.module("oidcc-codereuse")
def codereuse(run: Run) -> None:
    reused(run, 0)


@BASIC.module("oidcc-codereuse-30seconds")
def codereuse_30seconds(run: Run) -> None:
    reused(run, 30)


def refreshed(run: Run, scope: str = "openid") -> Tokens:
    """A refresh token gives tokens of the same person and sign-in, to its own client alone."""
    assert "refresh_token" in run.suite.metadata["grant_types_supported"]
    first, second = run.client(), run.client()
    mine, others = run.sign_in(first, run.browser(), scope=scope), run.sign_in(second, run.browser(), scope=scope)
    run.suite.wait(2)
    again = first.read(first.refresh(mine.refresh_token))
    assert again.access_token != mine.access_token
    if again.claims:
        for claim in ("iss", "sub", "aud", "auth_time"):
            assert again.claims[claim] == mine.claims[claim], claim
        assert again.claims["iat"] > mine.claims["iat"]
    assert first.userinfo(again.access_token).json()["sub"] == mine.claims["sub"]
    refused(first.refresh(others.refresh_token), "invalid_grant")
    return again


@BASIC.module("oidcc-refresh-token")
def refresh_token(run: Run) -> None:
    refreshed(run)


@BASIC.module("oidcc-ensure-registered-redirect-uri")
def registered_redirect_uri(run: Run) -> None:
    """An address that nobody registered sees nobody, whether the person is signed in or not."""
    client, browser = run.client(), run.browser()
    stray = f"{client.redirect_uri}/stray"
    for _ in range(2):
        page = shown_error(client.send(browser, client.request(redirect_uri=stray)))
        assert stray not in page.text.replace("&#x2F;", "/")
        good = client.request()
        assert isinstance(client.send(browser, good), Arrived)
