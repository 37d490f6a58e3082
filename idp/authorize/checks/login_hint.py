"""``login_hint`` is written into the form of the login; what no account's name can be is no hint and is dropped."""

from typing import Final

from idp.authorize.request import Draft

MOST_CHARACTERS: Final = 200


def check(draft: Draft) -> None:
    if len(draft.get("login_hint") or "") > MOST_CHARACTERS:
        del draft.values["login_hint"]
