"""Client credentials (RFC 6749 §4.4): a machine in its own name. With warm caches nothing is read or written."""

from typing import Any

from authlib.oauth2.rfc6749 import InvalidScopeError
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant

from idp import scopes
from idp.grant import AuthenticatedBefore, Grant
from idp.tokens.mint import Grantee


class ClientCredentials(AuthenticatedBefore, ClientCredentialsGrant):  # type: ignore[misc]  # Authlib has no types
    def generate_token(
        self,
        user: Grantee | None = None,
        scope: str | None = None,
        include_refresh_token: bool = True,  # noqa: FBT001, FBT002  # Authlib's signature
        **_unused: object,
    ) -> dict[str, Any]:
        """Without a scope parameter all that the client may have (RFC 6749 §3.3); never what belongs to a person."""
        asked = frozenset(scopes.split(scope)) or self.client.scopes
        allowed = scopes.machine(asked & self.client.scopes)
        if not allowed:
            raise InvalidScopeError("scope must name some that the client is registered for and that need no person")
        return super().generate_token(user, " ".join(sorted(allowed)), include_refresh_token)


plugin = Grant(name="client_credentials", authlib=ClientCredentials, writes=False)
