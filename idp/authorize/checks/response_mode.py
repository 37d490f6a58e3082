"""The answer is in the query of the redirect URI; another mode is refused rather than silently replaced."""

from typing import Final

from authlib.oauth2.rfc6749 import InvalidRequestError

from idp.authorize.request import Draft

OFFERED: Final = ("query",)


def check(draft: Draft) -> None:
    if draft.get("response_mode") not in {None, *OFFERED}:
        raise InvalidRequestError("response_mode must be query")
