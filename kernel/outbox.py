"""Events that outlive a crash: written with what they tell of, delivered until each handler has a receipt.

An event row and one delivery row for each registered handler are written in the caller's transaction. A
worker claims due deliveries under a lease and runs each handler in one transaction together with its receipt,
so that the handler's rows are there exactly once, whatever is killed when. Handlers write to the database
only; what goes out to the world is a row of its own that a task sends. Deliveries of different events come in
any order.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, Generic, TypeVar, cast

import structlog
from pydantic import TypeAdapter
from sqlalchemy import ForeignKey, Index, Text, and_, insert, select, tuple_, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import clock, context, doorbell
from kernel.db import Base, Json, UtcDateTime, after_commit, skip_locked, transaction
from kernel.ids import new_id

LEASE: Final = timedelta(seconds=30)  # the receipt's row lock, not the lease, keeps a second worker out
MOST_ATTEMPTS: Final = 14  # with the delays below about six hours
LONGEST_DELAY: Final = timedelta(hours=1)
CLAIM_SIZE: Final = 20

log = structlog.get_logger(__name__)


class Event:
    """Base of events: frozen, slotted, keyword-only dataclasses whose fields JSON can hold (dates included).

    Fields carry ids and codes rather than personal data: rows of the outbox are kept for a while. A field
    added later needs a default, because rows written before it exist.
    """

    __slots__ = ()
    event_name: ClassVar[str]


E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler(Generic[E]):
    """``run`` writes its rows with the session it is given; ``name`` is the receipt's and never changes."""

    name: str
    event: type[E]
    run: Callable[[Session, E], None]


class OutboxEvent(Base):
    __tablename__ = "outbox_event"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    request_id: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class OutboxDelivery(Base):
    """One handler's copy of an event: due, then done or dead."""

    __tablename__ = "outbox_delivery"

    event_id: Mapped[str] = mapped_column(ForeignKey(OutboxEvent.id, ondelete="CASCADE"), primary_key=True)
    handler: Mapped[str] = mapped_column(Text, primary_key=True)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    claim: Mapped[str | None] = mapped_column(Text)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    dead_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(Text)


_OPEN = and_(OutboxDelivery.done_at.is_(None), OutboxDelivery.dead_at.is_(None))
_KEY = tuple_(OutboxDelivery.event_id, OutboxDelivery.handler)
Index("ix_outbox_delivery_due", OutboxDelivery.due_at, sqlite_where=_OPEN, postgresql_where=_OPEN)

_handlers: dict[str, Handler[Any]] = {}
_adapters: dict[type[Event], TypeAdapter[Any]] = {}


def register(handlers: Iterable[Handler[Any]]) -> None:
    """Make these handlers known to this process; wiring does it once in every process.

    :raises ValueError: for a name that another handler has.
    """
    for handler in handlers:
        if _handlers.setdefault(handler.name, handler) != handler:
            raise ValueError(f"two handlers are named {handler.name!r}")


def publish(db: Session, event: Event) -> None:
    """Write the event and its deliveries in the caller's transaction; a worker hears of it after the commit."""
    publish_all(db, (event,))


def publish_all(db: Session, events: Iterable[Event]) -> None:
    """The same for many events at once, in two statements."""
    now, request_id = clock.now(), context.actor().request_id
    rows: list[dict[str, Any]] = []
    deliveries: list[dict[str, Any]] = []
    for event in events:
        event_id = new_id()
        rows.append(
            {
                "id": event_id,
                "name": event.event_name,
                "payload": _adapter(type(event)).dump_python(event, mode="json"),
                "request_id": request_id,
                "created_at": now,
            }
        )
        deliveries += [
            {"event_id": event_id, "handler": handler.name, "due_at": now, "attempts": 0}
            for handler in _handlers.values()
            if handler.event is type(event)
        ]
    if rows:
        db.execute(insert(OutboxEvent), rows)
    if deliveries:
        db.execute(insert(OutboxDelivery), deliveries)
        after_commit(db, doorbell.ring)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claimed:
    event_id: str
    handler: str
    attempts: int
    claim: str


