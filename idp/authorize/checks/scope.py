"""Scopes that do not exist or that the client is not registered for are dropped; something must remain (RFC 6749
§3.3).
"""

from authlib.oauth2.rfc6749 import InvalidScopeError

from idp import scopes
from idp.authorize.request import Draft


def check(draft: Draft) -> None:
    draft.scopes = scopes.personal(scopes.split(draft.get("scope"))) & draft.known_client.scopes
    if not draft.scopes:
        raise InvalidScopeError("no scope of the request is open to this client")
