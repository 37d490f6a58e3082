"""A person or an enterprise that data is about, whether or not anybody has ever logged in for it."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from kernel.clock import now
from kernel.crypto import Encrypted
from kernel.db import Base, UtcDateTime
from kernel.ids import new_id


class Party(Base):
    __tablename__ = "party"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    party_key: Mapped[str] = mapped_column(String(32), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    """`person` or `enterprise`."""
    id_type: Mapped[str] = mapped_column(String(3))
    """GB/T 36903 Annex A: 111 citizen ID, 001 USCC."""
    number: Mapped[str] = mapped_column(Encrypted(bound_to="party.number"))
    name: Mapped[str | None] = mapped_column(String(200))
    name_rank: Mapped[int] = mapped_column(default=0)
    """How good the name's source is: 0 a case, 1 a certificate, 2 basic information."""
    name_as_of: Mapped[datetime | None] = mapped_column(UtcDateTime)
    legal_rep_key: Mapped[str | None] = mapped_column(String(32))
    """Party key of an enterprise's legal representative (法定代表人) in the newest report."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)

    __table_args__ = (Index("ix_party_legal_rep_key", "legal_rep_key"),)
