"""Scopes that do not exist or that the client is not registered for are dropped; something must remain (RFC 6749
§3.3).

``offline_access`` is dropped for a client without refresh tokens: there is nothing that it would prolong (OpenID
Connect Core §11).
"""

from authlib.oauth2.rfc6749 import InvalidScopeError

from idp import scopes
from idp.authorize.request import Draft


def check(draft: Draft) -> None:
    client = draft.known_client
    draft.scopes = scopes.personal(scopes.split(draft.get("scope"))) & client.scopes
    if not client.check_grant_type("refresh_token"):
        draft.scopes -= {scopes.OFFLINE}
    if not draft.scopes - {scopes.OFFLINE}:
        raise InvalidScopeError("no scope of the request is open to this client")
