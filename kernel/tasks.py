"""Background work: periodic tasks that run once however many workers there are, and the worker inside a
process.

``ring`` says that something is due; ``deliver`` and ``run_periodics`` do what is due. The threads of the embedded
worker call them, or tasks of Celery (see wiring): the same code in both.
"""

import threading
import time
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
    """``run`` opens its own transactions and may run twice: after ``lease`` a task that never ended is
    started again.
    """

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


def register_periodic(tasks: Iterable[Periodic]) -> None:
    """Make these tasks known to this process.

    :raises ValueError: for a name that another task has.
    """
    for task in tasks:
        if _periodics.setdefault(task.name, task) != task:
            raise ValueError(f"two periodic tasks are named {task.name!r}")


def tick(seconds: float = TICK_SECONDS) -> int:
    """Do all that is due, beginning nothing new after ``seconds``; how many things were done."""
    until = time.monotonic() + seconds
    total = 0
    while (done := deliver() + run_periodics()) and time.monotonic() < until:
        total += done
    return total + done


def deliver() -> int:
    """Beat, then deliver a batch of the outbox."""
    beat()
    return outbox.deliver_due(outbox.CLAIM_SIZE)


def run_periodics() -> int:
    """Run the periodic tasks that are due and that no other worker has, each once; how many."""
    ran = 0
    while ran < len(_periodics) and run_next_periodic():
        ran += 1
    return ran


def run_next_periodic() -> int:
    """Run the one that has been due longest; 0 when there is none."""
    if not _periodics:
        return 0
    _plant()
    claimed = _claim()
    if claimed is None:
        return 0
    _run(*claimed)
    return 1


def beat() -> None:
    """Leave a sign of life for ``/readyz``."""
    keyvalue.store().set(HEARTBEAT, clock.now().isoformat(timespec="seconds"), HEARTBEAT_SECONDS)


def worker_alive() -> bool:
    """Whether any worker gave a sign of life in the last minute."""
    return keyvalue.store().get(HEARTBEAT) is not None


class EmbeddedWorker:
    """The worker of a process that has no Celery. Two threads, so that a slow periodic task (mail, a pull
    from a department) does not hold back the outbox; the outbox's wakes by ``ring``, both by their own clock.
    """

    def __init__(self, tick_seconds: float = TICK_SECONDS) -> None:
        self._delivering = _Loop("kapok-outbox", deliver, tick_seconds)
        self._repeating = _Loop("kapok-periodic", run_next_periodic, tick_seconds)

    def start(self) -> None:
        install_ring(self._delivering.wake)
        beat()
        self._delivering.start()
        self._repeating.start()

    def stop(self, timeout: float = 30.0) -> bool:
        """Let the running handler and task finish; True when both threads ended within ``timeout`` seconds."""
        install_ring(None)
        until = time.monotonic() + timeout
        loops = (self._delivering, self._repeating)
        for loop in loops:
            loop.end()
        return sum(loop.ended(until - time.monotonic()) for loop in loops) == len(loops)


class _Loop:
    """A thread that works while there is something to do and sleeps until it is woken or its tick has passed."""

    def __init__(self, name: str, work: Callable[[], int], tick_seconds: float) -> None:
        self._work = work
        self._seconds = tick_seconds
        self._bell = threading.Event()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.start = self._thread.start
        self.wake = self._bell.set

    def end(self) -> None:
        self._ending = True
        self._bell.set()

    def ended(self, timeout: float) -> bool:
        self._thread.join(max(timeout, 0))
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._ending:
            self._bell.clear()
            try:
                done = self._work()
            except Exception:
                # The database or Redis is away for a moment; the worker outlives it.
                log.exception("tasks.loop_failed", loop=self._thread.name)
                done = 0
            if not done and not self._ending:
                self._bell.wait(self._seconds)


def _plant() -> None:
    """Give every task that has none its row; it is due at once."""
    now = clock.now()
    rows = [{"name": name, "next_run_at": now} for name in sorted(_periodics)]
    with transaction() as db:
        insert = postgresql.insert if is_postgresql(db) else sqlite.insert
        db.execute(insert(PeriodicTask).on_conflict_do_nothing(), rows)


def _claim() -> tuple[Periodic, str] | None:
    """Lease the task that has been due longest and that nobody holds; with it the claim that ends the lease."""
    now = clock.now()
    claim = new_id()
    free = or_(PeriodicTask.leased_until.is_(None), PeriodicTask.leased_until <= now)
    due = (
        select(PeriodicTask.name)
        .where(PeriodicTask.name.in_(_periodics), PeriodicTask.next_run_at <= now, free)
        .order_by(PeriodicTask.next_run_at)
        .limit(1)
    )
    with transaction() as db:
        name = db.scalar(skip_locked(due, db))
        if name is None:
            return None
        task = _periodics[name]
        db.execute(
            update(PeriodicTask)
            .where(PeriodicTask.name == name)
            .values(leased_until=now + task.lease, claim=claim, last_run_at=now)
        )
    return task, claim


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
