"""Token families: everything that grew out of one authorization."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from kernel.crypto import Encrypted
from kernel.db import Base, Json, UtcDateTime


class TokenFamily(Base):
    """One row however often it is refreshed: a refresh token is computed from ``seed`` and ``generation``, never
    stored.

    ``generation`` counts the rotations; ``rotated_at`` is when the current one was issued. ``revoked_at`` ends
    every token of the family, access tokens included. Without ``seed`` there is no refresh token. An ``offline``
    family outlives the session it grew out of; one with a ``parent_id`` (RFC 8693) does not outlive that family.
    """

    __tablename__ = "token_family"
    __table_args__ = (Index("ix_token_family_account_id_client_id", "account_id", "client_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.id", ondelete="CASCADE"), index=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    session_id: Mapped[str] = mapped_column(String(32), index=True)
    parent_id: Mapped[str | None] = mapped_column(String(32), index=True)
    sub: Mapped[str] = mapped_column(String(64))
    scope: Mapped[str] = mapped_column(Text)
    auth_time: Mapped[datetime] = mapped_column(UtcDateTime)
    acr: Mapped[str] = mapped_column(String(16))
    amr: Mapped[str] = mapped_column(String(100))
    terms: Mapped[dict[str, Any] | None] = mapped_column(Json)
    offline: Mapped[bool] = mapped_column(default=False)
    seed: Mapped[str | None] = mapped_column(Encrypted(bound_to="token_family.seed"))
    generation: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    rotated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_for: Mapped[str | None] = mapped_column(String(32))


class RevokedToken(Base):
    """One access token that was taken back while its family, if it has one, goes on (RFC 7009). Kept until it would
    have expired.
    """

    __tablename__ = "revoked_token"

    jti: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
