"""What a grant is: one file in ``grants/`` offers its ``plugin``, and the token endpoint and discovery know it.

A grant fills in only its own part of Authlib's class. What no grant may forget stands before it in
``authlib_server.Server.issue``: one parameter once, client authentication, the client's permission, one transaction.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Protocol

from authlib.oauth2.rfc6749 import InvalidScopeError

from idp import authorization_detail, resource
from idp.clients.registered import RegisteredClient
from idp.tokens import mint
from idp.tokens.mint import Grantee
from idp.tokens.terms import Terms
from kernel.plugins import discover

Extension = Callable[[Any], None]
"""Authlib's: called with the grant, it registers hooks."""


class TokenRequest(Protocol):
    """What a grant finds in its request when it runs.

    ``cnf`` is the key it proved to hold (RFC 7800), ``resources`` are those it asks a token for, checked.
    """

    client: RegisteredClient
    db: Any
    cnf: Mapping[str, str] | None
    resources: Sequence[str]
    form: Mapping[str, str]


class AuthenticatedBefore:
    """For Authlib's grant classes: the client was authenticated before the transaction, so that nobody unknown
    opens one.
    """

    request: Any

    def authenticate_token_endpoint_client(self) -> RegisteredClient:
        client: RegisteredClient = self.request.client
        return client

    def generate_token(
        self,
        user: Grantee | None = None,
        scope: str | None = None,
        include_refresh_token: bool = True,  # noqa: FBT001, FBT002  # Authlib's signature
        **_unused: object,
    ) -> dict[str, Any]:
        """The token answer (RFC 6749 §5.1), bound to the key that the request proved to hold."""
        request: TokenRequest = self.request
        user = self._narrowed(user)
        said = request.client.get_allowed_scope(scope)  # it may have lost some since they were granted
        if said is None:
            raise InvalidScopeError("the client is not registered for any of these scopes")
        answer: dict[str, Any] = {
            "token_type": "DPoP" if request.cnf and "jkt" in request.cnf else "Bearer",
            "access_token": mint.access_token(
                client_id=request.client.client_id,
                scope=said,
                grantee=user,
                resources=resource.narrowed(request.resources, user.terms.resources) if user else request.resources,
                cnf=request.cnf,
            ),
            "expires_in": mint.access_seconds(user),
            "scope": said,
        }
        if user is not None and include_refresh_token and user.refresh_token is not None:
            answer["refresh_token"] = user.refresh_token
        if user is not None and user.terms.authorization_details:
            answer["authorization_details"] = list(user.terms.authorization_details)
        return answer

    def _narrowed(self, user: Grantee | None) -> Grantee | None:
        """For what of the granted details this token is asked for (RFC 9396 §6)."""
        request: TokenRequest = self.request
        text = request.form.get("authorization_details")
        if text is None:
            return user
        granted = user.terms.authorization_details if user is not None else ()
        details = authorization_detail.narrowed(request.client, text, granted)
        return user and replace(user, terms=replace(user.terms, authorization_details=details))

    def kept_terms(self, terms: Terms) -> Terms:
        """The terms to open a family with: that of a public client, which has no other proof, is its key's alone
        (RFC 9449 §5, RFC 8705 §4).
        """
        request: TokenRequest = self.request
        held = request.cnf if request.cnf and not request.client.meta.confidential else None
        return terms if held == terms.cnf else replace(terms, cnf=held)

    def save_token(self, token: dict[str, Any]) -> None:
        """Nothing is written after minting: what a token needs in the database is there before it exists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """``name`` is the grant_type on the wire. ``writes``: it runs in a transaction, ``request.db``; otherwise
    without one.
    """

    name: str
    authlib: type[Any]
    extensions: tuple[Extension, ...] = ()
    writes: bool = True


@cache
def grants() -> dict[str, Grant]:
    """Every grant by its grant_type."""
    return discover("idp.grants", Grant)
