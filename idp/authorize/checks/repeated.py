"""No parameter comes twice (RFC 6749 §3.1): two readers could take a different one."""

from authlib.oauth2.rfc6749 import InvalidRequestError

from idp.authorize.request import Draft


def check(draft: Draft) -> None:
    if any(len(given) > 1 for given in draft.parameters.values()):
        raise InvalidRequestError("a parameter came more than once")
