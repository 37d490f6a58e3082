"""Which level a request asks of the sign-in (``acr``), whether this one is enough, and whether asking for more helps.

Levels hold for the lower ones too; a client that named levels is told the highest of them that was reached.
"""

from collections.abc import Sequence

from authlib.oauth2.rfc6749 import OAuth2Error
from sqlalchemy.orm import Session

from idp.authorize.request import AuthorizeRequest
from idp.login import reach
from idp.sessions import Login


class UnmetAuthenticationRequirements(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """OpenID Connect Core Error Code unmet_authentication_requirements 1.0, §2."""

    error = "unmet_authentication_requirements"
    description = "the sign-in did not reach any of the acr values that claims names as essential"


def missing(db: Session, request: AuthorizeRequest, login: Login, *, asked: bool) -> int | None:
    """The level to ask the person for now; None where the sign-in is enough or nothing more can be had.

    What is only wanted (``acr_values``) is asked for once, where the person has a way to it. What is essential is asked
    for until it is reached or declined.

    :raises UnmetAuthenticationRequirements: where no level would do.
    """
    if request.essential_acr is not None:
        return _essential(db, request.essential_acr, login)
    return None if asked else _wanted(db, request.wanted_acr, login)


def told(request: AuthorizeRequest, login: Login) -> str:
    """The ``acr`` for this client."""
    listed = request.essential_acr if request.essential_acr is not None else request.wanted_acr
    return max((acr for acr in listed if acr <= login.acr), default=login.acr)


def _essential(db: Session, values: Sequence[str], login: Login) -> int | None:
    if not values:
        raise UnmetAuthenticationRequirements
    if any(acr <= login.acr for acr in values):
        return None
    ways = {int(acr): reach.way(db, login.account, int(acr)) for acr in values}
    return next((level for level, way in ways.items() if way != "none"), min(ways))


def _wanted(db: Session, values: Sequence[str], login: Login) -> int | None:
    for acr in values:
        if acr <= login.acr:
            return None
        if reach.way(db, login.account, int(acr)) in {"code", "city"}:
            return int(acr)
    return None
