"""The chain over the audit: each link's hash covers the entry and the link before it.

Links stand in the order of sealing, numbered within the province's day on which they were sealed; a day's
first link continues the last one of the day before, so that a whole day cannot vanish either. The hash is
keyed (HMAC-SHA-256 under a key derived from BLIND_INDEX_KEY): who holds the database alone cannot compute a
chain for a changed audit.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final, cast

import structlog
from sqlalchemy import Date, Row, Table, Text, delete, exists, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import append_only, clock, crypto
from kernel.audit import AuditEntry, AuditPending
from kernel.db import Base, reading, skip_locked, transaction
from kernel.tasks import Periodic

BATCH: Final = 500
GENESIS: Final = "0" * 64

_Entries = Mapping[str, Row[Any]]

log = structlog.get_logger(__name__)


class AuditLink(Base):
    __tablename__ = "audit_link"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entry_id: Mapped[str] = mapped_column(Text, unique=True)
    hash: Mapped[str] = mapped_column(Text)


append_only.enforce(cast("Table", AuditLink.__table__))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Where the audit of a day does not hold: ``kind`` "missing", "changed", "gap", "cut" (the next
    day does not continue it) or "unsealed".
    """

    day: date
    seq: int | None
    entry_id: str | None
    kind: str


def seal() -> None:
    """Chain every pending entry, in batches of one transaction each."""
    while seal_batch():
        pass


def seal_batch() -> int:
    """Chain the next entries; how many. Two sealers at once cannot fork the chain: the slower one's numbers
    are taken.
    """
    with transaction() as db:
        waiting = skip_locked(select(AuditPending.entry_id).order_by(AuditPending.entry_id).limit(BATCH), db)
        ids = db.scalars(waiting).all()
        if not ids:
            return 0
        last = _last_link(db)
        # A clock that was set back must not put a link before one that stands.
        day = max(clock.today(), last.day) if last is not None else clock.today()
        links = _chain(day, last, ids, _entries(db, ids))
        db.execute(insert(AuditLink), links)
        db.execute(delete(AuditPending).where(AuditPending.entry_id.in_(ids)))
    # The head also leaves the database, with the log: a chain cut off at its end can be told by it.
    log.info("audit.sealed", **{**links[-1], "day": day.isoformat()})
    return len(links)


def verify(day: date) -> list[Fault]:
    """Recompute the day's chain from the link before it to the link after it; no fault means that it holds.

    Finds entries changed, removed, put in another order or slipped in, and links removed or rewritten.
    """
    faults: list[Fault] = []
    with reading() as db:
        before = _last_link(db, before=day)
        previous, seq = (before.hash if before is not None else GENESIS), 0
        for links in _links(db, day):
            entries = _entries(db, [link.entry_id for link in links])
            for link in links:
                seq = seq + 1 if link.day == day else 1
                entry = entries.get(link.entry_id)
                if link.seq != seq:
                    faults.append(_fault(link, "gap"))
                if entry is None:
                    faults.append(_fault(link, "missing"))
                elif link.hash != _link_hash(previous, link.day, link.seq, entry):
                    faults.append(_fault(link, "changed" if link.day == day else "cut"))
                previous, seq = link.hash, link.seq
        return faults + [Fault(day=day, seq=None, entry_id=entry_id, kind="unsealed") for entry_id in _strays(db, day)]


def _links(db: Session, day: date) -> Iterator[Sequence[AuditLink]]:
    """The day's links in batches, and at last the one that follows them on a later day."""
    query = select(AuditLink).order_by(AuditLink.day, AuditLink.seq)
    links = db.scalars(query.where(AuditLink.day == day).limit(BATCH)).all()
    while links:
        yield links
        db.expunge_all()
        links = db.scalars(query.where(AuditLink.day == day, AuditLink.seq > links[-1].seq).limit(BATCH)).all()
    yield db.scalars(query.where(AuditLink.day > day).limit(1)).all()


def _chain(day: date, last: AuditLink | None, ids: Sequence[str], entries: _Entries) -> list[dict[str, Any]]:
    seq = last.seq if last is not None and last.day == day else 0
    previous = last.hash if last is not None else GENESIS
    links = []
    for entry_id in ids:
        seq += 1
        previous = _link_hash(previous, day, seq, entries.get(entry_id))
        links.append({"day": day, "seq": seq, "entry_id": entry_id, "hash": previous})
    return links


def _link_hash(previous: str, day: date, seq: int, entry: Row[Any] | None) -> str:
    content = dict(entry._mapping) if entry is not None else {}  # noqa: SLF001  # documented under this name
    if content:
        content["at"] = content["at"].isoformat(timespec="microseconds")
    text = json.dumps([previous, day.isoformat(), seq, content], sort_keys=True, separators=(",", ":"))
    return crypto.mac("audit", text.encode()).hex()


def _entries(db: Session, ids: Sequence[str]) -> _Entries:
    rows = db.execute(select(*cast("Table", AuditEntry.__table__).columns).where(AuditEntry.id.in_(ids)))
    return {row.id: row for row in rows}


def _last_link(db: Session, *, before: date | None = None) -> AuditLink | None:
    query = select(AuditLink).order_by(AuditLink.day.desc(), AuditLink.seq.desc()).limit(1)
    return db.scalars(query if before is None else query.where(AuditLink.day < before)).first()


def _strays(db: Session, day: date) -> Sequence[str]:
    """Entries dated on the province's day that neither a link nor the sealer's list knows."""
    begin = datetime.combine(day, time(), clock.zone())
    linked = exists().where(AuditLink.entry_id == AuditEntry.id)
    pending = exists().where(AuditPending.entry_id == AuditEntry.id)
    return db.scalars(
        select(AuditEntry.id).where(
            AuditEntry.at >= begin, AuditEntry.at < begin + timedelta(days=1), ~linked, ~pending
        )
    ).all()


def _fault(link: AuditLink, kind: str) -> Fault:
    return Fault(day=link.day, seq=link.seq, entry_id=link.entry_id, kind=kind)


SEALER: Final = Periodic(name="audit-seal", every=timedelta(minutes=1), run=seal)
