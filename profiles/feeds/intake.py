"""Raw first: a batch is cut into records and stored as sent, in one transaction, before anything is read into it."""

import hashlib
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Table, insert

from kernel import clock, context, crypto
from kernel.db import transaction
from kernel.ids import new_id
from profiles.feeds.family import Family
from profiles.feeds.format import Batch, Format
from profiles.models.raw import FeedBatch, RawRecord

_PIECE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What came in: who sent it, as what, and what was said beside it."""

    department_id: str
    family: Family
    format: Format
    body: bytes
    charset: str | None = None
    hint: str | None = None


def store(delivery: Delivery) -> str:
    """Store a batch and answer its id. Raises `Unreadable` and `TooManyRecords`, then nothing is stored."""
    batch = delivery.format.read(delivery.body, charset=delivery.charset, columns=delivery.family.columns)
    batch_id, now = new_id(), clock.now()
    rows = [
        {
            "batch_id": batch_id,
            "position": position,
            "department_id": delivery.department_id,
            "family": delivery.family.name,
            "received_at": now,
            "content": sent.content,
            "fingerprint": crypto.blind_index("raw_record", sent.content),
            "status": "refused" if sent.fault else "received",
            "findings": [sent.fault.stored()] if sent.fault else None,
        }
        for position, sent in enumerate(batch.records, 1)
    ]
    with transaction() as db:
        db.execute(insert(FeedBatch).values(**_batch_row(delivery, batch, batch_id), received_at=now))
        for at in range(0, len(rows), _PIECE):
            db.execute(insert(cast("Table", RawRecord.__table__)), rows[at : at + _PIECE])
    return batch_id


def _batch_row(delivery: Delivery, batch: Batch, batch_id: str) -> dict[str, object]:
    return {
        "id": batch_id,
        "department_id": delivery.department_id,
        "family": delivery.family.name,
        "format": delivery.format.name,
        "encoding": batch.encoding,
        "header": batch.header,
        "delimiter": batch.delimiter,
        "hint": delivery.hint,
        "size": len(delivery.body),
        "sha256": hashlib.sha256(delivery.body).hexdigest(),
        "status": "received",
        "total": len(batch.records),
        "request_id": context.actor().request_id,
    }
