"""``prompt`` (OpenID Connect Core §3.1.2.1): words that are known, and ``none`` alone."""

from typing import Final

from authlib.oauth2.rfc6749 import InvalidRequestError

from idp.authorize.request import Draft

OFFERED: Final = ("none", "login", "consent", "select_account")


def check(draft: Draft) -> None:
    draft.prompt = frozenset((draft.get("prompt") or "").split())
    if not draft.prompt <= set(OFFERED):
        raise InvalidRequestError("prompt has a value that is not supported")
    if "none" in draft.prompt and len(draft.prompt) > 1:
        raise InvalidRequestError("prompt none stands alone")
