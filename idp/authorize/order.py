"""The checks, in their order. The line between the two lists is the one that no redirect may cross."""

from collections.abc import Callable
from typing import Final

from authlib.oauth2.rfc6749 import OAuth2Error

from idp.authorize.checks import (
    acr_values,
    characters,
    claims,
    client,
    id_token_hint,
    login_hint,
    max_age,
    pkce,
    prompt,
    redirect_uri,
    repeated,
    request_object,
    response_mode,
    response_type,
    scope,
    size,
)
from idp.authorize.request import AuthorizeRequest, Draft

Check = Callable[[Draft], None]

ANSWERED_BY_A_PAGE: Final[tuple[Check, ...]] = (
    size.check,
    client.check,
    redirect_uri.check,
)
ANSWERED_TO_THE_CLIENT: Final[tuple[Check, ...]] = (
    repeated.check,
    characters.check,
    request_object.check,
    response_mode.check,
    response_type.check,
    pkce.check,
    scope.check,
    prompt.check,
    max_age.check,
    login_hint.check,
    acr_values.check,
    id_token_hint.check,
    claims.check,
)


def checked(draft: Draft) -> AuthorizeRequest:
    """The request, if it passes.

    :raises PageFault: while it is not certain where an answer may go.
    :raises OAuth2Error: for the client; ``redirect_uri`` and ``state`` are set.
    """
    for check in ANSWERED_BY_A_PAGE:
        check(draft)
    try:
        for check in ANSWERED_TO_THE_CLIENT:
            check(draft)
    except OAuth2Error as error:
        error.redirect_uri, error.state = draft.redirect_uri, _state(draft)
        raise
    return draft.finished()


def _state(draft: Draft) -> str | None:
    """The state to be sent back with an error; none where it is part of what is wrong."""
    given = draft.parameters.get("state", [])
    return given[0] if len(given) == 1 and given[0].isprintable() else None