def deliver_due(limit: int = 100) -> int:
    """Deliver what is due, at most ``limit``; the number that was tried. A failing handler never stops the others."""
    tried = 0
    while tried < limit:
        claimed = _claim(min(CLAIM_SIZE, limit - tried))
        for delivery in claimed:
            _deliver(delivery)
        tried += len(claimed)
        if len(claimed) < CLAIM_SIZE:
            break
    return tried


def _claim(size: int) -> list[_Claimed]:
    """Lease due deliveries of the handlers known here. The attempt counts from now, so that a handler which
    kills its worker comes to an end too.
    """
    now = clock.now()
    token = new_id()
    due = (
        select(OutboxDelivery.event_id, OutboxDelivery.handler, OutboxDelivery.attempts)
        .where(_OPEN, OutboxDelivery.due_at <= now, OutboxDelivery.handler.in_(_handlers))
        .order_by(OutboxDelivery.due_at, OutboxDelivery.event_id)
        .limit(size)
    )
    with transaction() as db:
        rows = db.execute(skip_locked(due, db)).all()
        if rows:
            db.execute(
                update(OutboxDelivery)
                .where(_KEY.in_([(row.event_id, row.handler) for row in rows]))
                .values(due_at=now + LEASE, attempts=OutboxDelivery.attempts + 1, claim=token)
                .execution_options(synchronize_session=False)
            )
    return [
        _Claimed(event_id=row.event_id, handler=row.handler, attempts=row.attempts + 1, claim=token) for row in rows
    ]


def _deliver(delivery: _Claimed) -> None:
    handler = _handlers[delivery.handler]
    if delivery.attempts > MOST_ATTEMPTS:
        _put_off(delivery, "the worker ended while this handler ran")
        return
    try:
        with transaction() as db:
            # The receipt first: its row lock keeps a second worker out while the handler runs, and a lease
            # that has gone to somebody else is noticed before anything is written.
            if not _sign(db, delivery):
                return
            row = db.execute(
                select(OutboxEvent.payload, OutboxEvent.request_id).where(OutboxEvent.id == delivery.event_id)
            ).one()
            with context.bind(request_id=row.request_id):
                handler.run(db, _adapter(handler.event).validate_python(row.payload))
    except Exception as error:
        log.exception(
            "outbox.handler_failed",
            handler=delivery.handler,
            event_id=delivery.event_id,
            attempt=delivery.attempts,
        )
        _put_off(delivery, _place(error))


def _mine(delivery: _Claimed) -> Any:
    return and_(
        OutboxDelivery.event_id == delivery.event_id,
        OutboxDelivery.handler == delivery.handler,
        OutboxDelivery.claim == delivery.claim,
        _OPEN,
    )


def _sign(db: Session, delivery: _Claimed) -> bool:
    signed = update(OutboxDelivery).where(_mine(delivery)).values(done_at=clock.now(), last_error=None)
    return bool(cast("Any", db.execute(signed)).rowcount)


def _put_off(delivery: _Claimed, reason: str) -> None:
    now = clock.now()
    dead = delivery.attempts >= MOST_ATTEMPTS
    with transaction() as db:
        db.execute(
            update(OutboxDelivery)
            .where(_mine(delivery))
            .values(
                due_at=now + delay(delivery.attempts),
                dead_at=now if dead else None,
                last_error=reason,
                claim=None,
            )
        )
    if dead:
        log.error("outbox.delivery_dead", handler=delivery.handler, event_id=delivery.event_id, reason=reason)


def delay(attempts: int) -> timedelta:
    """Twice as long each time, up to an hour, spread by ±25 % so that what failed together does not return together."""
    return min(timedelta(seconds=2**attempts), LONGEST_DELAY) * random.uniform(0.75, 1.25)  # noqa: S311  # no secret


def _place(error: BaseException) -> str:
    """The kind of an error and where it rose: its text may hold personal data and is not kept."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at {trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}" if trace is not None else ""
    return f"{type(error).__module__}.{type(error).__qualname__}{where}"


def _adapter(event: type[Event]) -> TypeAdapter[Any]:
    """Writes and reads events of one kind; made once, because making it is slow."""
    found = _adapters.get(event)
    if found is None:
        found = _adapters[event] = TypeAdapter(event)
    return found
