"""What comes next for an authorization request, and nothing else decides it: an error, a page for the person, or the
code.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from authlib.oauth2.rfc6749 import AccessDeniedError, OAuth2Error
from authlib.oidc.core.errors import ConsentRequiredError, LoginRequiredError
from sqlalchemy import select
from sqlalchemy.orm import Session

from idp import scopes
from idp.authorize import assurance
from idp.authorize.assurance import UnmetAuthenticationRequirements
from idp.authorize.pending import NOTHING, Progress
from idp.authorize.request import AuthorizeRequest
from idp.clients.registered import RegisteredClient
from idp.consent import decide, wanted
from idp.login import reach
from idp.models.account import ACTIVE, Account
from idp.sessions import Login
from idp.tokens import subjects
from idp.tokens.terms import Terms
from kernel import clock

LOGIN: Final = "login"
ACCOUNT: Final = "account"
STEP_UP: Final = "step_up"
CONSENT: Final = "consent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """Tell the client."""

    error: OAuth2Error


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """The person is asked on the page of ``step``: to sign in, which account, to prove ``level``, for consent.

    ``silently`` is what the client is told where nobody may be asked (``prompt=none``).
    """

    step: str
    silently: OAuth2Error
    level: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete:
    """The client gets a code: for these scopes, with these ``terms``, for a sign-in of this ``acr``."""

    login: Login
    scopes: frozenset[str]
    acr: str
    terms: Terms

    @property
    def offline(self) -> bool:
        """Whether its tokens outlive the session (OpenID Connect Core §11)."""
        return scopes.OFFLINE in self.scopes


Step = Refuse | Ask | Complete


def next_step(
    db: Session,
    request: AuthorizeRequest,
    client: RegisteredClient,
    login: Login | None,
    progress: Progress = NOTHING,
) -> Step:
    """One answer for this moment; asked anew after every step of the person."""
    try:
        step = _next(db, request, client, login, progress)
    except UnmetAuthenticationRequirements as error:
        return Refuse(error=error)
    return Refuse(error=step.silently) if isinstance(step, Ask) and "none" in request.prompt else step


def _next(
    db: Session, request: AuthorizeRequest, client: RegisteredClient, login: Login | None, progress: Progress
) -> Step:
    if progress.declined - {STEP_UP}:
        return Refuse(error=AccessDeniedError("the person did not agree"))
    if login is None:
        return _ask_login("nobody is signed in")
    step = _who(db, request, client, login, progress) or _how(db, request, login, progress)
    return step or _what(db, request, client, login, progress)


def _who(
    db: Session, request: AuthorizeRequest, client: RegisteredClient, login: Login, progress: Progress
) -> Step | None:
    """Whether this is the person, and the sign-in new enough (OpenID Connect Core §3.1.2.1)."""
    since = login.auth_time >= request.started_at  # having signed in since the request is always enough
    if "select_account" in request.prompt and not since and ACCOUNT not in progress.settled:
        return Ask(step=ACCOUNT, silently=LoginRequiredError("the person has to choose an account"))
    if not since and _too_old(request, login):
        return _ask_login("the person has to sign in again")
    if db.scalar(select(Account.status).where(Account.id == login.account.id)) != ACTIVE:
        return Refuse(error=AccessDeniedError("this account cannot be used"))
    if not _is_hinted(db, request, client, login):
        other = "another person is signed in than the request names"
        return Refuse(error=LoginRequiredError(other)) if since else _ask_login(other)
    return None


def _how(db: Session, request: AuthorizeRequest, login: Login, progress: Progress) -> Step | None:
    """Whether the sign-in reaches the level that is asked for."""
    silent = "none" in request.prompt
    level = assurance.missing(db, request, login, asked=silent or STEP_UP in progress.asked)
    if level is None:
        return None
    essential = request.essential_acr is not None
    if essential and STEP_UP in progress.declined:
        return Refuse(error=UnmetAuthenticationRequirements())
    if silent and reach.way(db, login.account, level) == "none":
        return Refuse(error=UnmetAuthenticationRequirements())
    return Ask(step=STEP_UP, level=level, silently=LoginRequiredError("the person has to prove more for this acr"))


def _what(db: Session, request: AuthorizeRequest, client: RegisteredClient, login: Login, progress: Progress) -> Step:
    """What the person lets the client have."""
    decisions = decide.decisions(db, client, login.account.id, held=True)
    asked = wanted.of(request, offline=decisions.offline)
    still = decisions.open(asked, since=request.started_at if "consent" in request.prompt else None)
    if still or (
        request.authorization_details
        and not decisions.waived
        and wanted.details_settled(login.account.id) not in progress.settled
    ):
        return Ask(step=CONSENT, silently=ConsentRequiredError("the person has not consented"))
    given = decisions.agreed(asked)
    if not given.scopes - {scopes.OFFLINE}:
        return Refuse(error=AccessDeniedError("the person agreed to none of the scopes"))
    return Complete(
        login=login,
        scopes=given.scopes,
        acr=assurance.told(request, login),
        terms=Terms(
            id_token=wanted.agreed(request, "id_token", given),
            userinfo=wanted.agreed(request, "userinfo", given),
            source=login.source_id,
        ),
    )


def _ask_login(why: str) -> Ask:
    return Ask(step=LOGIN, silently=LoginRequiredError(why))


def _too_old(request: AuthorizeRequest, login: Login) -> bool:
    if request.max_age == 0 or request.prompt & {"login", "create"}:
        return True
    return request.max_age is not None and clock.now() - login.auth_time > timedelta(seconds=request.max_age)


def _is_hinted(db: Session, request: AuthorizeRequest, client: RegisteredClient, login: Login) -> bool:
    if request.hinted_sub is None:
        return True
    return subjects.known(db, client.sector, login.account.id) == request.hinted_sub
