"""Authlib's core server with our requests, our clients and our order of things. No framework behind it: both doors
use it.

Authlib brings the grants' protocol, PKCE and the errors; it saves tokens before it spends codes, so the grants here
spend first and the whole exchange is one transaction (see ``idp.grants``).
"""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import cache
from typing import Any

from authlib.oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import (
    InvalidRequestError,
    OAuth2Error,
    OAuth2Payload,
    OAuth2Request,
    UnauthorizedClientError,
)
from sqlalchemy.orm import Session

from idp import client_request, resource
from idp.clients import authentication, registered
from idp.clients.registered import RegisteredClient
from idp.grant import grants
from idp.tokens import dpop, encrypt, keys, mint, possession
from kernel import context
from kernel.db import transaction
from kernel.machine import Answer, json_answer

Reply = tuple[int, dict[str, Any], list[tuple[str, str]]]


class _Payload(OAuth2Payload):  # type: ignore[misc]  # Authlib has no types
    """Parameters that came once each; who builds a request has refused repeated ones."""

    __slots__ = ("data",)
    data: Mapping[str, str]

    def __init__(self, data: Mapping[str, str]) -> None:
        self.data = data

    @property
    def datalist(self) -> dict[str, list[str]]:
        return {name: [value] for name, value in self.data.items()}


class OAuthRequest(OAuth2Request):  # type: ignore[misc]
    """What Authlib's grants read. ``db`` is the transaction they run in; ``path`` is ours, the address PUBLIC_URL's."""

    def __init__(self, method: str, path: str, parameters: Mapping[str, str], headers: Mapping[str, str]) -> None:
        # Not Authlib's constructor: it judges at each request whether the address has TLS. Ours is PUBLIC_URL, which
        # the settings judged at the start.
        self.method, self.uri, self.headers = method, mint.issuer() + path, headers
        self.payload = _Payload(parameters)
        self._parameters = self._body = parameters
        self.client: RegisteredClient | None = None
        self.auth_method: str | None = None
        self.user = self.credential = self.authorization_code = self.refresh_token = self._scope = None
        self.db: Session | None = None
        self.cnf: Mapping[str, str] | None = None
        self.resources: Sequence[str] = ()

    @property
    def form(self) -> Mapping[str, str]:
        return self._parameters

    @property
    def args(self) -> Mapping[str, str]:
        return self._parameters if self.method == "GET" else {}


class UnknownGrantType(OAuth2Error):  # type: ignore[misc]
    """Authlib's own repeats what was sent; an error_description must be ASCII (RFC 6749 §5.2)."""

    error = "unsupported_grant_type"
    description = "this grant_type is not supported"


class Server(AuthorizationServer):  # type: ignore[misc]
    """``issue`` is the token endpoint; ``authorization_grant`` serves ``/authorize``."""

    def __init__(self) -> None:
        super().__init__()
        for grant in grants().values():
            self.register_grant(grant.authlib, list(grant.extensions))

    def issue(self, parameters: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """Answer a token request (RFC 6749 §5) whose form is ``parameters``."""
        request = OAuthRequest("POST", "/token", parameters, headers)
        try:
            status, body, extra = self._issue(request)
        except OAuth2Error as error:
            client_request.note(error, request.client)
            status, body, extra = error()
        if "DPoP" in headers and not any(name == "DPoP-Nonce" for name, _ in extra):
            extra = [*extra, dpop.nonce_header()]  # RFC 9449 §8.2
        shown = tuple((n, v) for n, v in extra if n not in {"Content-Type", "Cache-Control", "Pragma"})
        return json_answer(body, status, shown)

    def _issue(self, request: OAuthRequest) -> Reply:
        if request.payload.grant_type is None:
            raise InvalidRequestError("grant_type is missing")
        grant = grants().get(request.payload.grant_type)
        if grant is None:
            raise UnknownGrantType
        # Judged before and spent after the client is known, so that an assertion is not spent on a missing nonce.
        proof = dpop.read(request.headers, method="POST", path="/token")
        client, request.auth_method = authentication.authenticate(request.headers, request.form)
        if not client.check_grant_type(grant.name):
            raise UnauthorizedClientError("the client is not registered for this grant_type")
        request.client = client
        request.cnf = possession.presented(client, request.headers, proof)
        request.resources = resource.asked(client, request.form.get("resource"))
        with context.bind(client_id=client.client_id):
            keys.ring()  # cold, it writes; so before the transaction
            encrypt.prepare(client)
            with transaction() if grant.writes else nullcontext() as request.db:
                return self._run(request)

    def _run(self, request: OAuthRequest) -> Reply:
        running = self.get_token_grant(request)
        running.validate_token_request()
        reply: Reply = running.create_token_response()
        return reply

    def authorization_grant(self, request: OAuthRequest) -> Any:
        """Authlib's grant for a request to ``/authorize``, validated once more against the client as it is now.

        :raises OAuth2Error: with ``redirect_uri`` only where that is the client's.
        """
        grant = self.get_authorization_grant(request)
        grant.validate_consent_request()
        return grant

    def query_client(self, client_id: str) -> RegisteredClient | None:
        return registered.find(client_id)

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Authlib's signals have no listeners here."""


@cache
def server() -> Server:
    """The one server of this process."""
    return Server()
