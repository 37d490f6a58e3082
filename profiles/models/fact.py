"""One value of one field of a party as one department reported it; sources stand side by side."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from kernel.crypto import Encrypted
from kernel.db import Base, UtcDateTime
from kernel.ids import new_id


class Fact(Base):
    __tablename__ = "fact"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    party_key: Mapped[str] = mapped_column(String(32))
    field: Mapped[str] = mapped_column(String(48))
    department_id: Mapped[str] = mapped_column(ForeignKey("department.id"))
    value: Mapped[str | None] = mapped_column(Encrypted(bound_to="fact.value"))
    """None when the department withdrew the value (sent the field empty in a later version)."""
    as_of: Mapped[datetime] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)
    raw_id: Mapped[str] = mapped_column(ForeignKey("raw_record.id"), index=True)

    __table_args__ = (
        Index("ix_fact_party_key_field_department_id", "party_key", "field", "department_id", unique=True),
    )
