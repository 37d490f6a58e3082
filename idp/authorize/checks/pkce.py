"""PKCE with S256 (RFC 9700 §2.1.1), of every client that is not registered without; see ``idp.tokens.pkce``."""

from idp.authorize.request import Draft
from idp.tokens import pkce


def check(draft: Draft) -> None:
    pkce.require(draft.known_client, draft.get("code_challenge"), draft.get("code_challenge_method"))
