"""Decisions on consent: what must still be asked, what was decided, and taking it back."""

from datetime import datetime

from sqlalchemy import Select, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from idp import scopes
from idp.clients.registered import RegisteredClient
from idp.models.consent import Consent
from idp.tokens import families
from kernel import audit, clock
from kernel.db import is_postgresql, skip_locked
from kernel.ids import new_id


def needed(
    db: Session,
    client: RegisteredClient,
    account_id: str,
    wanted: frozenset[str],
    *,
    since: datetime | None = None,
) -> frozenset[str]:
    """The scopes of ``wanted`` that the person has not decided on; with ``since``, not since then (``prompt=consent``).

    A client with a statutory basis asks nobody (个人信息保护法 第十三条第三项); its releases are recorded all the same.
    """
    if client.legal_basis is not None:
        return frozenset()
    asked = scopes.asked(wanted)
    kept = _kept(db, client.client_id, account_id) if asked or since else None
    if kept is None or (since is not None and kept.decided_at < since):
        return asked
    return asked - set(kept.granted) - set(kept.declined)


def effective(db: Session, client: RegisteredClient, account_id: str, wanted: frozenset[str]) -> frozenset[str]:
    """What of ``wanted`` the client may have: what needs no consent, and what was agreed to."""
    asked = scopes.asked(wanted)
    if client.legal_basis is not None or not asked:
        return wanted
    kept = _kept(db, client.client_id, account_id)
    return wanted - asked | (asked & set(kept.granted) if kept else frozenset())


def grant(
    db: Session,
    *,
    client_id: str,
    account_id: str,
    granted: frozenset[str],
    declined: frozenset[str] = frozenset(),
    until: datetime | None = None,
) -> None:
    """Keep the person's decision on these scopes until then; earlier decisions on others stand, and end with it."""
    kept = _locked(db, client_id, account_id)
    if not _counts(kept):
        kept.granted, kept.declined = [], []
    kept.expires_at = until
    kept.granted = sorted((set(kept.granted) | granted) - declined)
    kept.declined = sorted((set(kept.declined) | declined) - granted)
    kept.decided_at = clock.now()
    db.flush()
    audit.record(
        db,
        "consent.given",
        subject=client_id,
        details={"granted": " ".join(sorted(granted)), "declined": " ".join(sorted(declined))},
    )


def withdraw(db: Session, *, client_id: str, account_id: str) -> None:
    """Take it all back: the client's tokens for this person are worth nothing from this commit on (第十五条)."""
    db.execute(delete(Consent).where(Consent.client_id == client_id, Consent.account_id == account_id))
    ended = families.end(db, client_id=client_id, account_id=account_id, reason="consent_withdrawn")
    audit.record(db, "consent.withdrawn", subject=client_id, details={"families": ended})


def lapse(db: Session, limit: int = 500) -> int:
    """Take back what was agreed to for a time that is over; how many decisions that were."""
    over = select(Consent).where(Consent.expires_at <= clock.now()).order_by(Consent.expires_at).limit(limit)
    found = list(db.scalars(skip_locked(over, db)))
    for kept in found:
        ended = families.end(db, client_id=kept.client_id, account_id=kept.account_id, reason="consent_lapsed")
        audit.record(
            db, "consent.lapsed", subject=kept.client_id, details={"account": kept.account_id, "families": ended}
        )
        db.delete(kept)
    return len(found)


def _kept(db: Session, client_id: str, account_id: str) -> Consent | None:
    kept = db.scalar(_row(client_id, account_id))
    return kept if kept is not None and _counts(kept) else None


def _locked(db: Session, client_id: str, account_id: str) -> Consent:
    """The row, made if need be, and held against a second click of the same button."""
    insert = postgresql.insert if is_postgresql(db) else sqlite.insert
    db.execute(
        insert(Consent)
        .values(
            account_id=account_id, client_id=client_id, granted=[], declined=[], decided_at=clock.now(), id=new_id()
        )
        .on_conflict_do_nothing(index_elements=["account_id", "client_id"])
    )
    return db.scalars(_row(client_id, account_id).with_for_update()).one()


def _counts(kept: Consent) -> bool:
    return kept.expires_at is None or clock.now() < kept.expires_at


def _row(client_id: str, account_id: str) -> Select[Consent]:
    return select(Consent).where(Consent.client_id == client_id, Consent.account_id == account_id)
