"""Requests in a JWT are not offered, and say so: ignoring one would answer a request nobody made (OIDC Core §6)."""

from authlib.oidc.core.errors import (
    RegistrationNotSupportedError,
    RequestNotSupportedError,
    RequestURINotSupportedError,
)

from idp.authorize.request import Draft


def check(draft: Draft) -> None:
    if draft.get("request") is not None:
        raise RequestNotSupportedError("the request parameter is not supported")
    if draft.get("request_uri") is not None:
        raise RequestURINotSupportedError("the request_uri parameter is not supported")
    if draft.get("registration") is not None:
        raise RegistrationNotSupportedError("the registration parameter is not supported")
