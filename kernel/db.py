"""One transaction at each boundary, on SQLite or PostgreSQL.

Two pools: one writes, the other can only read (the database itself refuses a write there); ``kernel.engines`` makes
them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import Connection, Engine, GenerativeSelect, MetaData, make_url, text
from sqlalchemy.orm import DeclarativeBase, Session

from kernel import engines, settings
from kernel.columns import Json, UtcDateTime

__all__ = [
    "Base",
    "Json",
    "UtcDateTime",
    "after_commit",
    "configure",
    "dispose",
    "engine",
    "is_postgresql",
    "on_refusal",
    "reading",
    "skip_locked",
    "transaction",
]

LONG_SECONDS: Final = 600

S = TypeVar("S", bound=GenerativeSelect)

log = structlog.get_logger(__name__)


class Base(DeclarativeBase):
    """Base of every model. The names of constraints are fixed, so that migrations can find them on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Engines:
    writing: Engine
    reading: Engine


_engines: _Engines | None = None
_current: ContextVar[tuple[str, Session] | None] = ContextVar("db_boundary", default=None)


def configure(url: str) -> None:
    """Use the database at ``url`` from now on; connections are opened when first needed."""
    global _engines  # noqa: PLW0603  # pools are one per process
    dispose()
    make = engines.sqlite if make_url(url).get_backend_name() == "sqlite" else engines.postgresql
    _engines = _Engines(writing=make(url, read_only=False), reading=make(url, read_only=True))


def dispose() -> None:
    """Close every connection and forget the database."""
    global _engines  # noqa: PLW0603
    if _engines is not None:
        _engines.writing.dispose()
        _engines.reading.dispose()
    _engines = None


def engine() -> Engine:
    """The writing engine, for migrations and the schema. Acts use ``transaction()``."""
    return _both().writing


def reading_engine() -> Engine:
    """The one that cannot write, for ``kernel.quick``. Acts use ``reading()``."""
    return _both().reading


def _both() -> _Engines:
    if _engines is None:
        configure(settings.of(settings.KernelSettings).database_url)
    assert _engines is not None
    return _engines


class _Writing(Session):
    """The session of one ``transaction()``, which is the connection's: the ORM joins it where the ORM is used."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, expire_on_commit=False)
        self._engine = engine
        self._held: Connection | None = None

    def connection(self, *_args: Any, **_kwargs: Any) -> Connection:
        """The connection, its transaction begun. Nothing of the ORM is made for who needs no more."""
        if self._held is None:
            self._held = engines.begun(self._engine)
        return self._held

    def get_bind(self, *_args: Any, **_kwargs: Any) -> Connection:
        return self.connection()

    def complete(self) -> None:
        """Commit, the ORM's objects written before."""
        if self.in_transaction():
            self.commit()
        if self._held is not None:
            self._held.commit()

    def leave(self) -> None:
        """Roll back what is not committed and give the connection back."""
        try:
            if self.in_transaction():
                self.close()
        finally:
            if self._held is not None:
                self._held.close()


@contextmanager
def transaction() -> Iterator[Session]:
    """The one writing transaction of a boundary: commits at the end, rolls back on any exception.

    :raises RuntimeError: inside another ``transaction()`` or ``reading()``: a function below the boundary
        takes ``db``.
    """
    if _current.get() is not None:
        raise RuntimeError("a boundary is open already; pass its session down instead of opening another transaction")
    db = _Writing(_both().writing)
    token = _current.set(("writing", db))
    try:
        try:
            yield db
            db.complete()
        finally:
            db.leave()
    except BaseException:
        _current.reset(token)
        _run_refusals(db)
        raise
    _current.reset(token)
    for fn in db.info.get("after_commit", ()):
        _quietly("after_commit", fn)


@contextmanager
def reading() -> Iterator[Session]:
    """A session that cannot write and takes no write lock.

    Inside another ``reading()`` it is the same session. Inside ``transaction()`` it is a session of its own
    that sees only what is committed (for process caches that fill themselves): pass ``db`` where its rows
    matter.
    """
    outer = _current.get()
    if outer is not None and outer[0] == "reading":
        yield outer[1]
        return
    with Session(_both().reading, expire_on_commit=False, autoflush=False) as db:
        token = _current.set(("reading", db))
        try:
            yield db
        finally:
            _current.reset(token)


def on_refusal(db: Session, fn: Callable[[Session], None]) -> None:
    """Run ``fn`` in a transaction of its own if this one does not commit.

    For what must be written because of a refusal: the count of failed logins, the family of a reused token,
    an audit entry. The order is kept; a failing ``fn`` is logged and hides neither the others nor the first
    error.
    """
    _hooks(db, "on_refusal").append(fn)


def after_commit(db: Session, fn: Callable[[], None]) -> None:
    """Run ``fn`` once this transaction has committed, outside of it. A failing ``fn`` is logged: the rows are
    written.
    """
    _hooks(db, "after_commit").append(fn)


def _hooks(db: Session, name: str) -> list[Any]:
    current = _current.get()
    if current is None or current != ("writing", db):
        raise RuntimeError(f"{name} needs the session of the open transaction()")
    hooks: list[Any] = db.info.setdefault(name, [])
    return hooks


def _run_refusals(db: Session) -> None:
    for fn in db.info.get("on_refusal", ()):

        def write(fn: Callable[[Session], None] = fn) -> None:
            with transaction() as fresh:
                fn(fresh)

        _quietly("on_refusal", write)


def _quietly(hook: str, fn: Callable[[], None]) -> None:
    try:
        fn()
    except Exception:
        log.exception("db.hook_failed", hook=hook)


def is_postgresql(db: Session) -> bool:
    return db.get_bind().dialect.name == "postgresql"


def take_time(db: Session) -> None:
    """Let this transaction's statements run for minutes: for an operator's act that may touch a million rows."""
    if is_postgresql(db):
        db.execute(text(f"SET LOCAL statement_timeout = '{LONG_SECONDS}s'"))


def skip_locked(stmt: S, db: Session) -> S:
    """``FOR UPDATE SKIP LOCKED`` on PostgreSQL; on SQLite nothing is needed, one transaction writes at a time."""
    return stmt.with_for_update(skip_locked=True) if is_postgresql(db) else stmt
