"""Background work: periodic tasks that run once however many workers there are, and the worker inside a process.

``ring`` says that something is due, ``tick`` does everything that is due. The embedded worker is a thread that ticks;
with Celery, tasks that call ``tick`` do (see wiring). Both run the same code.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import Text, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from kernel import clock, context, keyvalue, outbox
from kernel.db import Base, UtcDateTime, is_postgresql, skip_locked, transaction
from kernel.doorbell import install_ring, ring
from kernel.ids import new_id

__all__ = [
    "EmbeddedWorker",
    "Periodic",
    "beat",
    "install_ring",
    "register_periodic",
    "ring",
    "tick",
    "worker_alive",
]

TICK_SECONDS: Final = 5.0
HEARTBEAT: Final = "worker:heartbeat"
HEARTBEAT_SECONDS: Final = 60

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Periodic:
    """``run`` opens its own transactions and may run twice: after ``lease`` a task that never ended is started again."""

    name: str
    every: timedelta
    run: Callable[[], None]
    lease: timedelta = timedelta(minutes=10)


class PeriodicTask(Base):
    """When a periodic task is next due, and until when somebody has it."""

    __tablename__ = "periodic_task"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    next_run_at: Mapped[datetime] = mapped_column(UtcDateTime)
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    claim: Mapped[str | None] = mapped_column(Text)
    last_run_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_outcome: Mapped[str | None] = mapped_column(Text)


_periodics: dict[str, Periodic] = {}
_planted: set[str] = set()


def register_periodic(tasks: Iterable[Periodic]) -> None:
    """Make these tasks known to this process.

    :raises ValueError: for a name that another task has.
    """
    for task in tasks:
        if _periodics.setdefault(task.name, task) != task:
            raise ValueError(f"two periodic tasks are named {task.name!r}")


def tick() -> int:
    """Beat, run the periodic tasks that are due and deliver the outbox; how many things were done."""
    beat()
    done = 0
    while delivered := outbox.deliver_due():
        done += delivered
        beat()
    for task, claim in _due_periodics():
        _run(task, claim)
        done += 1
        beat()
    return done


def beat() -> None:
    """Leave a sign of life for ``/readyz``."""
    keyvalue.store().set(HEARTBEAT, clock.now().isoformat(timespec="seconds"), HEARTBEAT_SECONDS)


def worker_alive() -> bool:
    """Whether any worker gave a sign of life in the last minute."""
    return keyvalue.store().get(HEARTBEAT) is not None


class EmbeddedWorker:
    """The worker of a process that has no Celery: one thread that wakes by ``ring`` or by its own clock."""

    def __init__(self, tick_seconds: float = TICK_SECONDS) -> None:
        self._seconds = tick_seconds
        self._bell = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name="kapok-worker", daemon=True)

    def start(self) -> None:
        install_ring(self._bell.set)
        beat()
        self._thread.start()

    def stop(self, timeout: float = 30.0) -> bool:
        """Let the running handler finish and end; True when the thread has ended within ``timeout`` seconds."""
        self._ending.set()
        self._bell.set()
        self._thread.join(timeout)
        install_ring(None)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while not self._ending.is_set():
            try:
                tick()
            except Exception:
                # The database or Redis is away for a moment; the worker outlives it.
                log.exception("tasks.tick_failed")
            self._bell.wait(self._seconds)
            self._bell.clear()


def _due_periodics() -> list[tuple[Periodic, str]]:
    """Claim every task that is due and that nobody holds; each comes back with its claim."""
    if not _periodics:
        return []
    _plant()
    now = clock.now()
    claim = new_id()
    free = or_(PeriodicTask.leased_until.is_(None), PeriodicTask.leased_until <= now)
    with transaction() as db:
        # One statement a task, because each has a lease of its own; there are a dozen and most are not due.
        due = db.scalars(
            skip_locked(
                select(PeriodicTask.name).where(
                    PeriodicTask.name.in_(_periodics), PeriodicTask.next_run_at <= now, free
                ),
                db,
            )
        ).all()
        for name in due:
            db.execute(
                update(PeriodicTask)
                .where(PeriodicTask.name == name)
                .values(leased_until=now + _periodics[name].lease, claim=claim, last_run_at=now)
            )
    return [(_periodics[name], claim) for name in due]


def _plant() -> None:
    """Give every task its row, once in a process; a new task is due at once."""
    missing = _periodics.keys() - _planted
    if not missing:
        return
    rows = [{"name": name, "next_run_at": clock.now()} for name in sorted(missing)]
    with transaction() as db:
        insert = postgresql.insert if is_postgresql(db) else sqlite.insert
        db.execute(insert(PeriodicTask).on_conflict_do_nothing(), rows)
    _planted.update(missing)


def _run(task: Periodic, claim: str) -> None:
    outcome = "ok"
    try:
        with context.bind(request_id=claim):
            task.run()
    except Exception as error:
        log.exception("tasks.periodic_failed", task=task.name)
        outcome = type(error).__qualname__  # its text may hold personal data
    with transaction() as db:
        db.execute(
            update(PeriodicTask)
            .where(PeriodicTask.name == task.name, PeriodicTask.claim == claim)
            .values(next_run_at=clock.now() + task.every, leased_until=None, claim=None, last_outcome=outcome)
        )
