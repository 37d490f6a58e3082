"""What departments sent, exactly as they sent it: the only source from which everything else is rebuilt."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel.clock import now
from kernel.crypto import Encrypted
from kernel.db import Base, Json, UtcDateTime
from kernel.ids import new_id


class FeedBatch(Base):
    __tablename__ = "feed_batch"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    department_id: Mapped[str] = mapped_column(ForeignKey("department.id"))
    family: Mapped[str] = mapped_column(String(32))
    format: Mapped[str] = mapped_column(String(16))
    encoding: Mapped[str] = mapped_column(String(16))
    header: Mapped[list[str] | None] = mapped_column(Json)
    """Column names of a table as sent (CSV, XLSX); each record's cells stand in this order."""
    delimiter: Mapped[str | None] = mapped_column(String(1))
    """What stands between the cells of a CSV row."""
    hint: Mapped[str | None] = mapped_column(String(32))
    """What the sender said of the whole batch: the table of the exchange its rows come from."""
    size: Mapped[int]
    """Bytes of the body as received."""
    sha256: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    status: Mapped[str] = mapped_column(String(16), default="received")
    """`received` (raw stored), `done` (every record interpreted)."""
    total: Mapped[int] = mapped_column(default=0)
    accepted: Mapped[int] = mapped_column(default=0)
    with_findings: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    duplicates: Mapped[int] = mapped_column(default=0)
    request_id: Mapped[str | None] = mapped_column(String(64))

    __table_args__ = (
        Index("ix_feed_batch_department_id_id", "department_id", "id"),
        Index(
            "ix_feed_batch_unfinished",
            "received_at",
            sqlite_where=text("status = 'received'"),
            postgresql_where=text("status = 'received'"),
        ),
    )


class RawRecord(Base):
    __tablename__ = "raw_record"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    batch_id: Mapped[str] = mapped_column(ForeignKey("feed_batch.id"))
    position: Mapped[int]
    """1 for the first record of the batch."""
    department_id: Mapped[str] = mapped_column(ForeignKey("department.id"))
    family: Mapped[str] = mapped_column(String(32))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    content: Mapped[str] = mapped_column(Encrypted(bound_to="raw_record.content"))
    """The record's text as sent: a JSON object, a CSV row, the cells of an XLSX row as a JSON array."""
    fingerprint: Mapped[str] = mapped_column(String(32))
    """Keyed hash of `content`. Keyed, because a plain hash of a known person's row can be guessed."""
    record_key: Mapped[str | None] = mapped_column(String(200))
    """What the record is about, stable over versions; never an ID number (its blind index instead)."""
    label: Mapped[str | None] = mapped_column(String(200))
    """The same for people who read reports: a case number, a masked ID number."""
    version: Mapped[int] = mapped_column(default=1)
    content_key: Mapped[str | None] = mapped_column(String(32))
    """Keyed hash of the interpreted fields: equal for the same record in another format or column order."""
    status: Mapped[str] = mapped_column(String(24), default="received")
    """`received`, `accepted`, `accepted_with_findings`, `refused`, `duplicate`."""
    findings: Mapped[list[dict[str, Any]] | None] = mapped_column(Json)

    __table_args__ = (
        Index("ix_raw_record_batch_id_position", "batch_id", "position", unique=True),
        # The key first: PostgreSQL walks only a leading column by a list of values before it has statistics.
        Index("ix_raw_record_record_key_department_id_family", "record_key", "department_id", "family"),
    )
