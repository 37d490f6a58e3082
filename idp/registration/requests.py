"""What both registration endpoints do with a request: count it, find its token and its JSON, write refusals."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from idp.login.attempts import network
from idp.registration.refused import RegistrationRefused, no_token, of_metadata, of_reading
from idp.registration.settings import RegistrationSettings
from kernel import limits, settings
from kernel.errors import Invalid, TooMany
from kernel.machine import Answer, Request

_WINDOW: Final = 60
_LONGEST_TOKEN: Final = 512
_OF_METADATA: Final = frozenset({"invalid_client_metadata", "invalid_redirect_uri"})


def answering(request: Request, act: Callable[[], Answer]) -> Answer:
    """The answer of ``act``, or its refusal in the form of RFC 7591 §3.2.2.

    :raises TooMany: for an address that asks too often.
    """
    most = settings.of(RegistrationSettings).registration_tries
    if not limits.allow(f"register:{network(request.address)}", limit=most, window_seconds=_WINDOW):
        raise TooMany(retry_after=_WINDOW)
    try:
        return act()
    except RegistrationRefused as refused:
        return refused.answer()
    except Invalid as error:
        if error.code not in _OF_METADATA:
            raise
        return of_metadata(error).answer()


def presented(request: Request) -> str:
    """The token in the Authorization header (RFC 6750 §2.1); nowhere else is looked."""
    scheme, _space, token = str(request.headers.get("Authorization", "")).partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > _LONGEST_TOKEN:
        raise no_token()
    return token


def metadata(request: Request) -> Mapping[str, Any]:
    """The JSON object in the body. :raises RegistrationRefused: where there is none."""
    try:
        raw = request.json()
    except Invalid as error:
        raise of_reading(error) from None
    if not isinstance(raw, dict):
        raise RegistrationRefused("invalid_client_metadata", "the body must be a JSON object")
    return raw
