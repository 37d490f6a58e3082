"""Dynamic OP: clients that register themselves, with keys of their own, each module by its documented purpose."""

from typing import Any

from joserfc import jwt

from tests.protocol.conformance import basic_flow, discovery
from tests.protocol.conformance.browser import Arrived, Page
from tests.protocol.conformance.relying_party import ALGORITHMS, RelyingParty, public, refused, shown_error, signing_key
from tests.protocol.conformance.run import Plan, Run

DYNAMIC = Plan()
DYNAMIC.module("oidcc-idtoken-unsigned")(basic_flow.idtoken_unsigned)
DYNAMIC.module("oidcc-server")(basic_flow.server)
DYNAMIC.module("oidcc-refresh-token")(basic_flow.refresh_token)


@DYNAMIC.module("oidcc-discovery-endpoint-verification")
def discovery_verified(run: Run) -> None:
    discovery.verify(run.suite, dynamic=True)


@DYNAMIC.module("oidcc-idtoken-rs256")
def idtoken_rs256(run: Run) -> None:
    client = run.client(id_token_signed_response_alg="RS256")
    header = run.sign_in(client, run.browser()).header
    assert header["alg"] == "RS256"
    assert header["kid"]


@DYNAMIC.module("oidcc-userinfo-rs256")
def userinfo_rs256(run: Run) -> None:
    """Userinfo as a JWT for this client (OpenID Connect Core §5.3.2), and no ID token in disguise."""
    assert "RS256" in run.suite.metadata["userinfo_signing_alg_values_supported"]
    client = run.client(userinfo_signed_response_alg="RS256")
    tokens = run.sign_in(client, run.browser(), scope="openid email")
    answer = client.userinfo(tokens.access_token)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/jwt")
    signed = jwt.decode(answer.text, run.suite.keys(), algorithms=list(ALGORITHMS))
    assert signed.header["alg"] == "RS256"
    assert signed.claims["iss"] == run.suite.issuer
    assert signed.claims["aud"] in (client.client_id, [client.client_id])
    assert signed.claims["sub"] == tokens.claims["sub"]
    assert signed.claims["email"] == "zhang.san@example.org"
    assert "nonce" not in signed.claims


@DYNAMIC.module("oidcc-ensure-redirect-uri-in-authorization-request")
def redirect_uri_missing(run: Run) -> None:
    """Of two addresses none is chosen for the portal: a page."""
    two = [run.suite.site.url("two", "/one"), run.suite.site.url("two", "/two")]
    client = run.client(redirect_uris=two)
    shown_error(client.send(run.browser(), client.request(redirect_uri=None)))


def with_query(run: Run, query: str) -> tuple[RelyingParty, str]:
    """A client whose registered address has a query, and that address with ``query`` instead."""
    address = run.suite.site.url("query", "/callback")
    return run.client(redirect_uris=[f"{address}?foo=bar"]), f"{address}{query}"


@DYNAMIC.module("oidcc-redirect-uri-query-OK")
def redirect_uri_query(run: Run) -> None:
    """The registered query stays as it is; the answer comes behind it."""
    client, _ = with_query(run, "?foo=bar")
    asked = client.request()
    outcome = client.send(run.browser(), asked)
    assert isinstance(outcome, Arrived)
    assert outcome.params.pop("foo") == "bar"
    client.tokens(asked, outcome)


@DYNAMIC.module("oidcc-redirect-uri-query-mismatch")
def redirect_uri_query_mismatch(run: Run) -> None:
    client, other = with_query(run, "?bar=foo")
    shown_error(client.send(run.browser(), client.request(redirect_uri=other)))


@DYNAMIC.module("oidcc-redirect-uri-query-added")
def redirect_uri_query_added(run: Run) -> None:
    client = run.client()
    shown_error(client.send(run.browser(), client.request(redirect_uri=f"{client.redirect_uri}?foo=bar")))


