"""What a person agreed to hand to a client."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, Json, UtcDateTime
from kernel.ids import new_id


class Consent(Base):
    """The standing decision. ``declined`` remembers what was left unticked, so that it is not asked again at each
    login.

    Withdrawing deletes the row; what was agreed and when stays in the audit. From ``expires_at`` on it counts no
    more, and what grew out of it is ended (``decide.lapse``).
    """

    __tablename__ = "consent"
    __table_args__ = (UniqueConstraint("account_id", "client_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    client_id: Mapped[str] = mapped_column(ForeignKey("client.id", ondelete="CASCADE"), index=True)
    granted: Mapped[list[str]] = mapped_column(Json)
    declined: Mapped[list[str]] = mapped_column(Json)
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
