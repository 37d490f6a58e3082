"""A reminder is a row with a due time: the database, not a queue, knows what is to come."""

from datetime import date, datetime

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kernel.columns import UtcDateTime
from kernel.db import Base


class Reminder(Base):
    """One planned step of a rule for one thing: unique by (rule, subject, deadline, days before).

    A deadline that moves makes new rows and retires the old ones; a row that was acted on is never due again.
    """

    __tablename__ = "reminder"
    __table_args__ = (
        UniqueConstraint("rule", "subject_id", "deadline", "days_before"),
        Index("ix_reminder_due_at", "due_at"),
        Index("ix_reminder_party_key", "party_key"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    rule: Mapped[str] = mapped_column(String(64))
    subject_id: Mapped[str] = mapped_column(String(32))
    party_key: Mapped[str] = mapped_column(String(32))
    deadline: Mapped[date]
    days_before: Mapped[int]
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # None: nothing left to do
    outcome: Mapped[str | None] = mapped_column(String(32))  # told | stale | replaced | nobody_yet
