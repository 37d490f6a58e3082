"""Initial access tokens (RFC 7591 §3): an operator hands one out, it lets so many clients register until a day."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from idp.models.registration import InitialAccessToken
from idp.registration.policy import Policy
from kernel import audit, clock, crypto
from kernel.errors import NotFound
from kernel.ids import new_secret


def invite(db: Session, *, name: str, policy: Policy, uses: int | None, life: timedelta) -> tuple[str, str]:
    """A new invitation: its id, and the token, which is not kept. ``uses`` None: any number of clients."""
    token = new_secret()
    row = InitialAccessToken(
        name=name,
        digest=crypto.digest(token),
        policy=policy.kept(),
        uses_left=uses,
        created_at=clock.now(),
        expires_at=clock.now() + life,
    )
    db.add(row)
    db.flush()
    details = {name: value for name, value in policy.kept().items() if name != "grants"}
    audit.record(
        db, "invitation.added", subject=row.id, details={**details, "uses": uses, "grants": " ".join(policy.grants)}
    )
    return row.id, token


def find(db: Session, token: str) -> tuple[str, Policy] | None:
    """The invitation that still counts: its id and what it allows. Looked up by the digest: nothing to compare."""
    row = db.scalars(
        select(InitialAccessToken).where(InitialAccessToken.digest == crypto.digest(token), _counts())
    ).one_or_none()
    return None if row is None else (row.id, Policy.of(row.policy))


def spend(db: Session, invitation_id: str) -> bool:
    """Count one use. Of several requests that want the last one, one is told True."""
    spent = (
        update(InitialAccessToken)
        .where(InitialAccessToken.id == invitation_id, _counts())
        .values(uses_left=InitialAccessToken.uses_left - 1)  # NULL stays NULL
        .returning(InitialAccessToken.id)
        .execution_options(synchronize_session=False)
    )
    return db.execute(spent).one_or_none() is not None


def uninvite(db: Session, invitation_id: str) -> None:
    """Nobody registers with it any more; the clients that did stay. :raises NotFound: for an unknown one."""
    ended = (
        update(InitialAccessToken)
        .where(InitialAccessToken.id == invitation_id)
        .values(revoked_at=clock.now())
        .returning(InitialAccessToken.id)
        .execution_options(synchronize_session=False)
    )
    if db.execute(ended).one_or_none() is None:
        raise NotFound(detail=f"invitation {invitation_id}")
    audit.record(db, "invitation.revoked", subject=invitation_id)


def all_of_them(db: Session) -> Sequence[InitialAccessToken]:
    """The newest first."""
    return db.scalars(select(InitialAccessToken).order_by(InitialAccessToken.id.desc())).all()


def counts(row: InitialAccessToken) -> bool:
    """Whether somebody could register with it now."""
    expired = row.expires_at is not None and row.expires_at <= clock.now()
    return row.revoked_at is None and not expired and row.uses_left != 0


def _counts() -> ColumnElement[bool]:
    return and_(
        InitialAccessToken.revoked_at.is_(None),
        or_(InitialAccessToken.expires_at.is_(None), InitialAccessToken.expires_at > clock.now()),
        or_(InitialAccessToken.uses_left.is_(None), InitialAccessToken.uses_left > 0),
    )
