"""The few reads that stand in every machine's way: written in SQLAlchemy Core, compiled once, run by the driver.

A session, its transaction and its result cost fifteen times the statement (docs/howto/benchmarks.md). Here one
statement reads what is committed, on a connection kept for such reads; it is no part of any transaction.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import Engine, Select
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError

from kernel import db

MOST_IDLE: Final = 4  # connections that are kept for the next read; when more are wanted at once they come and go

_Convert = Callable[[Any], Any]


class Quick:
    """A SELECT of one row at most. Its parameters are named as in the statement."""

    def __init__(self, statement: Select[Any]) -> None:
        self._statement = statement
        self._made: tuple[Engine, _Compiled] | None = None

    def one(self, parameters: Mapping[str, Any]) -> dict[str, Any] | None:
        """The row by the names of its columns.

        :raises DBAPIError: as SQLAlchemy's own execution does.
        """
        engine = db.reading_engine()
        made = self._made
        if made is None or made[0] is not engine:
            made = self._made = (engine, _Compiled(self._statement, engine.dialect))
        rows = _run(engine, made[1].sql, made[1].sent(parameters))
        return made[1].row(rows[0]) if rows else None


class _Compiled:
    """The statement for one kind of database, with the conversions of its types."""

    def __init__(self, statement: Select[Any], dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)
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
            for column in statement.selected_columns
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
    heard = engine.dispatch.before_cursor_execute if engine._has_events else ()  # noqa: SLF001  # whoever counts statements
    for listener in heard:
        listener(None, None, sql, sent, None, False)  # SQLAlchemy's event
    try:
        rows: list[tuple[Any, ...]] = connection.execute(sql, sent).fetchall()
    except engine.dialect.loaded_dbapi.Error as error:
        connection.close()
        raise DBAPIError.instance(sql, None, error, engine.dialect.loaded_dbapi.Error, hide_parameters=True) from error
    if len(_idle) < MOST_IDLE:
        _idle.append((engine, connection))
    else:
        connection.close()
    return rows
