"""The pools of connections, and how a transaction begins on each kind of database.

On SQLite a writing transaction takes the write lock at once, so it never fails half-way because another was quicker; on
PostgreSQL reads run in autocommit, which saves BEGIN and ROLLBACK round trips.
"""

from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError

BUSY_SECONDS: Final = 10
STATEMENT_SECONDS: Final = 15
LOCK_SECONDS: Final = 10
IDLE_SECONDS: Final = 60


def sqlite(url: str, *, read_only: bool) -> Engine:
    path = make_url(url).database
    if path:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    # isolation_level None: the driver leaves BEGIN to us; by itself it would begin too late, and deferred.
    made = create_engine(
        url, connect_args={"isolation_level": None, "timeout": BUSY_SECONDS}, pool_size=8, max_overflow=24
    )

    @event.listens_for(made, "connect")
    def prepare(connection: Any, _record: object) -> None:
        pragmas = [
            "recursive_triggers=ON",  # or INSERT OR REPLACE would remove rows that may not be removed
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "cache_size=-16000",
        ]
        for pragma in [*pragmas, f"query_only={'ON' if read_only else 'OFF'}"]:
            connection.execute(f"PRAGMA {pragma}").close()

    def begin(dbapi_connection: Any) -> None:
        dbapi_connection.execute("BEGIN DEFERRED" if read_only else "BEGIN IMMEDIATE").close()

    # Not a listener to "begin": where there is any, SQLAlchemy looks for listeners at every statement.
    made.dialect.do_begin = begin  # type: ignore[method-assign]

    return made


def postgresql(url: str, *, read_only: bool) -> Engine:
    options = {
        "timezone": "UTC",
        "statement_timeout": f"{STATEMENT_SECONDS}s",
        "lock_timeout": f"{LOCK_SECONDS}s",
        "idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s",
        "default_transaction_read_only": "on" if read_only else "off",
    }
    made = create_engine(
        url,
        connect_args={
            "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
            "application_name": "kapok",
            "connect_timeout": 5,
            "autocommit": True,  # for the driver: it leaves BEGIN to us
        },
        isolation_level="AUTOCOMMIT" if read_only else None,
        pool_size=5,
        max_overflow=10,
        pool_timeout=10,
        pool_pre_ping=read_only,  # a round trip; who writes learns it at BEGIN (``begun``)
    )

    def begin(dbapi_connection: Any) -> None:
        dbapi_connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED", prepare=False)

    if not read_only:
        made.dialect.do_begin = begin  # type: ignore[method-assign]
    return made


def begun(engine: Engine) -> Connection:
    """A connection with a transaction. The database may have closed those that were kept (it was restarted): nothing
    was said yet, so another one is asked.
    """
    connection = engine.connect()
    try:
        connection.begin()
    except DBAPIError as error:
        connection.close()
        if not error.connection_invalidated:
            raise
        connection = engine.connect()  # a new one: the kept ones were thrown away together
        connection.begin()
    return connection
