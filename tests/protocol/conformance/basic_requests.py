"""Basic OP: parameters of the authorization request, each module by its documented purpose."""

import base64
import json
from typing import Any

from tests.protocol.conformance.basic_flow import BASIC
from tests.protocol.conformance.browser import Arrived, Page
from tests.protocol.conformance.people import LI, ZHANG
from tests.protocol.conformance.pkce import Pkce
from tests.protocol.conformance.relying_party import shown_error
from tests.protocol.conformance.run import Run

NO_INTERACTION = ("login_required", "interaction_required", "consent_required", "account_selection_required")


@BASIC.module("oidcc-display-page")
def display_page(run: Run) -> None:
    run.sign_in(run.client(), run.browser(), display="page")


@BASIC.module("oidcc-display-popup")
def display_popup(run: Run) -> None:
    run.sign_in(run.client(), run.browser(), display="popup")


@BASIC.module("oidcc-prompt-login")
def prompt_login(run: Run) -> None:
    """Signed in or not, the person signs in once more, and ``auth_time`` tells when."""
    client, browser = run.client(), run.browser()
    first = run.sign_in(client, browser)
    run.suite.wait(2)
    second = run.sign_in(client, browser, prompt="login")
    assert "login" in browser.seen
    assert second.claims["auth_time"] > first.claims["auth_time"]
    assert second.claims["sub"] == first.claims["sub"]


@BASIC.module("oidcc-prompt-none-not-logged-in")
def prompt_none_not_logged_in(run: Run) -> None:
    """No page; an error that says why, and the long ``state`` as it was."""
    client, browser = run.client(), run.browser()
    asked = client.request(prompt="none", state="s" * 128)
    client.error(asked, client.send(browser, asked), *NO_INTERACTION)
    assert browser.seen == []


@BASIC.module("oidcc-prompt-none-logged-in")
def prompt_none_logged_in(run: Run) -> None:
    """No page, and the sign-in that there is."""
    client, browser = run.client(), run.browser()
    first = run.sign_in(client, browser)
    second = run.sign_in(client, browser, prompt="none")
    assert browser.seen == []
    for claim in ("sub", "auth_time"):
        assert second.claims[claim] == first.claims[claim]


@BASIC.module("oidcc-max-age-1")
def max_age_1(run: Run) -> None:
    """After two seconds a sign-in is older than one; ``auth_time`` must be told and be new."""
    client, browser = run.client(), run.browser()
    first = run.sign_in(client, browser)
    run.suite.wait(2)
    second = run.sign_in(client, browser, max_age=1)
    assert "login" in browser.seen
    assert second.claims["auth_time"] > first.claims["auth_time"]
    assert second.claims["auth_time"] >= run.suite.now() - 10


@BASIC.module("oidcc-max-age-10000")
def max_age_10000(run: Run) -> None:
    """A sign-in of a moment ago is young enough: no page, the same ``auth_time`` in both."""
    client, browser = run.client(), run.browser()
    first = run.sign_in(client, browser, max_age=15000)
    second = run.sign_in(client, browser, max_age=10000)
    assert browser.seen == []
    for claim in ("sub", "auth_time"):
        assert second.claims[claim] == first.claims[claim]


@BASIC.module("oidcc-ensure-request-with-unknown-parameter-succeeds")
def unknown_parameter(run: Run) -> None:
    """What is not understood is ignored (RFC 6749 §3.1)."""
    run.sign_in(run.client(), run.browser(), extra="foobar")


@BASIC.module("oidcc-id-token-hint")
def id_token_hint(run: Run) -> None:
    """With the hint and ``prompt=none``: at once the same person; for another one, ``login_required``."""
    client, browser = run.client(), run.browser()
    first = run.sign_in(client, browser)
    second = run.sign_in(client, browser, prompt="none", id_token_hint=first.id_token)
    assert browser.seen == []
    for claim in ("sub", "auth_time"):
        assert second.claims[claim] == first.claims[claim]
    other = run.browser(LI)
    assert run.sign_in(client, other).claims["sub"] != first.claims["sub"]
    asked = client.request(prompt="none", id_token_hint=first.id_token)
    client.error(asked, client.send(other, asked), "login_required")


@BASIC.module("oidcc-login-hint")
def login_hint(run: Run) -> None:
    """A hint is no error, and the person still proves who it is."""
    browser = run.browser()
    run.sign_in(run.client(), browser, login_hint=ZHANG["email"])
    assert "login" in browser.seen


