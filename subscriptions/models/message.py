"""What a person is told: the intent, its copy in the inbox, and its deliveries by other channels."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kernel.columns import Json, UtcDateTime
from kernel.crypto import Encrypted
from kernel.db import Base


class NotificationIntent(Base):
    """That somebody is to be told something: written once, whatever is repeated (`dedupe_key`)."""

    __tablename__ = "notification_intent"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    dedupe_key: Mapped[str] = mapped_column(String(200), unique=True)
    rule: Mapped[str] = mapped_column(String(64))
    account_id: Mapped[str] = mapped_column(String(32), index=True)
    facts: Mapped[dict[str, str]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class InboxMessage(Base):
    """The copy that cannot be lost: every intent has exactly one, in the same transaction."""

    __tablename__ = "inbox_message"
    __table_args__ = (Index("ix_inbox_message_account_id_id", "account_id", "id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    intent_id: Mapped[str] = mapped_column(ForeignKey("notification_intent.id"), unique=True)
    account_id: Mapped[str] = mapped_column(String(32))
    rule: Mapped[str] = mapped_column(String(64))
    facts: Mapped[dict[str, str]] = mapped_column(Json)
    link: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Delivery(Base):
    """One way of telling one person: due → calling → sent, or back to due, failed, or unknown.

    `calling` is committed before the channel is called. A row found in it after its lease is one whose outcome
    nobody knows: the channel is asked by reference, and only a certain "not sent" makes it due again.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("intent_id", "channel"),
        Index("ix_delivery_state_not_before", "state", "not_before"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    intent_id: Mapped[str] = mapped_column(ForeignKey("notification_intent.id"))
    account_id: Mapped[str] = mapped_column(String(32))
    channel: Mapped[str] = mapped_column(String(32))
    address: Mapped[str] = mapped_column(Encrypted(bound_to="delivery.address"))
    locale: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    not_before: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    problem: Mapped[str | None] = mapped_column(String(200))
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
