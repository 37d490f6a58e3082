"""Telling portals that a person has signed out (OpenID Connect Back-Channel Logout)."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from kernel import clock
from kernel.db import Base, UtcDateTime
from kernel.ids import new_id


class LogoutDelivery(Base):
    """One portal to be told of one logout: due, then confirmed or given up. The queue of record; a task only wakes it.

    ``logout_id`` groups what one logout set off, for the page that tells which portals confirmed.
    """

    __tablename__ = "logout_delivery"
    __table_args__ = (Index("ix_logout_delivery_due_at", "due_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    logout_id: Mapped[str] = mapped_column(String(32), index=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.id", ondelete="CASCADE"), index=True)
    sub: Mapped[str] = mapped_column(String(64))
    session_id: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now, index=True)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    claim: Mapped[str | None] = mapped_column(String(32))
    attempts: Mapped[int] = mapped_column(default=0)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    given_up_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(String(200))
