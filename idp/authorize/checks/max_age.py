"""``max_age`` in whole seconds, or what the client registered as its ``default_max_age``."""

from authlib.oauth2.rfc6749 import InvalidRequestError

from idp.authorize.request import Draft


def check(draft: Draft) -> None:
    text = draft.get("max_age")
    if text is None:
        draft.max_age = draft.known_client.meta.default_max_age
        return
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise InvalidRequestError("max_age must be a number of seconds")
    draft.max_age = int(text)
