"""Which city's account signs in to which account here, and the arrivals that are not linked yet."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kernel import clock
from kernel.crypto import Encrypted
from kernel.db import Base, UtcDateTime
from kernel.ids import new_id


class Link(Base):
    """The key is the source and the immutable id the person has there, and nothing else (IDENTITY rule a).

    ``level`` is what the source vouched for last, capped by its registration. ``party_key`` remembers whom the source
    named when the link was made: an upstream account that passes to somebody else must not take the link along.
    """

    __tablename__ = "account_link"
    __table_args__ = (UniqueConstraint("source_id", "upstream_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    source_id: Mapped[str] = mapped_column(String(64))
    upstream_id: Mapped[str] = mapped_column(String(512))
    level: Mapped[int]
    party_key: Mapped[str | None] = mapped_column(String(32))
    linked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    last_used_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)


class Arrival(Base):
    """Somebody signed in at a city and is not known here: what the city said, until the person has answered.

    It belongs to one browser (``browser_hash``), one source, one upstream id and one flow, lives ten minutes and is
    used once. ``account_id`` is the account that must be proven before this arrival may be linked to it.
    """

    __tablename__ = "link_arrival"

    id: Mapped[str] = mapped_column(String(43), primary_key=True)
    browser_hash: Mapped[str] = mapped_column(String(64))
    flow: Mapped[str | None] = mapped_column(String(64))
    next: Mapped[str | None] = mapped_column(String(2000))
    source_id: Mapped[str] = mapped_column(String(64))
    city_code: Mapped[str] = mapped_column(String(64))
    upstream_id: Mapped[str] = mapped_column(String(512))
    name: Mapped[str] = mapped_column(String(120))
    id_type: Mapped[str | None] = mapped_column(String(3))
    id_number: Mapped[str | None] = mapped_column(Encrypted(bound_to="link_arrival.id_number"))
    email: Mapped[str | None] = mapped_column(Encrypted(bound_to="link_arrival.email"))
    level: Mapped[int]
    upstream_session: Mapped[str | None] = mapped_column(String(512))
    account_id: Mapped[str | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
