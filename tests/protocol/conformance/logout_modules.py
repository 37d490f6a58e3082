"""Signing out as a portal asks for it (OpenID Connect RP-Initiated Logout §2, §3)."""

import base64
import json
import secrets
from typing import Any

from tests.protocol.conformance import discovery
from tests.protocol.conformance.browser import Arrived, Browser, Outcome, Page
from tests.protocol.conformance.relying_party import RelyingParty, Tokens, signing_key
from tests.protocol.conformance.run import Plan, Run

LOGOUT = Plan()
NAME = "oidcc-rp-initiated-logout"


class Leaving:
    """A person signed in at a portal that knows where to send people who have signed out."""

    def __init__(self, run: Run, **metadata: Any) -> None:
        self.run = run
        self.back = run.suite.site.url("leaving", "/signed-out")
        self.client: RelyingParty = run.client(post_logout_redirect_uris=[self.back], **metadata)
        self.browser: Browser = run.browser()
        self.tokens: Tokens = run.sign_in(self.client, self.browser)
        self.state = secrets.token_urlsafe(12)

    def leave(self, **changes: str | None) -> Outcome:
        parameters = {
            "id_token_hint": self.tokens.id_token,
            "post_logout_redirect_uri": self.back,
            "state": self.state,
        } | changes
        endpoint = self.run.suite.metadata["end_session_endpoint"]
        return self.browser.leave(endpoint, {name: value for name, value in parameters.items() if value is not None})

    def is_back(self, outcome: Outcome, **expected: str) -> None:
        """The portal has the person again, with the state and nothing else."""
        assert isinstance(outcome, Arrived), outcome
        assert outcome.uri.partition("?")[0] == self.back
        assert outcome.params == expected

    def stays(self, outcome: Outcome) -> None:
        """No portal is told anything; a page says what is the matter, or asks."""
        assert isinstance(outcome, Page), outcome
        assert "<h1" in outcome.text
        assert not [asked for asked in self.run.suite.site.asked if asked.path == "/signed-out"]

    def is_signed_out(self) -> None:
        asked = self.client.request(prompt="none")
        self.client.error(asked, self.client.send(self.browser, asked), "login_required")


@LOGOUT.module(f"{NAME}-discovery-endpoint-verification")
def discovery_verified(run: Run) -> None:
    found = discovery.document(run.suite)
    assert found["end_session_endpoint"].startswith(f"{run.suite.issuer}/")


@LOGOUT.module(NAME)
def rp_initiated(run: Run) -> None:
    leaving = Leaving(run)
    leaving.is_back(leaving.leave(), state=leaving.state)
    leaving.is_signed_out()


@LOGOUT.module(f"{NAME}-no-state")
def no_state(run: Run) -> None:
    """Without a state none comes back."""
    leaving = Leaving(run)
    leaving.is_back(leaving.leave(state=None))
    leaving.is_signed_out()


@LOGOUT.module(f"{NAME}-bad-id-token-hint")
def foreign_hint(run: Run) -> None:
    """A hint that somebody else signed says nothing."""
    leaving = Leaving(run)
    forged = leaving.client.signed(leaving.tokens.claims, key=signing_key("RS256"))
    leaving.stays(leaving.leave(id_token_hint=forged))


@LOGOUT.module(f"{NAME}-modified-id-token-hint")
def unsigned_hint(run: Run) -> None:
    """The same for our own ID token with ``alg`` changed to ``none``."""
    leaving = Leaving(run)
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).rstrip(b"=").decode()
    leaving.stays(leaving.leave(id_token_hint=f"{header}.{leaving.tokens.id_token.split('.')[1]}."))


@LOGOUT.module(f"{NAME}-no-id-token-hint")
def no_hint(run: Run) -> None:
    """Anybody could ask so: the person is not sent on."""
    leaving = Leaving(run)
    leaving.stays(leaving.leave(id_token_hint=None))


@LOGOUT.module(f"{NAME}-bad-post-logout-redirect-uri")
def unregistered_address(run: Run) -> None:
    leaving = Leaving(run)
    leaving.stays(leaving.leave(post_logout_redirect_uri=f"{leaving.back}/elsewhere"))


@LOGOUT.module(f"{NAME}-query-added-to-post-logout-redirect-uri")
def query_added(run: Run) -> None:
    """Registered byte by byte, query included."""
    leaving = Leaving(run)
    leaving.stays(leaving.leave(post_logout_redirect_uri=f"{leaving.back}?foo=bar"))


def without_address(run: Run, **left_out: None) -> None:
    """There is nowhere to go: the person is signed out and told so."""
    leaving = Leaving(run)
    outcome = leaving.leave(post_logout_redirect_uri=None, **left_out)
    leaving.stays(outcome)
    assert isinstance(outcome, Page)
    assert outcome.status == 200
    leaving.is_signed_out()


@LOGOUT.module(f"{NAME}-no-params")
def no_params(run: Run) -> None:
    without_address(run, id_token_hint=None, state=None)


@LOGOUT.module(f"{NAME}-no-post-logout-redirect-uri")
def no_address(run: Run) -> None:
    without_address(run)


@LOGOUT.module(f"{NAME}-only-state")
def only_state(run: Run) -> None:
    without_address(run, id_token_hint=None)
