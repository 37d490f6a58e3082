"""What comes next for an authorization request, and nothing else decides it: an error, the login, the consent, or
the code.
"""

from dataclasses import dataclass
from datetime import timedelta

from authlib.oauth2.rfc6749 import AccessDeniedError, OAuth2Error
from authlib.oidc.core.errors import ConsentRequiredError, LoginRequiredError
from sqlalchemy import select
from sqlalchemy.orm import Session

from idp.authorize.request import AuthorizeRequest
from idp.clients.registered import RegisteredClient
from idp.consent import decide
from idp.models.account import ACTIVE, Account
from idp.sessions import Login
from idp.tokens import subjects
from kernel import clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """Tell the client."""

    error: OAuth2Error


@dataclass(frozen=True, slots=True, kw_only=True)
class AskLogin:
    """The person signs in, or signs in again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskConsent:
    """The person decides on ``scopes``."""

    scopes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete:
    """The client gets a code for these scopes."""

    login: Login
    scopes: frozenset[str]


Step = Refuse | AskLogin | AskConsent | Complete


def next_step(
    db: Session,
    request: AuthorizeRequest,
    client: RegisteredClient,
    login: Login | None,
    *,
    denied: bool = False,
) -> Step:
    """One answer for this moment; asked anew after every step of the person."""
    silent = "none" in request.prompt
    if denied:
        return Refuse(error=AccessDeniedError())
    if login is None or _too_old(request, login):
        return Refuse(error=LoginRequiredError("nobody is signed in")) if silent else AskLogin()
    if db.scalar(select(Account.status).where(Account.id == login.account.id)) != ACTIVE:
        return Refuse(error=AccessDeniedError())
    if not _is_hinted(db, request, client, login):
        return Refuse(error=LoginRequiredError("another person is signed in than id_token_hint names"))
    since = request.started_at if "consent" in request.prompt else None
    open_scopes = decide.needed(db, client, login.account.id, request.scopes, since=since)
    if open_scopes:
        return (
            Refuse(error=ConsentRequiredError("the person has not consented"))
            if silent
            else AskConsent(scopes=open_scopes)
        )
    agreed = decide.effective(db, client, login.account.id, request.scopes)
    return Complete(login=login, scopes=agreed) if agreed else Refuse(error=AccessDeniedError())


def _too_old(request: AuthorizeRequest, login: Login) -> bool:
    """Whether the person must sign in again (OpenID Connect Core §3.1.2.1). Having done so since the request is
    enough.
    """
    if login.auth_time >= request.started_at:
        return False
    if request.prompt & {"login", "select_account"}:
        return True
    return request.max_age is not None and clock.now() - login.auth_time > timedelta(seconds=request.max_age)


def _is_hinted(db: Session, request: AuthorizeRequest, client: RegisteredClient, login: Login) -> bool:
    if request.hinted_sub is None:
        return True
    return subjects.known(db, client.sector, login.account.id) == request.hinted_sub
