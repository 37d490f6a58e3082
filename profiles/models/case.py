"""A case (办件), its events as reported, and the snapshot that their fold gives."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, Json, UtcDateTime
from kernel.ids import new_id


class CaseFile(Base):
    __tablename__ = "case_file"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    department_id: Mapped[str] = mapped_column(ForeignKey("department.id"))
    case_no: Mapped[str] = mapped_column(String(64))
    """申办流水号 SBLSH."""
    short_no: Mapped[str | None] = mapped_column(String(64))
    """省统一流水号 SBLSH_SHORT."""
    item_code: Mapped[str | None] = mapped_column(String(64))
    item_name: Mapped[str | None] = mapped_column(String(200))
    party_key: Mapped[str | None] = mapped_column(String(32))
    """None until a record that names the applicant has arrived: events come in any order."""
    applicant_name: Mapped[str | None] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(24))
    turn: Mapped[str] = mapped_column(String(16))
    bucket: Mapped[str] = mapped_column(String(8))
    """`todo` (the applicant's turn), `open`, `closed`: the chips of the list."""
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """Business time of the newest event: what lists are sorted by."""
    due: Mapped[date | None]
    """The next date that binds somebody; None while the law stops the clock, and after the end."""
    snapshot: Mapped[dict[str, Any]] = mapped_column(Json)
    """The fold's whole answer (`cases.fold.Folded`), so that a list needs no event."""
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index("ix_case_file_case_no_department_id", "case_no", "department_id", unique=True),
        Index("ix_case_file_party_key_changed_at_id", "party_key", "changed_at", "id"),
        Index("ix_case_file_party_key_bucket_changed_at_id", "party_key", "bucket", "changed_at", "id"),
        Index("ix_case_file_party_key_bucket_due_id", "party_key", "bucket", "due", "id"),
    )


class CaseEvent(Base):
    __tablename__ = "case_event"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    case_id: Mapped[str] = mapped_column(ForeignKey("case_file.id"))
    kind: Mapped[str] = mapped_column(String(8))
    """The table code of the exchange: SB, WSYSL, SL, SPCL, BZGZ, BZSL, TBCXSQ, TBCXJG, BJ, LQDJ, SBCL."""
    seq: Mapped[str] = mapped_column(String(64))
    """The record's own number within its table; empty where a case has one such record."""
    version: Mapped[int] = mapped_column(default=1)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    """Business time: when it happened, not when it was told."""
    reported_at: Mapped[datetime] = mapped_column(UtcDateTime)
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    """Fields the fold and the page need; ID numbers, phones and addresses stay in the raw record."""
    department_id: Mapped[str] = mapped_column(ForeignKey("department.id"))
    raw_id: Mapped[str] = mapped_column(ForeignKey("raw_record.id"), index=True)

    __table_args__ = (Index("ix_case_event_case_id_kind_seq", "case_id", "kind", "seq", unique=True),)
