"""The keys tokens are signed with."""

from datetime import datetime
from typing import Any

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kernel.crypto import Encrypted
from kernel.db import Base, Json, UtcDateTime


class SigningKey(Base):
    """A key is published first, signs later and is withdrawn last, so that clients meet no signature they cannot
    check.

    Of the keys of one algorithm the newest whose ``signs_from`` has come signs; all are in the JWKS until
    ``withdrawn_at``; from ``retired_at`` on ``private`` is empty. ``generation`` is unique with ``alg``: of two
    processes that make a key at once, one wins.
    """

    __tablename__ = "signing_key"
    __table_args__ = (UniqueConstraint("alg", "generation"),)

    kid: Mapped[str] = mapped_column(String(64), primary_key=True)
    alg: Mapped[str] = mapped_column(String(16))
    generation: Mapped[int]
    private: Mapped[str] = mapped_column(Encrypted(bound_to="signing_key.private"))
    public: Mapped[dict[str, Any]] = mapped_column(Json)
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)
    signs_from: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
