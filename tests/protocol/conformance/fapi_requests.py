"""FAPI 2.0 Security Profile: pushed requests, PKCE, and requests that must not be made."""

import html
import json

from tests.protocol.conformance.browser import Arrived, Page
from tests.protocol.conformance.fapi import FapiClient
from tests.protocol.conformance.fapi_accepted import FAPI, PROFILE, client
from tests.protocol.conformance.people import ZHANG
from tests.protocol.conformance.pkce import Pkce
from tests.protocol.conformance.relying_party import refused, shown_error
from tests.protocol.conformance.run import Run

REQUEST_URI = ("invalid_request_uri", "invalid_request")


def not_again(one: FapiClient, outcome: Arrived | Page) -> None:
    """A request_uri that is worth nothing: there is no request, so no address either, and a page tells."""
    if isinstance(outcome, Page):
        shown_error(outcome)
    else:
        assert outcome.params["error"] in REQUEST_URI
        assert "code" not in outcome.params


@FAPI.module(PROFILE + "par-ensure-reused-request-uri-prior-to-auth-completion-succeeds")
def reload_before_completion(run: Run) -> None:
    """A person who looks at the login and comes again is not refused (FAPI 2.0 §5.3.2.2 note)."""
    one, browser = client(run), run.browser()
    asked = one.ask()
    request_uri = one.pushed(asked)
    assert isinstance(one.follow(browser, request_uri, stop_at="login"), Page)
    code = one.code(asked.form, one.follow(browser, request_uri))
    one.read(one.exchange(asked, code), nonce=asked.form["nonce"], token_type="DPoP")


@FAPI.module(PROFILE + "par-attempt-reuse-request_uri")
def reuse_after_completion(run: Run) -> None:
    """Once answered, a request_uri is worth nothing (RFC 9126 §7.3)."""
    one, browser = client(run), run.browser()
    asked = one.ask()
    request_uri = one.pushed(asked)
    one.code(asked.form, one.follow(browser, request_uri))
    not_again(one, one.follow(browser, request_uri))
    not_again(one, one.follow(run.browser(), request_uri))


@FAPI.module(PROFILE + "par-attempt-to-use-expired-request_uri")
def expired_request_uri(run: Run) -> None:
    one = client(run)
    answer = one.push(one.ask()).json()
    run.suite.wait(answer["expires_in"] + 2)
    not_again(one, one.follow(run.browser(), answer["request_uri"]))


@FAPI.module(PROFILE + "par-attempt-to-use-request_uri-for-different-client")
def request_uri_of_another(run: Run) -> None:
    one, other = client(run), client(run)
    not_again(other, other.follow(run.browser(), one.pushed(one.ask())))


@FAPI.module(PROFILE + "par-authorization-request-containing-request_uri-form-param")
def request_uri_pushed(run: Run) -> None:
    """A pushed request cannot point to another one (RFC 9126 §2.1)."""
    one = client(run)
    earlier = one.pushed(one.ask())
    refused(one.push(one.ask(request_uri=earlier)), "invalid_request", "invalid_request_uri")


@FAPI.module(PROFILE + "par-attempt-invalid-http-method")
def other_method(run: Run) -> None:
    one = client(run)
    sent = one.authenticated(dict(one.ask().form))
    answer = run.suite.http.put(run.suite.metadata["pushed_authorization_request_endpoint"], timeout=20, **sent)
    assert answer.status_code == 405


@FAPI.module(PROFILE + "par-without-duplicate-parameters")
def without_duplicates(run: Run) -> None:
    """``client_id`` and ``request_uri`` are enough; nothing needs to be said twice."""
    one = client(run)
    asked, code = one.granted(run.browser())
    one.read(one.exchange(asked, code), nonce=asked.form["nonce"], token_type="DPoP")


# --- PKCE


@FAPI.module(PROFILE + "par-ensure-pkce-required")
def pkce_required(run: Run) -> None:
    one = client(run)
    asked = one.ask(code_challenge=None, code_challenge_method=None)
    one.refused_early(asked, run.browser(), "invalid_request")


@FAPI.module(PROFILE + "par-plain-pkce-rejected")
def pkce_plain(run: Run) -> None:
    one = client(run)
    asked = one.ask(code_challenge="v" * 43, code_challenge_method="plain")
    one.refused_early(asked, run.browser(), "invalid_request")
    one.refused_early(one.ask(code_challenge_method=None), run.browser(), "invalid_request")


@FAPI.module(PROFILE + "ensure-pkce-code-verifier-required")
def verifier_required(run: Run) -> None:
    one = client(run)
    asked, code = one.granted(run.browser())
    refused(one.exchange(asked, code, code_verifier=None), "invalid_grant", "invalid_request")


@FAPI.module(PROFILE + "incorrect-pkce-code-verifier-rejected")
def verifier_wrong(run: Run) -> None:
    one = client(run)
    asked, code = one.granted(run.browser())
    refused(one.exchange(asked, code, code_verifier=Pkce().verifier), "invalid_grant")


# --- requests that are refused


@FAPI.module(PROFILE + "ensure-request-object-without-redirect-uri-fails")
def without_redirect_uri(run: Run) -> None:
    """The profile wants ``redirect_uri`` in the pushed request (FAPI 2.0 §5.3.2.2)."""
    one = client(run)
    one.refused_early(one.ask(redirect_uri=None), run.browser(), "invalid_request")