@DYNAMIC.module("oidcc-redirect-uri-regfrag")
def redirect_uri_fragment(run: Run) -> None:
    """An address with a fragment cannot be registered (RFC 6749 §3.1.2)."""
    fragment = [run.suite.site.url("fragment", "/callback#foobar")]
    refused(run.registration(redirect_uris=fragment), "invalid_redirect_uri", "invalid_client_metadata")


def shown(run: Run, member: str, path: str) -> tuple[Page, str]:
    """Of the pages on which the person decides to go on, the one that has what this client registered."""
    address = run.suite.site.url("documents", path)
    client, browser = run.client(**{member: address}), run.browser()
    login = client.send(browser, client.request(scope="openid profile"), stop_at="login")
    assert isinstance(login, Page)
    consent = browser.go_on(login, stop_at="consent")
    assert isinstance(consent, Page)
    page = next((page for page in (login, consent) if address in page.text), None)
    assert page is not None, f"{member} is on no page"
    return page, address


@DYNAMIC.module("oidcc-registration-logo-uri")
def logo_uri(run: Run) -> None:
    """The portal's own picture is on the page, and our policy lets the browser load it."""
    page, address = shown(run, "logo_uri", "/logo.png")
    assert address in page.parsed.images
    policy = page.headers["Content-Security-Policy"]
    assert address.removesuffix("/logo.png") in policy.partition("img-src")[2].partition(";")[0]


@DYNAMIC.module("oidcc-registration-policy-uri")
def policy_uri(run: Run) -> None:
    page, address = shown(run, "policy_uri", "/policy")
    assert address in page.parsed.links


@DYNAMIC.module("oidcc-registration-tos-uri")
def tos_uri(run: Run) -> None:
    page, address = shown(run, "tos_uri", "/terms")
    assert address in page.parsed.links


@DYNAMIC.module("oidcc-registration-jwks-uri")
def jwks_uri(run: Run) -> None:
    """The client's keys are fetched from where it publishes them."""
    key, path = signing_key("RS256"), "/jwks-uri.json"
    run.suite.site.publish(path, public(key))
    client = run.client(jwks=None, jwks_uri=run.suite.site.url("keys", path))
    client.key = key
    run.sign_in(client, run.browser())
    assert path in [asked.path for asked in run.suite.site.asked]


@DYNAMIC.module("oidcc-registration-sector-uri")
def sector_uri(run: Run) -> None:
    """A sector with two hosts that its document lists (OpenID Connect Core §8.1); its portals know one ``sub``."""
    both = [run.suite.site.url(host, "/callback") for host in ("sector-one", "sector-two")]
    run.suite.site.publish("/sector.json", both)
    described = {"subject_type": "pairwise", "sector_identifier_uri": run.suite.site.url("sector", "/sector.json")}
    one, other = (run.client(redirect_uris=[uri], **described) for uri in both)
    browser = run.browser()
    assert run.sign_in(one, browser).claims["sub"] == run.sign_in(other, browser).claims["sub"]


@DYNAMIC.module("oidcc-registration-sector-bad")
def sector_bad(run: Run) -> None:
    """An address that the sector does not list is not of the sector."""
    run.suite.site.publish("/bad-sector.json", ["https://elsewhere.example.org/callback"])
    answer = run.registration(
        subject_type="pairwise", sector_identifier_uri=run.suite.site.url("sector", "/bad-sector.json")
    )
    refused(answer, "invalid_client_metadata")


@DYNAMIC.module("oidcc-server-rotate-keys")
def server_rotate_keys(run: Run) -> None:
    """A new key is published beside the old one, and what the old one signed is still good (§10.1.1)."""
    client, browser = run.client(), run.browser()
    before = run.sign_in(client, browser)
    old = {key["kid"] for key in discovery.keys(run.suite, run.suite.metadata)}
    run.suite.rotate_keys()
    new = {key["kid"] for key in discovery.keys(run.suite, run.suite.metadata)}
    assert new > old
    client.validated(before.id_token, access_token=before.access_token, nonce=before.claims["nonce"])


