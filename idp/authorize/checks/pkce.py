"""Every client proves possession of its code by PKCE with S256 (RFC 9700 §2.1.1); see ``idp.tokens.pkce``."""

from idp.authorize.request import Draft
from idp.tokens import pkce


def check(draft: Draft) -> None:
    pkce.require(draft.get("code_challenge"), draft.get("code_challenge_method"))
