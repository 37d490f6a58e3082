"""What happened, by whom, to what: rows that nobody can quietly change.

``record`` writes the entry in the caller's transaction; triggers refuse to change or delete it on both
databases; the sealer chains entries by a keyed hash (see ``audit_seal``), so that a change made behind the
triggers' back is found.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Index, Table, Text, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import append_only, clock, context
from kernel.db import Base, Json, UtcDateTime
from kernel.ids import new_id

Details = Mapping[str, str | int | bool | None]


class AuditEntry(Base):
    """One act. ``act`` is ``area.verb`` ("login.password"), ``outcome`` is "ok" or the refusal's code."""

    __tablename__ = "audit_entry"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    act: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(Text)
    subject: Mapped[str | None] = mapped_column(Text)
    details: Mapped[dict[str, Any] | None] = mapped_column(Json)
    account_id: Mapped[str | None] = mapped_column(Text)
    client_id: Mapped[str | None] = mapped_column(Text)
    address: Mapped[str | None] = mapped_column(Text)
    request_id: Mapped[str | None] = mapped_column(Text)


class AuditPending(Base):
    """Entries that the sealer has not reached, so that its work grows with them and not with the audit."""

    __tablename__ = "audit_pending"

    entry_id: Mapped[str] = mapped_column(Text, primary_key=True)


Index("ix_audit_entry_account_id_at", AuditEntry.account_id, AuditEntry.at)
append_only.enforce(cast("Table", AuditEntry.__table__))


def record(
    db: Session, act: str, *, outcome: str = "ok", subject: str | None = None, details: Details | None = None
) -> None:
    """Write one entry in the caller's transaction; the actor comes from ``kernel.context``.

    ``subject`` is the id of what was acted on. Neither it nor ``details`` carries names, numbers or secrets:
    entries cannot be corrected or erased.
    """
    entry_id = new_id()
    actor = context.actor()
    db.execute(
        insert(AuditEntry).values(
            id=entry_id,
            at=clock.now(),
            act=act,
            outcome=outcome,
            subject=subject,
            details=dict(details) if details else None,
            account_id=actor.account_id,
            client_id=actor.client_id,
            address=actor.address,
            request_id=actor.request_id,
        )
    )
    db.execute(insert(AuditPending).values(entry_id=entry_id))
