"""The outbox seen by operators: what waits, what is dead, and the removal of what is long done."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import Session

from kernel import clock, doorbell
from kernel.db import after_commit, transaction
from kernel.outbox import OutboxDelivery, OutboxEvent
from kernel.tasks import Periodic

KEPT: Final = timedelta(days=30)
BATCH: Final = 500  # small transactions: a purge must not hold up those who log in meanwhile


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadDelivery:
    event_id: str
    event_name: str
    handler: str
    attempts: int
    dead_at: datetime
    last_error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Deliveries that are due or waiting for another attempt, since when the oldest is, and how many are dead."""

    waiting: int
    oldest: datetime | None
    dead: int


def backlog(db: Session) -> Backlog:
    waiting, oldest = db.execute(
        select(func.count(), func.min(OutboxEvent.created_at))
        .select_from(OutboxDelivery)
        .join(OutboxEvent, OutboxEvent.id == OutboxDelivery.event_id)
        .where(OutboxDelivery.done_at.is_(None), OutboxDelivery.dead_at.is_(None))
    ).one()
    dead_count = db.scalar(select(func.count()).select_from(OutboxDelivery).where(OutboxDelivery.dead_at.is_not(None)))
    return Backlog(waiting=waiting, oldest=oldest, dead=dead_count or 0)


def dead(db: Session, *, limit: int = 50) -> list[DeadDelivery]:
    """Deliveries that were given up, the latest first."""
    rows = db.execute(
        select(OutboxDelivery, OutboxEvent.name)
        .join(OutboxEvent, OutboxEvent.id == OutboxDelivery.event_id)
        .where(OutboxDelivery.dead_at.is_not(None))
        .order_by(OutboxDelivery.dead_at.desc())
        .limit(limit)
    )
    return [
        DeadDelivery(
            event_id=d.event_id,
            event_name=name,
            handler=d.handler,
            attempts=d.attempts,
            dead_at=cast("datetime", d.dead_at),
            last_error=d.last_error or "",
        )
        for d, name in rows
    ]


def revive(db: Session, event_id: str, handler: str) -> bool:
    """Give a dead delivery all its attempts again; False when it is not dead."""
    revived = db.execute(
        update(OutboxDelivery)
        .where(
            OutboxDelivery.event_id == event_id,
            OutboxDelivery.handler == handler,
            OutboxDelivery.dead_at.is_not(None),
        )
        .values(dead_at=None, attempts=0, due_at=clock.now())
    )
    after_commit(db, doorbell.ring)
    return bool(cast("Any", revived).rowcount)


def purge() -> None:
    """Remove events that are older than a month and whose every delivery is done. Dead ones stay until
    somebody looks.
    """
    not_done = exists().where(OutboxDelivery.event_id == OutboxEvent.id, OutboxDelivery.done_at.is_(None))
    while True:
        with transaction() as db:
            old = select(OutboxEvent.id).where(OutboxEvent.created_at < clock.now() - KEPT, ~not_done).limit(BATCH)
            ids = db.scalars(old).all()
            db.execute(delete(OutboxEvent).where(OutboxEvent.id.in_(ids)))
        if len(ids) < BATCH:
            return


PURGER: Final = Periodic(name="outbox-purge", every=timedelta(hours=6), run=purge)
