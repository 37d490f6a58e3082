"""Decisions on consent: what must still be asked, what was decided, and taking it back."""

from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from idp import scopes
from idp.clients.registered import RegisteredClient
from idp.models.consent import SCOPE, Consent
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
    asked = scopes.asked(wanted)
    if client.legal_basis is not None or not asked:
        return frozenset()
    decided = _decided(db, client.client_id, account_id)
    return frozenset(
        name for name in asked if name not in decided or (since is not None and decided[name].decided_at < since)
    )


def effective(db: Session, client: RegisteredClient, account_id: str, wanted: frozenset[str]) -> frozenset[str]:
    """What of ``wanted`` the client may have: what needs no consent, and what was agreed to."""
    asked = scopes.asked(wanted)
    if client.legal_basis is not None or not asked:
        return wanted
    decided = _decided(db, client.client_id, account_id)
    return wanted - asked | {name for name in asked if name in decided and decided[name].granted}


def grant(
    db: Session,
    *,
    client_id: str,
    account_id: str,
    granted: frozenset[str],
    declined: frozenset[str] = frozenset(),
    until: datetime | None = None,
    purpose: str | None = None,
) -> None:
    """Keep the person's decision on these scopes until then; decisions on others stand, each with its own end."""
    said = {name: name in granted for name in sorted(granted | declined)}
    rows = [
        {
            "id": new_id(),
            "account_id": account_id,
            "client_id": client_id,
            "kind": SCOPE,
            "name": name,
            "granted": yes,
            "purpose": purpose,
            "decided_at": clock.now(),
            "expires_at": until,
        }
        for name, yes in said.items()
    ]
    if rows:
        insert = postgresql.insert(Consent) if is_postgresql(db) else sqlite.insert(Consent)
        new = {name: insert.excluded[name] for name in ("granted", "purpose", "decided_at", "expires_at")}
        keys = ["account_id", "client_id", "kind", "name"]
        # One statement: a second click of the same button waits for the first and says the same.
        db.execute(insert.values(rows).on_conflict_do_update(index_elements=keys, set_=new))
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
    for client_id, account_id in sorted({(kept.client_id, kept.account_id) for kept in found if kept.granted}):
        ended = families.end(db, client_id=client_id, account_id=account_id, reason="consent_lapsed")
        audit.record(db, "consent.lapsed", subject=client_id, details={"account": account_id, "families": ended})
    for kept in found:
        db.delete(kept)
    return len(found)


def _decided(db: Session, client_id: str, account_id: str) -> dict[str, Consent]:
    """The decisions that count now, by their scope."""
    rows = db.scalars(
        select(Consent).where(
            Consent.client_id == client_id,
            Consent.account_id == account_id,
            Consent.kind == SCOPE,
            or_(Consent.expires_at.is_(None), Consent.expires_at > clock.now()),
        )
    )
    return {kept.name: kept for kept in rows}
