"""The few statements that stand in every machine's way: written in SQLAlchemy Core, compiled once, run by the driver.

A session, its transaction and its result cost fifteen times the statement (docs/howto/benchmarks.md). ``one`` reads
what is committed, on a connection kept for such reads, and is no part of any transaction; ``within`` and ``changed``
belong to the transaction they are given.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Delete, Engine, Insert, Select, Update
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel import db

MOST_IDLE: Final = 4  # connections that are kept for the next read; when more are wanted at once they come and go

_Convert = Callable[[Any], Any]
_Statement = Select[Any] | Insert | Update | Delete


class Quick:
    """A statement of one row at most. Its parameters are named as in the statement; those of an INSERT are ``columns``,
    all that are written: no default is filled in.
    """

    def __init__(self, statement: _Statement, *, columns: Sequence[str] | None = None) -> None:
        self._statement = statement
        self._columns = columns
        self._made: tuple[Dialect, _Compiled] | None = None

    def one(self, parameters: Mapping[str, Any]) -> dict[str, Any] | None:
        """The committed row by the names of its columns.

        :raises DBAPIError: as SQLAlchemy's own execution does.
        """
        engine = db.reading_engine()
        made = self._for(engine.dialect)
        rows = _run(engine, made.sql, made.sent(parameters))
        return made.row(rows[0]) if rows else None

    def within(self, session: Session, parameters: Mapping[str, Any]) -> dict[str, Any] | None:
        """The row that the transaction of ``session`` sees, or that its RETURNING names.

        :raises DBAPIError: as SQLAlchemy's own execution does.
        """
        made = self._for(session.connection().dialect)
        rows = _executed(session, made.sql, made.sent(parameters)).fetchall()
        return made.row(rows[0]) if rows else None

    def changed(self, session: Session, parameters: Mapping[str, Any]) -> int:
        """How many rows it wrote in the transaction of ``session``.

        :raises DBAPIError: as SQLAlchemy's own execution does.
        """
        made = self._for(session.connection().dialect)
        return int(_executed(session, made.sql, made.sent(parameters)).rowcount)

    def _for(self, dialect: Dialect) -> "_Compiled":
        made = self._made
        if made is None or made[0] is not dialect:
            made = self._made = (dialect, _Compiled(self._statement, dialect, self._columns))
        return made[1]


class _Compiled:
    """The statement for one kind of database, with the conversions of its types."""

    def __init__(self, statement: _Statement, dialect: Dialect, columns: Sequence[str] | None) -> None:
        compiled: Any = statement.compile(dialect=dialect, column_keys=columns)
        self.sql = str(compiled)
        self._fixed: dict[str, Any] = dict(compiled.params)
        self._positions: list[str] | None = compiled.positiontup
        self._bind: dict[str, _Convert] = {
            name: convert
            for bind, name in compiled.bind_names.items()
            if (convert := bind.type.dialect_impl(dialect).bind_processor(dialect)) is not None
        }
        self._columns: list[tuple[str, _Convert | None]] = [
            (str(column.key), column.type.dialect_impl(dialect).result_processor(dialect, None))
            for column in statement.exported_columns
        ]

    def sent(self, parameters: Mapping[str, Any]) -> Any:
        values = {**self._fixed, **parameters}
        for name, convert in self._bind.items():
            values[name] = convert(values[name])
        return values if self._positions is None else tuple(values[name] for name in self._positions)

    def row(self, values: tuple[Any, ...]) -> dict[str, Any]:
        return {
            name: value if convert is None else convert(value)
            for (name, convert), value in zip(self._columns, values, strict=True)
        }


_idle: list[tuple[Engine, Any]] = []


def _run(engine: Engine, sql: str, sent: Any) -> list[tuple[Any, ...]]:
    """Once more on a new connection where the database has closed the kept one meanwhile."""
    kept = _kept(engine)
    if kept is not None:
        try:
            return _asked(engine, kept, sql, sent)
        except DBAPIError as error:
            if not engine.dialect.is_disconnect(error.orig, kept, None):  # type: ignore[arg-type]  # it is the driver's
                raise
    fresh = engine.raw_connection()
    fresh.detach()  # from the pool: it stays with us
    return _asked(engine, fresh.dbapi_connection, sql, sent)


def _kept(engine: Engine) -> Any:
    """A connection of this engine that nobody uses; None where there is none."""
    while _idle:
        try:
            of, connection = _idle.pop()
        except IndexError:  # another thread was quicker
            return None
        if of is engine:
            return connection
        connection.close()
    return None


def _asked(engine: Engine, connection: Any, sql: str, sent: Any) -> list[tuple[Any, ...]]:
    _tell(engine, sql, sent)
    try:
        rows: list[tuple[Any, ...]] = connection.execute(sql, sent).fetchall()
    except engine.dialect.loaded_dbapi.Error as error:
        connection.close()
        raise _as_sqlalchemys(engine.dialect, sql, error) from error
    if len(_idle) < MOST_IDLE:
        _idle.append((engine, connection))
    else:
        connection.close()
    return rows


def _executed(session: Session, sql: str, sent: Any) -> Any:
    """The driver's cursor, on the connection that holds the session's transaction."""
    connection = session.connection()
    _tell(connection.engine, sql, sent)
    driver: Any = connection.connection.dbapi_connection
    try:
        return driver.execute(sql, sent)
    except connection.dialect.loaded_dbapi.Error as error:
        if connection.dialect.is_disconnect(error, driver, None):
            connection.invalidate(error)
        raise _as_sqlalchemys(connection.dialect, sql, error) from error


def _tell(engine: Engine, sql: str, sent: Any) -> None:
    """Whoever counts statements, by SQLAlchemy's event."""
    for listener in engine.dispatch.before_cursor_execute if engine._has_events else ():  # noqa: SLF001
        listener(None, None, sql, sent, None, False)


def _as_sqlalchemys(dialect: Dialect, sql: str, error: Any) -> Any:
    """What SQLAlchemy's own execution would raise, IntegrityError and the others; without the values."""
    base = dialect.loaded_dbapi.Error
    return DBAPIError.instance(sql, None, error, base, hide_parameters=True, dialect=dialect)
