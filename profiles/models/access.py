"""Who read what about a party, and why: names of fields, never their values; nothing is ever changed or removed."""

from datetime import datetime
from typing import cast

from sqlalchemy import Index, String, Table
from sqlalchemy.orm import Mapped, mapped_column

from kernel.append_only import enforce
from kernel.clock import now
from kernel.db import Base, Json, UtcDateTime
from kernel.ids import new_id


class AccessEntry(Base):
    """One look by one reader (GovStack DRS-7: who, when, which fields, on what ground).

    Without a foreign key to ``party``: a look that found nobody is a look too.
    """

    __tablename__ = "access_entry"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    party_key: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    kind: Mapped[str] = mapped_column(String(16))
    """`self`, `portal`, `staff`, `department`, `batch`."""
    result: Mapped[str] = mapped_column(String(16))
    """`agreed` (by the person), `law` (by a legal ground), `refused`, `own`."""
    reader_id: Mapped[str] = mapped_column(String(128))
    reader_name: Mapped[str] = mapped_column(String(200))
    reader_detail: Mapped[str | None] = mapped_column(String(200))
    """Which person or machine at the reader's: 工号, 系统自动."""
    purpose: Mapped[str] = mapped_column(String(400))
    legal_basis: Mapped[str | None] = mapped_column(String(400))
    fields: Mapped[list[str]] = mapped_column(Json)
    """`name`, `phone`, `certificate:<type name>`, `case:<item name>`; see `profiles.labels.field_label`."""
    reference: Mapped[str | None] = mapped_column(String(32))
    """The release (`reuse_release.id`) this look belongs to."""
    own_day: Mapped[str | None] = mapped_column(String(100), unique=True)
    """`<party>:<account>:<day>:<page>` of a look at one's own page: one row a day, however often it is opened."""
    request_id: Mapped[str | None] = mapped_column(String(64))

    __table_args__ = (
        Index("ix_access_entry_party_key_at_id", "party_key", "at", "id"),
        Index("ix_access_entry_party_key_result_at_id", "party_key", "result", "at", "id"),
    )


enforce(cast("Table", AccessEntry.__table__))
