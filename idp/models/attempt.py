"""Counting of failed sign-ins, and the devices that have signed in before."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, UtcDateTime


class LoginCount(Base):
    """Tries until ``ends_at``, ``most`` of which are allowed. ``bucket`` is keyed: it names no account, no address."""

    __tablename__ = "login_count"

    bucket: Mapped[str] = mapped_column(String(32), primary_key=True)
    failures: Mapped[int]
    most: Mapped[int]
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class KnownDevice(Base):
    """A browser that signed in to the account before: others cannot lock its owner out (IDENTITY §5)."""

    __tablename__ = "known_device"

    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    device_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
