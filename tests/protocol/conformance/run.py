"""One run of a module: the variant that its plan fixes, and the clients and browsers that it uses."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests

from tests.protocol.conformance.browser import Browser
from tests.protocol.conformance.people import ZHANG
from tests.protocol.conformance.relying_party import RelyingParty, Tokens, public, signing_key
from tests.protocol.conformance.suite import SCOPES, Suite

_numbers = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class Run:
    """``method`` authenticates the clients of the plan; ``response_mode`` None leaves the parameter out.

    ``rules`` are those of the invitation by which its clients register themselves. OpenID Connect Core knows nothing of
    PKCE, and its plans do not use it.
    """

    suite: Suite
    response_mode: str | None = None
    method: str = "client_secret_basic"
    rules: tuple[str, ...] = ("--without-pkce",)

    def client(self, *, alg: str = "RS256", **metadata: Any) -> RelyingParty:
        """A client of this module alone; one that proves itself by a key has it with ``alg``."""
        method = metadata.get("token_endpoint_auth_method", self.method)
        key = signing_key(alg) if method == "private_key_jwt" else None
        described = ({"jwks": public(key)} if key else {}) | metadata
        return RelyingParty(self.suite, self.register(**described), key=key, response_mode=self.response_mode)

    def register(self, **metadata: Any) -> dict[str, Any]:
        """A registration that succeeds."""
        answer = self.registration(**metadata)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def registration(self, **metadata: Any) -> requests.Response:
        """A client on a host of its own, registered over HTTP (RFC 7591 §3); None leaves a member out."""
        host = f"client{next(_numbers)}"
        described = {
            "client_name": f"Conformance {host}",
            "redirect_uris": [self.suite.site.url(host, "/callback")],
            "grant_types": ["authorization_code", "refresh_token"],
            "scope": SCOPES,
            "token_endpoint_auth_method": self.method,
        } | metadata
        sent = {name: value for name, value in described.items() if value is not None}
        allowed = {"Authorization": f"Bearer {self.suite.invitation(*self.rules)}"}
        return self.suite.http.post(
            self.suite.metadata["registration_endpoint"], json=sent, headers=allowed, timeout=20
        )

    def browser(self, person: dict[str, Any] = ZHANG) -> Browser:
        return self.suite.browser(person)

    def sign_in(self, client: RelyingParty, browser: Browser, **changes: Any) -> Tokens:
        """The whole flow, checked from end to end."""
        asked = client.request(**changes)
        return client.tokens(asked, client.send(browser, asked))


Module = Callable[[Run], None]


class Plan(dict[str, Module]):
    """The modules of a plan by the names that the certification knows them by."""

    def module(self, name: str) -> Callable[[Module], Module]:
        def register(function: Module) -> Module:
            assert name not in self, f"{name} is there already"
            self[name] = function
            return function

        return register
