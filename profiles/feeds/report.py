"""What became of a batch, record by record, in the sender's own column names."""

from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from profiles.feeds.findings import told
from profiles.models.raw import FeedBatch, RawRecord

MOST: Final = 10_000


def batch(db: Session, batch_id: str) -> FeedBatch | None:
    return db.get(FeedBatch, batch_id)


def of(db: Session, batch: FeedBatch, *, after: int = 0, limit: int = MOST) -> dict[str, Any]:
    """The report as JSON: counts of the whole batch, and its records after position `after`."""
    stmt = (
        select(RawRecord.position, RawRecord.label, RawRecord.version, RawRecord.status, RawRecord.findings)
        .where(RawRecord.batch_id == batch.id, RawRecord.position > after)
        .order_by(RawRecord.position)
        .limit(limit)
    )
    records = [
        {
            "position": row.position,
            "key": row.label,
            "status": row.status,
            "findings": [told(finding) for finding in row.findings or ()],
        }
        for row in db.execute(stmt)
    ]
    last = records[-1]["position"] if records else after
    return {
        "batch": batch.id,
        "family": batch.family,
        "format": batch.format,
        "encoding": batch.encoding,
        "received_at": batch.received_at.isoformat(),
        "status": batch.status,
        "counts": {
            "total": batch.total,
            "accepted": batch.accepted,
            "accepted_with_findings": batch.with_findings,
            "refused": batch.refused,
            "duplicate": batch.duplicates,
        },
        "records": records,
        "next": last if last < batch.total else None,
    }
