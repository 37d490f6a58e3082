"""From stored records to what they say: in chunks, one transaction each, again whenever it is wanted.

A record that cannot be read is refused by itself; one that upsets the database is found by halving its chunk. A batch
that was interrupted goes on where it stopped: what is done is no longer `received`.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, cast

import structlog
from sqlalchemy import Row, Table, bindparam, func, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from kernel import clock, crypto, outbox
from kernel.db import is_postgresql, reading, transaction
from profiles.events import FeedBatchDone
from profiles.feeds.family import Entry, Family
from profiles.feeds.findings import Finding
from profiles.feeds.format import Format, Shape
from profiles.feeds.reading import Reading
from profiles.feeds.registry import families, formats
from profiles.models.raw import FeedBatch, RawRecord

CHUNK: Final = 500
ABANDONED: Final = timedelta(minutes=5)
_RAW: Final = cast("Table", RawRecord.__table__)
_TAKEN: Final = ("accepted", "accepted_with_findings")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A stored batch with what reads it. `again` reads records that were read before, too."""

    id: str
    department_id: str
    family: Family
    format: Format
    shape: Shape
    hint: str | None
    total: int
    again: bool = False


def run(batch_id: str, *, again: bool = False) -> None:
    """Interpret every record of a batch, and publish that it is done the first time it is.

    Database trouble (no connection, a lock that is not given) is raised: the rest is done by `resume`.
    """
    with reading() as db:
        row = db.execute(select(FeedBatch).where(FeedBatch.id == batch_id)).scalar_one()
    job = Job(
        id=row.id,
        department_id=row.department_id,
        family=families()[row.family],
        format=formats()[row.format],
        shape=Shape(header=row.header, delimiter=row.delimiter),
        hint=row.hint,
        total=row.total,
        again=again,
    )
    for first in range(1, job.total + 1, CHUNK):
        _range(job, first, min(first + CHUNK - 1, job.total))
    with transaction() as db:
        _finish(db, batch_id)


def resume() -> None:
    """Finish batches whose interpretation was interrupted (a periodic task)."""
    with reading() as db:
        stmt = select(FeedBatch.id).where(
            FeedBatch.status == "received", FeedBatch.received_at < clock.now() - ABANDONED
        )
        waiting = list(db.scalars(stmt.order_by(FeedBatch.id).limit(20)))
    for batch_id in waiting:
        run(batch_id)


def again(*, family: str | None = None, department_id: str | None = None) -> Iterator[str]:
    """Interpret stored batches anew, oldest first, and name each one when it is done."""
    after = ""
    while True:
        with reading() as db:
            stmt = select(FeedBatch.id).where(FeedBatch.id > after).order_by(FeedBatch.id).limit(100)
            if family is not None:
                stmt = stmt.where(FeedBatch.family == family)
            if department_id is not None:
                stmt = stmt.where(FeedBatch.department_id == department_id)
            batch_ids = list(db.scalars(stmt))
        if not batch_ids:
            return
        for batch_id in batch_ids:
            run(batch_id, again=True)
            yield batch_id
        after = batch_ids[-1]


def _range(job: Job, first: int, last: int) -> None:
    try:
        with transaction() as db:
            _interpret(db, job, first, last)
    except OperationalError:
        raise
    except Exception:
        if first < last:
            middle = (first + last) // 2
            _range(job, first, middle)
            _range(job, middle + 1, last)
            return
        log.exception("feeds.record_failed", batch_id=job.id, position=first)
        with transaction() as db:
            db.execute(
                update(_RAW)
                .where(_RAW.c.batch_id == job.id, _RAW.c.position == first)
                .values(status="refused", findings=[Finding(code="not_interpreted").stored()])
            )


def _interpret(db: Session, job: Job, first: int, last: int) -> None:
    stmt = select(_RAW.c.id, _RAW.c.position, _RAW.c.received_at, _RAW.c.content, _RAW.c.status, _RAW.c.findings).where(
        _RAW.c.batch_id == job.id, _RAW.c.position.between(first, last)
    )
    if not job.again:
        stmt = stmt.where(_RAW.c.status == "received")
    if is_postgresql(db):
        stmt = stmt.with_for_update()
    rows = db.execute(stmt.order_by(_RAW.c.position)).all()
    read = [(row, _entry(job, row)) for row in rows]
    entries = [entry for _row, entry in read if entry is not None]
    _find_repetitions(db, job, entries)
    new = [entry for entry in entries if not entry.refused and not entry.duplicate]
    if new:
        job.family.apply(db, job.department_id, new)
    lost = [row.id for row, entry in read if row.status in _TAKEN and entry and entry.refused]
    if lost:
        job.family.withdraw(db, lost)
    _note(db, entries)


