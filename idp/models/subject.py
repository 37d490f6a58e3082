"""The names under which clients know a person."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kernel import clock
from kernel.db import Base, UtcDateTime
from kernel.ids import new_secret


class Subject(Base):
    """A random ``sub`` for each sector and account (OpenID Connect Core §8.1): two portals cannot compare their users.

    Stored, not computed, so that it survives every change of keys and settings.
    """

    __tablename__ = "subject"
    __table_args__ = (UniqueConstraint("sector", "account_id"),)

    sub: Mapped[str] = mapped_column(String(64), primary_key=True, default=lambda: new_secret(18))
    sector: Mapped[str] = mapped_column(String(255))
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