@BASIC.module("oidcc-ui-locales")
def ui_locales(run: Run) -> None:
    """A language we do not speak is no error; one that we announce is spoken to the person."""
    client = run.client()
    run.sign_in(client, run.browser(), ui_locales="se")
    assert "en" in run.suite.metadata["ui_locales_supported"]
    page = client.send(run.browser(), client.request(ui_locales="se en"), stop_at="login")
    assert isinstance(page, Page)
    assert '<html lang="en"' in page.text


@BASIC.module("oidcc-claims-locales")
def claims_locales(run: Run) -> None:
    run.sign_in(run.client(), run.browser(), claims_locales="se")


@BASIC.module("oidcc-ensure-request-with-acr-values-succeeds")
def acr_values(run: Run) -> None:
    """A request for levels that we announce succeeds, and the ID token's ``acr`` is one of them."""
    announced = run.suite.metadata["acr_values_supported"]
    assert "2" in announced
    tokens = run.sign_in(run.client(), run.browser(), acr_values="2")
    assert tokens.claims["acr"] in announced


@BASIC.module("oidcc-ensure-post-request-succeeds")
def post_request(run: Run) -> None:
    """The request as a form of the portal's site (OpenID Connect Core §3.1.2.1)."""
    client, browser = run.client(), run.browser()
    asked = client.request()
    origin = client.redirect_uri.removesuffix("/callback")
    outcome = browser.submit(run.suite.metadata["authorization_endpoint"], asked, origin=origin)
    client.tokens(asked, outcome)


@BASIC.module("oidcc-ensure-request-with-valid-pkce-succeeds")
def valid_pkce(run: Run) -> None:
    """PKCE of a client that need not use it is used (RFC 7636 §4.6): the wrong verifier is refused."""
    client, browser, pkce = run.client(), run.browser(), Pkce()
    asked = client.request(**pkce.challenge)
    client.tokens(asked, client.send(browser, asked), code_verifier=pkce.verifier)
    asked = client.request(**pkce.challenge)
    assert client.redeem(client.code(asked, client.send(browser, asked)), code_verifier="x" * 43).status_code == 400


@BASIC.module("oidcc-claims-essential")
def claims_essential(run: Run) -> None:
    """``name`` is asked for by itself, and told at userinfo alone."""
    client = run.client()
    wanted = json.dumps({"userinfo": {"name": {"essential": True}}})
    tokens = run.sign_in(client, run.browser(), claims=wanted)
    assert client.person(tokens) == {"sub": tokens.claims["sub"], "name": "张三"}
    assert "name" not in tokens.claims


def unsigned(claims: dict[str, Any]) -> str:
    """A request object without a signature (``alg`` ``none``)."""
    parts = [json.dumps(part).encode() for part in ({"alg": "none"}, claims)]
    return ".".join([*(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts), ""])


@BASIC.module("oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported")
def unsigned_request_object(run: Run) -> None:
    """It is read or refused, never passed over. We announce no ``none``: refused."""
    assert "none" not in run.suite.metadata.get("request_object_signing_alg_values_supported", [])
    client = run.client()
    asked = client.request()
    inner = unsigned({**asked, "iss": client.client_id, "aud": run.suite.issuer})
    outcome = client.send(run.browser(), asked | {"request": inner})
    client.error(asked, outcome, "request_not_supported", "invalid_request_object")


@BASIC.module("oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported")
def unsigned_request_uri(run: Run) -> None:
    """The same by reference; an address that nobody registered is not even fetched."""
    client = run.client()
    asked = client.request()
    run.suite.site.publish("/request.jwt", unsigned(dict(asked)), "application/jwt")
    reference = run.suite.site.url("client", "/request.jwt")
    outcome = client.send(run.browser(), asked | {"request_uri": reference})
    client.error(asked, outcome, "request_uri_not_supported", "invalid_request_uri", "invalid_request_object")
    assert [asked for asked in run.suite.site.asked if asked.path == "/request.jwt"] == []


@BASIC.module("oidcc-ensure-request-object-with-redirect-uri")
def request_object_with_redirect_uri(run: Run) -> None:
    """Where the object and the query name two addresses, the query's is never the one that counts."""
    client = run.client()
    asked = client.request()
    stray = f"{client.redirect_uri}/stray"
    outcome = client.send(run.browser(), asked | {"request": unsigned(dict(asked)), "redirect_uri": stray})
    if isinstance(outcome, Arrived):
        client.error(asked, outcome, "request_not_supported", "invalid_request_object")
    else:
        shown_error(outcome)