@FAPI.module(PROFILE + "ensure-redirect-uri-in-authorization-request")
def redirect_uri_beside(run: Run) -> None:
    """Nor does one beside the request_uri make up for it."""
    one = client(run)
    asked = one.ask(redirect_uri=None)
    answer = one.push(asked)
    if answer.status_code == 201:
        outcome = one.follow(run.browser(), answer.json()["request_uri"], redirect_uri=one.redirect_uri)
        shown_error(outcome)
    else:
        refused(answer, "invalid_request")


def unregistered(run: Run) -> None:
    one = client(run)
    stray = f"{one.redirect_uri}/stray"
    answer = one.push(one.ask(redirect_uri=stray))
    if answer.status_code == 201:
        shown_error(one.follow(run.browser(), answer.json()["request_uri"]))
    else:
        refused(answer, "invalid_request", "invalid_redirect_uri")


@FAPI.module(PROFILE + "ensure-registered-redirect-uri")
def registered_redirect_uri(run: Run) -> None:
    """An address that nobody registered is refused."""
    unregistered(run)


@FAPI.module(PROFILE + "plain-fapi-tolerate-unregistered-redirect-uri")
def tolerated_redirect_uri(run: Run) -> None:
    """RFC 9126 §2.4 would let a server take it from a client that has proved itself. Ours does not."""
    unregistered(run)


@FAPI.module(PROFILE + "ensure-unsigned-authorization-request-without-using-par-fails")
def without_par(run: Run) -> None:
    """The parameters in the address are refused: requests of the profile are pushed."""
    one = client(run)
    asked = one.ask()
    outcome = one.send(run.browser(), asked.form)
    if isinstance(outcome, Page):
        shown_error(outcome)
    else:
        one.error(asked.form, outcome, "invalid_request")


def response_type_refused(run: Run, response_type: str) -> None:
    one = client(run)
    asked = one.ask(response_type=response_type)
    one.refused_early(asked, run.browser(), "unsupported_response_type", "unauthorized_client", "invalid_request")


@FAPI.module(PROFILE + "ensure-response-type-code-idtoken-fails")
def response_type_code_id_token(run: Run) -> None:
    response_type_refused(run, "code id_token")


@FAPI.module(PROFILE + "ensure-response-type-token-fails")
def response_type_token(run: Run) -> None:
    response_type_refused(run, "token")


# --- modules of national profiles: their rule, asked of our profile


@FAPI.module(PROFILE + "australia-connectid-ensure-invalid-purpose-fails")
def purpose(run: Run) -> None:
    """``purpose`` is a word of another profile: it is not understood, so ignored, and never shown to the person."""
    one, browser = client(run), run.browser()
    asked = one.ask(purpose="<b>x</b>", scope="openid profile")
    page = one.follow(browser, one.pushed(asked), stop_at="consent")
    assert isinstance(page, Page)
    assert "<b>x</b>" not in page.text
    assert html.escape("<b>x</b>") not in page.text
    one.code(asked.form, browser.go_on(page))


@FAPI.module(PROFILE + "australia-connectid-test-claims-parameter-idtoken-identity-claims")
def claims_in_id_token(run: Run) -> None:
    """Claims asked for in the ID token come there; what is not known is left out, and no error."""
    wanted = {"id_token": {"name": None, "over18": {"essential": True}, "urn:unknown": None}}
    tokens = client(run).sign_in(run.browser(), claims=json.dumps(wanted))
    assert tokens.claims["name"] == ZHANG["name"]
    assert not {"over18", "urn:unknown", "email"} & set(tokens.claims)


@FAPI.module(PROFILE + "ensure-server-handles-non-matching-intent-id")
def intent_of_another(run: Run) -> None:
    """Our intents are pushed requests; one's grant is never given for another's. A ``sub`` that is not the person's
    is the claim that cannot be met (OpenID Connect Core §5.5.1): no tokens for somebody else.
    """
    one = client(run)
    asked = one.ask(claims=json.dumps({"id_token": {"sub": {"value": "somebody-else"}}}))
    answer = one.push(asked)
    if answer.status_code != 201:
        refused(answer, "invalid_request", "access_denied")
        return
    outcome = one.follow(run.browser(), answer.json()["request_uri"])
    if isinstance(outcome, Arrived):
        one.error(asked.form, outcome, "login_required", "access_denied", "invalid_request")
    else:
        assert "login" in outcome.url, "another person may sign in"


@FAPI.module(PROFILE + "test-essential-acr-sca-claim")
def essential_acr(run: Run) -> None:
    """An essential ``acr`` is reached, or there are no tokens (OpenID Connect Core §5.5.1.1)."""
    one = client(run)
    asked = one.ask(claims=json.dumps({"id_token": {"acr": {"essential": True, "values": ["5"]}}}))
    outcome = one.follow(run.browser(), one.pushed(asked))
    if isinstance(outcome, Arrived):
        one.error(asked.form, outcome, "unmet_authentication_requirements", "access_denied")
    else:
        assert "code=" not in outcome.url
    tokens = one.sign_in(run.browser(), claims=json.dumps({"id_token": {"acr": {"essential": True, "values": ["2"]}}}))
    assert tokens.claims["acr"] == "2"
