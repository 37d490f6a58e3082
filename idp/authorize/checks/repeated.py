"""No parameter comes twice (RFC 6749 §3.1): two readers could take a different one."""

from typing import Final

from authlib.oauth2.rfc6749 import InvalidRequestError

from idp.authorize.request import Draft

MAY_REPEAT: Final = frozenset({"resource"})  # RFC 8707 §2


def check(draft: Draft) -> None:
    if any(len(given) > 1 for name, given in draft.parameters.items() if name not in MAY_REPEAT):
        raise InvalidRequestError("a parameter came more than once")
