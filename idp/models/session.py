"""Sessions of people who are signed in. Those of visitors are in the key-value store, which may forget them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, Json, UtcDateTime
from kernel.ids import new_id


class LoginSession(Base):
    """``id`` may be shown and sent (the ``sid`` of tokens); the cookie holds another value, whose digest alone is here.

    ``level`` is the assurance this sign-in reached and ``amr`` how (RFC 8176). ``source_id`` and ``upstream_session``
    tell which city's sign-in it stands on.
    """

    __tablename__ = "login_session"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    auth_time: Mapped[datetime] = mapped_column(UtcDateTime)
    level: Mapped[int]
    amr: Mapped[list[str]] = mapped_column(Json)
    source_id: Mapped[str | None] = mapped_column(String(64), index=True)
    upstream_session: Mapped[str | None] = mapped_column(String(512))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    address: Mapped[str | None] = mapped_column(String(45))
    device: Mapped[str] = mapped_column(String(200))
    data: Mapped[dict[str, Any]] = mapped_column(Json)
