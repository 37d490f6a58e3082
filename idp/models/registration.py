"""What lets somebody register clients by themselves (RFC 7591 §3, initial access token)."""

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from kernel import clock
from kernel.db import Base, Json, UtcDateTime
from kernel.ids import new_id


class InitialAccessToken(Base):
    """Handed out by an operator. ``policy`` holds what clients registered with it may be that others may not, and the
    scopes they may have; ``uses_left`` None: as often as one likes until ``expires_at``.
    """

    __tablename__ = "initial_access_token"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(200))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    policy: Mapped[dict[str, Any]] = mapped_column(Json)
    uses_left: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
