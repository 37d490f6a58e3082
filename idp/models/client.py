"""Registered clients: portals that send people here, and machines that speak for themselves."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from kernel import clock
from kernel.db import Base, Json, UtcDateTime
from kernel.ids import new_id

PORTAL: Final = "portal"
MACHINE: Final = "machine"


class Client(Base):
    """The columns are what requests ask for; ``registered`` is the whole validated metadata (RFC 7591 §2) as answered.

    ``sector`` names the group of clients that see the same ``sub`` for a person (OpenID Connect Core §8.1).
    ``legal_basis`` (个人信息保护法 第三十四条, a statutory duty) takes the place of consent; the release is still
    recorded. ``registration_digest`` is that of the token by which the client manages itself (RFC 7592).
    """

    __tablename__ = "client"

    id: Mapped[str] = mapped_column(String(64), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(16))
    auth_method: Mapped[str] = mapped_column(String(32))
    grant_types: Mapped[list[str]] = mapped_column(Json)
    redirect_uris: Mapped[list[str]] = mapped_column(Json)
    post_logout_redirect_uris: Mapped[list[str]] = mapped_column(Json)
    scopes: Mapped[list[str]] = mapped_column(Json)
    sector: Mapped[str] = mapped_column(String(255))
    legal_basis: Mapped[str | None] = mapped_column(String(400))
    purpose: Mapped[str | None] = mapped_column(String(400))
    registered: Mapped[dict[str, Any]] = mapped_column(Json)
    registration_digest: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ClientSecret(Base):
    """A secret's digest. Two may be good at a time, so that a portal can change over without an outage."""

    __tablename__ = "client_secret"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.id", ondelete="CASCADE"), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
