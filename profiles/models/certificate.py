"""A certificate or approval (证照, 批文) in its newest reported version."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from kernel.crypto import Encrypted
from kernel.db import Base, UtcDateTime
from kernel.ids import new_id


class Certificate(Base):
    __tablename__ = "certificate"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    department_id: Mapped[str] = mapped_column(ForeignKey("department.id"))
    record_key: Mapped[str] = mapped_column(String(200))
    """The identifier without its version and check, or type and blind index of the number."""
    party_key: Mapped[str] = mapped_column(String(32))
    holder_name: Mapped[str | None] = mapped_column(String(200))
    identifier: Mapped[str | None] = mapped_column(String(200))
    """GB/T 36904, complete, upper case; None when the department has none."""
    type_code: Mapped[str] = mapped_column(String(64))
    type_name: Mapped[str | None] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(200))
    number: Mapped[str] = mapped_column(Encrypted(bound_to="certificate.number"))
    issuer: Mapped[str] = mapped_column(String(200))
    issuer_code: Mapped[str | None] = mapped_column(String(32))
    area_code: Mapped[str | None] = mapped_column(String(12))
    item_code: Mapped[str | None] = mapped_column(String(64))
    case_no: Mapped[str | None] = mapped_column(String(64))
    issued_on: Mapped[date | None]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    """Last day of validity; None = 长期有效."""
    expires_on: Mapped[date]
    """`valid_to`, or 9999-12-31: what lists are sorted by."""
    status: Mapped[str] = mapped_column(String(16))
    """`valid`, `suspended`, `revoked`, `cancelled`, `lapsed`, `unknown`; lapse by date is told on reading."""
    status_raw: Mapped[str | None] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(default=1)
    reported_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    raw_id: Mapped[str] = mapped_column(ForeignKey("raw_record.id"), index=True)

    __table_args__ = (
        Index("ix_certificate_record_key_department_id", "record_key", "department_id", unique=True),
        Index("ix_certificate_party_key_expires_on_id", "party_key", "expires_on", "id"),
        Index("ix_certificate_expires_on_id", "expires_on", "id"),
    )