def _entry(job: Job, row: Row[*tuple[Any, ...]]) -> Entry | None:
    """One record, read; None for what never was a record: what was told of it at intake stands."""
    fields = job.format.fields(row.content, job.shape)
    if fields.refused and row.findings:
        return None
    entry = Entry(raw_id=row.id, position=row.position, received_at=row.received_at)
    if fields.refused:
        entry.refused, entry.findings = True, list(fields.findings)
        return entry
    reading_ = Reading(fields.values, job.family.columns)
    reading_.findings.extend(fields.findings)
    if not reading_.refused:
        try:
            entry.told = job.family.read(reading_, hint=job.hint)
        except Exception:
            log.exception("feeds.reading_failed", batch_id=job.id, position=row.position)
            reading_.refuse("not_interpreted")
    entry.refused = reading_.refused or entry.told is None
    entry.version_column = reading_.column("version")
    entry.versioned, entry.timed = reading_.has("version"), reading_.has("reported_at")
    entry.findings = _distinct(reading_.findings)
    if not entry.refused:
        essence = json.dumps(reading_.essence(), ensure_ascii=True, default=str, separators=(",", ":"))
        entry.content_key = crypto.blind_index("raw_record.content", essence)
    return entry


def _distinct(findings: Sequence[Finding]) -> list[Finding]:
    seen: dict[tuple[str, str | None], Finding] = {}
    for finding in findings:
        seen.setdefault((finding.code, finding.field), finding)
    return list(seen.values())


def _find_repetitions(db: Session, job: Job, entries: Collection[Entry]) -> None:
    """What was received before under the same key, version and content is a duplicate, whatever came since.

    A record without version and time only repeats the word before it: nothing else could tell a value that
    changed back from a repetition. One version with two contents is told.
    """
    told = [entry for entry in entries if not entry.refused and entry.told]
    keys = sorted({entry.told.key for entry in told if entry.told})
    stmt = select(_RAW.c.record_key, _RAW.c.version, _RAW.c.id, _RAW.c.content_key).where(
        _RAW.c.department_id == job.department_id,
        _RAW.c.family == job.family.name,
        _RAW.c.record_key.in_(keys),
        _RAW.c.status.in_(_TAKEN),
    )
    held: dict[tuple[str, int], dict[str, str]] = {}
    for key, version, raw_id, content_key in db.execute(stmt.order_by(_RAW.c.id)):
        held.setdefault((key, version), {})[raw_id] = content_key
    for entry in told:
        assert entry.told is not None
        assert entry.content_key is not None
        words = held.setdefault((entry.told.key, entry.told.version), {})
        before = [content for raw_id, content in words.items() if raw_id < entry.raw_id]
        alone = not entry.versioned and not entry.timed
        if entry.content_key in (before[-1:] if alone else before):
            entry.duplicate = True
            words.pop(entry.raw_id, None)
            continue
        words[entry.raw_id] = entry.content_key
        if entry.versioned and any(content != entry.content_key for content in before):
            entry.findings.append(Finding(code="version_reused", field=entry.version_column))


def _note(db: Session, entries: Sequence[Entry]) -> None:
    """Write back what became of each record."""
    rows = [
        {
            "raw": entry.raw_id,
            "record_key": entry.told.key if entry.told else None,
            "label": entry.told.label if entry.told else None,
            "version": entry.told.version if entry.told else 1,
            "content_key": entry.content_key,
            "status": entry.status,
            "findings": [finding.stored() for finding in entry.findings] or None,
        }
        for entry in entries
    ]
    if rows:
        db.execute(update(_RAW).where(_RAW.c.id == bindparam("raw")), rows)


def _finish(db: Session, batch_id: str) -> None:
    """Count what became of the records; the first time, tell others."""
    counted = select(_RAW.c.status, func.count()).where(_RAW.c.batch_id == batch_id).group_by(_RAW.c.status)
    counts: dict[str, int] = dict(db.execute(counted).all())
    done = {
        "accepted": counts.get("accepted", 0),
        "with_findings": counts.get("accepted_with_findings", 0),
        "refused": counts.get("refused", 0),
        "duplicates": counts.get("duplicate", 0),
    }
    first = db.execute(
        update(FeedBatch)
        .where(FeedBatch.id == batch_id, FeedBatch.status != "done")
        .values(status="done", finished_at=clock.now(), **done)
        .returning(FeedBatch.department_id, FeedBatch.family, FeedBatch.total)
    ).one_or_none()
    if first is None:
        db.execute(update(FeedBatch).where(FeedBatch.id == batch_id).values(**done))
        return
    outbox.publish(
        db,
        FeedBatchDone(
            batch_id=batch_id,
            department_id=first.department_id,
            family=first.family,
            total=first.total,
            **done,
        ),
    )
