"""Requests that are made on one device and decided on another (RFC 8628, CIBA)."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from kernel import clock
from kernel.crypto import Encrypted
from kernel.db import Base, Json, UtcDateTime
from kernel.ids import new_id

DEVICE: Final = "device"
CIBA: Final = "ciba"
PENDING: Final = "pending"
APPROVED: Final = "approved"
DENIED: Final = "denied"


class CrossDeviceRequest(Base):
    """``secret_hash`` is the digest of the device_code or auth_req_id; ``user_code`` is what a person types, unique
    among those that count.

    The columns from ``account_id`` on are filled when the person decides, and say what the tokens will say. ``used_at``
    is set by the one poll that gets them. The last three are CIBA's ping: the token is the client's, for us to send.
    """

    __tablename__ = "cross_device_request"
    __table_args__ = (Index("ix_cross_device_request_ping_due_at", "ping_due_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(8))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_code: Mapped[str | None] = mapped_column(String(16), unique=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.id", ondelete="CASCADE"), index=True)
    status: Mapped[str] = mapped_column(String(16), default=PENDING)
    asked: Mapped[dict[str, Any]] = mapped_column(Json)
    binding_message: Mapped[str | None] = mapped_column(Text)
    poll_seconds: Mapped[int]
    polled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    account_id: Mapped[str | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    scope: Mapped[str | None] = mapped_column(Text)
    terms: Mapped[dict[str, Any] | None] = mapped_column(Json)
    sub: Mapped[str | None] = mapped_column(String(64))
    session_id: Mapped[str | None] = mapped_column(String(32))
    family_id: Mapped[str | None] = mapped_column(String(32))
    auth_time: Mapped[datetime | None] = mapped_column(UtcDateTime)
    acr: Mapped[str | None] = mapped_column(String(16))
    amr: Mapped[str | None] = mapped_column(String(100))
    ping_token: Mapped[str | None] = mapped_column(Encrypted(bound_to="cross_device_request.ping_token"))
    ping_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ping_attempts: Mapped[int] = mapped_column(default=0)
