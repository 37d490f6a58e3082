"""Authorization codes, kept after use so that a second use is recognised."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, Json, UtcDateTime


class AuthorizationCode(Base):
    """The digest of a code and all that its tokens will say.

    ``family_id`` is settled here, before the family exists: a replay finds what to revoke without another look-up.
    ``terms`` is all else that was agreed (``idp.tokens.terms``); without ``code_challenge`` the client proves itself.
    ``acr`` and ``amr`` (words with spaces) describe the sign-in as it was when the code was made.
    """

    __tablename__ = "authorization_code"

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.id", ondelete="CASCADE"), index=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    family_id: Mapped[str] = mapped_column(String(32))
    session_id: Mapped[str] = mapped_column(String(32), index=True)
    redirect_uri: Mapped[str] = mapped_column(Text)
    code_challenge: Mapped[str | None] = mapped_column(String(128))
    scope: Mapped[str] = mapped_column(Text)
    nonce: Mapped[str | None] = mapped_column(Text)
    sub: Mapped[str] = mapped_column(String(64))
    auth_time: Mapped[datetime] = mapped_column(UtcDateTime)
    acr: Mapped[str] = mapped_column(String(16))
    amr: Mapped[str] = mapped_column(String(100))
    terms: Mapped[dict[str, Any] | None] = mapped_column(Json)
    offline: Mapped[bool] = mapped_column(default=False)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
