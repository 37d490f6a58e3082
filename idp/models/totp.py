"""Authenticator apps that people have enrolled as their second step."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from kernel import clock
from kernel.crypto import Encrypted
from kernel.db import Base, UtcDateTime
from kernel.ids import new_id


class TotpCredential(Base):
    """An app that shares ``secret`` (base32) with us. It counts from ``confirmed_at`` on, when it first gave a code.

    ``last_step`` is the time step of the newest code that was accepted: a code of it or of an older one is worth
    nothing any more (RFC 6238 §5.2).
    """

    __tablename__ = "totp_credential"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    secret: Mapped[str] = mapped_column(Encrypted(bound_to="totp_credential.secret"))
    label: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_step: Mapped[int] = mapped_column(default=0)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
