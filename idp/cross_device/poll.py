"""What happens when a client asks whether the person has decided (RFC 8628 §3.5, CIBA Core §11).

One statement claims an approved request, so that of several polls one gets the tokens; what must be remembered of the
others (that they came, and came too soon) is written after the refusal.
"""

from typing import Any, Final

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AccessDeniedError, InvalidGrantError
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from idp import scopes
from idp.clients.registered import RegisteredClient
from idp.consent import decide
from idp.models.account import ACTIVE, Account
from idp.models.cross_device import APPROVED, DENIED, CrossDeviceRequest
from idp.models.session import LoginSession
from idp.tokens import families
from idp.tokens.mint import Grantee
from idp.tokens.terms import Terms
from kernel import audit, clock, crypto
from kernel.db import on_refusal

SLOWER: Final = 5  # seconds more between polls, for who came too soon (RFC 8628 §3.5)
UNKNOWN: Final = "is not known, is another client's, or was used"


class AuthorizationPending(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    error = "authorization_pending"
    description = "the person has not decided yet: ask again after interval seconds"


class SlowDown(OAuth2Error):  # type: ignore[misc]
    error = "slow_down"
    description = "asked too soon: wait 5 seconds longer between polls from now on"


class ExpiredToken(OAuth2Error):  # type: ignore[misc]
    error = "expired_token"
    description = "the request has expired: begin a new one"


_CLAIM: Final = (
    update(CrossDeviceRequest)
    .where(CrossDeviceRequest.used_at.is_(None), CrossDeviceRequest.status == APPROVED)
    .returning(CrossDeviceRequest)
    .execution_options(synchronize_session=False)
)


def claim(db: Session, client: RegisteredClient, *, kind: str, secret: str, name: str) -> CrossDeviceRequest:
    """The approved request, now used.

    :raises OAuth2Error: as the state is; ``name`` is the parameter that ``secret`` came in.
    """
    mine = (
        CrossDeviceRequest.secret_hash == crypto.digest(secret),
        CrossDeviceRequest.kind == kind,
        CrossDeviceRequest.client_id == client.client_id,
    )
    now = clock.now()
    found = db.scalar(_CLAIM.where(*mine, CrossDeviceRequest.expires_at > now).values(used_at=now))
    if found is not None:
        return found
    row = db.scalar(select(CrossDeviceRequest).where(*mine))
    if row is None:
        raise InvalidGrantError(f"{name} {UNKNOWN}")
    if row.used_at is not None:
        _replayed(db, row)
        raise InvalidGrantError(f"{name} {UNKNOWN}")
    if row.expires_at <= now:
        raise ExpiredToken
    if row.status == DENIED:
        raise AccessDeniedError("the person said no")
    raise _waiting(db, row)


def _waiting(db: Session, row: CrossDeviceRequest) -> OAuth2Error:
    now = clock.now()
    early = row.polled_at is not None and (now - row.polled_at).total_seconds() < row.poll_seconds
    changes: dict[str, Any] = {"polled_at": now}
    if early:
        changes["poll_seconds"] = CrossDeviceRequest.poll_seconds + SLOWER
    which = update(CrossDeviceRequest).where(CrossDeviceRequest.id == row.id).values(**changes)

    def note(fresh: Session) -> None:
        fresh.execute(which)

    on_refusal(db, note)
    return SlowDown() if early else AuthorizationPending()


def _replayed(db: Session, row: CrossDeviceRequest) -> None:
    """Somebody has the tokens already: whoever it was, they end, as those of a code would (RFC 9700 §4.5)."""
    family_id, kind = row.family_id, row.kind
    if family_id is None:
        return

    def end(fresh: Session) -> None:
        ended = families.end(fresh, family_id=family_id, reason="code_replay")
        audit.record(
            fresh, f"token.{kind}_replay", outcome="invalid_grant", subject=family_id, details={"families": ended}
        )

    on_refusal(db, end)


def grantee(db: Session, row: CrossDeviceRequest, client: RegisteredClient) -> tuple[Grantee, str]:
    """For whom the tokens are, and for which scope: what the person agreed to and has not taken back since.

    :raises InvalidGrantError: where the account is blocked or the session, which they belong to, has ended.
    """
    account = db.get_one(Account, row.account_id)
    agreed = decide.effective(db, client, account.id, frozenset(scopes.split(row.scope)), held=True)
    # Held: a logout of this moment waits, and then ends what grows out of it here.
    session = select(LoginSession.id).where(LoginSession.id == row.session_id).with_for_update(read=True)
    gone = scopes.OFFLINE not in agreed and db.scalar(session) is None
    if account.status != ACTIVE or gone:
        raise InvalidGrantError("the person has signed out, or the account cannot be used any more")
    if not agreed - {scopes.OFFLINE}:
        raise AccessDeniedError("the person took back what was agreed to")
    assert row.family_id is not None
    assert row.sub is not None
    assert row.session_id is not None
    assert row.auth_time is not None
    made = Grantee(
        account_id=account.id,
        family_id=row.family_id,
        sub=row.sub,
        session_id=row.session_id,
        auth_time=row.auth_time,
        acr=families.lower_acr(row.acr or "", account.level),
        amr=tuple((row.amr or "").split()),
        terms=Terms.of(row.terms),
        offline=scopes.OFFLINE in agreed,
    )
    return made, " ".join(sorted(agreed))
