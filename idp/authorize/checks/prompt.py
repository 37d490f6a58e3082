"""``prompt`` (OpenID Connect Core §3.1.2.1): words that are known, and ``none`` alone.

``create`` (Initiating User Registration §4) leads to the login with its cities: a first sign-in at a city makes the
account.
"""

from typing import Final

from authlib.oauth2.rfc6749 import InvalidRequestError

from idp.authorize.request import Draft

OFFERED: Final = ("none", "login", "consent", "select_account", "create")


def check(draft: Draft) -> None:
    draft.prompt = frozenset((draft.get("prompt") or "").split())
    if not draft.prompt <= set(OFFERED):
        raise InvalidRequestError(f"prompt may have the values {', '.join(OFFERED)}")
    if "none" in draft.prompt and len(draft.prompt) > 1:
        raise InvalidRequestError("prompt=none cannot be combined with other values")