@DYNAMIC.module("oidcc-refresh-token-rp-key-rotation")
def rp_key_rotation(run: Run) -> None:
    """The client changes its keys where it publishes them; a minute later the new one is known."""
    keys, path = [signing_key("RS256")], "/rotated.json"
    run.suite.site.publish(path, lambda: public(*keys))
    client = run.client(jwks=None, jwks_uri=run.suite.site.url("rotated", path))
    client.key = keys[0]
    tokens = run.sign_in(client, run.browser(), scope="openid")
    keys[:] = [signing_key("RS256")]
    client.key = keys[0]
    run.suite.wait(60)
    again = client.read(client.refresh(tokens.refresh_token))
    assert client.userinfo(again.access_token).json()["sub"] == tokens.claims["sub"]


def inner(client: RelyingParty, asked: dict[str, str], **changes: Any) -> str:
    """The request as an object that the client signed (RFC 9101 §4)."""
    now = client.suite.now()
    claims = {**asked, "iss": client.client_id, "aud": client.suite.issuer, "iat": now, "nbf": now, "exp": now + 60}
    return client.signed(claims | changes, typ="oauth-authz-req+jwt")


@DYNAMIC.module("oidcc-request-uri-unsigned")
def request_uri_unsigned(run: Run) -> None:
    """We announce no ``none``: an object without a signature is refused by reference too."""
    metadata = run.suite.metadata
    assert "none" not in metadata["request_object_signing_alg_values_supported"]
    path = "/unsigned.jwt"
    run.suite.site.publish(path, "eyJhbGciOiJub25lIn0.e30.", "application/jwt")
    client = run.client(request_uris=[run.suite.site.url("unsigned", path)])
    asked = client.request()
    outcome = client.send(run.browser(), asked | {"request_uri": run.suite.site.url("unsigned", path)})
    client.error(
        asked, outcome, "request_uri_not_supported", "request_not_supported", "invalid_request_uri",
        "invalid_request_object",
    )  # fmt: skip


@DYNAMIC.module("oidcc-request-uri-signed-rs256")
def request_uri_signed(run: Run) -> None:
    """A signed object where the client registered that it would be (OpenID Connect Core §6.2)."""
    assert run.suite.metadata["request_uri_parameter_supported"] is True
    path = "/signed.jwt"
    address = run.suite.site.url("signed", path)
    client = run.client(request_uris=[address], request_object_signing_alg="RS256")
    asked = client.request()
    run.suite.site.publish(path, inner(client, asked), "application/oauth-authz-req+jwt")
    outside = {"client_id": client.client_id, "response_type": "code", "scope": "openid", "request_uri": address}
    client.tokens(asked, client.send(run.browser(), outside))


@DYNAMIC.module("oidcc-ensure-request-object-with-redirect-uri")
def request_object_with_redirect_uri(run: Run) -> None:
    """The address in the signed object counts, whatever stands beside it (RFC 9101 §6.3)."""
    client = run.client()
    asked = client.request()
    outside = asked | {"request": inner(client, asked), "redirect_uri": f"{client.redirect_uri}/stray"}
    client.tokens(asked, client.send(run.browser(), outside))


@DYNAMIC.module("oidcc-ensure-client-assertion-with-iss-aud-succeeds")
def assertion_for_the_issuer(run: Run) -> None:
    """The issuer as audience of a client assertion; the token endpoint's address is good here too."""
    client = run.client()
    for audience in (run.suite.issuer, run.suite.metadata["token_endpoint"]):
        asked = client.request()
        code = client.code(asked, client.send(run.browser(), asked))
        answer = client.redeem(code, client_assertion=client.assertion(aud=audience))
        client.read(answer, nonce=asked["nonce"])
