"""What a grant is: one file in ``grants/`` offers its ``plugin``, and the token endpoint and discovery know it.

A grant fills in only its own part of Authlib's class. What no grant may forget stands before it in
``authlib_server.Server.issue``: one parameter once, client authentication, the client's permission, one transaction.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from idp.clients.registered import RegisteredClient
from kernel.plugins import discover

Extension = Callable[[Any], None]
"""Authlib's: called with the grant, it registers hooks."""


class AuthenticatedBefore:
    """For Authlib's grant classes: the client was authenticated before the transaction, so that nobody unknown
    opens one.
    """

    request: Any

    def authenticate_token_endpoint_client(self) -> RegisteredClient:
        client: RegisteredClient = self.request.client
        return client

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
