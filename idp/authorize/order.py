"""The checks, in their order. The line between the two lists is the one that no redirect may cross."""

from collections.abc import Callable
from typing import Final

from authlib.oauth2.rfc6749 import OAuth2Error

from idp.authorize import handles
from idp.authorize.checks import (
    acr_values,
    authorization_details,
    characters,
    claims,
    client,
    dpop_jkt,
    id_token_hint,
    login_hint,
    max_age,
    pkce,
    prompt,
    pushed,
    redirect_uri,
    repeated,
    request_object,
    resource,
    response_mode,
    response_type,
    scope,
    size,
)
from idp.authorize.request import AuthorizeRequest, Draft, Refusal

Check = Callable[[Draft], None]

WHOSE: Final[tuple[Check, ...]] = (
    size.check,
    client.check,
)
ANSWERED_BY_A_PAGE: Final[tuple[Check, ...]] = (
    *WHOSE,
    request_object.read,
    redirect_uri.check,
)
ANSWERED_TO_THE_CLIENT: Final[tuple[Check, ...]] = (
    repeated.check,
    request_object.check,
    pushed.check,
    characters.check,
    response_mode.check,
    response_type.check,
    pkce.check,
    scope.check,
    resource.check,
    authorization_details.check,
    dpop_jkt.check,
    prompt.check,
    max_age.check,
    login_hint.check,
    acr_values.check,
    id_token_hint.check,
    claims.check,
)


def opened(draft: Draft) -> AuthorizeRequest:
    """What a browser brings: a handle of a request that was checked before, or one to be checked now.

    :raises PageFault: as ``checked``. :raises Refusal: as ``checked``.
    """
    for check in WHOSE:
        check(draft)
    return handles.opened(draft) or checked(draft)


def checked(draft: Draft) -> AuthorizeRequest:
    """The request, if it passes.

    :raises PageFault: while it is not certain where an answer may go.
    :raises Refusal: for the client.
    """
    for check in ANSWERED_BY_A_PAGE:
        check(draft)
    try:
        for check in ANSWERED_TO_THE_CLIENT:
            check(draft)
    except OAuth2Error as error:
        raise Refusal(error, draft.back) from None
    return draft.finished()
